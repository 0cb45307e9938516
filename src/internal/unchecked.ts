/**
 * Builds instances of schema classes without the validation of `new`.
 *
 * For decoders, whose input is already validated: validation would take ten
 * times as long as the rest of the construction, and construction dominates the
 * cost of decoding a webhook. Values from the application always go through
 * `new`.
 */
import type * as Schema from "effect/Schema"

interface SchemaClass<A, Fields> {
  new(fields: Fields): A
  readonly identifier: string
  readonly fields: Schema.Struct.Fields
  readonly prototype: A
}

export const unchecked = <A extends object, Fields extends object>(
  schema: SchemaClass<A, Fields>,
  fields: Fields
): A => {
  const instance = Object.create(schema.prototype)
  // The tag is not a field of the input; `new` adds it too.
  if ("_tag" in schema.fields) instance._tag = schema.identifier
  return Object.assign(instance, fields)
}
