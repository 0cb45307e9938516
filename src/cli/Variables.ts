/**
 * Formats the variables of the carriers as tables, for the command-line help
 * and the documentation.
 */
import * as Effect from "effect/Effect"
import { padColumns } from "../internal/columns.ts"
import type { Lazy } from "../provider/Carrier.ts"
import type { Variable } from "../provider/Environment.ts"

const headings = ["Variable", "Needed for", "Meaning"]

const neededFor = ({ group, required }: Variable): string => required === true ? group : `${group}, optional`

/** Loads the variables of the carriers, in the order of the list. */
const load = (carriers: ReadonlyArray<Lazy>): Effect.Effect<ReadonlyArray<Variable>> =>
  Effect.map(
    Effect.forEach(carriers, ({ load }) => Effect.flatMap(load, ({ environment }) => environment)),
    (environments) => environments.flatMap(({ variables }) => variables)
  )

/** Formats the variables as a Markdown table. */
export const markdown = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>) {
  const rows = (yield* load(carriers)).map((variable) => [
    `\`${variable.name}\``,
    neededFor(variable),
    // An unescaped bar would end the cell.
    variable.description.replaceAll("|", "\\|")
  ])
  const [head, ...body] = padColumns([headings, ...rows])
  const rule = head!.map((cell) => "-".repeat(cell.length))
  return [head!, rule, ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n")
})

/** Formats the variables as a section of the help. */
export const help = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>) {
  const rows = (yield* load(carriers)).map((variable) => [
    variable.name,
    neededFor(variable),
    variable.description.replaceAll("`", "")
  ])
  return ["VARIABLES OF THE CARRIERS", ...padColumns(rows).map((cells) => `  ${cells.join("    ").trimEnd()}`)].join(
    "\n"
  )
})
