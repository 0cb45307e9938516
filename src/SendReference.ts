/**
 * References that travel with a sent message, so that its delivery reports name
 * the send that they belong to.
 *
 * A delivery report of a message whose response was lost is the proof that the
 * carrier accepted it: see `IntentStore.recordFound`.
 *
 * **Example** (A reference in a callback URL)
 *
 * ```ts run
 * import { SendReference } from "effect-sms"
 *
 * const reference = SendReference.fromText("intent=01M8HB1GBNV30AR446VGK6NBM8.2.3")!
 * reference.part // => 2
 * SendReference.toText(reference) // => "intent=01M8HB1GBNV30AR446VGK6NBM8.2.3"
 *
 * const url = SendReference.addToUrl("https://sms.example.com/status", reference)
 * SendReference.fromUrl(url)?.of // => 3
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Reference from "./internal/reference.ts"

/**
 * The reference of one part of a send.
 *
 * @category models
 * @since 0.1.0
 */
export class SendReference extends Schema.Class<SendReference>("effect-sms/SendReference")({
  /** The id of the intent. */
  intentId: Schema.NonEmptyString,
  /** The number of the part, the first of which is 1. */
  part: Schema.Int,
  /** The number of parts. */
  of: Schema.Int
}) {}

/**
 * Formats a reference: `intent=ID`, or `intent=ID.2.3` for the second of three
 * parts. The text needs no escape in a query.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toText = ({ intentId, of, part }: SendReference): string =>
  `${Reference.name}=${intentId}${of === 1 ? "" : `.${part}.${of}`}`

/**
 * Parses a reference. Returns `undefined` for any other text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromText = (text: string): SendReference | undefined => {
  const reference = Reference.fromText(text)
  return reference === undefined ? undefined : new SendReference(reference)
}

/**
 * Adds a reference to the query of a URL, without changing the rest.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addToUrl = (url: string, reference: SendReference): string => Reference.addField(url, toText(reference))

/**
 * Returns the reference in the query of a URL. With several, returns none.
 *
 * @category accessors
 * @since 0.1.0
 */
export const fromUrl = (url: string): SendReference | undefined => {
  const reference = Reference.fromUrl(url)
  return reference === undefined ? undefined : new SendReference(reference)
}
