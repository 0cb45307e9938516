/**
 * Cryptography that a layer has synchronously beside its effects: verification
 * then needs no effect for it.
 */
import type * as Mac from "effect/crypto/Mac"

/** The hashes that carriers sign with. */
export type Hash = "sha1" | "sha256"

export interface SyncCrypto {
  /** Prepares a key, and returns the HMAC of a text, or of bytes and a text after them, in Base64. */
  readonly hmac: (hash: Hash, key: Uint8Array) => (text: string, before?: Uint8Array) => string
  /** The SHA-256, in lower-case hexadecimal digits. */
  readonly sha256: (data: Uint8Array) => string
}

const key = /* @__PURE__ */ Symbol.for("~effect-sms/SyncCrypto")

/** Adds synchronous cryptography to a service. */
export const add = (mac: Mac.Mac["Service"], sync: SyncCrypto): Mac.Mac["Service"] =>
  Object.assign(Object.create(Object.getPrototypeOf(mac)), mac, { [key]: sync })

/** Returns what {@link add} has added. */
export const of = (mac: Mac.Mac["Service"]): SyncCrypto | undefined => (mac as { readonly [key]?: SyncCrypto })[key]
