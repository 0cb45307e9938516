import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { graphOf } from "../architecture/imports.ts"

const files = ["Carrier.ts", "Environment.ts", "Samples.ts", "Send.ts", "start.ts"]
const sources = Object.fromEntries(
  files.map((file) => [file, readFileSync(new URL(file, import.meta.url), "utf8")])
)

describe("the sources of the carrier from outside", () => {
  it("import the package by its name, effect, and each other", () => {
    const imports = [...graphOf(sources).values()].flat().map(({ target }) => target)
    assert.isAbove(imports.length, 20)
    assert.deepStrictEqual(
      imports.filter((target) => !files.includes(target) && !/^(effect|effect-sms)(\/[\w/-]+)?$/.test(target)),
      []
    )
  })

  it("are under 250 lines", () => {
    const lines = Object.values(sources).map((source) => source.trimEnd().split("\n").length)
    assert.isBelow(lines.reduce((sum, count) => sum + count, 0), 250)
  })

  it("need one line to be served", () => {
    const statements = sources["start.ts"]!.split("\n").filter((line) => !/^(\/\*\*.*|import .*|)$/.test(line))
    assert.deepStrictEqual(statements, ["main([...Carriers.all, Carrier.loaded(carrier)])"])
  })
})
