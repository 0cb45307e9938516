/**
 * Decodes Sinch's SMS callbacks.
 */
import * as Effect from "effect/Effect"
import { type Address, fromCarrierDigits } from "../Address.ts"
import { type Content, FileContent, fromParts, isEmpty, MediaContent } from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import * as UserData from "../internal/userData.ts"
import { InboundMessage } from "../Message.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { isBlank } from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"
import * as SendReference from "../SendReference.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import { MessagePart, Segment, Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"

/**
 * Sinch accepts any 2xx. It does not retry after a 4xx other than 429
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

const decodeKind = Wire.decoder(Schema.Kind)
const decodeInbound = Wire.decoder(Schema.Inbound)
const decodeMediaBody = Wire.decoder(Schema.MediaBody, "body")
const decodeMediaItem = Wire.decoder(Schema.MediaItem, "body.media")
const decodeRecipientReport = Wire.decoder(Schema.RecipientReport)
const decodeBatchReport = Wire.decoder(Schema.BatchReport)

type Inbound = typeof Schema.Inbound.Type

const wasStored = (status: string | undefined, code: string | undefined): boolean =>
  status === undefined
    ? code === undefined || /^(0|2\d\d)$/.test(code)
    : !/fail|error|reject|expire|delete|invalid|\bnot|\bun/i.test(status)

/** Returns the reason why a file is unavailable, if it is. */
const reasonOf = (url: string | undefined, status: string | undefined, code: string | undefined) => {
  if (wasStored(status, code)) return url === undefined ? "Sinch gives no URL of the file" : undefined
  const words = [...(status === undefined ? [] : [status]), ...(code === undefined ? [] : [`code ${code}`])]
  return `Sinch could not store the file: ${words.join(", ")}`
}

/**
 * Decodes the files. Sinch also lists a file that it failed to store, often with
 * a dead URL. Such a file is marked as unavailable.
 */
const filesOf = Effect.fnUntracedEager(function*(items: ReadonlyArray<unknown>) {
  const files: Array<MediaContent | FileContent> = []
  for (const item of items) {
    const { code, status, url, ...types } = yield* decodeMediaItem(
      isPayload(item) ? item : Wire.isUrl(item) ? { url: item } : {}
    )
    const mimeType = types.content_type ?? types.contentType ?? types.mimeType ?? types.mime_type
    const described = Wire.compact({ mimeType, unavailable: reasonOf(url, status, code) })
    if (url !== undefined) files.push(unchecked(MediaContent, { url, ...described }))
    else if (status !== undefined || code !== undefined || !isBlank(item)) {
      files.push(unchecked(FileContent, described))
    }
  }
  return files
})

/** Decodes text and files. An object body is an MMS, whatever `type` says; a text body with files is the flat form. */
const mmsOf = Effect.fnUntracedEager(function*({ body, media, message, subject }: Inbound) {
  if (typeof body === "string" && body !== "" && media.length === 0) return { text: body, subject, files: [] }
  const { url, ...parts } = yield* decodeMediaBody(isPayload(body) ? body : { message: Wire.toText(body) })
  const text = [parts.message, parts.text, message].find((text) => text !== "") ?? ""
  const files = yield* filesOf([...(url === undefined ? [] : [body]), ...parts.media, ...media])
  return { text, subject: parts.subject ?? subject, files }
})

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Content, payload: Payload): boolean =>
  isEmpty(content) && Schema.messageFields.hasContent(payload)

const messageOf = (provider: string, payload: Payload, fields: Inbound, content: Content, subject?: string) =>
  unchecked(InboundMessage, {
    provider,
    channelId: `sms-${provider}`,
    sender: fromCarrierDigits(fields.from),
    recipient: fromCarrierDigits(fields.to),
    content,
    ...Wire.compact({
      externalId: fields.id,
      idempotencyKey: fields.id,
      receivedAt: fields.received_at,
      sentAt: Wire.toTime(fields.sent_at ?? fields.send_at),
      reference: fields.client_reference
    }),
    metadata: {
      ...Schema.messageFields.metadataOf(payload),
      ...Wire.compact({ subject, sent_at: fields.sent_at ?? fields.send_at })
    },
    raw: payload
  })

const inbound = Effect.fnUntracedEager(function*(provider: string, payload: Payload, type: string | undefined) {
  const fields = yield* decodeInbound(payload)
  if (type === "mo_binary" && Wire.toText(fields.body) !== "") return binary(provider, payload, fields)
  const { files, subject, text } = yield* mmsOf(fields)
  // An MMS may be a subject and nothing else.
  const content = fromParts(text === "" && files.length === 0 ? subject ?? "" : text, files)
  return isUnread(content, payload)
    ? unrecognized(provider, payload, type)
    : messageOf(provider, payload, fields, content, subject)
})

/**
 * Decodes a binary message, which is text if its bytes look like text. The
 * segments of a longer one are delivered one by one; their user data header
 * contains their number.
 */
const binary = (provider: string, payload: Payload, fields: Inbound): InboundMessage | MessagePart => {
  const userData = { data: Wire.toText(fields.body).replaceAll(/\s/g, ""), ...Wire.compact({ header: fields.udh }) }
  const message = messageOf(provider, payload, fields, UserData.contentOf([userData]))
  const concatenation = UserData.concatenationOf(UserData.elementsOf(fields.udh) ?? [])
  if (concatenation === undefined) return message
  const { number, reference, total } = concatenation
  return unchecked(MessagePart, {
    provider,
    role: "segment",
    correlationKey: [message.sender, message.recipient, reference, total].join(":"),
    segment: new Segment({ number, total, ...userData }),
    message
  })
}

