import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result, Schema, SchemaAST } from "effect"
import * as fc from "fast-check"
import { inspect, isDeepStrictEqual } from "node:util"
import { Address } from "../../../src/Address.ts"
import { Payload } from "../../../src/Payload.ts"
import * as FieldReader from "../../../src/provider/internal/fieldReader.ts"
import * as Wire from "../../../src/provider/Wire.ts"
import * as Sinch from "../../../src/sinch/Schema.ts"
import * as Telnyx from "../../../src/telnyx/Schema.ts"
import * as Twilio from "../../../src/twilio/Schema.ts"
import * as VoiceMeUp from "../../../src/voicemeup/Schema.ts"

type Decoder = Schema.ConstraintDecoder<unknown>

/** Keys that objects inherit, besides ordinary ones. `fromEntries` makes `__proto__` an own member. */
const key = fc.constantFrom("a", "b", "c", "__proto__", "constructor", "toString", "0")

const object = (entries: fc.Arbitrary<ReadonlyArray<readonly [string, unknown]>>) =>
  entries.map((entries): Payload => Object.fromEntries(entries))

const scalar = fc.oneof(
  fc.constantFrom("", "a", "+14185551234", "12", "2026-01-27T10:30:00Z", "2026-01-27 10:30", "2026-13-45T99:99Z"),
  fc.string(),
  fc.constantFrom(0, -0, 1.5, NaN, -1, 12, 1e21, 12n, true, false, null, undefined),
  fc.nat()
)

const { anything } = fc.letrec<{ anything: unknown }>((tie) => ({
  anything: fc.oneof(
    { depthSize: "small" },
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie("anything"), { maxLength: 3 }) },
    { weight: 1, arbitrary: object(fc.array(fc.tuple(key, tie("anything")), { maxLength: 4 })) }
  )
}))

/** Values of about the shape that a schema asks for: fields are missing or wrong now and then, and some are too many. */
const shaped = (ast: SchemaAST.AST): fc.Arbitrary<unknown> => {
  if (SchemaAST.isObjects(ast)) {
    const fields = ast.propertySignatures.map(({ name, type }) =>
      fc.oneof(
        { weight: 12, arbitrary: shaped(type).map((value) => [[String(name), value] as const]) },
        { weight: 1, arbitrary: anything.map((value) => [[String(name), value] as const]) },
        { weight: 1, arbitrary: fc.constant([]) }
      )
    )
    const more = fc.array(fc.tuple(key, anything), { maxLength: 2 })
    return object(fc.tuple(more, ...fields).map((entries) => entries.flat()))
  }
  if (SchemaAST.isArrays(ast)) {
    return fc.array(ast.rest[0] === undefined ? anything : shaped(ast.rest[0]), { maxLength: 3 })
  }
  return scalar
}

const payloadOf = (schema: Decoder): fc.Arbitrary<Payload> =>
  fc.oneof({ weight: 9, arbitrary: shaped(schema.ast) }, { weight: 1, arbitrary: anything })
    // `decoder` is for payloads alone.
    .map((value) => Schema.is(Payload)(value) ? value : { a: value })

/** As {@link Wire.decoder}, with `Schema` alone. */
const decodeSlowly = (schema: Decoder) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (payload: unknown) => Result.mapError(decode(payload), ({ issue }) => Wire.issuesOf(issue))
}

const assertEqual = (actual: unknown, expected: unknown) =>
  assert.isTrue(isDeepStrictEqual(actual, expected), `${inspect(actual)} is not ${inspect(expected)}`)

const same = (schema: Decoder) => {
  const slowly = decodeSlowly(schema)
  const decode = Wire.decoder(schema)
  const read = Wire.reader(schema)
  return (payload: Payload) => {
    const expected = slowly(payload)
    const exit = Effect.runSyncExit(Effect.result(Effect.mapError(decode(payload), ({ issues }) => issues)))
    assert.isTrue(Exit.isSuccess(exit))
    if (!Exit.isSuccess(exit)) return
    assert.strictEqual(exit.value._tag, expected._tag)
    if (Result.isSuccess(expected)) {
      assertEqual(Result.getOrThrow(exit.value), expected.success)
      assertEqual(read(payload), expected.success)
    } else {
      assertEqual(Result.getFailure(exit.value), Result.getFailure(expected))
      assert.isUndefined(read(payload))
    }
  }
}

