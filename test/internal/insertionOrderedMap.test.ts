import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { InsertionOrderedMap } from "../../src/internal/insertionOrderedMap.ts"

describe("InsertionOrderedMap", () => {
  it("is a list of entries in which a key is put last", () => {
    const key = fc.constantFrom(..."abcd")
    const step = fc.oneof(
      fc.tuple(fc.constant("put"), key),
      fc.tuple(fc.constant("delete"), key),
      fc.tuple(fc.constant("deleteOldest"), key),
      fc.tuple(fc.constant("look"), key)
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ordered = new InsertionOrderedMap<number>()
        let model: ReadonlyArray<readonly [string, number]> = []
        const without = (key: string) => model.filter(([other]) => other !== key)
        for (const [i, [what, key]] of steps.entries()) {
          if (what === "put") {
            ordered.put(key, i)
            model = [...without(key), [key, i]]
          } else if (what === "delete") {
            assert.strictEqual(ordered.delete(key), model.some(([other]) => other === key))
            model = without(key)
          } else if (what === "deleteOldest") {
            const [oldest] = ordered.oldest() ?? []
            assert.strictEqual(oldest, model[0]?.[0])
            if (oldest !== undefined) ordered.delete(oldest)
            model = model.slice(1)
          } else {
            assert.deepStrictEqual(ordered.oldest(), model[0] as [string, number] | undefined)
          }
          assert.strictEqual(ordered.size, model.length)
          assert.deepStrictEqual([...ordered.values()], model.map(([, value]) => value))
          assert.strictEqual(ordered.get(key), model.find(([other]) => other === key)?.[1])
          assert.strictEqual(ordered.has(key), model.some(([other]) => other === key))
        }
      }),
      { numRuns: 500 }
    )
  })

  it("finds the oldest among a hundred thousand, however many have passed", () => {
    const ordered = new InsertionOrderedMap<number>()
    for (let i = 0; i < 100_000; i++) ordered.put(String(i), i)
    // A search from the beginning of a Map would take minutes here.
    for (let i = 100_000; i < 2_000_000; i++) {
      const [key, value] = ordered.oldest()!
      assert.strictEqual(value, i - 100_000)
      ordered.delete(key)
      ordered.put(String(i), i)
    }
    assert.strictEqual(ordered.size, 100_000)
  }, 60_000)
})
