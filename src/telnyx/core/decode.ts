/**
 * Decodes Telnyx's messaging webhooks.
 */
import { distinct } from "../../internal/group.ts"
import { compact, isObject } from "../../internal/record.ts"
import * as Reference from "../../internal/reference.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "../../provider/core/refusal.ts"
import { toMillis } from "../../provider/core/time.ts"
import { ownString, toText } from "../../provider/core/values.ts"
import { expectedLength, maxName } from "../../provider/internal/lengths.ts"
import * as Basic from "./basic.ts"
import * as Fields from "./fields.ts"
import * as Ordinary from "./ordinary.ts"
import * as RichContent from "./richContent.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

type Event = Of<typeof Fields.Event.fields>
type Message = Of<typeof Fields.Message.fields>

/**
 * Decodes the content: `text` and `media` of an SMS or MMS, `body` of RCS and
 * WhatsApp, or only a subject. A `body` that is text counts as the text.
 */
const contentOf = (build: Build.Build, message: Message, payload: Payload): Build.Content => {
  const { body } = message
  const files = Basic.filesOf(build, [...message.media, ...message.media_urls, ...Files.othersIn(payload)])
  const rich = Object.keys(body).length === 0 ? undefined : RichContent.read(build, body)
  const text = message.text === "" ? rich?.text ?? toText(payload["body"]) : message.text
  const content = Build.fromParts(build, text, rich === undefined ? files : [...rich.parts, ...files])
  return Build.isEmpty(content) && message.subject !== undefined
    ? Build.fromParts(build, message.subject, [])
    : content
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Build.Content, { body }: Message, payload: Payload): boolean => {
  if (!Build.isEmpty(content)) return false
  const { body: _, ...others } = payload
  return RichContent.hasContent(body) || Fields.messageFields.hasContent(isObject(payload["body"]) ? others : payload)
}

const metadataOf = (payload: Payload, message: Message): Record<string, string> => {
  const metadata = Fields.messageFields.metadataOf(payload)
  const to = Basic.addresses(message.to)
  // In a group message: our numbers, and the participants, ours among them.
  if (to.length > 1) metadata["to"] = to.join(",")
  const cc = Basic.addresses(message.cc)
  if (cc.length > 0) metadata["cc"] = cc.join(",")
  return metadata
}

/**
 * Returns our number, and the other participants of a group message. `to` has
 * our numbers, and `cc` the participants, ours among them
 * (https://developers.telnyx.com/docs/messaging/messages/group-messaging). Of
 * several, our number is the one to which the webhook was delivered, and the
 * same one in any order.
 */
const partiesOf = (message: Message, sender: string | undefined) => {
  const all = Basic.addresses(message.to)
  const recipient = Basic.recipientOf(message.to)
  // Nearly all messages are for one number, and comparing numbers in all their forms takes longer than the rest.
  if (message.cc.length === 0 && all.length <= 1) return { recipient, participants: [] }
  const known = [...recipient === undefined ? [] : [recipient], ...sender === undefined ? [] : [sender]]
  const participants = distinct([...known, ...Basic.addresses(message.cc), ...all]).slice(distinct(known).length)
  return { recipient, participants }
}

/** More than any network has in a group, and few enough for the key of the room. */
const maxParticipants = 100

const timeAt = (build: Build.Build, text: string | undefined): string | undefined => {
  const millis = toMillis(text)
  return millis === undefined ? undefined : build.time(millis)
}

/** Returns the time of the event: the message's own timestamp for it if present, otherwise that of the envelope. */
const timeOf = (
  build: Build.Build,
  step: "received" | "sent" | "finalized" | "read",
  event: Event,
  message: Message
): string | undefined => {
  const times = {
    received: message.received_at,
    sent: message.sent_at,
    finalized: message.completed_at,
    read: undefined
  }
  return timeAt(build, times[step]) ?? timeAt(build, event.occurred_at)
}

