/**
 * Decodes Twilio's messaging webhooks.
 */
import { compact } from "../../internal/record.ts"
import { rememberedNames } from "../../internal/rememberedNames.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { locationOf } from "../../provider/core/location.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import type { InvalidPayload, Refused } from "../../provider/core/refusal.ts"
import { toText } from "../../provider/core/values.ts"
import * as Basic from "./basic.ts"
import * as Fields from "./fields.ts"
import * as Ordinary from "./ordinary.ts"
import { asReceived } from "./reading.ts"
import * as Sender from "./sender.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

type Rich = Of<typeof Fields.Rich.fields>

/** Decodes a button, a list entry or a form of WhatsApp or RCS. Its text is in `Body` too. */
const replyOf = ({ of }: Build.Build, body: string, fields: Rich): Build.RichPart | undefined => {
  const text = fields.ButtonText ?? fields.ListTitle
  const payload = fields.ButtonPayload ?? fields.ListId ?? fields.FlowData ?? fields.InteractiveData
  return text === undefined && payload === undefined ? undefined : of({
    _tag: "ReplyContent",
    text: body === "" ? text ?? "" : body,
    ...compact({ payload, inReplyTo: fields.OriginalRepliedMessageSid })
  })
}

const richContentOf = (
  build: Build.Build,
  body: string,
  files: ReadonlyArray<Build.FilePart>,
  fields: Rich
): Build.Content => {
  const { Address: address, Label: label, Latitude: latitude, Longitude: longitude } = fields
  const reply = replyOf(build, body, fields)
  const location = locationOf(build, { latitude, longitude, label, address })
  const parts: Array<Build.RichPart> = [...files]
  if (location !== undefined) parts.unshift(location)
  if (reply !== undefined) parts.unshift(reply)
  // The text of a location may repeat its name. The text of a reply is in the reply.
  const isRepeated = reply !== undefined || (location !== undefined && (body === label || body === address))
  return Build.fromParts(build, isRepeated ? "" : body, parts)
}

/** Returns what a message may have beside its text, by the names of its fields. */
const partsIn = /* @__PURE__ */ rememberedNames((names) => ({
  hasFiles: names.some((name) => name.startsWith("Media")),
  isRich: names.some((name) => Object.hasOwn(Fields.Rich.fields, name))
}))

const noFiles: ReadonlyArray<Build.FilePart> = []

const contentOf = (
  build: Build.Build,
  payload: Payload,
  body: string
): Build.Content | Refused<InvalidPayload> => {
  const { hasFiles, isRich } = partsIn(payload)
  const files = hasFiles || payload["NumMedia"] !== "0" ? Basic.filesOf(build, payload) : noFiles
  if (!isRich) return Build.fromParts(build, body, files)
  const fields = Fields.Rich.read(payload)
  return isRefused(fields) ? fields : richContentOf(build, body, files, fields)
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Build.Content, payload: Payload) =>
  Build.isEmpty(content) &&
  (/^[1-9]\d*$/.test(toText(payload["NumMedia"])) ||
    (toText(payload["MessageType"]) || "text").toLowerCase() !== "text" ||
    Fields.messageFields.hasContent(payload))

const unrecognized = ({ of }: Build.Build, provider: string, payload: Payload): Result => {
  const names = ["EventType", "event_type", "MessageType", "type"]
  const eventType = names.map((name) => Basic.textAt(payload, name)).find((text) => text !== undefined)
  return Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw: asReceived(payload) }))
}

const inbound = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.Inbound.read(Sender.withSender(payload))
  if (isRefused(fields)) return fields
  const sid = Basic.idOf(payload)
  if (sid === "") return Basic.missingId
  const content = contentOf(build, payload, fields.Body)
  if (isRefused(content)) return content
  if (isUnread(content, payload)) return unrecognized(build, provider, payload)
  const metadata = Fields.messageFields.metadataOf(payload)
  const message = Build.messageOf(provider, sid, fields.From, fields.To, content, metadata, asReceived(payload))
  const aliases = Sender.aliasesOf(fields.From, payload)
  if (aliases.length > 0) message.senderAliases = aliases
  if (fields.NumSegments !== undefined) message.segments = fields.NumSegments
  return Build.decoded(build.of(message))
}

const status = (build: Build.Build, provider: string, payload: Payload, word: string): Result => {
  const fields = Fields.StatusCallback.read(payload)
  if (isRefused(fields)) return fields
  const messageId = Basic.idOf(payload)
  if (messageId === "") return Basic.missingId
  return Build.decoded(build.of({
    ...Basic.reportOf(provider, messageId, word),
    ...compact({
      recipient: fields.To,
      sender: fields.From,
      errorCode: fields.ErrorCode,
      errorMessage: fields.ErrorMessage ?? fields.ChannelStatusMessage,
      segments: fields.NumSegments,
      metadata: Fields.statusFields.optionalMetadataOf(payload)
    }),
    raw: asReceived(payload)
  }))
}

/** Decodes any webhook. */
export const decodeAny = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.Kind.read(payload)
  if (isRefused(fields)) return fields
  const kind = Basic.kindOf(payload)
  if (kind === undefined) return unrecognized(build, provider, payload)
  return kind === "message" ? inbound(build, provider, payload) : status(build, provider, payload, kind.status)
}

export const decode = (build: Build.Build, provider: string, payload: Payload): Result =>
  Ordinary.decode(build, provider, payload) ?? decodeAny(build, provider, payload)
