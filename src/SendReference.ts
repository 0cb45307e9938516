/**
 * References that travel with a sent message, so that its delivery reports name
 * the send that they belong to.
 *
 * A delivery report of a message whose response was lost is the proof that the
 * carrier accepted it: see `IntentStore.recordFound`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

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

/** The name of the query parameter, and the start of a reference as text. */
const name = "intent"

const pattern = /^intent=([A-Za-z\d_-]{1,64})(?:\.(\d{1,4})\.(\d{1,4}))?$/

/**
 * Formats a reference: `intent=ID`, or `intent=ID.2.3` for the second of three
 * parts. The text needs no escape in a query.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toText = ({ intentId, of, part }: SendReference): string =>
  `${name}=${intentId}${of === 1 ? "" : `.${part}.${of}`}`

/**
 * Parses a reference. Returns `undefined` for any other text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromText = (text: string): SendReference | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, intentId = "", part = "1", of = "1"] = match
  const reference = { intentId, part: Number(part), of: Number(of) }
  return reference.part >= 1 && reference.part <= reference.of ? new SendReference(reference) : undefined
}

/**
 * Adds a reference to the query of a URL, without changing the rest.
 *
 * @category combinators
 * @since 0.1.0
 */
export const addToUrl = (url: string, reference: SendReference): string => {
  const [target = "", ...fragment] = url.split("#")
  const separator = !target.includes("?") ? "?" : /[?&]$/.test(target) ? "" : "&"
  return [`${target}${separator}${toText(reference)}`, ...fragment].join("#")
}

/**
 * Returns the reference in the query of a URL. With several, returns none.
 *
 * @category accessors
 * @since 0.1.0
 */
export const fromUrl = (url: string): SendReference | undefined => {
  const query = url.split("#", 1)[0]!.split("?").slice(1).join("?")
  const [field, ...others] = query.split("&").filter((field) => field.startsWith(`${name}=`))
  return field === undefined || others.length > 0 ? undefined : fromText(field)
}
