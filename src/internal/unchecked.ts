/**
 * Instances of schema classes without the check that `new` makes.
 *
 * For decoders, which have checked what they read, or know it: the check would
 * take ten times as long as the rest of the construction, and a webhook is
 * mostly construction. Whatever comes from an application goes through `new`.
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
  // The tag is in no input: `new` adds it too.
  if ("_tag" in schema.fields) instance._tag = schema.identifier
  return Object.assign(instance, fields)
}