const inbound = (build: Build.Build, provider: string, raw: Payload, event: Event, message: Message): Result => {
  const { id } = message
  const userId = RichContent.userIdOf(message.body)
  const [sender = userId] = Basic.addresses(message.from)
  const { participants, recipient } = partiesOf(message, sender)
  if (id === undefined || sender === undefined || recipient === undefined) {
    const [first, ...rest] = [
      ...(id === undefined ? [{ field: "data.payload.id", expected: "Expected the message id" }] : []),
      ...(sender === undefined ? [{ field: "data.payload.from", expected: "Expected the sender" }] : []),
      ...(recipient === undefined ? [{ field: "data.payload.to", expected: "Expected a recipient" }] : [])
    ]
    return refused({ _tag: "InvalidPayload", issues: [first!, ...rest] })
  }
  if (participants.length > maxParticipants) {
    return refused(invalidPayload("data.payload.cc", `Expected at most ${maxParticipants} participants`))
  }
  const content = contentOf(build, message, event.payload)
  if (isUnread(content, message, event.payload)) return unrecognized(build, provider, raw, event.event_type)
  // The key is not the id of the event: Telnyx does not document that a retry, or a delivery to the failover URL, keeps
  // that one.
  return Build.decoded(build.of({
    ...Build.messageOf(provider, id, sender, recipient, content, metadataOf(event.payload, message), raw),
    ...(userId !== undefined && userId !== sender && { senderAliases: [userId] }),
    ...(participants.length > 0 && { participants }),
    ...compact({
      receivedAt: timeOf(build, "received", event, message),
      sentAt: timeAt(build, message.sent_at),
      segments: message.parts,
      cost: message.cost,
      spam: message.is_spam
    })
  }))
}

const statuses = (
  build: Build.Build,
  provider: string,
  raw: Payload,
  event: Event,
  message: Message,
  step: "sent" | "finalized" | "read"
): Result => {
  const { group_message_id: groupId, id } = message
  if (id === undefined) return refused(invalidPayload("data.payload.id", "Expected the message id"))
  const error = Fields.CarrierError.read(message.errors.find(isObject) ?? {})
  if (isRefused(error)) return error
  const [sender] = Basic.addresses(message.from)
  // The signature covers the payload, and not the URL that the webhook was posted to.
  const callback = ownString(event.payload, "webhook_url")
  const reference = callback === undefined ? undefined : Reference.fromUrl(callback)
  const intent = reference === undefined ? undefined : build.reference(reference)
  const metadata = Fields.reportFields.optionalMetadataOf(event.payload)
  const reports = Basic.recipientsOf(message.to, message.cc).map((recipient) =>
    Basic.reportOf(provider, id, groupId, recipient, step)
  )
  return Build.decoded(
    ...Basic.withoutRepetitions(reports).map((report) => {
      const arrived = Basic.hasArrived(report.status)
      return build.of({
        ...report,
        ...compact({
          sender,
          errorCode: arrived ? undefined : error.code,
          errorMessage: arrived ? undefined : error.detail ?? error.title,
          timestamp: timeOf(build, step, event, message),
          sentAt: timeAt(build, message.sent_at),
          reference: ownString(message.body, "biz_opaque_callback_data") ??
            (callback === undefined ? undefined : Reference.ofApplication(callback)),
          intent,
          segments: message.parts,
          cost: message.cost,
          metadata
        }),
        raw
      })
    })
  )
}

const isLong = ({ address, status }: Basic.Party): boolean =>
  Math.max(address?.length ?? 0, status?.length ?? 0) > maxName

const unrecognized = ({ of }: Build.Build, provider: string, raw: Payload, eventType: string | undefined): Result =>
  Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw }))

/** Decodes any webhook. */
export const decodeAny = (build: Build.Build, provider: string, payload: Payload): Result => {
  const webhook = Fields.Webhook.read(payload)
  if (isRefused(webhook)) return webhook
  const event = Fields.Event.read(webhook.data)
  if (isRefused(event)) return event
  const message = Fields.Message.read(event.payload)
  if (isRefused(message)) return message
  const long = (["from", "to", "cc"] as const).find((field) => message[field].some(isLong))
  if (long !== undefined) {
    return refused(invalidPayload(`data.payload.${long}`, `Expected ${expectedLength(maxName)}`))
  }
  const kind = Basic.kindOf(event.event_type ?? "", message.direction ?? "")
  if (kind === "message") return inbound(build, provider, payload, event, message)
  if (kind !== undefined) return statuses(build, provider, payload, event, message, kind)
  const eventType = event.event_type ?? webhook.event_type ?? event.record_type ?? webhook.record_type
  return unrecognized(build, provider, payload, eventType)
}

export const decode = (build: Build.Build, provider: string, payload: Payload): Result =>
  Ordinary.decode(build, provider, payload) ?? decodeAny(build, provider, payload)
