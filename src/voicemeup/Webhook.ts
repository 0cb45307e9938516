/**
 * Decodes VoiceMeUp's webhooks.
 *
 * An SMS is one webhook. An MMS is several, which share only their sending
 * time: a wrapper, which contains the text and a link to a description of the
 * message, and one webhook per file. A single picture may arrive without a
 * wrapper. Every webhook with an attachment is therefore decoded as a part.
 */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
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

/** VoiceMeUp does not document the response it expects, so this is a success without content to interpret. */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

const decodeKind = Wire.decoder(Schema.Kind)
const decodeRow = Wire.decoder(Schema.Row)

const wrapperTypes: ReadonlySet<string> = new Set(["text/html", "application/smil"])

/**
 * Returns whether the attachment is the carrier's description of an MMS instead
 * of a customer's file. The link of every MMS file has `.mms.` in its path; a
 * link to HTML or SMIL is the description.
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
          receivedAt: Wire.toTimeIn(row.datetime_transmission ?? row.datetime, zone),
          sentAt: Wire.toTimeIn(row.datetime_transmission, zone)
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

/** Returns whether the payload is a row at all. A row without numbers is not a message. */
const isRow = (payload: Payload): boolean =>
  ["source_number", "destination_number", "message", "attachment"].some((key) => Object.hasOwn(payload, key))

/** Decodes a payload. A row with a direction other than `inbound` is never a message to us. */
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
