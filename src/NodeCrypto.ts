/**
 * The crypto of Node, for webhooks.
 *
 * `NodeCrypto` of `@effect/platform-node` makes a key of its bytes for every
 * HMAC, which takes four times as long as the HMAC of a webhook itself, and
 * sends every Ed25519 verification through the thread pool, which takes half
 * again as much of the processor. The layers here do the same with keys that
 * are prepared once, and are to be provided in its place. Everything else is
 * that of `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as Mac from "effect/crypto/Mac"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Crypto from "node:crypto"

type Hash = Mac.Algorithm["hash"]["name"]

const hashes: Readonly<Record<Hash, string>> = {
  "MD5": "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512"
}

/** The HMAC with keys that are prepared once. Their bytes are the key's own copy, and nobody changes them. */
const makeHmac = () => {
  const prepared = new WeakMap<Uint8Array, Crypto.KeyObject>()
  return (hash: Hash, bytes: Uint8Array, data: Uint8Array): Uint8Array => {
    const key = prepared.get(bytes) ?? Crypto.createSecretKey(bytes)
    prepared.set(bytes, key)
    // By way of text, because a buffer that Node makes for a digest costs half as much as the HMAC.
    const text = Crypto.createHmac(hashes[hash], key).update(data).digest("binary")
    const tag = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) tag[i] = text.charCodeAt(i)
    return tag
  }
}

/**
 * `Mac` as `NodeCrypto.layerMac`, with keys that are prepared once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMac: Layer.Layer<Mac.Mac> = Layer.suspend(() => Mac.layerWebCryptoWith({ hmac: makeHmac() })).pipe(
  Layer.provide(NodeCrypto.layerSecureRandom)
)

const makeSignature = Effect.gen(function*() {
  const core = yield* Signature.Signature
  const prepared = new WeakMap<Signature.PublicKey, Crypto.KeyObject>()

  const prepare = Effect.fnUntraced(function*(publicKey: Signature.PublicKey) {
    const x = Buffer.from(yield* Signature.toBytes(publicKey)).toString("base64url")
    const key = Crypto.createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } })
    prepared.set(publicKey, key)
    return key
  })

  const verify: typeof core.verify = (publicKey, signature, data) => {
    if (publicKey.algorithm._tag !== "Ed25519") return core.verify(publicKey, signature, data)
    const verifyWith = (key: Crypto.KeyObject) => Effect.sync(() => Crypto.verify(null, data, key, signature))
    const key = prepared.get(publicKey)
    return key === undefined
      ? Effect.flatMap(prepare(publicKey), verifyWith)
      : verifyWith(key)
  }

  return Signature.Signature.of({ ...core, verify })
})

/**
 * `Signature` as `NodeCrypto.layerSignature`, with Ed25519 verified at once
 * and keys that are prepared once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSignature: Layer.Layer<Signature.Signature> = Layer.effect(Signature.Signature, makeSignature).pipe(
  Layer.provide(NodeCrypto.layerSignature)
)

/**
 * `NodeCrypto.layer` of `@effect/platform-node`, with the layers of this
 * module in the place of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Layer.Success<typeof NodeCrypto.layer>> = Layer.mergeAll(
  NodeCrypto.layer,
  layerMac,
  layerSignature
)
