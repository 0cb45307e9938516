import { assert, describe, it } from "@effect/vitest"
import { rememberedNames } from "../../src/internal/rememberedNames.ts"

describe("what is computed of the names of an object", () => {
  it("is what their list gives, whatever came before", () => {
    const lists: Array<ReadonlyArray<string>> = []
    const joined = rememberedNames((names) => {
      lists.push(names)
      return names.join()
    })
    const inherited = Object.assign(Object.create({ b: 1 }), { a: 1 })
    const objects = [{}, { a: 1 }, { a: 2, b: 3 }, { b: 1, a: 1 }, { a: 1, b: 1, c: 1 }, { a: 1, c: 1 }, inherited]
    for (const first of objects) {
      for (const second of objects) {
        for (const object of [first, second]) assert.strictEqual(joined(object), Object.keys(object).join())
      }
    }
    const before = lists.length
    for (const a of [1, 2, 3]) assert.strictEqual(joined({ b: a, a }), "b,a")
    assert.strictEqual(lists.length, before + 1)
  })
})
