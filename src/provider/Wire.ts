/**
 * Schemas for the fields of carrier payloads.
 *
 * A required field has a plain schema, and its absence is an error. Every other
 * field is lenient: a value of the wrong type counts as absent, because losing
 * a customer's message over a malformed `parts` would be worse. The raw payload
 * keeps the original value.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { Address } from "../Address.ts"
import { Cost } from "../Cost.ts"
import { compact, lookup } from "../internal/record.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { InvalidPayload } from "../WebhookError.ts"
import { toMillis, unknown } from "./core/time.ts"
import { toCost, toCount, toFlag, toText } from "./core/values.ts"
import * as FieldReader from "./internal/fieldReader.ts"
import { expectedLength, maxName, maxText } from "./internal/lengths.ts"

export { compact, lookup }
export { isUrl, ownString, stringOf, toText } from "./core/values.ts"
export { maxDescription, maxName, maxReference, maxText, maxUrl } from "./internal/lengths.ts"

const converted = <A extends E, E>(schema: Schema.Codec<A, E>, read: (value: unknown) => A) =>
  Schema.Unknown.pipe(
    Schema.decodeTo(schema, {
      decode: SchemaGetter.transform(read),
      encode: SchemaGetter.forbidden(() => "webhooks are only decoded")
    })
  )

const lenient = <A extends E, E>(schema: Schema.Codec<A, E>, read: (value: unknown) => A) => {
  const field = converted(schema, read).pipe(Schema.withDecodingDefaultKey(Effect.succeed(undefined)))
  // The schema accepts every value, so `read` alone determines the result.
  FieldReader.register(field, read)
  return field
}

/** Refuses what is longer than carriers send. A longer text is not cut: what is kept must be what was sent. */
const atMost = (max: number) =>
  Schema.makeFilter((text: string) => text.length <= max, { expected: expectedLength(max) })

/** As {@link lenient}, for texts of a limited length. */
const limited = <A extends E, E>(max: number, schema: Schema.Codec<A, E>, read: (value: unknown) => A) => {
  const field = lenient(schema, read)
  FieldReader.register(field, (value) => {
    const text = read(value)
    return typeof text === "string" && text.length > max ? FieldReader.refused : text
  })
  return field
}

/** Decodes with {@link toText}. At most {@link maxText} characters. */
export const Text = limited(maxText, Schema.String.check(atMost(maxText)), toText)

/** Like {@link Text}, with a maximum length of its own. An empty text counts as absent. */
export const optionalText = (max: number) =>
  limited(max, Schema.UndefinedOr(Schema.String.check(atMost(max))), (value) => toText(value) || undefined)

/** Like {@link Text}, but an empty text counts as absent. */
export const OptionalText = optionalText(maxText)

/** Like {@link OptionalText}, for an id, a status, a code or another name. At most {@link maxName} characters. */
export const OptionalName = optionalText(maxName)

/** Like {@link OptionalName}, for the sender or recipient of a message. */
export const OptionalAddress = limited(
  maxName,
  Schema.UndefinedOr(Address.check(atMost(maxName))),
  // Any non-empty string is a valid address.
  (value) => (toText(value) || undefined) as Address | undefined
)

/** What an error says where a name is too long. */
export const expectedName = `Expected ${expectedLength(maxName)}`

/** A non-empty id, status or other name. At most {@link maxName} characters. */
export const Name = /* @__PURE__ */ (() => {
  const field = Schema.NonEmptyString.check(atMost(maxName))
  FieldReader.register(
    field,
    (value) => typeof value === "string" && value !== "" && value.length <= maxName ? value : FieldReader.refused
  )
  return field
})()

/** Decodes all texts of a field that may be repeated, without the blank ones. */
export const Texts = lenient(
  Schema.Array(Schema.String),
  (value): ReadonlyArray<string> =>
    (Array.isArray(value) ? value : [value]).map(toText).filter((text) => text.trim() !== "")
)

/** How many of something; anything but a whole number is absent. */
export const OptionalCount = lenient(Schema.UndefinedOr(Schema.Int), toCount)

const fromMillis = (millis: number | undefined): DateTime.Utc | undefined =>
  millis === undefined ? undefined : DateTime.makeUnsafe(millis)

/**
 * Parses an ISO 8601 time with an offset, or a local time in the given zone. In
 * the repeated hour at the end of daylight saving time, the earlier instant is
 * used. Returns `undefined` for anything else: `Date` would read `5` as May 2001.
 */
export const toTimeIn = (value: unknown, timeZone: DateTime.TimeZone | undefined): DateTime.Utc | undefined => {
  if (timeZone === undefined) return fromMillis(toMillis(value, unknown))
  const zone = (local: string) =>
    Option.getOrUndefined(
      Option.map(DateTime.makeZoned(local, { timeZone, adjustForTimeZone: true }), DateTime.toEpochMillis)
    )
  return fromMillis(toMillis(value, zone))
}

