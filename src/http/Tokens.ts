/**
 * The bearer tokens of the server: each has a name, scopes and a rate limit.
 * Only the SHA-256 of a token is stored.
 *
 * **Example** (A token that may only send)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Redacted } from "effect"
 * import { Tokens } from "effect-sms"
 *
 * const { secret, token } = await Effect.runPromise(
 *   Effect.provide(Tokens.generate("shop", ["send"]), NodeCrypto.layer)
 * )
 * token.scopes // => ["send"]
 * // The caller gets the secret; the server keeps its hash.
 * Redacted.value(secret).startsWith("sms_") // => true
 * ```
 *
 * @since 0.1.0
 */
import * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64Url from "effect/encoding/Base64Url"
import * as Hex from "effect/encoding/Hex"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import * as Secrets from "../provider/Secrets.ts"
import * as LimitsMemory from "../sending/internal/limitsMemory.ts"
import * as SlidingWindow from "../sending/internal/slidingWindow.ts"
import { Scope } from "./internal/requiredScope.ts"

export { RequiredScope, Scope } from "./internal/requiredScope.ts"

/**
 * A named token.
 *
 * @category models
 * @since 0.1.0
 */
export class Token extends Schema.Class<Token>("effect-sms/http/Token")({
  /** The name in the log. */
  name: Schema.String.check(
    Schema.isPattern(/^[\w.-]{1,64}$/, { expected: "a name of 1 to 64 letters, digits and _ . -" })
  ),
  scopes: Schema.NonEmptyArray(Scope),
  /** The SHA-256 of the token, in hexadecimal. */
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/, { expected: "64 hexadecimal digits" })),
  /** The maximum number of requests in any minute. 600 by default. */
  requestsPerMinute: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000 }))
  )
}) {}

const sha256 = Effect.fnUntraced(function*(text: string) {
  const digest = yield* Digest.Digest
  return yield* digest.digest(Digest.sha256, Secrets.utf8(text))
})

/**
 * Makes a token of 256 random bits with this name and these scopes. The secret
 * is in no other place.
 *
 * @category constructors
 * @since 0.1.0
 */
export const generate = Effect.fnUntraced(function*(
  name: string,
  scopes: readonly [Scope, ...Array<Scope>]
): Effect.fn.Return<
  { readonly token: Token; readonly secret: Redacted.Redacted<string> },
  CryptoError.CryptoError | SchemaIssue.Issue,
  Digest.Digest | SecureRandom.SecureRandom
> {
  const random = yield* SecureRandom.SecureRandom
  const secret = `sms_${Base64Url.encode(yield* random.randomBytes(32))}`
  const token = yield* Token.makeEffect({ name, scopes, sha256: Hex.encode(yield* sha256(secret)) })
  return { token, secret: Redacted.make(secret) }
})

/**
 * A token that a request proved to have.
 *
 * @category models
 * @since 0.1.0
 */
export interface Known {
  readonly name: string
  readonly scopes: ReadonlyArray<Scope>
  /** Counts a request. Returns how long to wait when there are too many. */
  readonly count: Effect.Effect<Duration.Duration | undefined>
}

const unlimited = Effect.undefined

/**
 * Returns a name that two tokens have. `admin` is that of the admin token.
 *
 * **Example** (Two tokens with one name)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect } from "effect"
 * import { Tokens } from "effect-sms"
 *
 * const generate = Effect.map(Tokens.generate("shop", ["send"]), ({ token }) => token)
 * const tokens = await Effect.runPromise(Effect.provide(Effect.all([generate, generate]), NodeCrypto.layer))
 * Tokens.repeatedName(tokens) // => "shop"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const repeatedName = (tokens: ReadonlyArray<Token>): string | undefined =>
  ["admin", ...tokens.map(({ name }) => name)].find((name, index, names) => names.indexOf(name) !== index)

/**
 * The tokens of a server.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  readonly adminToken?: Redacted.Redacted<string> | undefined
  readonly tokens?: ReadonlyArray<Token> | undefined
}

/**
 * A token of the server, with the SHA-256 by which it is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Registered extends Known {
  readonly hash: Uint8Array
}

/**
 * Returns the tokens of a server. The admin token has every scope and no limit.
 * Fails when the admin token is empty or two tokens have one name.
 *
 * @category constructors
 * @since 0.1.0
 */
export const register = Effect.fnUntraced(function*(
  { adminToken, tokens = [] }: Options
): Effect.fn.Return<ReadonlyArray<Registered>, CryptoError.CryptoError, Digest.Digest> {
  if (repeatedName(tokens) !== undefined) {
    const reason = new CryptoError.InvalidKey({ description: "Two tokens have one name" })
    return yield* new CryptoError.CryptoError({ module: "Tokens", method: "register", reason })
  }
  const limiter = yield* Effect.provide(RateLimiter.make, LimitsMemory.layerRateLimiterStore)

  const known: Array<Registered> = []
  if (adminToken !== undefined) {
    const [secret = ""] = yield* Secrets.list("WebhookServer", adminToken)
    known.push({ name: "admin", scopes: Scope.literals, count: unlimited, hash: yield* sha256(secret) })
  }
  for (const { name, requestsPerMinute: limit = 600, scopes, sha256 } of tokens) {
    const window = SlidingWindow.make({ limiter, limit, window: Duration.minutes(1) })
    // The limiter is in memory, so it does not fail.
    const count = Effect.orDie(window(name, 1))
    known.push({ name, scopes, count, hash: Result.getOrThrow(Hex.decode(sha256)) })
  }
  return known
})

/**
 * Builds a function that finds the token of a credential. Every token is
 * compared, in constant time. Fails as {@link register} does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const finder = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<
  (credential: string) => Effect.Effect<Registered | undefined>,
  CryptoError.CryptoError,
  Digest.Digest
> {
  const digest = yield* Digest.Digest
  const known = yield* register(options)
  return (credential) =>
    Effect.map(
      Effect.orDie(Effect.provideService(sha256(credential), Digest.Digest, digest)),
      (actual) =>
        known.reduce<Registered | undefined>(
          (found, token) => Mac.timingSafeEqual(token.hash, actual) ? token : found,
          undefined
        )
    )
})
