import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import * as Carriers from "../../src/Carriers.ts"
import * as Variables from "../../src/cli/Variables.ts"
import { type Any, loaded } from "../../src/provider/Carrier.ts"
import type { Variable } from "../../src/provider/Environment.ts"
import { carrier as acme } from "../fifth-carrier/Carrier.ts"

const page = new URL("../../docs/server.md", import.meta.url)

/** Acme, with these variables. */
const withVariables = (variables: ReadonlyArray<Variable>) => {
  const environment: Any["environment"] = Effect.map(acme.environment, (loaded) => ({ ...loaded, variables }))
  return loaded({ ...acme, environment })
}

describe("the table of the carriers' variables", () => {
  const carrier = withVariables([
    { name: "ACME_KEY", description: "`a|b`, or else.", group: "receiving", required: true },
    { name: "ACME_LONGER", description: "More.", group: "media" }
  ])

  it.effect("is Markdown with padded columns, as the formatter leaves it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* Variables.markdown([carrier])).split("\n"), [
        "| Variable      | Needed for      | Meaning          |",
        "| ------------- | --------------- | ---------------- |",
        "| `ACME_KEY`    | receiving       | `a\\|b`, or else. |",
        "| `ACME_LONGER` | media, optional | More.            |"
      ])
    }))

  it.effect("is a section of the help, without Markdown", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* Variables.help([carrier])).split("\n"), [
        "VARIABLES OF THE CARRIERS",
        "  ACME_KEY       receiving          a|b, or else.",
        "  ACME_LONGER    media, optional    More."
      ])
    }))

  it.effect("has every variable of every carrier, in order", () =>
    Effect.gen(function*() {
      const carriers = [...Carriers.all, loaded(acme)]
      const environments = yield* Effect.forEach(carriers, ({ load }) =>
        Effect.flatMap(load, ({ environment }) => environment))
      const names = environments.flatMap(({ variables }) =>
        variables.map(({ name }) => name)
      )
      assert.isAbove(names.length, 30)
      const [, , ...rows] = (yield* Variables.markdown(carriers)).split("\n")
      assert.deepStrictEqual(rows.map((row) => row.split("`")[1]), names)
    }))

  it.effect("is the one in the documentation of the server", () =>
    Effect.gen(function*() {
      const [, documented] = readFileSync(page, "utf8").split(/<!-- \/?carrier variables -->/)
      assert.strictEqual(documented?.trim(), yield* Variables.markdown(Carriers.all))
    }))
})
