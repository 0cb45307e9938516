/**
 * Decodes Sinch's SMS callbacks.
 */
import * as Effect from "effect/Effect"
import { type Address, fromCarrierDigits } from "../Address.ts"
import { fromParts, MediaContent } from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import { InboundMessage } from "../Message.ts"
import { isPayload, type Payload } from "../Payload.ts"
import * as Wire from "../provider/Wire.ts"
import type { InvalidPayload } from "../WebhookError.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookResponse } from "../WebhookRequest.ts"
import * as Schema from "./Schema.ts"

/**
 * Sinch accepts any 2xx. It does not retry after a 4xx other than 429
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

const decodeKind = Wire.decoder(Schema.Kind)
const decodeInbound = Wire.decoder(Schema.Inbound)
const decodeMediaBody = Wire.decoder(Schema.MediaBody)
const decodeMediaItem = Wire.decoder(Schema.MediaItem)
const decodeRecipientReport = Wire.decoder(Schema.RecipientReport)
const decodeBatchReport = Wire.decoder(Schema.BatchReport)

/**
 * Separates the files that can be fetched from those that cannot: Sinch also
 * lists a file that it failed to store, with an error code and often a dead
 * URL.
 */
const filesOf = Effect.fnUntracedEager(function*(items: ReadonlyArray<unknown>) {
  const files: Array<MediaContent> = []
  const failed: Array<Record<string, string>> = []
  for (const item of items) {
    const { code, status, url, ...types } = yield* decodeMediaItem(isPayload(item) ? item : {})
    const mimeType = types.content_type ?? types.contentType ?? types.mimeType ?? types.mime_type
    const isStored = status?.toLowerCase() !== "failed" && (code === undefined || Number(code) === 0)
    if (url !== undefined && isStored) files.push(unchecked(MediaContent, { url, ...Wire.compact({ mimeType }) }))
    else failed.push(Wire.compact({ url, content_type: mimeType, status, code }))
  }
  return { files, failed }
})

/** Decodes the content. An object body is an MMS, whatever `type` says; a text body with files is the flat form. */
const contentOf = Effect.fnUntracedEager(function*(payload: Payload, topLevel: ReadonlyArray<unknown>) {
  const body = payload["body"]
  const parts = yield* decodeMediaBody(isPayload(body) ? body : {})
  const text = Wire.ownString(payload, "body") ?? parts.message
  return { text, subject: parts.subject, ...(yield* filesOf([...parts.media, ...topLevel])) }
})

const inbound = Effect.fnUntracedEager(function*(provider: string, payload: Payload, type: string | undefined) {
  const fields = yield* decodeInbound(payload)
  const { failed, files, subject, text } = yield* contentOf(payload, fields.media)
  // A binary message contains no readable text: it is a WAP push, a vCard or a SIM
  // setting. The message therefore has no text, and the Base64 of its bytes and
  // their header are kept as metadata.
  const isBinary = type === "mo_binary"
  return unchecked(InboundMessage, {
    provider,
    channelId: `sms-${provider}`,
    sender: fromCarrierDigits(fields.from),
    recipient: fromCarrierDigits(fields.to),
    content: fromParts(isBinary ? "" : text, files),
    ...Wire.compact({ externalId: fields.id, idempotencyKey: fields.id, receivedAt: fields.received_at }),
    metadata: Wire.compact({
      subject,
      operator_id: fields.operator_id,
      client_reference: fields.client_reference,
      sent_at: fields.sent_at ?? fields.send_at,
      body: isBinary ? text || undefined : undefined,
      udh: fields.udh,
      failed_media: failed.length > 0 ? JSON.stringify(failed) : undefined
    }),
    raw: payload
  })
})

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
        timestamp: fields.at ?? fields.operator_status_at
      }),
      idempotencyKey: stepKey(fields.batch_id, recipient, fields.status, fields.code),
      raw: payload
    })
  })

const toRecipients = (items: ReadonlyArray<unknown>): ReadonlyArray<Address> =>
  items.map(Wire.toText).filter((text) => text !== "").map(fromCarrierDigits)

/** Decodes a batch report: one status per listed recipient, or a single status with the count if none are listed. */
const batchReport = (provider: string, payload: Payload) =>
  Effect.mapEager(
    decodeBatchReport(payload),
    (fields): ReadonlyArray<DeliveryStatus> =>
      fields.statuses.flatMap((entry) => {
        const recipients = toRecipients(entry.recipients)
        const common = {
          provider,
          messageId: fields.batch_id,
          ...statusOf(entry.status, entry.code),
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
      })
  )

/** Returns whether a payload without a `type` looks like a message. A report has a `batch_id` instead. */
const isFlatMessage = (payload: Payload): boolean =>
  ["body", "media"].some((key) => Object.hasOwn(payload, key) && payload[key] !== null)

export const decodePayload = Effect.fnUntracedEager(function*(
  provider: string,
  payload: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const { batch_id, from, type } = yield* decodeKind(payload)
  const unrecognized = () => [new Unrecognized({ provider, ...Wire.compact({ eventType: type }), raw: payload })]
  switch (type) {
    case "mo_text":
    case "mo_binary":
    case "mo_media":
      return [yield* inbound(provider, payload, type)]
    case "recipient_delivery_report_sms":
    case "recipient_delivery_report_mms":
      return [yield* recipientReport(provider, payload)]
    case "delivery_report_sms":
    case "delivery_report_mms": {
      // The report of a batch that was canceled in time lists no recipients.
      const statuses = payload["statuses"]
      return Array.isArray(statuses) && statuses.length > 0 ? yield* batchReport(provider, payload) : unrecognized()
    }
    case undefined:
      return from !== undefined && batch_id === undefined && isFlatMessage(payload)
        ? [yield* inbound(provider, payload, type)]
        : unrecognized()
    default:
      return unrecognized()
  }
})
