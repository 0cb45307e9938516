/**
 * Guards of a callback URL: what proves who calls, where a carrier signs
 * nothing, or beside its signature.
 *
 * A guard is checked before the body of a webhook is read. It proves who calls
 * and not what is sent: the body is not covered, so serve the URL over HTTPS
 * only. Several guards must all pass. Every provider takes the option `guards`.
 *
 * **Example** (A secret in the callback URL)
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Sinch, WebhookGuard } from "effect-sms"
 *
 * const token = Redacted.make("a long secret")
 *
 * export const Provider = Sinch.layerWebhook({
 *   verification: Sinch.unsigned,
 *   guards: [WebhookGuard.token({ token })]
 * })
 * ```
 *
 * @since 0.1.0
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import { InvalidSignature, MissingSignature, type WebhookErrorReason } from "../WebhookError.ts"
import type { WebhookHead } from "../WebhookRequest.ts"
import { tokenFault, valuesOf } from "./core/token.ts"
import { reasonOf } from "./internal/reasons.ts"
import { equals, list, type Secrets, utf8 } from "./Secrets.ts"
import { percentDecoded } from "./Url.ts"

/**
 * A guard, with its secrets in place.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  readonly check: (head: WebhookHead) => Effect.Effect<void, WebhookErrorReason>
  /** The end of the sentence "it matches …", for a request that `check` refused with `InvalidSignature`. */
  readonly diagnose: (head: WebhookHead) => Effect.Effect<string | undefined>
}

/**
 * A guard: {@link token}, {@link basicAuth}, {@link bearer}, {@link header}, or
 * one of the application's. `module` names the carrier in the error about a
 * secret that cannot be used.
 *
 * @category models
 * @since 0.1.0
 */
export type WebhookGuard = (module: string) => Effect.Effect<Check, CryptoError.CryptoError>

/** A check that waits for nothing. */
const fromFault = (
  fault: (head: WebhookHead) => WebhookErrorReason | undefined,
  hint: (head: WebhookHead) => string | undefined = () => undefined
): Check => ({
  check: (head) => {
    const reason = fault(head)
    return reason === undefined ? Effect.void : Effect.fail(reason)
  },
  diagnose: (head) => Effect.sync(() => hint(head))
})

const defaultParameter = "token"

/**
 * Builds the callback URL with the token in its query: what to enter in the
 * carrier's portal. Of several tokens, the first is used.
 *
 * **Example** (The URL to enter at the carrier)
 *
 * ```ts run
 * import { Effect, Redacted } from "effect"
 * import { WebhookGuard } from "effect-sms"
 *
 * const url = WebhookGuard.callbackUrl({
 *   url: "https://sms.example.com/webhooks/sms/sinch/inbound",
 *   token: Redacted.make("a-long-secret")
 * })
 *
 * Effect.runSync(url) // => "https://sms.example.com/webhooks/sms/sinch/inbound?token=a-long-secret"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const callbackUrl = Effect.fnUntraced(function*(options: {
  readonly url: string
  readonly token: Secrets
  /** The query parameter. `token` by default. */
  readonly parameter?: string | undefined
  /** Names the carrier in the error about an empty token. */
  readonly module?: string | undefined
}): Effect.fn.Return<string, CryptoError.CryptoError> {
  const [token] = yield* list(options.module ?? "WebhookGuard", options.token)
  const query = new URLSearchParams([[options.parameter ?? defaultParameter, token!]])
  return `${options.url}${options.url.includes("?") ? "&" : "?"}${query}`
})

/** Common misconfigurations of a token, each with the fix to suggest. */
const corrections = (given: string): ReadonlyArray<readonly [string, string]> => [
  ["the token without the white space around it", given.trim()],
  ["the token percent-decoded once more", percentDecoded(given)],
  ["the token with + in place of its spaces: write + as %2B in the callback URL", given.replaceAll(" ", "+")]
]

/**
 * A secret in the query of the callback URL, compared in constant time. Make it
 * long and random: whoever reads an access log with full URLs can call too.
 * {@link callbackUrl} builds the URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const token = (options: {
  /** The secret, or several while one is being rotated. */
  readonly token: Secrets
  /** The query parameter. `token` by default. */
  readonly parameter?: string | undefined
}): WebhookGuard =>
  Effect.fnUntraced(function*(module) {
    const parameter = options.parameter ?? defaultParameter
    const tokens = yield* list(module, options.token)
    const matches = equals(tokens)
    const matchesTrimmed = equals(tokens.map((token) => token.trim()))
    const fault = ({ url }: WebhookHead) => {
      const reason = tokenFault(url, parameter, matches)
      return reason === undefined ? undefined : reasonOf(reason)
    }
    const hint = ({ url }: WebhookHead) => {
      const [given = "", ...others] = valuesOf(url, parameter)
      if (others.length > 0) return matches(given) ? `query parameter ${parameter} if it occurs only once` : undefined
      const correction = corrections(given).find(([, token]) => matches(token))
      if (correction !== undefined) return correction[0]
      return matchesTrimmed(given.trim()) ? "the configured token without the white space around it" : undefined
    }
    return fromFault(fault, hint)
  })

