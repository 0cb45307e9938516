import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Base64, Hex } from "effect/encoding"
import * as fc from "fast-check"
import * as Encodings from "../../src/internal/encodings.ts"

const texts = (unit: string) =>
  fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...unit), maxLength: 12 }),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Base64.encode(bytes)),
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Hex.encode(bytes))
  )

describe("encodings", () => {
  it("read and write what the modules of Effect do", () => {
    fc.assert(
      fc.property(texts("aA0+/=-_\r\n \u00e9"), (text) => {
        assert.deepStrictEqual(Encodings.fromBase64(text), Result.getOrUndefined(Base64.decode(text)))
        assert.deepStrictEqual(Encodings.fromHex(text), Result.getOrUndefined(Hex.decode(text)))
      }),
      { numRuns: 2000 }
    )
    fc.assert(fc.property(fc.uint8Array(), (bytes) => {
      assert.strictEqual(Encodings.toBase64(bytes), Base64.encode(bytes))
      assert.strictEqual(Encodings.toHex(bytes), Hex.encode(bytes))
    }))
  })
})
