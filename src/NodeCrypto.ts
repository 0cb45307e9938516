/**
 * Node crypto layers tuned for webhook verification.
 *
 * `NodeCrypto` of `@effect/platform-node` imports the key bytes for every HMAC,
 * which takes four times as long as the HMAC of a webhook itself, and runs
 * every Ed25519 verification in the thread pool, which uses 50% more CPU time.
 * Provide the layers of this module instead: they return the same results and
 * prepare each key once. Everything else is delegated to
 * `@effect/platform-node`.
 *
 * @since 0.1.0
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as Mac from "effect/crypto/Mac"
import * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Crypto from "node:crypto"
import { ed25519, syncCrypto } from "./internal/nodeSyncCrypto.ts"
import * as SyncCrypto from "./internal/syncCrypto.ts"

type Hash = Mac.Algorithm["hash"]["name"]

const hashes: Readonly<Record<Hash, string>> = {
  "MD5": "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512"
}

/**
 * Builds an HMAC function that caches prepared keys. The cache may use the key
 * bytes as its key: they are a private copy and never change.
 */
const makeHmac = () => {
  const prepared = new WeakMap<Uint8Array, Crypto.KeyObject>()
  return (hash: Hash, bytes: Uint8Array, data: Uint8Array): Uint8Array => {
    const key = prepared.get(bytes) ?? Crypto.createSecretKey(bytes)
    prepared.set(bytes, key)
    // A string digest is faster: allocating a Node buffer for the digest costs half as much as the HMAC itself.
    const text = Crypto.createHmac(hashes[hash], key).update(data).digest("binary")
    const tag = new Uint8Array(text.length)
    for (let i = 0; i < text.length; i++) tag[i] = text.charCodeAt(i)
    return tag
  }
}

/**
 * Provides `Mac` like `NodeCrypto.layerMac`, and prepares each key only once.
 * Carriers verify webhooks with it without an effect for each HMAC.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMac: Layer.Layer<Mac.Mac> = Layer.effect(
  Mac.Mac,
  Effect.map(Mac.Mac, (mac) => SyncCrypto.add(mac, syncCrypto))
).pipe(
  Layer.provide(Layer.suspend(() => Mac.layerWebCryptoWith({ hmac: makeHmac() }))),
  Layer.provide(NodeCrypto.layerSecureRandom)
)

const makeSignature = Effect.gen(function*() {
  const core = yield* Signature.Signature
  const prepared = new WeakMap<Signature.PublicKey, ReturnType<typeof ed25519>>()

  const prepare = Effect.fnUntraced(function*(publicKey: Signature.PublicKey) {
    const check = ed25519(yield* Signature.toBytes(publicKey))
    prepared.set(publicKey, check)
    return check
  })

  const verify: typeof core.verify = (publicKey, signature, data) => {
    if (publicKey.algorithm._tag !== "Ed25519") return core.verify(publicKey, signature, data)
    const verifyWith = (check: ReturnType<typeof ed25519>) => Effect.sync(() => check(signature, data))
    const check = prepared.get(publicKey)
    return check === undefined
      ? Effect.flatMap(prepare(publicKey), verifyWith)
      : verifyWith(check)
  }

  return SyncCrypto.addEd25519(Signature.Signature.of({ ...core, verify }), ed25519)
})

/**
 * Provides `Signature` like `NodeCrypto.layerSignature`, but verifies Ed25519
 * synchronously and prepares each key only once.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSignature: Layer.Layer<Signature.Signature> = Layer.effect(Signature.Signature, makeSignature).pipe(
  Layer.provide(NodeCrypto.layerSignature)
)

/**
 * Provides everything that `NodeCrypto.layer` of `@effect/platform-node` does,
 * with the `Mac` and `Signature` layers of this module.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<Layer.Success<typeof NodeCrypto.layer>> = Layer.mergeAll(
  NodeCrypto.layer,
  layerMac,
  layerSignature
)