/** The credentials of an `Authorization` header with this scheme. */
const credentialsOf = ({ headers }: WebhookHead, scheme: string): string | undefined => {
  const [given, ...rest] = headers["authorization"]?.trim().split(/ +/) ?? []
  return given?.toLowerCase() === scheme.toLowerCase() && rest.length === 1 ? rest[0] : undefined
}

/** An `Authorization` header of this scheme. */
const authorization = (
  scheme: string,
  challenge: string,
  isValid: (credentials: string) => Effect.Effect<boolean>
): Check => {
  const missing = new MissingSignature({ expected: `header authorization with the scheme ${scheme}`, challenge })
  return {
    check: (head) => {
      const given = credentialsOf(head, scheme)
      if (given === undefined) return Effect.fail(missing)
      return Effect.flatMap(isValid(given), (isValid) => isValid ? Effect.void : Effect.fail(new InvalidSignature({})))
    },
    diagnose: () => Effect.undefined
  }
}

/**
 * A user name and a password in the callback URL, `https://user:password@…`,
 * which arrive as `Authorization: Basic`. A request without them is answered
 * with 401 and a challenge: some carriers send them only after that.
 *
 * @category constructors
 * @since 0.1.0
 */
export const basicAuth = (options: {
  readonly username: string
  /** The password, or several while one is being rotated. */
  readonly password: Secrets
}): WebhookGuard =>
(module) =>
  Effect.map(list(module, options.password), (passwords) => {
    const matches = equals(passwords.map((password) => Base64.encode(utf8(`${options.username}:${password}`))))
    return authorization(
      "Basic",
      "Basic realm=\"webhooks\", charset=\"UTF-8\"",
      (given) => Effect.sync(() => matches(given))
    )
  })

/**
 * `Authorization: Bearer`, as carriers send it that can get an OAuth 2.0 token
 * first: one of the given tokens, or one that the application finds valid, for
 * example by its signature.
 *
 * @category constructors
 * @since 0.1.0
 */
export const bearer = (
  options: { readonly token: Secrets } | {
    readonly isValid: (token: Redacted.Redacted<string>) => Effect.Effect<boolean>
  }
): WebhookGuard =>
(module) =>
  "isValid" in options
    ? Effect.succeed(authorization("Bearer", "Bearer", (given) => options.isValid(Redacted.make(given))))
    : Effect.map(list(module, options.token), (tokens) => {
      const matches = equals(tokens)
      return authorization("Bearer", "Bearer", (given) => Effect.sync(() => matches(given)))
    })

/**
 * A header with a secret, such as a static header that the carrier adds to its
 * callbacks, or what a proxy that ends mutual TLS says about the client
 * certificate: its fingerprint, or that it was verified. The proxy must remove
 * the header from requests that come with it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const header = (options: {
  /** The name, in any case. */
  readonly name: string
  /** What it must be, or several values while one is being rotated. */
  readonly value: Secrets
}): WebhookGuard =>
(module) =>
  Effect.map(list(module, options.value), (values) => {
    const name = options.name.toLowerCase()
    const matches = equals(values)
    return fromFault(({ headers }) => {
      const given = Object.hasOwn(headers, name) ? headers[name] : undefined
      if (!given) return new MissingSignature({ expected: `header ${name}` })
      return matches(given) ? undefined : new InvalidSignature({})
    })
  })

/**
 * Puts guards one after the other: the first that refuses decides.
 *
 * **Example** (A password, and a header of the proxy)
 *
 * ```ts
 * import { Effect, Redacted } from "effect"
 * import { Sinch, WebhookGuard } from "effect-sms"
 *
 * export const Provider = Sinch.layerWebhook({
 *   verification: Sinch.hmacSha1(Redacted.make("the secret of the webhook")),
 *   guards: [
 *     WebhookGuard.all([
 *       WebhookGuard.basicAuth({ username: "sinch", password: Redacted.make("a long password") }),
 *       WebhookGuard.header({ name: "x-client-verified", value: Redacted.make("SUCCESS") })
 *     ])
 *   ]
 * })
 *
 * // Where the carrier gets its tokens from a server of yours.
 * export const byToken = WebhookGuard.bearer({ isValid: (token) => Effect.succeed(Redacted.value(token) === "…") })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (guards: ReadonlyArray<WebhookGuard>): WebhookGuard => (module) =>
  Effect.map(
    Effect.forEach(guards, (guard) => guard(module)),
    (checks): Check => ({
      check: (head) => Effect.forEach(checks, ({ check }) => check(head), { discard: true }),
      diagnose: Effect.fnUntraced(function*(head) {
        for (const { check, diagnose } of checks) {
          if ((yield* Effect.result(check(head)))._tag === "Failure") return yield* diagnose(head)
        }
        return undefined
      })
    })
  )
