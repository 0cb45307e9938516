/**
 * Values as JSON text in a column.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Builds the functions of a column. A value that this version did not write is a defect. */
export const json = <A>(schema: Schema.Codec<A, unknown>) => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
  const encode = Schema.encodeEffect(codec)
  const decode = Schema.decodeEffect(codec)
  return {
    encode: (value: A) => Effect.orDie(encode(value)),
    decode: (text: string) => Effect.orDie(decode(text))
  }
}
