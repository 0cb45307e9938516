import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Mac } from "effect/crypto"
import * as fc from "fast-check"
import * as Secrets from "../../src/provider/Secrets.ts"

describe("secrets", () => {
  it.effect("are a list, whether one is given or several", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Secrets.list("Test", Redacted.make("a")), ["a"])
      assert.deepStrictEqual(yield* Secrets.list("Test", [Redacted.make("a"), Redacted.make(" b ")]), ["a", " b "])
    }))

  it.effect("that are empty fail, because they would let everybody in", () =>
    Effect.gen(function*() {
      const empty = Redacted.make("")
      for (const secrets of [empty, [], [empty], [Redacted.make("fine"), Redacted.make(" \t\n")]]) {
        const error = yield* Effect.flip(Secrets.list("Test", secrets))
        assert.strictEqual(error._tag, "CryptoError")
        assert.strictEqual(error.reason._tag, "InvalidKey")
        assert.notInclude(String(error) + JSON.stringify(error), "fine")
      }
    }))

  it.effect("make one key each, which signs with exactly their bytes", () =>
    Effect.gen(function*() {
      const mac = yield* Mac.Mac
      const keys = yield* Secrets.macKeys("Test", Mac.hmacSha256, [Redacted.make("é"), Redacted.make("b")])
      assert.strictEqual(keys.length, 2)
      const expected = yield* Mac.key(Mac.hmacSha256, Uint8Array.of(0xc3, 0xa9))
      const data = Secrets.utf8("data")
      assert.deepStrictEqual(yield* mac.sign(keys[0]!, data), yield* mac.sign(expected, data))
    }).pipe(Effect.provide(NodeCrypto.layer)))
})

describe("fromBase64", () => {
  it("reads the canonical spelling of any bytes", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      assert.deepStrictEqual(Secrets.fromBase64(Buffer.from(bytes).toString("base64")), Uint8Array.from(bytes))
    }))
  })

  it("reads no other spelling of the same bytes", () => {
    // One byte: the last four bits of the second character are padding and have to be 0.
    assert.deepStrictEqual(Secrets.fromBase64("YQ=="), Uint8Array.of(0x61))
    for (const text of ["YR==", "YQ", "YQ=", "YQ===", " YQ==", "YQ==\n", "YQ==YQ==", "Y Q==", "_-==", "\u0100"]) {
      assert.isUndefined(Secrets.fromBase64(text), JSON.stringify(text))
    }
  })

  it("answers any text, and two texts never give the same bytes", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      const decoded = Secrets.fromBase64(text)
      if (decoded !== undefined) assert.strictEqual(Buffer.from(decoded).toString("base64"), text)
    }))
  })
})
