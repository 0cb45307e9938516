/**
 * Schemas for what carriers put on the wire.
 *
 * A field that a message cannot do without is a plain schema, and its absence
 * is an error. Every other field is lenient: a value of the wrong type counts
 * as absent, because losing a customer's message over a malformed `parts` would
 * be worse. The raw payload keeps what was there.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { Address } from "../Address.ts"
import { Cost, isAmount } from "../Cost.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { InvalidPayload } from "../WebhookError.ts"

export { compact, lookup } from "../internal/record.ts"

/** How the lenient schemas read: what a field may be is known without its schema, since they take everything. */
const readers = new WeakMap<object, Read>()

const converted = <A extends E, E>(schema: Schema.Codec<A, E>, read: (value: unknown) => A) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(schema, {
      decode: SchemaGetter.transform(read),
      encode: SchemaGetter.forbidden(() => "webhooks are only decoded")
    })
  )

const lenient = <A extends E, E>(schema: Schema.Codec<A, E>, read: (value: unknown) => A) => {
  const field = converted(schema, read).pipe(Schema.withDecodingDefaultKey(Effect.succeed(undefined)))
  readers.set(field, read)
  return field
}

/** As {@link Text}. */
export const toText = (value: unknown): string => {
  if (typeof value === "string") return value
  if (typeof value === "number" || typeof value === "bigint") return String(value)
  // A form field that was repeated: the first one counts.
  return Array.isArray(value) && typeof value[0] === "string" ? value[0] : ""
}

/** Text or a number as text; anything else is empty. */
export const Text = lenient(Schema.String, toText)

/** As {@link Text}, but empty text counts as absent. */
export const OptionalText = lenient(Schema.UndefinedOr(Schema.String), (value) => toText(value) || undefined)

/** As {@link OptionalText}, of whom a message is from or to. */
export const OptionalAddress = lenient(
  Schema.UndefinedOr(Address),
  // It is not empty, and that is all that an address has to be.
  (value) => (toText(value) || undefined) as Address | undefined
)

/** All texts of a field that may be repeated, without the empty ones. */
export const Texts = lenient(
  Schema.Array(Schema.String),
  (value): ReadonlyArray<string> =>
    (Array.isArray(value) ? value : [value]).map(toText).filter((text) => text.trim() !== "")
)

/** How many of something; anything but a whole number is absent. */
export const OptionalCount = lenient(Schema.UndefinedOr(Schema.Int), (value) => {
  const text = toText(value)
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
})

const iso = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/i

/**
 * An ISO 8601 time. One without a zone is read as UTC, never in the zone of
 * this machine. Other text is no time: `Date` would find May 2001 in `5`.
 */
export const toTime = (value: unknown): DateTime.Utc | undefined => {
  const match = iso.exec(toText(value))
  if (match === null) return undefined
  const [, date, time, offset = "Z"] = match
  return Option.getOrUndefined(DateTime.make(`${date}T${time}${offset.toUpperCase()}`))
}

/** As {@link toTime}. */
export const OptionalTime = lenient(Schema.UndefinedOr(Schema.DateTimeUtc), toTime)

/** True or false, as such or as text. */
export const OptionalFlag = lenient(Schema.UndefinedOr(Schema.Boolean), (value) => {
  const text = typeof value === "boolean" ? String(value) : toText(value).toLowerCase()
  return text === "true" ? true : text === "false" ? false : undefined
})

/** An amount of money, with its currency where there is one. */
export const OptionalCost = lenient(Schema.UndefinedOr(Cost), (value) => {
  if (!isPayload(value)) return undefined
  const [amount, currency] = [toText(value["amount"]), toText(value["currency"])]
  if (!isAmount(amount)) return undefined
  return currency === "" ? { amount } : { amount, currency }
})

/** Anything, or nothing. */
export const Anything = lenient(Schema.Unknown, (value) => value)

/** A list; anything else is empty. */
export const List = lenient(
  Schema.Array(Schema.Unknown),
  (value): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
)

/** As {@link List}, but a value that is in no list, as a converter from XML writes a single one, is a list of one. */
export const Items = lenient(
  Schema.Array(Schema.Unknown),
  (value): ReadonlyArray<unknown> => {
    if (Array.isArray(value)) return value
    return value === undefined || value === null || value === "" ? [] : [value]
  }
)

/** Whether a value is an absolute URL of the web, as a list of files may hold in the place of objects. */
export const isUrl = (value: unknown): value is string => typeof value === "string" && /^https?:\/\//i.test(value)

