/**
 * Reads from environment variables where events are forwarded to.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Endpoint from "../forward/Endpoint.ts"
import * as Signature from "../forward/Signature.ts"
import { choice, invalid, type InvalidVariable, list, secret } from "../provider/Environment.ts"
import { isPrivate } from "./internal/privateHosts.ts"

/**
 * Where events are forwarded to.
 *
 * @category models
 * @since 0.1.0
 */
export interface ForwardConfig {
  readonly endpoints: ReadonlyArray<Endpoint.Endpoint>
  /** Whether an endpoint may be in a private network, and without TLS. */
  readonly allowPrivate: boolean
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = ["FORWARD_URL", "FORWARD_SECRET", "FORWARD_ALLOW_PRIVATE"]

const secrets = Effect.gen(function*() {
  const value = yield* secret("FORWARD_SECRET")
  if (value === undefined) return undefined
  const [first, ...others] = list(Redacted.value(value))
  if (first === undefined) return yield* invalid("FORWARD_SECRET", "must be a secret that begins with whsec_")
  for (const one of [first, ...others]) {
    const flaw = Signature.flawOf(one)
    if (flaw !== undefined) return yield* invalid("FORWARD_SECRET", flaw)
  }
  const redact = (one: string) => Redacted.make(one, { label: "FORWARD_SECRET" })
  return [redact(first), ...others.map(redact)] as const
})

/**
 * Reads the configuration. Returns `undefined` when nothing is forwarded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<ForwardConfig | undefined, InvalidVariable | Config.ConfigError> = Effect.gen(
  function*() {
    // The URL may have a token in its query.
    const urls = list(Redacted.value((yield* secret("FORWARD_URL")) ?? Redacted.make("")))
    const keys = yield* secrets
    const allowPrivate = (yield* choice("FORWARD_ALLOW_PRIVATE", ["true", "false"])) === "true"
    if (urls.length === 0) {
      if (keys === undefined) return undefined
      return yield* invalid("FORWARD_URL", "is missing: FORWARD_SECRET is set, but means nothing without it")
    }
    if (keys === undefined) {
      return yield* invalid(
        "FORWARD_SECRET",
        "is missing: events are signed with it. Make one with: echo whsec_$(openssl rand -base64 32)"
      )
    }
    const endpoints = new Map<string, Endpoint.Endpoint>()
    for (const url of urls) {
      const flaw = Endpoint.flawOf(url, allowPrivate)
      if (flaw !== undefined) return yield* invalid("FORWARD_URL", flaw)
      if (!allowPrivate && isPrivate(url)) {
        return yield* invalid(
          "FORWARD_URL",
          "names a host of a private network, which needs FORWARD_ALLOW_PRIVATE=true"
        )
      }
      const endpoint = Endpoint.make(new URL(url), keys)
      if (endpoints.has(endpoint.name)) return yield* invalid("FORWARD_URL", "names an address twice")
      endpoints.set(endpoint.name, endpoint)
    }
    return { endpoints: [...endpoints.values()], allowPrivate }
  }
)
