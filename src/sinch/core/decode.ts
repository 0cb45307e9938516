/**
 * Decodes Sinch's SMS callbacks.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, isObject, lookup } from "../../internal/record.ts"
import * as Reference from "../../internal/reference.ts"
import * as UserData from "../../internal/userData.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { isRefused, items, type Of } from "../../provider/core/readers.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "../../provider/core/refusal.ts"
import { toMillis } from "../../provider/core/time.ts"
import { toText } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"
import { expectedLength, maxName } from "../../provider/internal/lengths.ts"
import * as Fields from "./fields.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

type Inbound = Of<typeof Fields.Inbound.fields>

const failures = /fail|error|reject|expire|delete|invalid|denied|blocked|time(?:d )?out|too |missing|virus|\bnot|\bun/i

/** Returns whether a file was stored. The word decides, and a code only without one, whichever field they are in. */
const wasStored = (status: string | undefined, code: string | undefined): boolean => {
  const words = [status, code].filter((text) => text !== undefined)
  const word = words.find((text) => !/^-?\d+$/.test(text))
  if (word !== undefined) return !failures.test(word)
  return words.length === 0 || /^(0|2\d\d)$/.test(words[0]!)
}

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
const filesOf = (
  { of }: Build.Build,
  items: ReadonlyArray<unknown>
): ReadonlyArray<Build.FilePart> | Refused<InvalidPayload> => {
  const files: Array<Build.FilePart> = []
  for (const item of items) {
    const fields = Fields.MediaItem.read(isObject(item) ? item : {})
    if (isRefused(fields)) return fields
    const { code, content_type, status, ...file } = fields
    const url = file.url ?? Files.urlOf(item)
    const mimeType = content_type ?? Files.mimeTypeOf(item)
    const described = compact({ mimeType, unavailable: reasonOf(url, status, code) })
    if (url !== undefined) files.push(of({ _tag: "MediaContent", url, ...described }))
    else if (status !== undefined || code !== undefined || !isBlank(item)) {
      files.push(of({ _tag: "FileContent", ...described }))
    }
  }
  return files
}

/** Decodes text and files. An object body is an MMS, whatever `type` says; a text body with files is the flat form. */
const mmsOf = (build: Build.Build, payload: Payload, { body, message, subject, ...beside }: Inbound) => {
  const media = [...beside.media, ...Files.othersIn(payload)]
  if (typeof body === "string" && body !== "" && media.length === 0) return { text: body, subject, files: [] }
  const fields = Fields.MediaBody.read(isObject(body) ? body : { message: toText(body) })
  if (isRefused(fields)) return fields
  const { url, ...parts } = fields
  const text = [parts.message, parts.text, message].find((text) => text !== "") ?? ""
  const listed = isObject(body) ? Files.othersIn(body) : items(body).filter((item) => Files.urlOf(item) !== undefined)
  const files = filesOf(build, [...(url === undefined ? [] : [body]), ...parts.media, ...listed, ...media])
  return isRefused(files) ? files : { text, subject: parts.subject ?? subject, files }
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Build.Content, payload: Payload): boolean =>
  Build.isEmpty(content) && Fields.messageFields.hasContent(payload)

const messageOf = (
  build: Build.Build,
  provider: string,
  payload: Payload,
  fields: Inbound,
  content: Build.Content,
  subject?: string
): Build.InboundMessage => {
  const sent = fields.sent_at ?? fields.send_at
  const sentAt = toMillis(sent)
  const metadata = Fields.messageFields.metadataOf(payload)
  if (subject !== undefined) metadata["subject"] = subject
  if (sent !== undefined) metadata["sent_at"] = sent
  const message: Build.Mutable<Build.InboundMessage> = {
    _tag: "InboundMessage",
    provider,
    channelId: `sms-${provider}`,
    sender: fromCarrierDigits(fields.from),
    recipient: fromCarrierDigits(fields.to),
    content,
    metadata,
    raw: payload
  }
  if (fields.id !== undefined) {
    message.externalId = fields.id
    message.idempotencyKey = fields.id
  }
  if (fields.received_at !== undefined) message.receivedAt = build.time(fields.received_at)
  if (sentAt !== undefined) message.sentAt = build.time(sentAt)
  if (fields.client_reference !== undefined) message.reference = fields.client_reference
  return build.of(message)
}

const inbound = (build: Build.Build, provider: string, payload: Payload, type: string | undefined): Result => {
  const fields = Fields.Inbound.read(payload)
  if (isRefused(fields)) return fields
  if (type === "mo_binary" && toText(fields.body) !== "") return binary(build, provider, payload, fields)
  const mms = mmsOf(build, payload, fields)
  if (isRefused(mms)) return mms
  const { files, subject, text } = mms
  // An MMS may be a subject and nothing else.
  const content = Build.fromParts(build, text === "" && files.length === 0 ? subject ?? "" : text, files)
  return isUnread(content, payload)
    ? unrecognized(build, provider, payload, type)
    : Build.decoded(messageOf(build, provider, payload, fields, content, subject))
}

/**
 * Decodes a binary message, which is text if its bytes look like text. The
 * segments of a longer one are delivered one by one; their user data header
 * contains their number.
 */
const binary = (build: Build.Build, provider: string, payload: Payload, fields: Inbound): Result => {
  const userData = { data: toText(fields.body).replaceAll(/\s/g, ""), ...compact({ header: fields.udh }) }
  const message = messageOf(build, provider, payload, fields, build.of(UserData.fieldsOf([userData])))
  const concatenation = UserData.concatenationOf(UserData.elementsOf(fields.udh) ?? [])
  if (concatenation === undefined) return Build.decoded(message)
  const { number, reference, total } = concatenation
  return Build.decoded(build.of({
    _tag: "MessagePart",
    provider,
    role: "segment",
    correlationKey: [message.sender, message.recipient, reference, total].join(":"),
    segment: build.segment({ number, total, ...userData }),
    message
  }))
}

