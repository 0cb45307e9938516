/**
 * Entries of the consent ledger as CSV (RFC 4180).
 *
 * The columns of an import are `person` and `action`, and any of `saidAt`,
 * `sender`, `provider` and `words`, in any order. Others are ignored, so that an
 * export can be imported.
 *
 * **Example** (Reading a file)
 *
 * ```ts run
 * import { Result } from "effect"
 * import { ConsentCsv } from "effect-sms"
 *
 * const entries = ConsentCsv.parse("person,action\n+15145550142,stop\n")
 * Result.getOrThrow(entries).map(({ action, person }) => [person, action]) // => [["+15145550142", "stop"]]
 *
 * const wrong = ConsentCsv.parse("person,action\n+15145550142,maybe\n")
 * Result.isFailure(wrong) && wrong.failure.map(({ column, line }) => [line, column]) // => [[2, "action"]]
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import { personOf } from "../internal/person.ts"
import { compact } from "../internal/record.ts"
import { Person, Sender } from "../internal/writtenAddress.ts"
import { ZonedTime } from "../internal/zonedTime.ts"
import type { Entry, NewEntry } from "./ConsentLedger.ts"

/**
 * The columns of an export.
 *
 * @category models
 * @since 0.1.0
 */
export const columns = [
  "person",
  "action",
  "saidAt",
  "sender",
  "provider",
  "source",
  "words",
  "id",
  "position",
  "recordedAt"
] as const

type Column = typeof columns[number]

/** A spreadsheet takes a text that begins so for a formula. */
const formula = /^[=+\-@\t\r]/

const quoted = (text: string): string => /[",;\r\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text

const valueOf = (entry: Entry, column: Column): string => {
  const value = entry[column]
  if (value === undefined) return ""
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  // People write the words.
  return column === "words" && formula.test(String(value)) ? `'${value}` : String(value)
}

const lineOf = (values: ReadonlyArray<string>): string => `${values.map(quoted).join(",")}\r\n`

/**
 * Formats entries, after a line with the names of the columns.
 *
 * **Example** (An empty export)
 *
 * ```ts run
 * import { ConsentCsv } from "effect-sms"
 *
 * const text = ConsentCsv.format([])
 * text.trimEnd().split(",").length === ConsentCsv.columns.length // => true
 * ConsentCsv.lastPosition(text) // => undefined
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const format = (entries: ReadonlyArray<Entry>): string =>
  [lineOf(columns), ...entries.map((entry) => lineOf(columns.map((column) => valueOf(entry, column))))].join("")

/**
 * A line that cannot be imported. It does not repeat what the line has.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidLine extends Schema.TaggedError<InvalidLine>()("InvalidLine", {
  /** The number of the line, the first of which is 1. */
  line: Schema.Int,
  column: Schema.String,
  expected: Schema.String
}) {
  override get message(): string {
    return `line ${this.line}: ${this.column}: expected ${this.expected}`
  }
}

/** A record, and the line on which it begins. */
interface Line {
  readonly line: number
  readonly values: ReadonlyArray<string>
}

/** Reads one field at an index, by separator: its text, and where it ends. */
const fields = { ",": /"((?:[^"]|"")*)"[ \t]*|([^",\r\n]*)/y, ";": /"((?:[^"]|"")*)"[ \t]*|([^";\r\n]*)/y }

/** Splits text into records. Returns the line at which a quote is not closed. */
const recordsOf = (text: string): Result.Result<ReadonlyArray<Line>, number> => {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text
  // Spreadsheets of some countries separate by semicolons.
  const separator = /^[^\r\n,]*;/.test(source) ? ";" : ","
  const field = fields[separator]
  const records: Array<Line> = []
  let values: Array<string> = []
  let [index, line, begin] = [0, 1, 1]
  while (index < source.length) {
    field.lastIndex = index
    const [whole, quotedText, plain] = field.exec(source)!
    values.push(quotedText?.replaceAll("\"\"", "\"") ?? plain!.trim())
    line += whole.split("\n").length - 1
    index += whole.length
    if (source[index] === separator) {
      index++
      if (index < source.length) continue
      values.push("")
    } else if (source[index] === "\r" || source[index] === "\n") {
      index += source.startsWith("\r\n", index) ? 2 : 1
      line++
    } else if (index < source.length) return Result.fail(line)
    if (values.some((value) => value !== "")) records.push({ line: begin, values })
    values = []
    begin = line
  }
  return Result.succeed(records)
}

const readPerson = Schema.decodeUnknownOption(Person)
const readSender = Schema.decodeUnknownOption(Sender)
const readTime = Schema.decodeUnknownOption(ZonedTime)

const actions: Readonly<Record<string, "stop" | "start">> = { stop: "stop", out: "stop", start: "start", in: "start" }

/** What an export has and an import leaves out. */
const ignored = new Set(["help", "suggestion", "answer"])

