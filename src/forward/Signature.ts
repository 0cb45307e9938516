/**
 * Signatures of forwarded events, by Standard Webhooks
 * (https://www.standardwebhooks.com): the headers `webhook-id`,
 * `webhook-timestamp` and `webhook-signature`.
 *
 * @since 0.1.0
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Bytes from "../internal/bytes.ts"

const prefix = "whsec_"

/**
 * Returns what is wrong with a secret, or `undefined`: it must be `whsec_` and
 * the Base64 of 24 to 64 bytes.
 *
 * @category guards
 * @since 0.1.0
 */
export const flawOf = (secret: string): string | undefined => {
  if (!secret.startsWith(prefix)) return `must begin with ${prefix}`
  const bytes = Base64.decode(secret.slice(prefix.length))
  if (Result.isFailure(bytes)) return `must be ${prefix} and Base64`
  const { length } = bytes.success
  return length >= 24 && length <= 64 ? undefined : `must be ${prefix} and the Base64 of 24 to 64 bytes`
}

const keyBytes = (secret: Redacted.Redacted<string>): Uint8Array =>
  Result.getOrThrow(Base64.decode(Redacted.value(secret).slice(prefix.length)))

/** Joins the signed text with the bytes of the body. */
const signedBytes = (id: string, seconds: number, body: Uint8Array): Uint8Array =>
  Bytes.concat([Bytes.fromText(`${id}.${seconds}.`), body])

/**
 * Builds a function that signs a body, once with each secret: while a secret is
 * rotated, the receiver verifies with the old or with the new one. The time is
 * in seconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const signer = Effect.fnUntraced(function*(
  secrets: ReadonlyArray<Redacted.Redacted<string>>
): Effect.fn.Return<
  (id: string, seconds: number, body: Uint8Array) => Effect.Effect<Readonly<Record<string, string>>>,
  CryptoError.CryptoError,
  Mac.Mac
> {
  const mac = yield* Mac.Mac
  const keys = yield* Effect.forEach(secrets, (secret) => Mac.key(Mac.hmacSha256, keyBytes(secret)))
  return (id, seconds, body) =>
    Effect.map(
      Effect.orDie(Effect.forEach(keys, (key) => mac.sign(key, signedBytes(id, seconds, body)))),
      (tags) => ({
        "webhook-id": id,
        "webhook-timestamp": String(seconds),
        "webhook-signature": tags.map((tag) => `v1,${Base64.encode(tag)}`).join(" ")
      })
    )
})
