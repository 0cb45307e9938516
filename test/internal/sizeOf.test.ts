import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { sizeOf } from "../../src/internal/sizeOf.ts"

describe("sizeOf", () => {
  it("counts at least two bytes for each unit of a text, and 64 for each container", () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const least = (value: unknown): number => {
        if (typeof value === "string") return 2 * value.length
        if (typeof value !== "object" || value === null) return 0
        return Object.values(value).reduce((sum, item) => sum + least(item), 64)
      }
      assert.isAtLeast(sizeOf(value), least(value))
    }))
  })

  it("is more for more", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      assert.isAbove(sizeOf([one, other]), sizeOf(one) + sizeOf(other))
      assert.isAbove(sizeOf({ one, other }), sizeOf(one) + sizeOf(other))
    }))
  })

  it("takes any depth", () => {
    const deep = JSON.parse("[".repeat(20_000) + "]".repeat(20_000))
    assert.isAbove(sizeOf(deep), 20_000 * 64)
  })

  it("counts the fields of a class and none of its prototype, less than those of any other object", () => {
    class Point {
      readonly x = "ab"
    }
    class Described extends Point {
      get description() {
        return "c".repeat(1000)
      }
    }
    assert.strictEqual(sizeOf(new Described()), sizeOf(new Point()))
    assert.isBelow(sizeOf(new Point()), sizeOf({ x: "ab" }))
  })
})