/** Parses an ISO 8601 time. A time without an offset is read as UTC, never in the machine's time zone. */
export const toTime = (value: unknown): DateTime.Utc | undefined => fromMillis(toMillis(value))

/** Decodes with {@link toTime}. */
export const OptionalTime = lenient(Schema.UndefinedOr(Schema.DateTimeUtc), toTime)

/** Decodes a boolean, or `true` and `false` as text. */
export const OptionalFlag = lenient(Schema.UndefinedOr(Schema.Boolean), toFlag)

/** Decodes an amount of money, with its currency if there is one. */
export const OptionalCost = lenient(Schema.UndefinedOr(Cost), toCost)

/** Anything, or nothing. */
export const Anything = lenient(Schema.Unknown, (value) => value)

/** Decodes a list. Anything else becomes an empty list. */
export const List = lenient(
  Schema.Array(Schema.Unknown),
  (value): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
)

/** As {@link List}, but a value outside a list becomes a list of one. */
export const Items = lenient(
  Schema.Array(Schema.Unknown),
  (value): ReadonlyArray<unknown> => {
    if (Array.isArray(value)) return value
    return value === undefined || value === null || value === "" ? [] : [value]
  }
)

/** An object; anything else is empty. */
export const Object_ = lenient(
  Schema.Record(Schema.String, Schema.Unknown),
  (value): Payload => isPayload(value) ? value : {}
)

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Lists every invalid field and its expected type, never the value. */
export const issuesOf = (issue: SchemaIssue.Issue): InvalidPayload["issues"] => {
  const issues = format(issue).issues.map((issue) => ({
    field: (issue.path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."),
    expected: issue.message
  }))
  return issues as [typeof issues[number], ...typeof issues]
}

const below = (path: string, [first, ...rest]: InvalidPayload["issues"]): InvalidPayload["issues"] => {
  const place = ({ expected, field }: typeof first) => ({
    field: [path, field].filter((name) => name !== "").join("."),
    expected
  })
  return [place(first), ...rest.map(place)]
}

/**
 * Decodes text that a message cannot do without. Accepts a number and the first
 * of a list, as {@link Text} does, and refuses blank text. At most {@link
 * maxName} characters.
 */
export const required = (expected: string) => {
  const filter = Schema.makeFilter((text: string) => text.trim() !== "", { expected })
  const field = converted(Schema.String.check(filter, atMost(maxName)), toText)
  FieldReader.register(field, (value) => {
    const text = toText(value)
    return text.length > maxName || text.trim() === "" ? FieldReader.refused : text
  })
  return field
}

/** Decodes a required sender or recipient, as the carrier wrote it. At most {@link maxName} characters. */
export const RequiredAddress = /* @__PURE__ */ (() => {
  const field = converted(Address.check(atMost(maxName)), (value) => toText(value) as Address)
  FieldReader.register(field, (value) => {
    const text = toText(value)
    return text === "" || text.length > maxName ? FieldReader.refused : text
  })
  return field
})()

/**
 * The payload as the schema reads it. An error names every bad field and what
 * was expected, never the value. `path` is where the payload is in the webhook.
 *
 * Nearly every webhook is valid, so a field reader decodes it first, in a fifth
 * of the time. The schema is used only for payloads that the field reader
 * refuses, to find out which fields are invalid.
 */
export const decoder = <A>(
  schema: Schema.ConstraintDecoder<A>,
  path: string = ""
): (payload: Payload) => Effect.Effect<A, InvalidPayload> => {
  const read = FieldReader.make(schema)
  const decode = Schema.decodeUnknownEffect(schema, { errors: "all" })
  const decodeSlowly = (payload: Payload) =>
    Effect.mapError(decode(payload), ({ issue }) => new InvalidPayload({ issues: below(path, issuesOf(issue)) }))
  return (payload) => {
    const decoded = read(payload)
    return decoded === FieldReader.refused ? decodeSlowly(payload) : Effect.succeed(decoded as A)
  }
}

/** Like {@link decoder}, but accepts any value and returns `undefined` instead of an error. */
export const reader = <A>(schema: Schema.ConstraintDecoder<A>): (value: unknown) => A | undefined => {
  const read = FieldReader.make(schema)
  const decode = Schema.decodeUnknownOption(schema)
  return (value) => {
    const decoded = read(value)
    return decoded === FieldReader.refused ? Option.getOrUndefined(decode(value)) : decoded as A
  }
}

/** Inverts a table of meanings and their codes into a table from codes to meanings. */
export const tableOf = <Meaning extends string>(
  codesOf: { readonly [M in Meaning]?: ReadonlyArray<string> }
): Readonly<Record<string, Meaning>> =>
  Object.fromEntries(
    Object.entries<ReadonlyArray<string> | undefined>(codesOf).flatMap(([meaning, codes = []]) =>
      codes.map((code) => [code, meaning as Meaning])
    )
  )
