/**
 * Reads from environment variables whether the server warns of messages that
 * cost too much or that carriers may refuse. Off unless `SEND_WARNINGS` is `on`.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Address from "../Address.ts"
import type { GuardStore } from "../guards/GuardStore.ts"
import * as SendWarnings from "../guards/SendWarnings.ts"
import { choice, invalid, type InvalidVariable, list, text } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"

/**
 * How the server warns.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendWarningsConfig {
  /** Makes a carrier warn, unless warnings are off. */
  readonly warn: <E, R>(provider: Layer.Layer<SmsProvider, E, R>) => Layer.Layer<SmsProvider, E, R | GuardStore>
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = ["SEND_WARNINGS", "SEND_WARNINGS_SEGMENTS", "SEND_REGISTERED"]

const maxSegments = Effect.gen(function*() {
  const name = "SEND_WARNINGS_SEGMENTS"
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^[1-9]\d?$/.test(value)
    ? Number(value)
    : yield* invalid(name, "must be a whole number of segments from 1 to 99")
})

const registered = Effect.gen(function*() {
  const name = "SEND_REGISTERED"
  const senders: Array<Address.Address> = []
  for (const part of list((yield* text(name)) ?? "")) {
    const sender = Option.getOrUndefined(Address.fromText(part))
    if (sender === undefined) {
      return yield* invalid(name, "must be a comma-separated list of senders, as in +15145550100, 12345")
    }
    senders.push(sender)
  }
  return senders
})

/**
 * Reads the configuration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<SendWarningsConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const isOn = (yield* choice("SEND_WARNINGS", ["on", "off"])) === "on"
  const layer = SendWarnings.layer({ maxSegments: yield* maxSegments, registered: yield* registered })
  return { warn: isOn ? (provider) => Layer.provide(SendWarnings.warned(provider), layer) : (provider) => provider }
})
