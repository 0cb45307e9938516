/**
 * Reads from environment variables which guards the server has: the loop guard,
 * which is on unless `LOOP_GUARD` is `off`.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GuardStore } from "../guards/GuardStore.ts"
import * as LoopGuard from "../guards/LoopGuard.ts"
import { choice, invalid, type InvalidVariable, text } from "../provider/Environment.ts"
import type { RoomKit } from "../rooms/RoomKit.ts"

/**
 * The guards of the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardsConfig {
  /** Registers the guards of rooms. Servers that share the store count together. */
  readonly rooms: Layer.Layer<never, never, RoomKit | GuardStore>
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = ["LOOP_GUARD", "LOOP_GUARD_ANSWERS", "LOOP_GUARD_MINUTES"]

/** Reads a whole number above 0. */
const count = Effect.fnUntraced(function*(name: string) {
  const value = yield* text(name)
  if (value === undefined) return undefined
  return /^[1-9]\d{0,3}$/.test(value) ? Number(value) : yield* invalid(name, "must be a whole number from 1 to 9999")
})

/**
 * Reads the configuration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<GuardsConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const isOn = (yield* choice("LOOP_GUARD", ["on", "off"])) !== "off"
  const maxAnswers = yield* count("LOOP_GUARD_ANSWERS")
  const minutes = yield* count("LOOP_GUARD_MINUTES")
  const window = minutes === undefined ? undefined : Duration.minutes(minutes)
  return { rooms: isOn ? LoopGuard.layer({ maxAnswers, window }) : Layer.empty }
})
