/**
 * Delivery reports: on a batch, with the recipients or only their numbers, and
 * on one recipient
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 */
import { isTerminal, type Message, type Reason } from "../../provider/Emulation.ts"
import { time } from "./account.ts"
import { type Kind, type Type, withoutPlus } from "./request.ts"

/** What the dialect keeps with a message. */
export interface Data {
  readonly kind: Kind
  readonly type: Type
  readonly reference?: string | undefined
  readonly maxParts?: number | undefined
  /** The code of a message that was never sent. */
  readonly dropped?: string | undefined
}

export const dataOf = (message: Message) => message.data as unknown as Data

/**
 * The codes of delivery reports: Sinch's own begin at 400, and those of
 * networks are below
 * (https://developers.sinch.com/docs/sms/smpp/error-codes/).
 */
const codes: Partial<Record<Reason, string>> = {
  AccountSuspended: "413",
  NotEnabled: "412",
  RateLimited: "404",
  InvalidRecipient: "150",
  InvalidSender: "410",
  OptedOut: "61",
  ContentRejected: "62",
  UnregisteredSender: "60",
  InvalidMessage: "405",
  Unreachable: "153",
  UnexpectedResponse: "403",
  Expired: "159"
}

const unknownError = "114"

export const codeOf = (reason: Reason): string => codes[reason] ?? unknownError

/** The codes that a network has for numbers which do not exist or have opted out. */
const deletions: ReadonlySet<string> = new Set([codes.InvalidRecipient!, codes.OptedOut!])

const isOwn = (code: string): boolean => Number(code) >= 400

interface Status {
  readonly status: string
  readonly code: number
}

export const statusOf = (message: Message): Status => {
  const code = dataOf(message).dropped ?? message.code ?? unknownError
  const coded = (status: string): Status => ({ status, code: Number(code) })
  switch (message.state) {
    case "sent":
      return { status: "Dispatched", code: 401 }
    case "delivered":
    case "read":
      return { status: "Delivered", code: 0 }
    case "canceled":
      return { status: "Cancelled", code: 407 }
    case "expired":
      return coded("Expired")
    case "unconfirmed":
      return { status: "Unknown", code: Number(message.code ?? 0) }
    case "undelivered":
      return coded(deletions.has(code) ? "Deleted" : "Failed")
    case "failed":
      return coded(isOwn(code) ? "Aborted" : "Rejected")
    default:
      return { status: "Queued", code: 400 }
  }
}

export const isFinal = ({ state }: Message): boolean => isTerminal(state)

export const recipientOf = ({ to }: Message): string => withoutPlus(to)

const typeOf = (name: string, { type }: Pick<Data, "type">): string => `${name}_${type === "mt_media" ? "mms" : "sms"}`

/** The network's own time, which has no milliseconds. */
const networkTime = (millis: number): string => time(millis).replace(/\.\d+/, "")

const fromNetwork: ReadonlySet<string> = new Set(["Delivered", "Deleted", "Failed", "Rejected", "Expired"])

export const recipientReport = (message: Message) => {
  const data = dataOf(message)
  const { code, status } = statusOf(message)
  return {
    type: typeOf("recipient_delivery_report", data),
    batch_id: message.group,
    recipient: recipientOf(message),
    code,
    status,
    at: time(message.updatedAt),
    ...(fromNetwork.has(status) && { operator_status_at: networkTime(message.updatedAt) }),
    client_reference: data.reference,
    ...(data.maxParts !== undefined && { number_of_message_parts: message.segments })
  }
}

/** Which reports are asked for. */
export interface Filter {
  readonly statuses?: ReadonlyArray<string> | undefined
  readonly codes?: ReadonlyArray<string> | undefined
}

export const passes = (message: Message, { codes, statuses }: Filter): boolean => {
  const { code, status } = statusOf(message)
  return (statuses?.some((one) => one.toLowerCase() === status.toLowerCase()) ?? true) &&
    (codes?.includes(String(code)) ?? true)
}

/** Builds the report on a batch. That of a batch that was canceled before it was due lists no recipients. */
export const batchReport = (
  messages: ReadonlyArray<Message>,
  { filter = {}, isFull, withdrawn }: {
    readonly isFull: boolean
    readonly filter?: Filter
    readonly withdrawn: boolean
  }
) => {
  const data = dataOf(messages[0]!)
  const entries = new Map<string, Status & { count: number; readonly recipients: Array<string> }>()
  for (const message of withdrawn ? [] : messages) {
    if (!passes(message, filter)) continue
    const { code, status } = statusOf(message)
    const entry = entries.get(`${status} ${code}`) ?? { code, status, count: 0, recipients: [] }
    entry.count++
    entry.recipients.push(recipientOf(message))
    entries.set(`${status} ${code}`, entry)
  }
  return {
    type: typeOf("delivery_report", data),
    batch_id: messages[0]!.group,
    statuses: [...entries.values()].map(({ recipients, ...entry }) => ({ ...entry, ...(isFull && { recipients }) })),
    total_message_count: messages.length,
    client_reference: data.reference
  }
}
