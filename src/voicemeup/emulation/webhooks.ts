/**
 * The webhooks of received messages, and the files that they link to.
 *
 * A picture with a text comes as several webhooks: a wrapper with the text, then
 * each file. They have the sender, the recipient and the time of transmission in
 * common, and nothing that links them. A file without a text comes alone.
 */
import {
  type ApiReply,
  type ApiRequest,
  type Dialect,
  download,
  type Message,
  type Webhook
} from "../../provider/Emulation.ts"
import { type Account, digitsOf, generateId, time } from "./account.ts"

/** What is behind the URL of an attachment: a file of the network, or a wrapper that names files. */
interface Attachment {
  readonly file?: string | undefined
  readonly names?: ReadonlyArray<string> | undefined
}

interface Part {
  readonly text: string
  readonly attachment?: { readonly url: string; readonly size: number; readonly type: string } | undefined
}

const extensions: Readonly<Record<string, string>> = {
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/gif": "gif",
  "image/webp": "webp",
  "audio/amr": "amr",
  "audio/mpeg": "mp3",
  "video/mp4": "mp4",
  "video/3gpp": "3gp",
  "text/vcard": "vcf",
  "text/x-vcard": "vcf",
  "text/plain": "txt",
  "application/pdf": "pdf"
}

const extensionOf = (type: string): string => {
  const bare = type.split(";", 1)[0]!.trim().toLowerCase()
  return Object.hasOwn(extensions, bare) ? extensions[bare]! : "bin"
}

const attachments = ({ options: { network } }: Account) => network.records<Attachment>("attachments")

/** The name has the first eight digits of the id of its webhook. */
const nameOf = (id: string, extension: string): string => `${id.slice(0, 8)}.mms.${extension}`

const wrapperText = (names: ReadonlyArray<string>): string =>
  `<html><body>${names.map((name) => `<img src="${name}">`).join("")}</body></html>`

/** Builds one webhook, a row of VoiceMeUp's log. */
const row = (
  { options: { inboundUrl, network }, webhookToken }: Account,
  message: Message,
  id: string,
  { attachment, text }: Part,
  index: number
): Webhook => {
  const sent = time(message.createdAt)
  const [date, clock] = sent.split(" ")
  const number = network.numbers.indexOf(message.to)
  const fields = {
    sms_log_id: String(5_000_000 + Math.floor(message.createdAt / 1000) % 1_000_000 + index),
    sms_hash: id,
    // The row is written some seconds after the transmission.
    datetime: time(message.createdAt + 2000 + 1000 * index),
    date,
    time: clock,
    datetime_transmission: sent,
    direction: "inbound",
    source_number: digitsOf(message.from),
    destination_number: digitsOf(message.to),
    client_did_id: String(87_000 + number),
    message: text,
    ...(attachment !== undefined && {
      attachment: attachment.url,
      attachment_size: String(attachment.size),
      attachment_mime_type: attachment.type
    }),
    status: "enabled",
    transmission_status: "completed"
  }
  return {
    kind: "inbound",
    method: "POST",
    url: `${inboundUrl}${inboundUrl.includes("?") ? "&" : "?"}token=${webhookToken}`,
    headers: { "content-type": "application/json", "user-agent": "VoiceMeUp" },
    body: JSON.stringify(fields),
    messageId: message.id,
    number: message.from
  }
}

/** How long each webhook of a message comes after the one before, in milliseconds. */
const gap = 1000

export const inbound = (account: Account): Dialect["inbound"] => (message) => {
  const { mediaUrl, network } = account.options
  const found = message.files.flatMap((id) => network.file(id) ?? [])
  const [first] = found
  if (first === undefined) return [{ webhook: row(account, message, message.id, { text: message.text }, 0), after: 0 }]
  const isAlone = found.length === 1 && message.text === ""
  const files = found.map((file, index) => {
    const id = isAlone && index === 0 ? message.id : generateId(network.random)
    const name = nameOf(id, extensionOf(file.type))
    attachments(account).set(name, { file: file.id })
    return { id, name, size: file.bytes.length, type: file.type }
  })
  const names = files.map(({ name }) => name)
  const parts = files.map(({ id, name, size, type }) => ({
    id,
    part: { text: "", attachment: { url: `${mediaUrl}/file/${name}`, size, type } }
  }))
  if (!isAlone) {
    const name = nameOf(message.id, "html")
    attachments(account).set(name, { names })
    const attachment = { url: `${mediaUrl}/file/${name}`, size: wrapperText(names).length, type: "text/html" }
    parts.unshift({ id: message.id, part: { text: message.text, attachment } })
  }
  return parts.map(({ id, part }, index) => ({ webhook: row(account, message, id, part, index), after: gap * index }))
}

/** Replaces the secret in the URL. There is no signature. */
export const forge = ({ webhookToken }: Account) => (webhook: Webhook): Webhook => ({
  ...webhook,
  url: webhook.url.replace(webhookToken, `${webhookToken.slice(0, -1)}x`)
})

const notFound: ApiReply = { status: 404, headers: { "content-type": "text/html" }, body: "<h1>Not Found</h1>" }

/** Serves the files, which are not for robots. */
export const media = (account: Account) => (request: ApiRequest): ApiReply => {
  const { path } = request
  if (path === "/robots.txt") {
    return { status: 200, headers: { "content-type": "text/plain" }, body: "User-agent: *\nDisallow: /\n" }
  }
  const [, name = ""] = /^\/file\/([\da-f]{8}\.mms\.\w+)$/.exec(path) ?? []
  const { file: id, names } = attachments(account).get(name) ?? {}
  const file = id === undefined ? undefined : account.options.network.file(id)
  const body = names === undefined ? file?.bytes : new TextEncoder().encode(wrapperText(names))
  return body === undefined ? notFound : download(request, { bytes: body, type: file?.type ?? "text/html" })
}
