/**
 * Decodes the `body` of an RCS or WhatsApp message.
 *
 * RCS has a text, a file, a location or a chosen suggestion
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks,
 * and the types of the `telnyx` package). WhatsApp has the format of Meta
 * (https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components),
 * in a member named after the message type.
 */
import { Address } from "../Address.ts"
import { ContactContent, FileContent, MediaContent, type Part, ReplyContent } from "../Content.ts"
import { unchecked } from "../internal/unchecked.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { isBlank } from "../provider/Fields.ts"
import { locationOf } from "../provider/Location.ts"
import * as Wire from "../provider/Wire.ts"

type Rich = Exclude<Part, { readonly _tag: "TextContent" }>

const member = (value: unknown, key: string): unknown =>
  isPayload(value) && Object.hasOwn(value, key) ? value[key] : undefined

/** Returns the first of the members that is a non-empty text. */
const text = (value: unknown, ...keys: ReadonlyArray<string>): string | undefined => {
  for (const key of keys) {
    const found = member(value, key)
    if (typeof found === "string" && found !== "") return found
  }
  return undefined
}

/** The members that are not content. */
const envelope: ReadonlySet<string> = new Set([
  "id",
  "foreign_id",
  "from",
  "from_user_id",
  "timestamp",
  "type",
  "context",
  "referral",
  "biz_opaque_callback_data"
])

/**
 * Returns the address of a WhatsApp user by the business-scoped user ID, which
 * is given beside the number, or in its place when the person hides the number
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/).
 */
export const userIdOf = (body: unknown): Address | undefined => {
  const id = text(body, "from_user_id")
  return id === undefined ? undefined : Address.make(`whatsapp:${id}`)
}

/** Returns the text: `text` for RCS, `text.body` for WhatsApp. */
export const textOf = (body: Payload): string => {
  const own = member(body, "text")
  return typeof own === "string" ? own : text(own, "body") ?? ""
}

const fileOf = (file: unknown): ReadonlyArray<MediaContent | FileContent> => {
  if (!isPayload(file) || isBlank(file)) return []
  const url = text(file, "file_uri", "link", "url", "file_url")
  const fields = Wire.compact({
    mimeType: text(file, "mime_type", "content_type"),
    name: text(file, "file_name", "filename"),
    caption: text(file, "caption")
  })
  if (url !== undefined) return [unchecked(MediaContent, { url, ...fields })]
  const described = { ...fields, ...Wire.compact({ id: text(file, "id") }) }
  return Object.keys(described).length === 0 ? [] : [unchecked(FileContent, described)]
}

const items = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : [value]

const contactOf = (card: unknown): ReadonlyArray<ContactContent> => {
  const name = member(card, "name")
  const texts = (list: string, ...keys: ReadonlyArray<string>) =>
    items(member(card, list)).flatMap((entry) => text(entry, ...keys) ?? [])
  const named = Wire.compact({
    name: text(card, "name") ?? text(name, "formatted_name", "first_name", "last_name"),
    organization: text(member(card, "org"), "company")
  })
  const phones = texts("phones", "phone", "wa_id")
  const emails = texts("emails", "email")
  const isEmpty = Object.keys(named).length + phones.length + emails.length === 0
  return isEmpty ? [] : [unchecked(ContactContent, { ...named, phones, emails })]
}

const replyOf = (said: string | undefined, payload: string | undefined, inReplyTo: string | undefined) =>
  said === undefined && payload === undefined
    ? []
    : [unchecked(ReplyContent, { text: said ?? "", ...Wire.compact({ payload, inReplyTo }) })]

const repliesOf = (body: Payload): ReadonlyArray<ReplyContent> => {
  const inReplyTo = text(member(body, "context"), "id")
  const suggestion = member(body, "suggestion_response")
  const button = member(body, "button")
  const interactive = member(body, "interactive")
  const choice = member(interactive, "button_reply") ?? member(interactive, "list_reply")
  const form = member(interactive, "nfm_reply")
  const reaction = member(body, "reaction")
  return [
    ...replyOf(text(suggestion, "text"), text(suggestion, "postback_data"), inReplyTo),
    ...replyOf(text(button, "text"), text(button, "payload"), inReplyTo),
    ...replyOf(text(choice, "title"), text(choice, "id"), inReplyTo),
    ...replyOf(text(form, "body"), text(form, "response_json"), inReplyTo),
    ...replyOf(text(reaction, "emoji"), undefined, text(reaction, "message_id"))
  ]
}

const locationsOf = (place: unknown): ReadonlyArray<Rich> => {
  const location = locationOf({
    latitude: member(place, "latitude"),
    longitude: member(place, "longitude"),
    label: member(place, "name"),
    address: member(place, "address")
  })
  return location === undefined ? [] : [location]
}

const partsOf = (body: Payload): ReadonlyArray<Rich> => [
  ...repliesOf(body),
  ...locationsOf(member(body, "location")),
  ...items(member(body, "contacts")).flatMap(contactOf),
  ...fileOf(member(member(body, "user_file"), "payload") ?? member(body, "user_file")),
  ...["image", "video", "audio", "voice", "document", "sticker"].flatMap((kind) => fileOf(member(body, kind)))
]

/** Decodes the text and the parts of a body. An edited message has the content of its new version. */
export const read = (body: Payload): { readonly text: string; readonly parts: ReadonlyArray<Rich> } => {
  const edited = member(member(body, "edit"), "message")
  return isPayload(edited)
    ? { text: textOf(edited), parts: partsOf(edited) }
    : { text: textOf(body), parts: partsOf(body) }
}

/** Returns whether a body has any content, understood or not. */
export const hasContent = (body: Payload): boolean => {
  const type = Wire.toText(member(body, "type")).toLowerCase()
  return (type !== "" && type !== "text") ||
    Object.keys(body).some((key) => !envelope.has(key) && !isBlank(body[key]))
}