/** Carries an unknown callback. Those of Sinch's other products have their type in other fields. */
const unrecognized = ({ of }: Build.Build, provider: string, payload: Payload, type: string | undefined): Result => {
  const named = ["event", "eventType", "event_type", "trigger"].map((key) => lookup(payload, key))
  const eventType = type ?? named.find((name) => typeof name === "string" && name !== "")
  return Build.decoded(
    of({ _tag: "Unrecognized", provider, ...(typeof eventType === "string" && { eventType }), raw: payload })
  )
}

/** Returns the reference of a send, unless the caller had one of its own. */
const intentOf = (build: Build.Build, text: string | undefined) => {
  const reference = text === undefined ? undefined : Reference.fromText(text)
  return reference === undefined ? undefined : build.reference(reference)
}

/** Statuses whose code is not an error: 0 for delivered, 400 and 401 for the two statuses before it. */
const steps: ReadonlySet<string> = new Set(["queued", "sent", "delivered"])

const statusOf = (carrierStatus: string, code: string | undefined, message?: string) => {
  const status = lookup(Fields.statuses, carrierStatus.toLowerCase()) ?? "unknown"
  const error = steps.has(status) ? {} : { errorCode: code, errorMessage: message }
  return { status, carrierStatus, ...compact(error) }
}

/**
 * Builds the idempotency key of a report, which has no id of its own. Batch,
 * recipient, status and code identify it; its time does not, because a
 * redelivery may carry a new one.
 */
const stepKey = (batchId: string, recipient: string | undefined, status: string, code: string | undefined): string =>
  [batchId, recipient ?? "", status.toLowerCase(), code ?? ""].join(":")

const recipientReport = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.RecipientReport.read(payload)
  if (isRefused(fields)) return fields
  const recipient = fields.recipient === undefined ? undefined : fromCarrierDigits(fields.recipient)
  // The operator's time is often rounded to minutes, so it is only the fallback.
  const at = fields.at ?? fields.operator_status_at
  return Build.decoded(build.of({
    _tag: "DeliveryStatus",
    provider,
    messageId: fields.batch_id,
    ...statusOf(fields.status, fields.code, fields.status_message),
    ...compact({
      recipient,
      sender: fields.applied_originator === undefined ? undefined : fromCarrierDigits(fields.applied_originator),
      timestamp: at === undefined ? undefined : build.time(at),
      reference: fields.client_reference,
      intent: intentOf(build, fields.client_reference),
      segments: fields.number_of_message_parts,
      metadata: Fields.recipientReportFields.optionalMetadataOf(payload)
    }),
    idempotencyKey: stepKey(fields.batch_id, recipient, fields.status, fields.code),
    raw: payload
  }))
}

const toRecipients = (items: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  items.map(toText).filter((text) => text !== "").map(fromCarrierDigits)

/** Decodes a batch report: one status per listed recipient, or a single status with the count if none are listed. */
const batchReport = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.BatchReport.read(payload)
  if (isRefused(fields)) return fields
  const isLong = (item: unknown) => toText(item).length > maxName
  if (fields.statuses.some(({ recipients }) => recipients.some(isLong))) {
    return refused(invalidPayload("statuses.recipients", `Expected ${expectedLength(maxName)}`))
  }
  const metadata = Fields.batchReportFields.optionalMetadataOf(payload)
  return Build.decoded(...fields.statuses.flatMap((entry): ReadonlyArray<Build.DeliveryStatus> => {
    const recipients = toRecipients(entry.recipients)
    const common = {
      _tag: "DeliveryStatus" as const,
      provider,
      messageId: fields.batch_id,
      ...statusOf(entry.status, entry.code),
      ...compact({ reference: fields.client_reference, intent: intentOf(build, fields.client_reference), metadata }),
      raw: payload
    }
    const key = (recipient?: string) => stepKey(fields.batch_id, recipient, entry.status, entry.code)
    if (recipients.length > 0) {
      return recipients.map((recipient) => build.of({ ...common, recipient, idempotencyKey: key(recipient) }))
    }
    const { count } = entry
    return [build.of({ ...common, ...compact({ count }), idempotencyKey: `${key()}:${count ?? ""}` })]
  }))
}

/** Returns whether a payload without a `type` looks like a message. A report has a `batch_id` instead. */
const isFlatMessage = (payload: Payload): boolean =>
  ["body", "media"].some((key) => Object.hasOwn(payload, key) && payload[key] !== null)

export const decode = (build: Build.Build, provider: string, payload: Payload): Result => {
  const kind = Fields.Kind.read(payload)
  if (isRefused(kind)) return kind
  const { batch_id, from, type } = kind
  const known = type?.toLowerCase()
  switch (known) {
    case "mo_text":
    case "mo_binary":
    case "mo_media":
      return inbound(build, provider, payload, known)
    case "recipient_delivery_report_sms":
    case "recipient_delivery_report_mms":
      return recipientReport(build, provider, payload)
    case "delivery_report_sms":
    case "delivery_report_mms": {
      // The report of a batch that was canceled in time lists no recipients.
      const statuses = payload["statuses"]
      return Array.isArray(statuses) && statuses.length > 0
        ? batchReport(build, provider, payload)
        : unrecognized(build, provider, payload, type)
    }
    case undefined:
      return from !== undefined && batch_id === undefined && isFlatMessage(payload)
        ? inbound(build, provider, payload, type)
        : unrecognized(build, provider, payload, type)
    default:
      return unrecognized(build, provider, payload, type)
  }
}
