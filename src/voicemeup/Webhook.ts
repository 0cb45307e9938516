/**
 * What VoiceMeUp's webhooks mean.
 *
 * An SMS is one webhook. An MMS is several, which have the time of sending in
 * common and nothing else: a wrapper, which holds the text and links to a
 * description of the message, and one webhook for each file. A single picture
 * may come without a wrapper. So a webhook with an attachment is always a part.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Address, fromCarrierDigits } from "../Address.ts"
import { type Content, FileContent, fromParts, MediaContent } from "../Content.ts"
import { unchecked } from "../internal/unchecked.ts"
import { InboundMessage } from "../Message.ts"
import type { Payload } from "../Payload.ts"
import * as Wire from "../provider/Wire.ts"
import type { InvalidPayload } from "../WebhookError.ts"
import { MessagePart, Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"

/** VoiceMeUp documents no answer that it expects, so: success, and nothing to interpret. */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

const decodeKind = Wire.decoder(Schema.Kind)
const decodeRow = Wire.decoder(Schema.Row)

const iso = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(Z|[+-]\d{2}:\d{2})?$/i

/**
 * The instant of a time that names its offset, or of a local time in the zone.
 * Of the hour that comes twice when the clocks go back, the first is meant.
 */
const readTime = (text: string | undefined, zone: DateTime.TimeZone | undefined): DateTime.Utc | undefined => {
  const [, date, time, offset] = iso.exec(text ?? "") ?? []
  if (date === undefined || (offset === undefined && zone === undefined)) return undefined
  const parsed = offset === undefined
    ? DateTime.makeZoned(`${date}T${time}Z`, { timeZone: zone, adjustForTimeZone: true })
    : DateTime.make(`${date}T${time}${offset.toUpperCase()}`)
  return Option.getOrUndefined(Option.map(parsed, DateTime.toUtc))
}

const wrapperTypes: ReadonlySet<string> = new Set(["text/html", "application/smil"])

/**
 * Whether the attachment is the carrier's description of an MMS and no file of
 * the customer's. The link of every file of an MMS has `.mms.` in its path;
 * the one to HTML or SMIL is the description.
 */
const isWrapper = (url: string, mimeType: string | undefined): boolean => {
  const path = (URL.parse(url)?.pathname ?? url.split(/[?#]/, 1)[0]!).toLowerCase()
  if (path.endsWith(".mms.html") || path.endsWith(".mms.smil")) return true
  const type = mimeType?.split(";", 1)[0]!.trim().toLowerCase() ?? ""
  return wrapperTypes.has(type) && path.includes(".mms.")
}

const correlationKey = (sender: Address, recipient: Address, sentAt: string | undefined): string | undefined =>
  sentAt === undefined ? undefined : `${sender}:${recipient}:${sentAt}`

const inbound = Effect.fnUntracedEager(
  function*(provider: string, zone: DateTime.TimeZone | undefined, payload: Payload) {
    const row = yield* decodeRow(payload)
    const metadata = Schema.rowFields.metadataOf(payload)
    const sender = fromCarrierDigits(row.source_number.trim())
    const recipient = fromCarrierDigits(row.destination_number.trim())
    const id = row.sms_hash ?? row.sms_log_id
    const message = (content: Content) =>
      unchecked(InboundMessage, {
        provider,
        channelId: `sms-${provider}`,
        ...(id !== undefined && { externalId: id, idempotencyKey: id }),
        sender,
        recipient,
        content,
        ...Wire.compact({
          receivedAt: readTime(row.datetime_transmission ?? row.datetime, zone),
          sentAt: readTime(row.datetime_transmission, zone)
        }),
        metadata,
        raw: payload
      })

    const urls = row.attachment.length > 0 ? row.attachment : row.attachment_url
    const types = row.attachment_mime_type.length > 0 ? row.attachment_mime_type : row.attachment_type
    if (urls.length === 0 && types.length === 0) return message(fromParts(row.message, []))
    const files: ReadonlyArray<MediaContent | FileContent> = urls.length === 0
      ? types.map((mimeType) => unchecked(FileContent, { mimeType, unavailable: "VoiceMeUp gives no URL of the file" }))
      : urls.flatMap((text, index) => {
        const url = text.trim()
        const mimeType = types[index]
        return isWrapper(url, mimeType) ? [] : [unchecked(MediaContent, { url, ...Wire.compact({ mimeType }) })]
      })
    return unchecked(MessagePart, {
      provider,
      role: files.length === 0 ? "wrapper" : "media",
      ...Wire.compact({ correlationKey: correlationKey(sender, recipient, row.datetime_transmission) }),
      message: message(fromParts(row.message, files))
    })
  }
)

/** A row without numbers is no message at all. */
const isRow = (payload: Payload): boolean =>
  ["source_number", "destination_number", "message", "attachment"].some((key) => Object.hasOwn(payload, key))

/** A row that names a direction other than `inbound` is somebody else's business, and never a message to us. */
export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  zone: DateTime.TimeZone | undefined,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const { direction, event, type } = yield* decodeKind(payload)
  const isInbound = direction === undefined || direction.trim().toLowerCase() === "inbound"
  if (isInbound && isRow(payload)) return [yield* inbound(provider, zone, payload)]
  const eventType = isInbound ? event ?? type : direction
  return [new Unrecognized({ provider, ...Wire.compact({ eventType }), raw: payload })]
})
