/**
 * Decodes the `body` of an RCS or WhatsApp message.
 *
 * RCS has a text, a file, a location or a chosen suggestion
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks,
 * and the types of the `telnyx` package). WhatsApp has the format of Meta
 * (https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components),
 * in a member named after the message type.
 */
import { compact, isObject } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type { Build, FilePart, Part, RichPart } from "../../provider/core/build.ts"
import { locationOf } from "../../provider/core/location.ts"
import { toText } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"

type Contact = Extract<Part, { readonly _tag: "ContactContent" }>
type Reply = Extract<Part, { readonly _tag: "ReplyContent" }>

const member = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined

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
export const userIdOf = (body: unknown): string | undefined => {
  const id = text(body, "from_user_id")
  return id === undefined ? undefined : `whatsapp:${id}`
}

/** Returns the text: `text` for RCS, `text.body` for WhatsApp. */
export const textOf = (body: Payload): string => {
  const own = member(body, "text")
  return typeof own === "string" ? own : text(own, "body") ?? ""
}

const fileOf = ({ of }: Build, file: unknown): ReadonlyArray<FilePart> => {
  if (!isObject(file) || isBlank(file)) return []
  const url = text(file, "file_uri", "link", "url", "file_url")
  const fields = compact({
    mimeType: text(file, "mime_type", "content_type"),
    name: text(file, "file_name", "filename"),
    caption: text(file, "caption")
  })
  if (url !== undefined) return [of({ _tag: "MediaContent", url, ...fields })]
  const described = { ...fields, ...compact({ id: text(file, "id") }) }
  return Object.keys(described).length === 0 ? [] : [of({ _tag: "FileContent", ...described })]
}

const items = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : [value]

const contactOf = ({ of }: Build, card: unknown): ReadonlyArray<Contact> => {
  const name = member(card, "name")
  const texts = (list: string, ...keys: ReadonlyArray<string>) =>
    items(member(card, list)).flatMap((entry) => text(entry, ...keys) ?? [])
  const named = compact({
    name: text(card, "name") ?? text(name, "formatted_name", "first_name", "last_name"),
    organization: text(member(card, "org"), "company")
  })
  const phones = texts("phones", "phone", "wa_id")
  const emails = texts("emails", "email")
  const isEmpty = Object.keys(named).length + phones.length + emails.length === 0
  return isEmpty ? [] : [of({ _tag: "ContactContent", ...named, phones, emails })]
}

const replyOf = (
  { of }: Build,
  said: string | undefined,
  payload: string | undefined,
  inReplyTo: string | undefined
): ReadonlyArray<Reply> =>
  said === undefined && payload === undefined
    ? []
    : [of({ _tag: "ReplyContent", text: said ?? "", ...compact({ payload, inReplyTo }) })]

const repliesOf = (build: Build, body: Payload): ReadonlyArray<Reply> => {
  const inReplyTo = text(member(body, "context"), "id")
  const suggestion = member(body, "suggestion_response")
  const button = member(body, "button")
  const interactive = member(body, "interactive")
  const choice = member(interactive, "button_reply") ?? member(interactive, "list_reply")
  const form = member(interactive, "nfm_reply")
  const reaction = member(body, "reaction")
  return [
    ...replyOf(build, text(suggestion, "text"), text(suggestion, "postback_data"), inReplyTo),
    ...replyOf(build, text(button, "text"), text(button, "payload"), inReplyTo),
    ...replyOf(build, text(choice, "title"), text(choice, "id"), inReplyTo),
    ...replyOf(build, text(form, "body"), text(form, "response_json"), inReplyTo),
    ...replyOf(build, text(reaction, "emoji"), undefined, text(reaction, "message_id"))
  ]
}

const locationsOf = (build: Build, place: unknown): ReadonlyArray<RichPart> => {
  const location = locationOf(build, {
    latitude: member(place, "latitude"),
    longitude: member(place, "longitude"),
    label: member(place, "name"),
    address: member(place, "address")
  })
  return location === undefined ? [] : [location]
}

const partsOf = (build: Build, body: Payload): ReadonlyArray<RichPart> => [
  ...repliesOf(build, body),
  ...locationsOf(build, member(body, "location")),
  ...items(member(body, "contacts")).flatMap((card) => contactOf(build, card)),
  ...fileOf(build, member(member(body, "user_file"), "payload") ?? member(body, "user_file")),
  ...["image", "video", "audio", "voice", "document", "sticker"].flatMap((kind) => fileOf(build, member(body, kind)))
]

/** Decodes the text and the parts of a body. An edited message has the content of its new version. */
export const read = (
  build: Build,
  body: Payload
): { readonly text: string; readonly parts: ReadonlyArray<RichPart> } => {
  const edited = member(member(body, "edit"), "message")
  return isObject(edited)
    ? { text: textOf(edited), parts: partsOf(build, edited) }
    : { text: textOf(body), parts: partsOf(build, body) }
}

/** Returns whether a body has any content, understood or not. */
export const hasContent = (body: Payload): boolean => {
  const type = toText(member(body, "type")).toLowerCase()
  return (type !== "" && type !== "text") ||
    Object.keys(body).some((key) => !envelope.has(key) && !isBlank(body[key]))
}
