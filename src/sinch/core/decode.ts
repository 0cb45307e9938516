/**
 * Decodes Sinch's SMS callbacks.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, lookup } from "../../internal/record.ts"
import * as Reference from "../../internal/reference.ts"
import { haveOnly } from "../../internal/rememberedNames.ts"
import * as UserData from "../../internal/userData.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { isRefused, type Of } from "../../provider/core/readers.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "../../provider/core/refusal.ts"
import { toMillis } from "../../provider/core/time.ts"
import { toText } from "../../provider/core/values.ts"
import { expectedLength, maxName, maxText } from "../../provider/internal/lengths.ts"
import * as Basic from "./basic.ts"
import * as Fields from "./fields.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

type Inbound = Of<typeof Fields.Inbound.fields>

const isOneOf = (value: unknown, max: number): value is string => typeof value === "string" && value.length <= max

const isBlank = (text: string): boolean => text.trim() === ""

/** Returns why an MMS is refused: its body or a file has a field that is longer than carriers send. */
const mediaFault = (payload: Payload): Refused<InvalidPayload> | undefined => {
  const body = Fields.MediaBody.read(Basic.bodyOf(payload))
  if (isRefused(body)) return body
  for (const item of Basic.listOf(payload)) {
    const file = Fields.MediaItem.read(Basic.mediaOf(item))
    if (isRefused(file)) return file
  }
  return undefined
}

/** Returns whether a message seems empty only because its content is not understood. */
const isUnread = (content: Build.Content, payload: Payload): boolean =>
  Build.isEmpty(content) && Fields.messageFields.hasContent(payload)

const messageOf = (
  build: Build.Build,
  provider: string,
  payload: Payload,
  fields: Pick<Inbound, "id" | "from" | "to" | "received_at" | "sent_at" | "send_at" | "client_reference">,
  content: Build.Content,
  subject?: string
): Build.InboundMessage => {
  const sent = fields.sent_at ?? fields.send_at
  const sentAt = sent === undefined ? undefined : toMillis(sent)
  const metadata = Fields.messageFields.metadataOf(payload)
  if (subject !== undefined) metadata["subject"] = subject
  if (sent !== undefined) metadata["sent_at"] = sent
  const message = Basic.messageOf(provider, fields.id, fields.from, fields.to, content, metadata, payload)
  if (fields.received_at !== undefined) message.receivedAt = build.time(fields.received_at)
  if (sentAt !== undefined) message.sentAt = build.time(sentAt)
  if (fields.client_reference !== undefined) message.reference = fields.client_reference
  return build.of(message)
}

const haveNamesOfText = /* @__PURE__ */ haveOnly(
  "type id from to body operator_id received_at sent_at client_reference"
)

/**
 * Decodes a text with no field but those of Sinch's reference, in half of the time
 * that {@link decodeAny} takes, to which a property holds it equal. Returns
 * `undefined` for any other callback.
 */
const decodeText = (build: Build.Build, provider: string, payload: Payload): Build.Decoded | undefined => {
  if (!haveNamesOfText(payload)) return undefined
  const { body, client_reference = "", from, id, operator_id = "", received_at = "", sent_at = "", to, type } = payload
  const isText = type === "mo_text" && isOneOf(body, maxText) && isOneOf(id, maxName) && isOneOf(from, maxName) &&
    isOneOf(to, maxName)
  if (
    !isText || body === "" || id === "" || isBlank(from) || isBlank(to) || !isOneOf(client_reference, maxName) ||
    !isOneOf(operator_id, maxName) || !isOneOf(received_at, maxName) || !isOneOf(sent_at, maxName)
  ) return undefined
  const fields = {
    id,
    from,
    to,
    received_at: toMillis(received_at),
    sent_at: sent_at || undefined,
    send_at: undefined,
    client_reference: client_reference || undefined
  }
  const message = messageOf(build, provider, payload, fields, Build.fromParts(build, body, []))
  return { _tag: "Decoded", events: [message], isChecked: true }
}

const inbound = (
  build: Build.Build,
  provider: string,
  payload: Payload,
  type: string | undefined,
  isBinary: boolean
): Result => {
  const fields = Fields.Inbound.read(payload)
  if (isRefused(fields)) return fields
  if (isBinary) return binary(build, provider, payload, fields)
  const isText = Basic.isText(payload)
  const fault = isText ? undefined : mediaFault(payload)
  if (fault !== undefined) return fault
  const { content, subject } = isText ? Basic.textContentOf(build, payload) : Basic.contentOf(build, payload)
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

const recipientReport = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.RecipientReport.read(payload)
  if (isRefused(fields)) return fields
  const recipient = fields.recipient === undefined ? undefined : fromCarrierDigits(fields.recipient)
  // The operator's time is often rounded to minutes, so it is only the fallback.
  const at = fields.at ?? fields.operator_status_at
  const report = Basic.reportOf(provider, fields.batch_id, recipient, fields.status, fields.code)
  return Build.decoded(build.of({
    ...report,
    ...compact({
      errorMessage: Basic.isError(report.status) ? fields.status_message : undefined,
      sender: fields.applied_originator === undefined ? undefined : fromCarrierDigits(fields.applied_originator),
      timestamp: at === undefined ? undefined : build.time(at),
      reference: fields.client_reference,
      intent: intentOf(build, fields.client_reference),
      segments: fields.number_of_message_parts,
      metadata: Fields.recipientReportFields.optionalMetadataOf(payload)
    }),
    raw: payload
  }))
}

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
    const recipients = Basic.recipientsOf(entry.recipients)
    const of = (recipient?: string) => ({
      ...Basic.reportOf(provider, fields.batch_id, recipient, entry.status, entry.code),
      ...compact({ reference: fields.client_reference, intent: intentOf(build, fields.client_reference), metadata }),
      raw: payload
    })
    return recipients.length > 0
      ? recipients.map((recipient) => build.of(of(recipient)))
      : [build.of(Basic.counted(of(), entry.count))]
  }))
}

/** Decodes any callback. */
export const decodeAny = (build: Build.Build, provider: string, payload: Payload): Result => {
  const fields = Fields.Kind.read(payload)
  if (isRefused(fields)) return fields
  const { type } = fields
  const kind = Basic.kindOf(payload)
  switch (kind) {
    case "message":
    case "binary":
      return inbound(build, provider, payload, type?.toLowerCase(), kind === "binary")
    case "report":
      return recipientReport(build, provider, payload)
    case "reports":
      return batchReport(build, provider, payload)
    default:
      return unrecognized(build, provider, payload, type)
  }
}

export const decode = (build: Build.Build, provider: string, payload: Payload): Result =>
  decodeText(build, provider, payload) ?? decodeAny(build, provider, payload)
