/**
 * Cryptography that a layer has synchronously beside its effects: verification
 * then needs no effect for it.
 */
import type * as Mac from "effect/crypto/Mac"
import type * as Signature from "effect/crypto/Signature"

/** The hashes that carriers sign with. */
export type Hash = "sha1" | "sha256"

/**
 * The HMAC of a text, in Base64. Before the text there may be bytes, and the
 * first `length` of other bytes.
 */
export type Hmac = (text: string, before?: Uint8Array, bytes?: Uint8Array, length?: number) => string

export interface SyncCrypto {
  /** Prepares a key. */
  readonly hmac: (hash: Hash, key: Uint8Array) => Hmac
  /** The SHA-256, in lower-case hexadecimal digits. */
  readonly sha256: (data: Uint8Array) => string
}

const key = /* @__PURE__ */ Symbol.for("~effect-sms/SyncCrypto")

/** Adds synchronous cryptography to a service. */
export const add = (mac: Mac.Mac["Service"], sync: SyncCrypto): Mac.Mac["Service"] =>
  Object.assign(Object.create(Object.getPrototypeOf(mac)), mac, { [key]: sync })

/** Returns what {@link add} has added. */
export const of = (mac: Mac.Mac["Service"]): SyncCrypto | undefined => (mac as { readonly [key]?: SyncCrypto })[key]

/** Prepares the 32 bytes of a public key, and returns the check of well-formed signatures. */
export type Ed25519 = (key: Uint8Array) => (signature: Uint8Array, data: Uint8Array) => boolean

/** Adds synchronous verification to a service. */
export const addEd25519 = (
  signature: Signature.Signature["Service"],
  ed25519: Ed25519
): Signature.Signature["Service"] =>
  Object.assign(Object.create(Object.getPrototypeOf(signature)), signature, { [key]: ed25519 })

/** Returns what {@link addEd25519} has added. */
export const ofSignature = (signature: Signature.Signature["Service"]): Ed25519 | undefined =>
  (signature as { readonly [key]?: Ed25519 })[key]