/** Carries an unknown callback. Those of Sinch's other products have their type in other fields. */
const unrecognized = (provider: string, payload: Payload, type: string | undefined): Unrecognized => {
  const named = ["event", "eventType", "event_type", "trigger"].map((key) => Wire.lookup(payload, key))
  const eventType = type ?? named.find((name) => typeof name === "string" && name !== "")
  return new Unrecognized({ provider, ...(typeof eventType === "string" && { eventType }), raw: payload })
}

/** Returns the reference of a send, unless the caller had one of its own. */
const intentOf = (reference: string | undefined) =>
  reference === undefined ? undefined : SendReference.fromText(reference)

/** Statuses whose code is not an error: 0 for delivered, 400 and 401 for the two statuses before it. */
const steps: ReadonlySet<string> = new Set(["queued", "sent", "delivered"])

const statusOf = (carrierStatus: string, code: string | undefined, message?: string) => {
  const status = Wire.lookup(Schema.statuses, carrierStatus.toLowerCase()) ?? "unknown"
  const error = steps.has(status) ? {} : { errorCode: code, errorMessage: message }
  return { status, carrierStatus, ...Wire.compact(error) }
}

/**
 * Builds the idempotency key of a report, which has no id of its own. Batch,
 * recipient, status and code identify it; its time does not, because a
 * redelivery may carry a new one.
 */
const stepKey = (batchId: string, recipient: Address | undefined, status: string, code: string | undefined): string =>
  [batchId, recipient ?? "", status.toLowerCase(), code ?? ""].join(":")

const recipientReport = (provider: string, payload: Payload) =>
  Effect.mapEager(decodeRecipientReport(payload), (fields) => {
    const recipient = fields.recipient === undefined ? undefined : fromCarrierDigits(fields.recipient)
    return unchecked(DeliveryStatus, {
      provider,
      messageId: fields.batch_id,
      ...statusOf(fields.status, fields.code, fields.status_message),
      ...Wire.compact({
        recipient,
        sender: fields.applied_originator === undefined ? undefined : fromCarrierDigits(fields.applied_originator),
        // The operator's time is often rounded to minutes, so it is only the fallback.
        timestamp: fields.at ?? fields.operator_status_at,
        reference: fields.client_reference,
        intent: intentOf(fields.client_reference),
        segments: fields.number_of_message_parts,
        metadata: Schema.recipientReportFields.optionalMetadataOf(payload)
      }),
      idempotencyKey: stepKey(fields.batch_id, recipient, fields.status, fields.code),
      raw: payload
    })
  })

const toRecipients = (items: ReadonlyArray<unknown>): ReadonlyArray<Address> =>
  items.map(Wire.toText).filter((text) => text !== "").map(fromCarrierDigits)

/** Decodes a batch report: one status per listed recipient, or a single status with the count if none are listed. */
const batchReport = (provider: string, payload: Payload) =>
  Effect.flatMapEager(
    decodeBatchReport(payload),
    (fields): Effect.Effect<ReadonlyArray<DeliveryStatus>, InvalidPayload> => {
      const isLong = (item: unknown) => Wire.toText(item).length > Wire.maxName
      if (fields.statuses.some(({ recipients }) => recipients.some(isLong))) {
        return Effect.fail(invalidPayload("statuses.recipients", Wire.expectedName))
      }
      const metadata = Schema.batchReportFields.optionalMetadataOf(payload)
      return Effect.succeed(fields.statuses.flatMap((entry) => {
        const recipients = toRecipients(entry.recipients)
        const common = {
          provider,
          messageId: fields.batch_id,
          ...statusOf(entry.status, entry.code),
          ...Wire.compact({ reference: fields.client_reference, intent: intentOf(fields.client_reference), metadata }),
          raw: payload
        }
        const key = (recipient?: Address) => stepKey(fields.batch_id, recipient, entry.status, entry.code)
        if (recipients.length > 0) {
          return recipients.map((recipient) =>
            unchecked(DeliveryStatus, { ...common, recipient, idempotencyKey: key(recipient) })
          )
        }
        const { count } = entry
        return [
          unchecked(DeliveryStatus, {
            ...common,
            ...Wire.compact({ count }),
            idempotencyKey: `${key()}:${count ?? ""}`
          })
        ]
      }))
    }
  )

/** Returns whether a payload without a `type` looks like a message. A report has a `batch_id` instead. */
const isFlatMessage = (payload: Payload): boolean =>
  ["body", "media"].some((key) => Object.hasOwn(payload, key) && payload[key] !== null)

export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const { batch_id, from, type } = yield* decodeKind(payload)
  switch (type?.toLowerCase()) {
    case "mo_text":
    case "mo_binary":
    case "mo_media":
      return [yield* inbound(provider, payload, type?.toLowerCase())]
    case "recipient_delivery_report_sms":
    case "recipient_delivery_report_mms":
      return [yield* recipientReport(provider, payload)]
    case "delivery_report_sms":
    case "delivery_report_mms": {
      // The report of a batch that was canceled in time lists no recipients.
      const statuses = payload["statuses"]
      return Array.isArray(statuses) && statuses.length > 0
        ? yield* batchReport(provider, payload)
        : [unrecognized(provider, payload, type)]
    }
    case undefined:
      return from !== undefined && batch_id === undefined && isFlatMessage(payload)
        ? [yield* inbound(provider, payload, type)]
        : [unrecognized(provider, payload, type)]
    default:
      return [unrecognized(provider, payload, type)]
  }
})
