/**
 * The readers of the carriers' cores and the schemas of `Wire` take the same
 * values for the same, and say the same about those that they refuse.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as fc from "fast-check"
import * as Readers from "../../../src/provider/core/readers.ts"
import { toCount } from "../../../src/provider/core/values.ts"
import * as Wire from "../../../src/provider/Wire.ts"
import { runs } from "../../cores.ts"

type Decoder = Schema.ConstraintDecoder<unknown>

const kinds: ReadonlyArray<readonly [Readers.Reader<unknown>, Decoder]> = [
  [Readers.text, Wire.Text],
  [Readers.optionalText(4096), Wire.optionalText(4096)],
  [Readers.optionalName, Wire.OptionalName],
  [Readers.address, Wire.RequiredAddress],
  [Readers.name, Wire.Name],
  [Readers.required("a number"), Wire.required("a number")],
  [Readers.anything, Wire.Anything],
  [Readers.items, Wire.Items],
  [Readers.list, Wire.List],
  [Readers.object, Wire.Object_],
  [toCount, Wire.OptionalCount]
]

const scalar = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "a",
    "+14185551234",
    "12",
    " ".repeat(300),
    "x".repeat(300),
    "x".repeat(5000),
    "9".repeat(20)
  ),
  fc.constantFrom<unknown>(0, -0, 1.5, NaN, 12, 1e21, 12n, true, false, null, undefined),
  fc.string()
)
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>({}, { _tag: "Invalid", issues: [] }, { _tag: "Refused" }, [[]], () => 1)
  }
)

const keys = ["a", "b", "c", "Body", "0"]

const fields = fc.uniqueArray(fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...kinds)), {
  minLength: 1,
  selector: ([key]) => key
})
const payload = fc.dictionary(fc.constantFrom(...keys, "d"), value)

const refusalOf = (schema: Decoder, value: unknown) => {
  const result = Schema.decodeUnknownResult(schema, { errors: "all" })(value)
  return Result.isSuccess(result) ? result.success : Wire.issuesOf(result.failure.issue)
}

const struct = (fields: ReadonlyArray<readonly [string, readonly [Readers.Reader<unknown>, Decoder]]>) => ({
  readers: Object.fromEntries(fields.map(([key, [reader]]) => [key, reader])),
  schema: Schema.Struct(Object.fromEntries(fields.map(([key, [, schema]]) => [key, schema])))
})

describe("the readers of the cores", () => {
  it("read objects and lists of them as schemas do, and name the same fields", () => {
    const seen = { read: 0, refused: 0 }
    fc.assert(
      fc.property(
        fields,
        payload,
        fc.array(fc.oneof(payload, value), { minLength: 1, maxLength: 3 }),
        (fields, payload, list) => {
          const { readers, schema } = struct(fields)
          const read = Readers.struct(readers).read(payload)
          const isRefused = Readers.isRefused(read) && "status" in read
          seen[isRefused ? "refused" : "read"]++
          assert.deepStrictEqual<unknown>(isRefused ? read.reason.issues : read, refusalOf(schema, payload))

          const items = Readers.struct({ items: Readers.structs(readers) }).read({ items: list })
          const expected = refusalOf(Schema.Struct({ items: Schema.Array(schema) }), { items: list })
          assert.deepStrictEqual<unknown>("items" in items ? items : items.reason.issues, expected)
        }
      ),
      runs(2000)
    )
    assert.isAbove(seen.read, 100)
    assert.isAbove(seen.refused, 100)
  }, 3_600_000)
})
