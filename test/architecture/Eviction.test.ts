/**
 * No module evicts the oldest entry of a `Map` or a `Set` by a new iterator: that
 * skips the slots of all entries deleted before, so that an eviction from a large
 * one takes longer than everything else. `InsertionOrderedMap` finds the oldest
 * at once.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const src = `${import.meta.dirname}/../../src`

const iterator = String.raw`\.(?:keys|values|entries)\(\)`

const patterns: ReadonlyArray<RegExp> = [
  // map.keys().next(), map[Symbol.iterator]().next()
  new RegExp(String.raw`(?:${iterator}|\[Symbol\.iterator\]\(\))\s*\.next\(\)`),
  // const [oldest] = map.keys(); map.delete(oldest)
  new RegExp(String.raw`(?:const|let) \[[\w ]+\] = [\w.#]+${iterator}[^}]{0,100}\.delete\(`),
  // [...map.keys()][0], Array.from(map.keys())[0], map.keys().toArray()[0], map.keys().find(…)
  new RegExp(String.raw`${iterator}\s*(?:[\])]\s*|\.toArray\(\)\s*)(?:\[0\]|\.at\(0\)|\.shift\(\))`),
  // for (const key of map.keys()) { map.delete(key); break }, with or without braces
  new RegExp(String.raw`for \(const [^)]*${iterator}\)[^}]*\.delete\([^}]*\b(?:break|return)\b`),
  new RegExp(String.raw`for \(const [^)]*${iterator}\)[^}]*\b(?:break|return)\b[^}]*\.delete\(`)
]

const offends = (code: string): boolean => patterns.some((pattern) => pattern.test(code))

describe("an eviction", () => {
  it.each([
    "map.delete(map.keys().next().value)",
    "const { value } = this.#entries\n  .values()\n  .next()",
    "set[Symbol.iterator]().next()",
    "const [oldest] = map.keys()\n  map.delete(oldest!)",
    "const [first] = this.#keys.entries()\n    if (first !== undefined) this.#keys.delete(first[0])",
    "map.delete([...map.keys()][0]!)",
    "map.delete(map.keys().toArray()[0])",
    "for (const key of map.keys()) {\n  map.delete(key)\n  break\n}",
    "for (const [key] of map.entries()) {\n  if (map.size <= max) break\n  map.delete(key)\n}"
  ])("is found in %j", (code) => {
    assert.isTrue(offends(code))
  })

  it("by a new iterator is in no module", () => {
    const modules = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file))
    assert.isAbove(modules.length, 300)
    assert.deepStrictEqual(modules.filter((file) => offends(readFileSync(`${src}/${file}`, "utf8"))), [])
  })
})
