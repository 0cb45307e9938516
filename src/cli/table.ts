/**
 * Tables on standard output.
 */
import { padColumns } from "../internal/columns.ts"
import type { Color, Paint } from "./paint.ts"

/** A cell, with its color if it has one. */
export type Cell = string | readonly [text: string, color: Color | undefined]

const textOf = (cell: Cell): string => typeof cell === "string" ? cell : cell[0]

/** Formats rows below their headings. Returns no line when there are no rows. */
export const format = (
  headings: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  paint: Paint
): ReadonlyArray<string> => {
  if (rows.length === 0) return []
  const cells = [headings.map((heading): Cell => [heading, "dim"]), ...rows]
  return padColumns(cells.map((row) => row.map(textOf))).map((row, index) =>
    row.map((text, column) => {
      const cell = cells[index]![column]!
      // The last column needs no padding, which would end in another line of the terminal.
      const padded = column === row.length - 1 ? textOf(cell) : text
      return typeof cell === "string" || cell[1] === undefined ? padded : paint(cell[1], padded)
    }).join("  ").trimEnd()
  )
}

const time = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" })

/** Formats a time as the local date and time: `2026-01-28 13:00:14`. */
export const localTime = (millis: number): string => time.format(millis)
