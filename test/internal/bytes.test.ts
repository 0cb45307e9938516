import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Bytes from "../../src/internal/bytes.ts"

const pieces = fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 5 })

describe("bytes", () => {
  it("are all of the pieces, in their order", () => {
    fc.assert(fc.property(pieces, (pieces) => {
      const all = pieces.flatMap((piece) => [...piece])
      assert.deepStrictEqual(Array.from(Bytes.concat(pieces)), all)
      assert.strictEqual(Bytes.size(pieces), all.length)
    }))
  })

  it("are the first ones of the pieces, wherever those end", () => {
    fc.assert(fc.property(pieces, fc.nat(25), (pieces, length) => {
      const all = pieces.flatMap((piece) => [...piece])
      assert.deepStrictEqual(Array.from(Bytes.head(pieces, length)), all.slice(0, length))
    }))
  })
})
