/**
 * Decodes Telnyx's messaging webhooks.
 */
import { distinct } from "../../internal/group.ts"
import { compact, isObject, lookup } from "../../internal/record.ts"
import * as Reference from "../../internal/reference.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "../../provider/core/refusal.ts"
import { toMillis } from "../../provider/core/time.ts"
import { ownString, toText } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"
import { expectedLength, maxName } from "../../provider/internal/lengths.ts"
import * as Fields from "./fields.ts"
import * as RichContent from "./richContent.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

type Event = Of<typeof Fields.Event.fields>
type Message = Of<typeof Fields.Message.fields>

const addresses = (parties: ReadonlyArray<Fields.Party>): ReadonlyArray<string> =>
  parties.flatMap(({ address }) => address ?? [])

/** Returns the files. `media` may be null, absent or an empty list, and a file an object or a bare URL. */
const filesOf = ({ of }: Build.Build, message: Message, payload: Payload): ReadonlyArray<Build.FilePart> => {
  const urls = new Set<string>()
  const items = [...message.media, ...message.media_urls, ...Files.othersIn(payload)]
  return items.flatMap((item): ReadonlyArray<Build.FilePart> => {
    const url = Files.urlOf(item)
    const mimeType = Files.mimeTypeOf(item)
    if (url === undefined) {
      const unavailable = "Telnyx gives no URL of the file"
      return isBlank(item) ? [] : [of({ _tag: "FileContent", ...compact({ mimeType }), unavailable })]
    }
    if (urls.has(url)) return []
    urls.add(url)
    return [of({ _tag: "MediaContent", url, ...compact({ mimeType }) })]
  })
}

/**
 * Decodes the content: `text` and `media` of an SMS or MMS, `body` of RCS and
 * WhatsApp, or only a subject. A `body` that is text counts as the text.
 */
const contentOf = (build: Build.Build, message: Message, payload: Payload): Build.Content => {
  const { body } = message
  const files = filesOf(build, message, payload)
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
  const to = addresses(message.to)
  // In a group message: our numbers, and the participants, ours among them.
  if (to.length > 1) metadata["to"] = to.join(",")
  const cc = addresses(message.cc)
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
  const all = addresses(message.to)
  const reached = message.to.flatMap(({ address, status }) =>
    address !== undefined && status?.toLowerCase() === "webhook_delivered" ? [address] : []
  )
  const [recipient] = [...reached.length > 0 ? reached : all].sort()
  // Nearly all messages are for one number, and comparing numbers in all their forms takes longer than the rest.
  if (message.cc.length === 0 && all.length <= 1) return { recipient, participants: [] }
  const known = [...recipient === undefined ? [] : [recipient], ...sender === undefined ? [] : [sender]]
  const participants = distinct([...known, ...addresses(message.cc), ...all]).slice(distinct(known).length)
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
  const [sender = userId] = addresses(message.from)
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
  return Build.decoded(build.of({
    _tag: "InboundMessage",
    provider,
    channelId: `sms-${provider}`,
    externalId: id,
    // Not the id of the event: Telnyx does not document that a retry, or a delivery
    // to the failover URL, keeps that one.
    idempotencyKey: id,
    sender,
    ...(userId !== undefined && userId !== sender && { senderAliases: [userId] }),
    recipient,
    ...(participants.length > 0 && { participants }),
    content,
    ...compact({
      receivedAt: timeOf(build, "received", event, message),
      sentAt: timeAt(build, message.sent_at),
      segments: message.parts,
      cost: message.cost,
      spam: message.is_spam
    }),
    metadata: metadataOf(event.payload, message),
    raw
  }))
}

/** The event types that report on a message that we sent. */
const outboundEvents: Readonly<Record<string, "sent" | "finalized" | "read">> = {
  "message.sent": "sent",
  "message.finalized": "finalized",
  "message.read": "read"
}

/**
 * Returns every recipient once, or a single unnamed one if there is none. `cc`
 * recipients count only with a status.
 */
const recipientsOf = (message: Message): ReadonlyArray<Fields.Party> => {
  const to = message.to
  const cc = message.cc.filter(({ address, status }) =>
    status !== undefined && !to.some((party) => party.address === address)
  )
  return to.length + cc.length === 0 ? [{ address: undefined, status: undefined }] : [...to, ...cc]
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
  const [sender] = addresses(message.from)
  // The signature covers the payload, and not the URL that the webhook was posted to.
  const callback = ownString(event.payload, "webhook_url")
  const reference = callback === undefined ? undefined : Reference.fromUrl(callback)
  const intent = reference === undefined ? undefined : build.reference(reference)
  const metadata = Fields.reportFields.optionalMetadataOf(event.payload)
  const events = new Map<string, Build.DeliveryStatus>()
  for (const recipient of recipientsOf(message)) {
    // A finalized message has a terminal status, but only the recipient's own status says which.
    const word = step === "read" ? step : recipient.status ?? step
    const status = lookup(Fields.statuses, word.toLowerCase()) ?? "unknown"
    // Each recipient reaches each status once. The message id alone would drop `finalized` after `sent`.
    const idempotencyKey = `${id}:${recipient.address ?? ""}:${word}`
    if (events.has(idempotencyKey)) continue
    const arrived = status === "delivered" || status === "read"
    events.set(
      idempotencyKey,
      build.of({
        _tag: "DeliveryStatus",
        provider,
        // Each recipient of a group message has a record of its own, and the receipt has the id of the group message.
        messageId: groupId ?? id,
        status,
        carrierStatus: word,
        ...compact({
          recipient: recipient.address,
          sender,
          // The errors belong to the message: they do not concern a recipient who has received it.
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
        idempotencyKey,
        raw
      })
    )
  }
  return Build.decoded(...events.values())
}

const isLong = ({ address, status }: Fields.Party): boolean =>
  Math.max(address?.length ?? 0, status?.length ?? 0) > maxName

const unrecognized = ({ of }: Build.Build, provider: string, raw: Payload, eventType: string | undefined): Result =>
  Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw }))

/**
 * Decodes a payload. Only `message.received` is an inbound message. If
 * `direction` contradicts the event type, the webhook is neither a message nor
 * a status.
 */
export const decode = (build: Build.Build, provider: string, payload: Payload): Result => {
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
  const type = event.event_type?.toLowerCase()
  const direction = message.direction?.toLowerCase()
  const step = type === undefined ? undefined : lookup(outboundEvents, type)
  if (type === "message.received" && direction !== "outbound") {
    return inbound(build, provider, payload, event, message)
  }
  if (step !== undefined && direction !== "inbound") return statuses(build, provider, payload, event, message, step)
  const eventType = event.event_type ?? webhook.event_type ?? event.record_type ?? webhook.record_type
  return unrecognized(build, provider, payload, eventType)
}
