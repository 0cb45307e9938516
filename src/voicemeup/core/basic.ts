/**
 * What SMS and MMS need of decoding: the kind of a webhook, its parties and its
 * attachments. `decode.ts` adds everything else.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, isObject } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { items, stringOf, toText } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"

/** Returns a text that is not empty. */
const textAt = (payload: Payload, name: string): string | undefined => toText(payload[name]) || undefined

const wrapperTypes = /^(?:text\/html|application\/smil)$/

/**
 * Returns whether the attachment is the carrier's description of an MMS instead
 * of a customer's file. The link of every MMS file has `.mms.` in its path; a
 * link to HTML or SMIL is the description.
 */
export const isWrapper = (url: string, mimeType: string | undefined): boolean => {
  const path = (URL.parse(url)?.pathname ?? url.split(/[?#]/, 1)[0]!).toLowerCase()
  if (path.endsWith(".mms.html") || path.endsWith(".mms.smil")) return true
  const type = mimeType?.split(";", 1)[0]!.trim().toLowerCase() ?? ""
  return wrapperTypes.test(type) && path.includes(".mms.")
}

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
const attachmentsOf = ({ of }: Build.Objects, payload: Payload): ReadonlyArray<Build.FilePart> => {
  const listAt = (name: string) => items(payload[name])
  const named = [listAt("attachment"), listAt("attachment_url")].find((links) => links.some(hasValue))
  const allLinks = named ?? [...listAt("attachment_url"), ...Files.othersIn(payload)]
  const currentTypes = listAt("attachment_mime_type")
  const allTypes = currentTypes.some(hasValue) ? currentTypes : listAt("attachment_type")
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

/** Returns the name of a notice. */
export const nameOf = (payload: Payload): string | undefined => textAt(payload, "event") ?? textAt(payload, "type")

const numbers = ["source_number", "destination_number"]

const contents = ["message", "attachment", "attachment_url"]

/**
 * Returns whether the payload is a row of a message. A notice has a name, and may
 * have a text or numbers too, as one about a call, but not both. A row with a
 * direction other than `inbound` is never a message to us.
 */
export const isMessage = (payload: Payload): boolean => {
  const hasAny = (keys: ReadonlyArray<string>) => keys.some((key) => Object.hasOwn(payload, key))
  const isRow = nameOf(payload) === undefined
    ? hasAny(numbers) || hasAny(contents)
    : hasAny(numbers) && hasAny(contents)
  return isRow && isInbound(payload)
}

export const isInbound = (payload: Payload): boolean => {
  const direction = textAt(payload, "direction")
  return direction === undefined || direction.trim().toLowerCase() === "inbound"
}

/** What a row is: a message, or a part of an MMS with what its parts have in common. */
export interface Row {
  readonly attachments: number
  readonly message: {
    readonly _tag: "InboundMessage"
    readonly provider: string
    readonly channelId: string
    readonly externalId?: string
    readonly idempotencyKey?: string
    readonly sender: string
    readonly recipient: string
    readonly content: Build.Content
    readonly raw: Payload
  }
  readonly part: {
    readonly _tag: "MessagePart"
    readonly provider: string
    readonly role: "wrapper" | "media"
    readonly correlationKey?: string
  }
}

export const rowOf = (build: Build.Objects, provider: string, payload: Payload): Row => {
  const [sender = "", recipient = ""] = numbers.map((name) => fromCarrierDigits(toText(payload[name]).trim()))
  const id = textAt(payload, "sms_hash") ?? textAt(payload, "sms_log_id")
  const sentAt = textAt(payload, "datetime_transmission")
  const attachments = attachmentsOf(build, payload)
  const files = attachments.filter((file) => file._tag === "FileContent" || !isWrapper(file.url, file.mimeType))
  return {
    attachments: attachments.length,
    message: {
      _tag: "InboundMessage",
      provider,
      channelId: `sms-${provider}`,
      ...(id !== undefined && { externalId: id, idempotencyKey: id }),
      sender,
      recipient,
      content: Build.fromParts(build, toText(payload["message"]), files),
      raw: payload
    },
    part: {
      _tag: "MessagePart",
      provider,
      role: files.length === 0 ? "wrapper" : "media",
      ...(sentAt !== undefined && { correlationKey: `${sender}:${recipient}:${sentAt}` })
    }
  }
}
