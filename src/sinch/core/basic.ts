/**
 * What SMS, MMS and delivery reports need of decoding: the kind of a callback,
 * its files, statuses and keys. `decode.ts` adds everything else.
 */
import type { Status } from "../../DeliveryStatus.ts"
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, isObject, lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { remembered } from "../../provider/core/remembered.ts"
import { items, list, toText } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"

/** Returns a text that is not empty. */
const textOf = (value: unknown): string | undefined => toText(value) || undefined

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

/** Returns the fields of a file, of which a bare URL has none. */
export const mediaOf = (item: unknown): Payload => isObject(item) ? item : {}

/**
 * Decodes a file, or nothing. Sinch also lists a file that it failed to store,
 * often with a dead URL. Such a file is marked as unavailable.
 */
const fileOf = ({ of }: Build.Objects, item: unknown): Build.FilePart | undefined => {
  const fields = mediaOf(item)
  const [status, code] = [textOf(fields["status"]), textOf(fields["code"])]
  const url = textOf(fields["url"]) ?? Files.urlOf(item)
  const mimeType = textOf(fields["content_type"]) ?? Files.mimeTypeOf(item)
  const described = compact({ mimeType, unavailable: reasonOf(url, status, code) })
  if (url !== undefined) return of({ _tag: "MediaContent", url, ...described })
  return status === undefined && code === undefined && isBlank(item)
    ? undefined
    : of({ _tag: "FileContent", ...described })
}

/** Returns the object that has the text and the files of an MMS. */
export const bodyOf = ({ body }: Payload): Payload => isObject(body) ? body : { message: toText(body) }

/** Returns the files that are beside the body, undecoded. */
const besideBody = (
  payload: Payload
): ReadonlyArray<unknown> => [...items(payload["media"]), ...Files.othersIn(payload)]

/** Returns the files of an MMS, undecoded. */
export const listOf = (payload: Payload): ReadonlyArray<unknown> => {
  const body = bodyOf(payload)
  const listed = isObject(payload["body"])
    ? Files.othersIn(body)
    : items(payload["body"]).filter((item) => Files.urlOf(item) !== undefined)
  const own = textOf(body["url"]) === undefined ? [] : [body]
  return [...own, ...items(body["media"]), ...listed, ...besideBody(payload)]
}

/** Returns whether the body is a text. An object body is an MMS, whatever `type` says; a text body with files is the flat form. */
export const isText = (payload: Payload): boolean =>
  typeof payload["body"] === "string" && payload["body"] !== "" && besideBody(payload).length === 0

/** Decodes a body that is a text. */
export const textContentOf = (build: Build.Objects, payload: Payload) => ({
  subject: textOf(payload["subject"]),
  content: Build.fromParts(build, payload["body"] as string, [])
})

/** Decodes text and files. */
export const contentOf = (build: Build.Objects, payload: Payload) => {
  if (isText(payload)) return textContentOf(build, payload)
  const body = bodyOf(payload)
  const text = toText(body["message"]) || toText(body["text"]) || toText(payload["message"])
  const subject = textOf(body["subject"]) ?? textOf(payload["subject"])
  const files = listOf(payload).flatMap((item) => fileOf(build, item) ?? [])
  // An MMS may be a subject and nothing else.
  return { subject, content: Build.fromParts(build, text === "" && files.length === 0 ? subject ?? "" : text, files) }
}

/**
 * The delivery statuses in lower case: the reference writes them in title case,
 * an official SDK in upper case
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 *
 * An `Aborted` message never reached the network, and a `Rejected` one was
 * refused by it; `Deleted` and `Failed` messages were lost on the way.
 * `Unknown` is terminal: the network has the message, and its delivery report
 * is missing or unreadable.
 */
export const statuses: Readonly<Record<string, Status>> = {
  queued: "queued",
  dispatched: "sent",
  delivered: "delivered",
  aborted: "failed",
  rejected: "failed",
  failed: "undelivered",
  deleted: "undelivered",
  expired: "expired",
  cancelled: "canceled",
  unknown: "unconfirmed"
}

/** Statuses whose code is not an error: 0 for delivered, 400 and 401 for the two statuses before it. */
export const isError = (status: Status): boolean => !/^(?:queued|sent|delivered)$/.test(status)

/**
 * What every report has. It has no id of its own: batch, recipient, status and
 * code identify it. Its time does not, because a redelivery may carry a new one.
 */
export const reportOf = (
  provider: string,
  messageId: string,
  recipient: string | undefined,
  carrierStatus: string,
  code: string | undefined
) => {
  const status = lookup(statuses, carrierStatus.toLowerCase()) ?? "unknown"
  return {
    _tag: "DeliveryStatus" as const,
    provider,
    messageId,
    status,
    carrierStatus,
    ...compact({ recipient, errorCode: isError(status) ? code : undefined }),
    idempotencyKey: [messageId, recipient ?? "", carrierStatus.toLowerCase(), code ?? ""].join(":")
  }
}

/** Adds how many recipients a report has that names none. */
export const counted = <R extends { readonly idempotencyKey: string }>(report: R, count: number | undefined) => ({
  ...report,
  ...compact({ count }),
  idempotencyKey: `${report.idempotencyKey}:${count ?? ""}`
})

/** Nearly all messages are for the same number. */
const toOwnNumber = /* @__PURE__ */ remembered(fromCarrierDigits)

export const messageOf = (
  provider: string,
  id: string | undefined,
  from: string,
  to: string,
  content: Build.Content,
  metadata: Readonly<Record<string, string>>,
  raw: Payload
): Build.Mutable<Build.InboundMessage> => {
  const message: Build.Mutable<Build.InboundMessage> = {
    _tag: "InboundMessage",
    provider,
    channelId: `sms-${provider}`,
    sender: fromCarrierDigits(from),
    recipient: toOwnNumber(to),
    content,
    metadata,
    raw
  }
  if (id !== undefined) {
    message.externalId = id
    message.idempotencyKey = id
  }
  return message
}

export const recipientsOf = (value: unknown): ReadonlyArray<string> =>
  list(value).map(toText).filter((text) => text !== "").map(fromCarrierDigits)

/** Returns whether a payload without a `type` looks like a message. A report has a `batch_id` instead. */
const isFlatMessage = (payload: Payload): boolean =>
  textOf(payload["from"]) !== undefined && textOf(payload["batch_id"]) === undefined &&
  ["body", "media"].some((key) => Object.hasOwn(payload, key) && payload[key] !== null)

/** Returns what a callback is. The report of a batch that was canceled in time lists no recipients. */
export const kindOf = (payload: Payload): "message" | "binary" | "report" | "reports" | undefined => {
  const type = toText(payload["type"]).toLowerCase()
  if (type === "" ? isFlatMessage(payload) : /^mo_(?:text|media|binary)$/.test(type)) {
    return type === "mo_binary" && toText(payload["body"]) !== "" ? "binary" : "message"
  }
  if (/^recipient_delivery_report_[sm]ms$/.test(type)) return "report"
  return /^delivery_report_[sm]ms$/.test(type) && list(payload["statuses"]).length > 0 ? "reports" : undefined
}
