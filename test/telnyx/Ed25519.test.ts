import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Signature } from "effect/crypto"
import * as fc from "fast-check"
import * as Ed25519 from "../../src/telnyx/Ed25519.ts"
import * as Tweetnacl from "../../src/telnyx/Tweetnacl.ts"
import * as Ed25519Suite from "../suites/Ed25519Suite.ts"

const native = Ed25519.layer.pipe(Layer.provide(NodeCrypto.layerSignature))

Ed25519Suite.suite("native", native, it)
Ed25519Suite.suite("tweetnacl", Tweetnacl.layer, it)

it.effect("native and tweetnacl agree about any key, signature and data", () =>
  Effect.gen(function*() {
    const signature = yield* Signature.Signature
    const layers = yield* Effect.forEach(
      [native, Tweetnacl.layer],
      (layer) => Effect.map(Layer.build(layer), Context.get(Ed25519.Ed25519))
    )
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const halves = fc.oneof(octets(32), fc.constantFrom(...Ed25519Suite.smallOrder))
    const inputs = fc.record({
      seed: octets(32),
      data: fc.uint8Array({ maxLength: 300 }),
      // None: the right signature. Otherwise what replaces a half of it, the whole, or the key.
      change: fc.option(fc.record({
        what: fc.constantFrom("R", "S", "signature", "key", "bit"),
        half: halves,
        any: fc.uint8Array({ maxLength: 80 }),
        bit: fc.nat(511)
      }))
    })
    const sampled = fc.sample(inputs, { numRuns: 200, seed: 8032 })
    let accepted = 0
    for (const { change, data, seed } of sampled) {
      const privateKey = yield* Signature.privateKey(Signature.ed25519, seed)
      const right = yield* signature.sign(privateKey, data)
      const publicKey = yield* Signature.toBytes(
        yield* signature.publicKeyOf(privateKey).pipe(
          Effect.orElseSucceed(() => assert.fail("an extractable key"))
        )
      )
      const given = Uint8Array.from(right)
      if (change?.what === "R") given.set(change.half)
      if (change?.what === "S") given.set(change.half, 32)
      if (change?.what === "bit") given[change.bit >> 3]! ^= 1 << (change.bit & 7)
      const key = change?.what === "key" ? change.half : publicKey
      const answers = yield* Effect.forEach(layers, (ed25519) =>
        Effect.flatMap(
          ed25519.publicKey(key),
          (key) => ed25519.verify(key, change?.what === "signature" ? change.any : given, data)
        ).pipe(Effect.catch((error) => Effect.succeed(error.reason._tag))))
      assert.strictEqual(answers[0], answers[1])
      if (change === null) assert.isTrue(answers[0])
      else assert.notStrictEqual(answers[0], true)
      if (answers[0] === true) accepted++
    }
    assert.isAbove(accepted, 10)
  }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layerSignature)), 30_000)
