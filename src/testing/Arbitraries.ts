/**
 * fast-check arbitraries of the library's types. They need the `fast-check`
 * package, which is an optional peer dependency.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as fc from "fast-check"
import { Address } from "../Address.ts"
import * as Carriers from "../Carriers.ts"
import * as Content from "../Content.ts"
import * as DeliveryStatus from "../DeliveryStatus.ts"
import { InboundMessage } from "../Message.ts"
import { PhoneNumber } from "../PhoneNumber.ts"

/**
 * Generates E.164 numbers of seven to fifteen digits.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const phoneNumber: fc.Arbitrary<PhoneNumber> = fc.stringMatching(/^\+[1-9]\d{6,14}$/).map((text) =>
  PhoneNumber.make(text)
)

/**
 * Generates phone numbers, short codes and sender ids.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const address: fc.Arbitrary<Address> = fc.oneof(
  phoneNumber,
  fc.stringMatching(/^\d{3,8}$/),
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ]{0,10}$/)
).map((text) => Address.make(text))

/**
 * Generates message texts in any script, with emoji and line breaks, or empty.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.constant(""),
  fc.lorem(),
  fc.string({ unit: "grapheme", maxLength: 200 })
)

/**
 * Generates media without a caption.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const media: fc.Arbitrary<Content.MediaContent> = fc.record({
  url: fc.webUrl(),
  mimeType: fc.constantFrom("image/jpeg", "image/png", "video/mp4", "text/vcard", "application/octet-stream")
}).map((fields) => new Content.MediaContent(fields))

/**
 * Generates text, media, or both.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const content: fc.Arbitrary<Content.Content> = fc.tuple(text, fc.array(media, { maxLength: 3 })).map((
  [text, files]
) => Content.fromParts(text, files))

// Instants from 1970 to 2100.
const instant = fc.integer({ min: 0, max: 4_102_444_800_000 }).map((millis) => DateTime.makeUnsafe(millis))

const name = fc.constantFrom(...Carriers.all.map(({ name }) => name))
const id = fc.uuid()

/**
 * Generates messages of any provider, each with a unique id.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const inboundMessage: fc.Arbitrary<InboundMessage> = fc.record({
  provider: name,
  id,
  sender: address,
  recipient: address,
  content,
  receivedAt: instant
}).map(({ id, provider, ...fields }) =>
  new InboundMessage({
    ...fields,
    provider,
    channelId: `sms-${provider}`,
    externalId: id,
    idempotencyKey: id,
    metadata: {},
    raw: { id }
  })
)

/**
 * Generates delivery statuses of any provider, with any normalized status.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const deliveryStatus: fc.Arbitrary<DeliveryStatus.DeliveryStatus> = fc.record({
  provider: name,
  messageId: id,
  status: fc.constantFrom(...DeliveryStatus.Status.literals),
  recipient: address,
  sender: address,
  timestamp: instant
}).map((fields) =>
  new DeliveryStatus.DeliveryStatus({
    ...fields,
    carrierStatus: fields.status,
    idempotencyKey: `${fields.messageId}:${fields.status}`,
    raw: { id: fields.messageId }
  })
)
