/**
 * Decodes a payload field by field, in a fifth of the time that `Schema` takes.
 *
 * Supports structs of lenient fields, scalars and nested structs. For any other
 * schema, and for every invalid payload, a reader returns {@link refused}, and
 * the caller decodes with `Schema`. Any other result equals that of `Schema`: a
 * property test compares the two.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { Address } from "../../Address.ts"
import { isPayload } from "../../Payload.ts"

/** The result for a value that `Schema` must decode. */
export const refused = Symbol()

/** Returns the decoded value, or {@link refused}. */
export type Read = (value: unknown) => unknown

const registered = new WeakMap<object, Read>()

/** Registers the reader of a schema. It gets `undefined` for a missing field. */
export const register = (schema: Schema.Constraint, read: Read): void => {
  registered.set(schema, read)
}

const readNonEmptyText: Read = (value) => typeof value === "string" && value !== "" ? value : refused

register(Schema.NonEmptyString, readNonEmptyText)
// An address is a non-empty string with a brand.
register(Address, readNonEmptyText)

const isScalar = (ast: SchemaAST.AST): boolean => {
  switch (ast._tag) {
    case "String":
    case "Number":
    case "Boolean":
    case "BigInt":
    case "Literal":
    case "Null":
    case "Undefined":
    case "Unknown":
      return true
    case "Union":
      return ast.types.every(isScalar)
    default:
      return false
  }
}

/** Reads a scalar, which decoding does not change. Refuses `undefined`, because the field may be missing. */
const scalar = (schema: Schema.Constraint): Read => {
  const is = Schema.is(schema)
  return (value) => value !== undefined && is(value) ? value : refused
}

/** Reads the fields in order, up to the first one that is refused. */
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

/** Returns the fields of a plain struct. A class has fields too, but also an encoding. */
const fieldsOf = (schema: Schema.Constraint): Schema.Struct.Fields | undefined =>
  "fields" in schema && schema.ast.checks === undefined && schema.ast.encoding === undefined
    ? schema.fields as Schema.Struct.Fields
    : undefined

const read = (schema: Schema.Constraint): Read | undefined => {
  const own = registered.get(schema)
  if (own !== undefined) return own
  const fields = fieldsOf(schema)
  if (fields === undefined) {
    return isScalar(schema.ast) && SchemaAST.toType(schema.ast) === schema.ast ? scalar(schema) : undefined
  }
  const reads: Array<readonly [string, Read]> = []
  for (const key of Reflect.ownKeys(fields)) {
    const field = read(fields[key]!)
    // Reading and assigning `__proto__` would reach the prototype.
    if (field === undefined || typeof key === "symbol" || key === "__proto__") return undefined
    reads.push([key, field])
  }
  // `Schema` accepts any value for a struct without fields.
  return reads.length === 0 ? undefined : struct(reads)
}

/** Builds the reader of a schema. For an unsupported schema it refuses every value. */
export const make = (schema: Schema.Constraint): Read => read(schema) ?? (() => refused)
