import { assert, describe, it, vi } from "@effect/vitest"
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
            const oldest = ordered.oldest()?.key
            assert.strictEqual(oldest, model[0]?.[0])
            if (oldest !== undefined) ordered.delete(oldest)
            model = model.slice(1)
          } else {
            const oldest = ordered.oldest()
            assert.deepStrictEqual(oldest && [oldest.key, oldest.value], model[0] as [string, number] | undefined)
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

  it("holds its bounds, in entries and in bytes, whatever is put, resized and deleted", () => {
    const key = fc.string({ maxLength: 3 })
    const bytes = fc.nat({ max: 1500 })
    const step = fc.oneof(
      fc.record({ what: fc.constant("put"), key, bytes }),
      fc.record({ what: fc.constant("resize"), key, bytes }),
      fc.record({ what: fc.constant("delete"), key, bytes })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const maxBytes = 3000
        const ordered = new InsertionOrderedMap<string>({ maxEntries: 8, maxBytes })
        let model: ReadonlyArray<readonly [key: string, bytes: number]> = []
        const sum = () => model.reduce((sum, [key, bytes]) => sum + 128 + 2 * key.length + bytes, 0)
        for (const { bytes, key, what } of steps) {
          const others = model.filter(([other]) => other !== key)
          if (what === "put") {
            assert.isTrue(ordered.put(key, key, bytes))
            model = [...others, [key, bytes]]
          } else if (what === "resize") {
            ordered.resize(key, bytes)
            model = model.map((entry) => entry[0] === key ? [key, bytes] : entry)
          } else {
            ordered.delete(key)
            model = others
          }
          assert.strictEqual(ordered.bytes, sum())
          for (let oldest = ordered.excess(); oldest !== undefined; oldest = ordered.excess()) {
            assert.isTrue(model.length > 8 || sum() > maxBytes)
            assert.strictEqual(oldest.key, model[0]?.[0])
            ordered.delete(oldest.key)
            model = model.slice(1)
          }
          assert.isAtMost(ordered.size, 8)
          assert.isAtMost(ordered.bytes, maxBytes)
          assert.strictEqual(ordered.bytes, sum())
        }
      }),
      { numRuns: 500 }
    )
  })

  it("does not keep an entry that exceeds the bound alone, and evicts no other for it", () => {
    const ordered = new InsertionOrderedMap<string>({ maxBytes: 1000 })
    assert.isTrue(ordered.put("a", "small", 100))
    assert.isTrue(ordered.put("b", "before", 100))
    assert.isFalse(ordered.put("b", "after", 1001))
    assert.isUndefined(ordered.excess())
    assert.deepStrictEqual([...ordered.values()], ["small"])
  })

  it("finds and evicts the oldest without the order of a Map, which skips all that was deleted", () => {
    const ordered = new InsertionOrderedMap<number>({ maxEntries: 1000 })
    const searches = (["keys", "values", "entries", "forEach"] as const).map((name) =>
      vi.spyOn(Map.prototype, name).mockImplementation(() => assert.fail(`Map.prototype.${name} was called`))
    )
    try {
      for (let i = 0; i < 10_000; i++) {
        ordered.put(String(i), i)
        if (i % 3 === 0) ordered.put(String(i - 500), i - 500)
        for (let oldest = ordered.excess(); oldest !== undefined; oldest = ordered.excess()) ordered.delete(oldest.key)
        assert.isAtMost(ordered.size, 1000)
      }
      assert.deepStrictEqual([ordered.size, ordered.has("9000"), ordered.has("9999")], [1000, false, true])
    } finally {
      for (const search of searches) search.mockRestore()
    }
  })

  it("takes no longer for the oldest of many after many have passed", () => {
    const time = (size: number): number => {
      const ordered = new InsertionOrderedMap<number>()
      for (let i = 0; i < size; i++) ordered.put(String(i), i)
      const start = process.cpuUsage()
      for (let i = size; i < size + 30_000; i++) {
        const { key } = ordered.oldest()!
        ordered.delete(key)
        ordered.put(String(i), i)
      }
      const { system, user } = process.cpuUsage(start)
      assert.strictEqual(ordered.size, size)
      return user + system
    }
    const few = Math.min(...Array.from({ length: 5 }, () => time(100)))
    const many = Math.min(...Array.from({ length: 3 }, () => time(100_000)))
    // Less than ten times in practice, for the memory. A search from the beginning of a Map would make it hundreds.
    assert.isBelow(many / few, 50)
  }, 60_000)
})
