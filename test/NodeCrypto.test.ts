import * as PlatformCrypto from "@effect/platform-node/NodeCrypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Digest, Mac, SecureRandom, Signature } from "effect/crypto"
import * as fc from "fast-check"
import * as NodeCrypto from "../src/NodeCrypto.ts"
import * as Ed25519 from "../src/telnyx/Ed25519.ts"
import * as Ed25519Suite from "./suites/Ed25519Suite.ts"

Ed25519Suite.suite("effect-sms/NodeCrypto", Ed25519.layer.pipe(Layer.provide(NodeCrypto.layerSignature)), it)

const services = Effect.gen(function*() {
  return { mac: yield* Mac.Mac, signature: yield* Signature.Signature }
})

const ours = Effect.provide(services, NodeCrypto.layer)
const platform = Effect.provide(services, PlatformCrypto.layer)

describe("NodeCrypto", () => {
  it.effect("makes the tags of the platform's layer, with any key, again and again", () =>
    Effect.gen(function*() {
      const { mac } = yield* ours
      const { mac: expected } = yield* platform
      const sampled = fc.sample(
        fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.array(fc.uint8Array({ maxLength: 300 }))),
        { numRuns: 50, seed: 2104 }
      )
      for (const algorithm of [Mac.hmacSha1, Mac.hmacSha256, Mac.hmacSha384, Mac.hmacSha512]) {
        for (const [bytes, texts] of sampled) {
          const key = yield* Mac.key(algorithm, bytes)
          for (const data of texts) {
            const tag = yield* mac.sign(key, data)
            assert.deepStrictEqual(tag, yield* expected.sign(key, data))
            assert.isTrue(yield* mac.verify(key, tag, data))
            assert.isFalse(yield* mac.verify(key, tag.map((byte) => byte ^ 1), data))
            assert.isFalse(yield* mac.verify(key, tag.subarray(1), data))
          }
        }
      }
    }))

  it.effect("verifies with generated keys, and algorithms other than Ed25519 as the platform's layer does", () =>
    Effect.gen(function*() {
      const { signature } = yield* ours
      const data = new Uint8Array([1, 2, 3])
      for (const algorithm of [Signature.ed25519, Signature.ecdsaP256]) {
        const { privateKey, publicKey } = yield* signature.generateKeyPair(algorithm)
        const signed = yield* signature.sign(privateKey, data)
        for (const _ of [1, 2]) {
          assert.isTrue(yield* signature.verify(publicKey, signed, data))
          assert.isFalse(yield* signature.verify(publicKey, signed, new Uint8Array([1, 2])))
          assert.isFalse(yield* signature.verify(publicKey, signed.subarray(1), data))
        }
      }
    }))

  it.effect("verifies Ed25519 at once, also when it is provided with everything else", () =>
    Effect.gen(function*() {
      const { signature } = yield* ours
      const { privateKey, publicKey } = yield* signature.generateKeyPair(Signature.ed25519)
      const data = new Uint8Array([1])
      const signed = yield* signature.sign(privateKey, data)
      // The thread pool answers later, and `runSync` would fail.
      assert.isTrue(Effect.runSync(signature.verify(publicKey, signed, data)))
    }))

  it.effect("provides what the platform's layer does", () =>
    Effect.gen(function*() {
      const random = yield* SecureRandom.SecureRandom
      const digest = yield* Digest.Digest
      assert.lengthOf(yield* random.randomBytes(3), 3)
      assert.lengthOf(yield* digest.digest(Digest.sha256, new Uint8Array(1)), 32)
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
