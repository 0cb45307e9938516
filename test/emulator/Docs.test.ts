import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import * as Emulator from "../../src/emulator/Emulator.ts"
import { Effects } from "../../src/emulator/Fault.ts"
import * as MagicNumber from "../../src/emulator/MagicNumber.ts"
import { curl } from "../main/curl.ts"
import { commandsOf } from "../package/shell.ts"

const page = readFileSync(`${import.meta.dirname}/../../docs/emulator.md`, "utf8")

/** The first two cells of the rows of the tables. */
const rows = [...page.matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\|/gm)].map(({ 1: name, 2: meaning }) => [name!, meaning!])

it("lists the magic numbers", () => {
  assert.deepStrictEqual(
    rows.filter(([name]) => name!.startsWith("+1500555")),
    MagicNumber.all.map(({ description, number }) => [number, description])
  )
})

it("lists the effects of faults", () => {
  const types = Effects.members.map(({ fields }) => fields.type.literal)
  assert.deepStrictEqual(rows.map(([name]) => name!).filter((name) => types.some((type) => type === name)), types)
})

it.live("has commands that work", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.make({ pace: 0 })
    const [write, read] = commandsOf(page).filter((command) => command.startsWith("curl ")).map((command) =>
      command.replace("http://127.0.0.1:4010", emulator.url)
    )
    assert.strictEqual(JSON.parse(yield* curl(write!, 201)).text, "Hello")
    assert.deepStrictEqual(JSON.parse(yield* curl(read!)), [])
  }))