/** An object; anything else is empty. */
export const Object_ = lenient(
  Schema.Record(Schema.String, Schema.Unknown),
  (value): Payload => isPayload(value) ? value : {}
)

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Every bad field and what was expected there, never the value. */
export const issuesOf = (issue: SchemaIssue.Issue): InvalidPayload["issues"] => {
  const issues = format(issue).issues.map((issue) => ({
    field: (issue.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."),
    expected: issue.message
  }))
  return issues as [typeof issues[number], ...typeof issues]
}

const refused = Symbol()

const readNonEmptyText = (value: unknown): unknown => typeof value === "string" && value !== "" ? value : refused

readers.set(Schema.NonEmptyString, readNonEmptyText)
// An address is what a carrier wrote, and that is all that it has to be.
readers.set(Address, readNonEmptyText)

/**
 * Text that a message cannot do without. A number and the first of a list are
 * taken, as by {@link Text}; blank text is an error.
 */
export const required = (expected: string) => {
  const filter = Schema.makeFilter((text: string) => text.trim() !== "", { expected })
  const field = converted(Schema.String.pipe(Schema.check(filter)), toText)
  readers.set(field, (value) => {
    const text = toText(value)
    return text.trim() === "" ? refused : text
  })
  return field
}

/** As {@link required}, of whom a message is from or to, as the carrier wrote it. */
export const RequiredAddress = /* @__PURE__ */ (() => {
  const field = converted(Address, (value) => toText(value) as Address)
  readers.set(field, (value) => toText(value) || refused)
  return field
})()

type Read = (value: unknown) => unknown

/** A schema that changes nothing, as a reader. */
const guard = (schema: Schema.Constraint): Read => {
  const is = Schema.is(schema)
  return (value) => is(value) ? value : refused
}

/** Every field once, or `refused` at the first that is wrong. */
const struct = (fields: ReadonlyArray<readonly [key: string, read: Read]>): Read => (value) => {
  if (!isPayload(value)) return refused
  const decoded: Record<string, unknown> = {}
  for (const [key, read] of fields) {
    const field = read(value[key])
    if (field === refused) return refused
    decoded[key] = field
  }
  return decoded
}

/**
 * The schema as a function. `undefined` where that does not say it all: for
 * what is neither lenient, nor left as it is, nor a struct of such fields.
 */
const readOf = (schema: Schema.Constraint): Read | undefined => {
  const lenient = readers.get(schema)
  if (lenient !== undefined) return lenient
  if (!("fields" in schema) || schema.ast.checks !== undefined) {
    return SchemaAST.toType(schema.ast) === schema.ast ? guard(schema) : undefined
  }
  const fields: Array<readonly [string, Read]> = []
  for (const [key, field] of Object.entries(schema.fields as Record<string, Schema.Constraint>)) {
    const read = readOf(field)
    if (read === undefined) return undefined
    fields.push([key, read])
  }
  return struct(fields)
}

/**
 * The payload as the schema reads it. An error names every bad field and what
 * was expected, never the value.
 *
 * Nearly every webhook is as it should be. So the fields are read one after the
 * other, which takes a fifth of the time, and the schema is asked only about
 * those that cannot be read so, for what is wrong with them.
 */
export const decoder = <A>(
  schema: Schema.ConstraintDecoder<A>
): (payload: Payload) => Effect.Effect<A, InvalidPayload> => {
  const read = readOf(schema) ?? (() => refused)
  const decode = Schema.decodeUnknownEffect(schema, { errors: "all" })
  const decodeSlowly = (payload: Payload) =>
    Effect.mapError(decode(payload), ({ issue }) => new InvalidPayload({ issues: issuesOf(issue) }))
  return (payload) => {
    const decoded = read(payload)
    return decoded === refused ? decodeSlowly(payload) : Effect.succeed(decoded as A)
  }
}

/** As {@link decoder}, of what may be anything, and without saying what is wrong with it. */
export const reader = <A>(schema: Schema.ConstraintDecoder<A>): (value: unknown) => A | undefined => {
  const read = readOf(schema) ?? (() => refused)
  const decode = Schema.decodeUnknownOption(schema)
  return (value) => {
    const decoded = read(value)
    return decoded === refused ? Option.getOrUndefined(decode(value)) : decoded as A
  }
}

/** A table from codes to what they mean, written the other way round. */
export const tableOf = <Meaning extends string>(
  codesOf: { readonly [M in Meaning]?: ReadonlyArray<string> }
): Readonly<Record<string, Meaning>> =>
  Object.fromEntries(
    Object.entries<ReadonlyArray<string> | undefined>(codesOf).flatMap(([meaning, codes = []]) =>
      codes.map((code) => [code, meaning as Meaning])
    )
  )
