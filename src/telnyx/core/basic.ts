/**
 * What SMS, MMS and delivery reports need of decoding: the kind of an event, its
 * parties, files and statuses. `decode.ts` adds everything else.
 */
import type { Status } from "../../DeliveryStatus.ts"
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { compact, isObject, lookup } from "../../internal/record.ts"
import type * as Build from "../../provider/core/build.ts"
import * as Files from "../../provider/core/files.ts"
import { ownString, stringOf } from "../../provider/core/values.ts"
import { isBlank } from "../../provider/Fields.ts"

/** A sender or recipient of a message. */
export interface Party {
  readonly address: string | undefined
  readonly status: string | undefined
}

const address = (value: unknown): string | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 100
    ? fromCarrierDigits(String(value))
    : stringOf(value)

/**
 * Parses the parties of a field: an object with a `phone_number` (RCS: an
 * `agent_id`), a plain string (WhatsApp, and `cc` of a group message), or a
 * list of either.
 */
export const parties = (value: unknown): ReadonlyArray<Party> => {
  if (Array.isArray(value)) return value.flatMap((value) => Array.isArray(value) ? [] : parties(value))
  const party = isObject(value)
    ? { address: address(value["phone_number"]) ?? address(value["agent_id"]), status: ownString(value, "status") }
    : { address: address(value), status: undefined }
  return party.address === undefined && party.status === undefined ? [] : [party]
}

export const addresses = (parties: ReadonlyArray<Party>): ReadonlyArray<string> =>
  parties.flatMap(({ address }) => address ?? [])

/** Returns the files. `media` may be null, absent or an empty list, and a file an object or a bare URL. */
export const filesOf = ({ of }: Build.Objects, list: ReadonlyArray<unknown>): ReadonlyArray<Build.FilePart> => {
  const urls = new Set<string>()
  return list.flatMap((item): ReadonlyArray<Build.FilePart> => {
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
 * The statuses of recipients: `to[].status` of the `telnyx` package, and
 * `unknown`, which a group message has for recipients on other networks
 * (https://developers.telnyx.com/docs/messaging/messages/group-messaging).
 */
export const statuses: Readonly<Record<string, Status>> = {
  scheduled: "scheduled",
  queued: "queued",
  sending: "sending",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  delivery_failed: "undelivered",
  sending_failed: "failed",
  failed: "failed",
  expired: "expired",
  cancelled: "canceled",
  canceled: "canceled",
  delivery_unconfirmed: "unconfirmed",
  unknown: "unconfirmed"
}

/** The event types that report on a message that we sent. */
const outboundEvents: Readonly<Record<string, "sent" | "finalized" | "read">> = {
  "message.sent": "sent",
  "message.finalized": "finalized",
  "message.read": "read"
}

/**
 * Returns what an event is. Only `message.received` is an inbound message. If
 * `direction` contradicts the event type, it is neither a message nor a status.
 */
export const kindOf = (type: string, direction: string): "message" | "sent" | "finalized" | "read" | undefined => {
  const step = lookup(outboundEvents, type.toLowerCase())
  const way = direction.toLowerCase()
  if (step !== undefined) return way === "inbound" ? undefined : step
  return type.toLowerCase() === "message.received" && way !== "outbound" ? "message" : undefined
}

/** Of several of our numbers, returns the one to which the webhook was delivered: the same one in any order. */
export const recipientOf = (to: ReadonlyArray<Party>): string | undefined => {
  const reached = to.filter(({ address, status }) =>
    address !== undefined && status?.toLowerCase() === "webhook_delivered"
  )
  const [recipient] = [...addresses(reached.length > 0 ? reached : to)].sort()
  return recipient
}

/**
 * Returns every recipient once, or a single unnamed one if there is none. `cc`
 * recipients count only with a status.
 */
export const recipientsOf = (to: ReadonlyArray<Party>, cc: ReadonlyArray<Party>): ReadonlyArray<Party> => {
  const copies = cc.filter(({ address, status }) =>
    status !== undefined && !to.some((party) => party.address === address)
  )
  return to.length + copies.length === 0 ? [{ address: undefined, status: undefined }] : [...to, ...copies]
}

/**
 * What every report on a recipient has. A finalized message has a terminal
 * status, but only the recipient's own status says which. Each recipient reaches
 * each status once: the message id alone would drop `finalized` after `sent`.
 */
export const reportOf = (
  provider: string,
  id: string,
  groupId: string | undefined,
  recipient: Party,
  step: "sent" | "finalized" | "read"
) => {
  const word = step === "read" ? step : recipient.status ?? step
  return {
    _tag: "DeliveryStatus" as const,
    provider,
    // Each recipient of a group message has a record of its own, and the receipt has the id of the group message.
    messageId: groupId ?? id,
    status: lookup(statuses, word.toLowerCase()) ?? "unknown",
    carrierStatus: word,
    ...compact({ recipient: recipient.address }),
    idempotencyKey: `${id}:${recipient.address ?? ""}:${word}`
  }
}

/** Returns the reports without those that have the key of an earlier one. */
export const withoutRepetitions = <R extends { readonly idempotencyKey: string }>(
  reports: ReadonlyArray<R>
): ReadonlyArray<R> => {
  const keys = new Set<string>()
  return reports.filter(({ idempotencyKey }) => !keys.has(idempotencyKey) && keys.add(idempotencyKey))
}

/** The errors belong to the message: they do not concern a recipient who has received it. */
export const hasArrived = (status: Status): boolean => status === "delivered" || status === "read"
