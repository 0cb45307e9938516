/**
 * Decodes VoiceMeUp's webhooks.
 *
 * An SMS is one webhook. An MMS is several, which share only their sending
 * time: a wrapper, which contains the text and a link to a description of the
 * message, and one webhook per file. A single picture may arrive without a
 * wrapper. Every webhook with an attachment is therefore decoded as a part.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, isObject } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import type { InvalidPayload, Refused } from "../../provider/core/refusal.ts"
import { toMillis, type Zone } from "../../provider/core/time.ts"
import { stringOf } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"
import * as Fields from "./fields.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

/** Returns the name of a notice. */
const nameOf = ({ event, type }: Of<typeof Fields.Kind.fields>): string | undefined => event ?? type

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

const correlationKey = (sender: string, recipient: string, sentAt: string | undefined): string | undefined =>
  sentAt === undefined ? undefined : `${sender}:${recipient}:${sentAt}`

const hasValue = (item: unknown): boolean => !isBlank(item) && (typeof item !== "string" || item.trim() !== "")

/** Returns the link of an attachment: text, or the member of an object. */
const linkOf = (item: unknown): string | undefined =>
  (isObject(item) ? Files.urlOf(item) : stringOf(item))?.trim() || undefined

const typeOf = (item: unknown): string | undefined => {
  const type = isObject(item) ? Files.mimeTypeOf(item) : stringOf(item)
  return type === undefined || type.trim() === "" ? undefined : type
}

/**
 * Returns the attachments, with the wrapper. Links and types are two lists of one
 * order. If their lengths differ, blank entries do not count.
 */
const attachmentsOf = (
  { of }: Build.Build,
  row: Of<typeof Fields.Row.fields>,
  payload: Payload
): ReadonlyArray<Build.FilePart> => {
  const named = [row.attachment, row.attachment_url].find((links) => links.some(hasValue))
  const allLinks = named ?? [...row.attachment_url, ...Files.othersIn(payload)]
  const allTypes = row.attachment_mime_type.some(hasValue) ? row.attachment_mime_type : row.attachment_type
  const [links, types] = allLinks.length === allTypes.length
    ? [allLinks, allTypes]
    : [allLinks.filter(hasValue), allTypes.filter(hasValue)]
  return Array.from({ length: Math.max(links.length, types.length) }, (_, index) => [links[index], types[index]])
    .filter((item) => item.some(hasValue))
    .map(([item, type]) => {
      const url = linkOf(item)
      const mimeType = typeOf(type) ?? (isObject(item) ? typeOf(item) : undefined)
      return url === undefined
        ? of({ _tag: "FileContent", ...compact({ mimeType }), unavailable: "VoiceMeUp gives no URL of the file" })
        : of({ _tag: "MediaContent", url, ...compact({ mimeType }) })
    })
}

const unrecognized = (
  { of }: Build.Build,
  provider: string,
  payload: Payload,
  eventType: string | undefined
): Result => Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw: payload }))

const inbound = (
  build: Build.Build,
  provider: string,
  zone: Zone,
  payload: Payload,
  kind: Of<typeof Fields.Kind.fields>
): Result => {
  const row = Fields.Row.read(payload)
  if (isRefused(row)) return row
  const sender = fromCarrierDigits(row.source_number.trim())
  const recipient = fromCarrierDigits(row.destination_number.trim())
  const id = row.sms_hash ?? row.sms_log_id
  const timeOf = (text: string | undefined): string | undefined => {
    const millis = text === undefined ? undefined : toMillis(text, zone)
    return millis === undefined ? undefined : build.time(millis)
  }
  const message = (content: Build.Content) =>
    build.of({
      _tag: "InboundMessage",
      provider,
      channelId: `sms-${provider}`,
      ...(id !== undefined && { externalId: id, idempotencyKey: id }),
      sender,
      recipient,
      content,
      ...compact({
        receivedAt: timeOf(row.datetime_transmission ?? row.datetime),
        sentAt: timeOf(row.datetime_transmission)
      }),
      metadata: Fields.rowFields.metadataOf(payload),
      raw: payload
    })

  const attachments = attachmentsOf(build, row, payload)
  if (attachments.length === 0) {
    return row.message === "" && Fields.rowFields.hasContent(payload)
      ? unrecognized(build, provider, payload, nameOf(kind))
      : Build.decoded(message(Build.fromParts(build, row.message, [])))
  }
  const files = attachments.filter((file) => file._tag === "FileContent" || !isWrapper(file.url, file.mimeType))
  return Build.decoded(build.of({
    _tag: "MessagePart",
    provider,
    role: files.length === 0 ? "wrapper" : "media",
    ...compact({ correlationKey: correlationKey(sender, recipient, row.datetime_transmission) }),
    message: message(Build.fromParts(build, row.message, files))
  }))
}

const numbers = ["source_number", "destination_number"]
const contents = ["message", "attachment", "attachment_url"]

/**
 * Returns whether the payload is a row of a message. A notice has a name, and may
 * have a text or numbers too, as one about a call, but not both.
 */
const isRow = (payload: Payload, name: string | undefined): boolean => {
  const hasAny = (keys: ReadonlyArray<string>) => keys.some((key) => Object.hasOwn(payload, key))
  return name === undefined ? hasAny(numbers) || hasAny(contents) : hasAny(numbers) && hasAny(contents)
}

/** Decodes a payload. A row with a direction other than `inbound` is never a message to us. */
export const decode = (build: Build.Build, provider: string, zone: Zone, payload: Payload): Result => {
  const kind = Fields.Kind.read(payload)
  if (isRefused(kind)) return kind
  const { direction } = kind
  const isInbound = direction === undefined || direction.trim().toLowerCase() === "inbound"
  if (isInbound && isRow(payload, nameOf(kind))) return inbound(build, provider, zone, payload, kind)
  return unrecognized(build, provider, payload, isInbound ? nameOf(kind) : direction)
}
