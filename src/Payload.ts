/**
 * The payload of a webhook as plain data: a JSON object, or a form in which
 * repeated fields are arrays.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { isObject } from "./internal/record.ts"

/**
 * A webhook payload.
 *
 * @category models
 * @since 0.1.0
 */
export type Payload = Readonly<Record<string, unknown>>

/**
 * Returns whether a value is an object with members, as opposed to an array or
 * a scalar.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPayload: (value: unknown) => value is Payload = isObject

/**
 * Schema of {@link Payload}. Decoding keeps the same object instead of a copy:
 * a report on a thousand recipients becomes a thousand events that share one
 * payload, and a copy for each would multiply the memory use.
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
      // JSON text has no negative zero, so a generated payload must not either.
      decode: SchemaGetter.transform((payload): Payload => JSON.parse(JSON.stringify(payload))),
      encode: SchemaGetter.forbidden(() => "payloads are only generated")
    })
})