const isDecoder = (value: unknown): value is Decoder => Schema.isSchema(value)

const carriers = { Twilio, Sinch, Telnyx, VoiceMeUp }

const ofCarriers = Object.entries(carriers).flatMap(([carrier, schemas]) =>
  Object.entries(schemas).flatMap(([name, schema]) => isDecoder(schema) ? [{ name: `${carrier}.${name}`, schema }] : [])
)

const leaf = fc.constantFrom<Decoder>(
  Wire.Text,
  Wire.OptionalText,
  Wire.OptionalName,
  Wire.OptionalAddress,
  Wire.RequiredAddress,
  Wire.Name,
  // Short, so that generated texts are longer.
  Wire.optionalText(2),
  Wire.required("a name"),
  Wire.OptionalCount,
  Wire.OptionalTime,
  Wire.Anything,
  Wire.List,
  Wire.Object_,
  Address,
  Payload,
  Schema.String,
  Schema.NonEmptyString,
  Schema.Number,
  Schema.Boolean,
  Schema.Unknown,
  Schema.Null,
  Schema.Undefined,
  Schema.FiniteFromString,
  Schema.Literals(["a", "b"]),
  Schema.NullOr(Schema.String),
  Schema.UndefinedOr(Schema.String),
  Schema.String.check(Schema.isMaxLength(3)),
  Schema.Record(Schema.String, Schema.Unknown),
  Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed("none")))
)

/** What is made of a schema for a field, or for a list. */
const altered = (schema: fc.Arbitrary<Decoder>): fc.Arbitrary<Decoder> =>
  fc.tuple(
    schema,
    fc.constantFrom<(schema: Decoder) => Decoder>(
      Schema.Array,
      Schema.NonEmptyArray,
      Schema.NullOr,
      Schema.optional,
      Schema.optionalKey
    )
  ).map(([schema, alter]) => alter(schema))

class Mail extends Schema.Class<Mail>("Mail")({ a: Schema.String, b: Wire.OptionalText }) {}

const { struct } = fc.letrec<{ struct: Decoder; field: Decoder }>((tie) => ({
  struct: fc.tuple(
    fc.array(fc.tuple(key, tie("field")), { maxLength: 4 }),
    fc.constantFrom<(fields: Record<string, Decoder>) => Decoder>(
      Schema.Struct,
      Schema.Struct,
      Schema.Struct,
      (fields) => Schema.Struct(fields).check(Schema.makeFilter((value) => Object.keys(value).length < 4)),
      (fields) => Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, Schema.Unknown)])
    )
  ).map(([fields, make]) => make(Object.fromEntries(fields))),
  field: fc.oneof(
    { depthSize: "small" },
    { weight: 6, arbitrary: leaf },
    { weight: 1, arbitrary: altered(tie("field")) },
    { weight: 1, arbitrary: tie("struct") },
    { weight: 1, arbitrary: fc.constant(Mail) }
  )
}))

describe("the reader of fields", () => {
  it("is compared for the schemas of every carrier", () => {
    for (const carrier of Object.keys(carriers)) {
      assert.isTrue(ofCarriers.some(({ name }) => name.startsWith(`${carrier}.`)), carrier)
    }
  })

  for (const { name, schema } of ofCarriers) {
    it(`reads ${name} as Schema does`, () => {
      fc.assert(fc.property(payloadOf(schema), same(schema)), { numRuns: 300 })
    })
  }

  it("reads a struct of any fields as Schema does", () => {
    const given = struct.chain((schema) =>
      fc.record({ schema: fc.constant(schema), payloads: fc.array(payloadOf(schema), { minLength: 1, maxLength: 5 }) })
    )
    fc.assert(fc.property(given, ({ payloads, schema }) => payloads.forEach(same(schema))), { numRuns: 1000 })
  })

  it("covers the schemas of the carriers", () => {
    const covered = ofCarriers.filter(({ schema }) => {
      const read = FieldReader.make(schema)
      return fc.sample(payloadOf(schema), { numRuns: 100, seed: 1 }).some((payload) =>
        read(payload) !== FieldReader.refused
      )
    })
    const left = ofCarriers.filter((schema) => !covered.includes(schema)).map(({ name }) => name)
    assert.deepStrictEqual(left, [])
  })
})
