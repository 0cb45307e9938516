/**
 * The payload of a webhook as plain data: the JSON object, or the form with
 * repeated fields as arrays.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"

/**
 * A payload.
 *
 * @category models
 * @since 0.1.0
 */
export type Payload = Readonly<Record<string, unknown>>

/**
 * Whether a value is an object with members, as opposed to a list or a scalar.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPayload: (value: unknown) => value is Payload = Predicate.isReadonlyObject

/**
 * Schema of {@link Payload}. It keeps the very object: a report on a thousand
 * recipients is a thousand events of one payload, and copying it for each would
 * let a large report fill the memory.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Payload = Schema.declare<Payload>(isPayload, {
  expected: "an object",
  toCodecJson: () =>
    Schema.link<Payload>()(Schema.Record(Schema.String, Schema.Unknown), SchemaTransformation.passthrough()),
  toCodecArbitrary: () =>
    Schema.link<Payload>()(Schema.Record(Schema.String, Schema.Json), {
      // As a carrier would send it: JSON text knows no negative zero.
      decode: SchemaGetter.transform((payload): Payload => JSON.parse(JSON.stringify(payload))),
      encode: SchemaGetter.forbidden(() => "payloads are only generated")
    })
})
