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
import { isPayload, type Payload } from "../Payload.ts"
import { isBlank } from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"
import type { InvalidPayload } from "../WebhookError.ts"
import { MessagePart, Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"

/** VoiceMeUp does not document the response it expects, so this is a success without content to interpret. */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

const decodeKind = Wire.decoder(Schema.Kind)
const decodeRow = Wire.decoder(Schema.Row)

/** Returns the name of a notice. */
const nameOf = ({ event, type }: typeof Schema.Kind.Type): string | undefined => event ?? type

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

const hasValue = (item: unknown): boolean => !isBlank(item) && (typeof item !== "string" || item.trim() !== "")

/** Returns the link of an attachment: text, or the member of an object. */
const linkOf = (item: unknown): string | undefined => {
  const link = isPayload(item) ? Wire.ownString(item, "url") ?? Wire.ownString(item, "attachment") : Wire.stringOf(item)
  return link?.trim() || undefined
}

const typeOf = (item: unknown): string | undefined => {
  const type = isPayload(item) ? Wire.ownString(item, "mime_type") : Wire.stringOf(item)
  return type === undefined || type.trim() === "" ? undefined : type
}

/**
 * Returns the attachments, with the wrapper. Links and types are two lists of one
 * order. If their lengths differ, blank entries do not count.
 */
const attachmentsOf = (row: Schema.Row): ReadonlyArray<MediaContent | FileContent> => {
  const allLinks = row.attachment.some(hasValue) ? row.attachment : row.attachment_url
  const allTypes = row.attachment_mime_type.some(hasValue) ? row.attachment_mime_type : row.attachment_type
  const [links, types] = allLinks.length === allTypes.length
    ? [allLinks, allTypes]
    : [allLinks.filter(hasValue), allTypes.filter(hasValue)]
  return Array.from({ length: Math.max(links.length, types.length) }, (_, index) => [links[index], types[index]])
    .filter((item) => item.some(hasValue))
    .map(([item, type]) => {
      const url = linkOf(item)
      const mimeType = typeOf(type) ?? (isPayload(item) ? typeOf(item) : undefined)
      return url === undefined
        ? unchecked(FileContent, { ...Wire.compact({ mimeType }), unavailable: "VoiceMeUp gives no URL of the file" })
        : unchecked(MediaContent, { url, ...Wire.compact({ mimeType }) })
    })
}

const unrecognized = (provider: string, payload: Payload, eventType: string | undefined): Unrecognized =>
  new Unrecognized({ provider, ...Wire.compact({ eventType }), raw: payload })

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

    const attachments = attachmentsOf(row)
    if (attachments.length === 0) {
      return row.message === "" && Schema.rowFields.hasContent(payload)
        ? unrecognized(provider, payload, nameOf(yield* decodeKind(payload)))
        : message(fromParts(row.message, []))
    }
    const files = attachments.filter((file) => file._tag === "FileContent" || !isWrapper(file.url, file.mimeType))
    return unchecked(MessagePart, {
      provider,
      role: files.length === 0 ? "wrapper" : "media",
      ...Wire.compact({ correlationKey: correlationKey(sender, recipient, row.datetime_transmission) }),
      message: message(fromParts(row.message, files))
    })
  }
)

const numbers = ["source_number", "destination_number"]

/** Returns whether the payload is a row of a message. A notice may have a text too, but it has a name and no numbers. */
const isRow = (payload: Payload, name: string | undefined): boolean =>
  (name === undefined ? [...numbers, "message", "attachment"] : numbers).some((key) => Object.hasOwn(payload, key))

/** Decodes a payload. A row with a direction other than `inbound` is never a message to us. */
export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  zone: DateTime.TimeZone | undefined,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const kind = yield* decodeKind(payload)
  const { direction } = kind
  const isInbound = direction === undefined || direction.trim().toLowerCase() === "inbound"
  if (isInbound && isRow(payload, nameOf(kind))) return [yield* inbound(provider, zone, payload)]
  return [unrecognized(provider, payload, isInbound ? nameOf(kind) : direction)]
})
