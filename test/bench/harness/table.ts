/**
 * Results as tables in Markdown, which are readable on a terminal too.
 */
import type { Result } from "./Measure.ts"
import { comparisonsOf, type Spread, spreadOf, valuesOf } from "./stats.ts"

const line = (cells: ReadonlyArray<string>, widths: ReadonlyArray<number>) =>
  `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`

const table = (header: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((cells) => cells[i]!.length), 3))
  return [line(header, widths), line(widths.map((width) => "-".repeat(width)), widths)]
    .concat(rows.map((cells) => line(cells, widths)))
    .join("\n")
}

const number = (value: number, digits: number): string =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })

const spread = ({ high, low, median }: Spread, digits: number): string =>
  low === high
    ? number(median, digits)
    : `${number(median, digits)} (${number(low, digits)} to ${number(high, digits)})`

/** Each row with its aim. A number that misses it says so. */
export const ratios = (result: Result): string =>
  table(
    ["comparison", "times as good", "aim", ""],
    comparisonsOf(result).map(({ aim, name, outcome, ratio }) => [
      name,
      spread(ratio, 2),
      aim === undefined ? "" : `at least ${aim}`,
      outcome === "missed" ? "**missed**" : outcome ?? ""
    ])
  )

/** What was measured of each contender. */
export const numbers = (result: Result): string => {
  const metrics = Object.entries(result.metrics)
  return table(
    ["", ...metrics.map(([name, { unit }]) => `${name}, ${unit}`)],
    Object.keys(result.samples).map((contender) => [
      contender,
      ...metrics.map(([name, { digits }]) => {
        const values = valuesOf(result, contender, name)
        return values.length === 0 ? "" : spread(spreadOf(values), digits)
      })
    ])
  )
}
