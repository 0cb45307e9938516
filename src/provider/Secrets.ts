/**
 * Secrets and the signatures made with them.
 *
 * **Example** (Comparing a token in constant time)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Redacted } from "effect"
 * import { Secrets } from "effect-sms"
 *
 * const program = Effect.gen(function*() {
 *   const isToken = yield* Secrets.matcher("Acme", [Redacted.make("new"), Redacted.make("old")])
 *   return [yield* isToken("old"), yield* isToken("other")]
 * })
 *
 * await Effect.runPromise(Effect.provide(program, NodeCrypto.layer)) // => [true, false]
 * ```
 */
import * as CryptoError from "effect/crypto/CryptoError"
import * as Digest from "effect/crypto/Digest"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"

/** One secret, or several during a rotation. */
export type Secrets = Redacted.Redacted<string> | ReadonlyArray<Redacted.Redacted<string>>

const encoder = new TextEncoder()

/** Returns the UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Returns the secrets as a list. Fails for an empty list and for an empty secret, which would accept every request. */
export const list = (
  module: string,
  secrets: Secrets
): Effect.Effect<ReadonlyArray<string>, CryptoError.CryptoError> => {
  const values = (Array.isArray(secrets) ? secrets : [secrets]).map((secret) => Redacted.value<string>(secret))
  return values.length > 0 && values.every((value) => value.trim() !== "")
    ? Effect.succeed(values)
    : Effect.fail(
      new CryptoError.CryptoError({
        module,
        method: "make",
        reason: new CryptoError.InvalidKey({ description: "A secret is empty" })
      })
    )
}

/** Generates a secret of 128 bits, for the demonstration and tests. */
export const generateSecret: Effect.Effect<
  Redacted.Redacted<string>,
  CryptoError.CryptoError,
  SecureRandom.SecureRandom
> = Effect
  .flatMap(
    SecureRandom.SecureRandom,
    (random) => Effect.map(random.randomBytes(16), (bytes) => Redacted.make(Hex.encode(bytes)))
  )

/** Builds one HMAC key for each secret. */
export const macKeys = Effect.fnUntraced(function*(module: string, algorithm: Mac.Algorithm, secrets: Secrets) {
  const values = yield* list(module, secrets)
  return yield* Effect.forEach(values, (value) => Mac.key(algorithm, utf8(value)))
})

/** Returns a function that checks whether a tag authenticates the data under one of the keys. */
export const macMatcher = (mac: Mac.Mac["Service"], keys: ReadonlyArray<Mac.Key>) => {
  const fits = (key: Mac.Key, tag: Uint8Array, data: Uint8Array) => Effect.orDie(mac.verify(key, tag, data))
  const [only, ...others] = keys
  if (only !== undefined && others.length === 0) return (tag: Uint8Array, data: Uint8Array) => fits(only, tag, data)
  return Effect.fnUntraced(function*(tag: Uint8Array, data: Uint8Array) {
    for (const key of keys) {
      if (yield* fits(key, tag, data)) return true
    }
    return false
  })
}

/**
 * Decodes standard Base64, and only its canonical encoding. Otherwise a flipped
 * padding bit in the last character would go unnoticed.
 */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  const decoded = Base64.decode(text)
  if (Result.isFailure(decoded)) return undefined
  const bytes = decoded.success
  // Only the last four characters contain padding bits. The decoder skips line breaks, but they make the text too long.
  const last = bytes.subarray(bytes.length - (bytes.length % 3 || 3))
  const isCanonical = text.length === Math.ceil(bytes.length / 3) * 4 && text.endsWith(Base64.encode(last))
  return isCanonical ? bytes : undefined
}

/**
 * Compares a text with the secrets in constant time. It compares SHA-256
 * digests, because `Mac.timingSafeEqual` returns early when lengths differ,
 * which would reveal the length of a secret. A caller cannot control how many
 * bytes of two digests agree, and every secret is compared.
 */
export const matcher = Effect.fnUntraced(function*(module: string, secrets: Secrets) {
  const digest = yield* Digest.Digest
  const hash = (text: string) => digest.digest(Digest.sha256, utf8(text))
  const expected = yield* Effect.flatMap(list(module, secrets), Effect.forEach(hash))
  return (given: string): Effect.Effect<boolean> =>
    Effect.map(
      Effect.orDie(hash(given)),
      (actual) => expected.reduce((found, one) => Mac.timingSafeEqual(one, actual) || found, false)
    )
})

export { equals } from "./core/token.ts"