const keyOf = (person: Address, { action, provider, saidAt, sender }: Omit<NewEntry, "person" | "key">) =>
  saidAt === undefined ? undefined : JSON.stringify([
    "import",
    personOf(person),
    action,
    DateTime.toEpochMillis(saidAt),
    sender === undefined ? "" : personOf(sender),
    provider ?? ""
  ])

/** The time of a `start` without one: before everything else that was said. */
const beginning = DateTime.makeUnsafe(0)

const entryOf = (
  cells: ReadonlyMap<string, string>,
  line: number
): Result.Result<NewEntry | undefined, InvalidLine> => {
  const invalid = (column: string, expected: string) => Result.fail(new InvalidLine({ line, column, expected }))
  const cell = (column: Column) => cells.get(column) || undefined
  const word = cell("action")?.toLowerCase() ?? ""
  // The export of a forgotten person has no number.
  if (ignored.has(word) || (cell("person") === undefined && cell("id") !== undefined)) return Result.succeed(undefined)
  if (!Object.hasOwn(actions, word)) return invalid("action", "stop or start")
  const action = actions[word]!
  const person = Option.getOrUndefined(readPerson(cell("person")))
  if (person === undefined) return invalid("person", "a phone number with its country code, as +15145550142")
  const sender = Option.getOrUndefined(readSender(cell("sender")))
  if (sender === undefined && cell("sender") !== undefined) return invalid("sender", "a number, or nothing")
  const saidAt = Option.getOrUndefined(readTime(cell("saidAt")))
  if (saidAt === undefined && cell("saidAt") !== undefined) {
    return invalid("saidAt", "an ISO 8601 time with its zone, such as 2026-01-28T13:00:00Z, or nothing")
  }
  const said = { action, source: "import", sender, provider: cell("provider"), saidAt } as const
  return Result.succeed({
    ...said,
    person,
    saidAt: saidAt ?? (action === "start" ? beginning : undefined),
    key: keyOf(person, said),
    ...compact({ words: cell("words")?.replace(/^'(?=[=+\-@\t\r])/, "") })
  })
}

/**
 * Reads the entries of a CSV text. A line without a time counts as said now if
 * it is a `stop`, and as said before everything else if it is a `start`: a list
 * of old consents takes no opt-out back. Lines of other actions, and of people
 * who were forgotten, are left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<ReadonlyArray<NewEntry>, ReadonlyArray<InvalidLine>> => {
  const records = recordsOf(text)
  if (Result.isFailure(records)) {
    return Result.fail([new InvalidLine({ line: records.failure, column: "", expected: "a quote that is closed" })])
  }
  const [head, ...lines] = records.success
  const names = (head?.values ?? []).map((name) =>
    columns.find((column) => column.toLowerCase() === name.toLowerCase()) ?? ""
  )
  for (const column of ["person", "action"] as const) {
    if (!names.includes(column)) {
      return Result.fail([new InvalidLine({ line: 1, column, expected: "a column of this name" })])
    }
  }
  const entries: Array<NewEntry> = []
  const invalid: Array<InvalidLine> = []
  for (const { line, values } of lines) {
    const read = entryOf(new Map(names.map((name, index) => [name, values[index] ?? ""])), line)
    if (Result.isFailure(read)) invalid.push(read.failure)
    else if (read.success !== undefined) entries.push(read.success)
  }
  return invalid.length > 0 ? Result.fail(invalid) : Result.succeed(entries)
}

/**
 * Splits a CSV text that {@link parse} takes into texts of so many lines, each
 * with the names of the columns.
 *
 * **Example** (Importing a long file in pieces)
 *
 * ```ts run
 * import { ConsentCsv } from "effect-sms"
 *
 * const text = "person,action\n+15145550142,stop\n+15145550143,start"
 * ConsentCsv.split(text, 1) // => ["person,action\n+15145550142,stop", "person,action\n+15145550143,start"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const split = (text: string, size: number): ReadonlyArray<string> => {
  const records = Result.getOrElse(recordsOf(text), () => [])
  const lines = text.split("\n")
  const linesOf = (from: number, to: number) =>
    lines.slice((records[from]?.line ?? 1) - 1, to < records.length ? records[to]!.line - 1 : lines.length)
  const head = linesOf(0, 1)
  const chunks: Array<string> = []
  for (let from = 1; from < records.length; from += size) {
    chunks.push([...head, ...linesOf(from, from + size)].join("\n"))
  }
  return chunks
}

/**
 * Returns the position of the last entry of an export, or `undefined` when it
 * has none.
 *
 * @category getters
 * @since 0.1.0
 */
export const lastPosition = (text: string): number | undefined => {
  const [, ...entries] = Result.getOrElse(recordsOf(text), () => [])
  const position = entries.at(-1)?.values[columns.indexOf("position")]
  return position === undefined ? undefined : Number(position)
}
