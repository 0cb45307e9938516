/**
 * Times, numbers and statuses in words.
 */
import * as DateTime from "effect/DateTime"
import type { Content } from "../../Content.ts"
import * as Contents from "../../Content.ts"
import type { Cost } from "../../Cost.ts"
import type { Status } from "../../DeliveryStatus.ts"
import type { Conversation, SendView, ThreadMessage } from "../../http/ConversationsApi.ts"

const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(undefined, options)
const clockTime = format({ hour: "2-digit", minute: "2-digit" })
const weekday = format({ weekday: "short" })
const shortDay = format({ day: "numeric", month: "short" })
const longDay = format({ weekday: "long", day: "numeric", month: "long" })
const longDayAndYear = format({ day: "numeric", month: "long", year: "numeric" })
const everything = format({ dateStyle: "medium", timeStyle: "medium" })
const dayKey = format({ day: "2-digit", month: "2-digit", year: "numeric" })
const counts = new Intl.NumberFormat()

const dayLength = 24 * 60 * 60 * 1000

const now = () => DateTime.toEpochMillis(DateTime.nowUnsafe())

/** The time of a message. */
export const timeOf = (time: DateTime.Utc): string => clockTime.format(DateTime.toEpochMillis(time))

/** When something was, in full. */
export const fullTime = (time: DateTime.Utc): string => everything.format(DateTime.toEpochMillis(time))

/** When something was, as short as it can be told. */
export const shortTime = (time: DateTime.Utc): string => {
  const at = DateTime.toEpochMillis(time)
  if (dayKey.format(at) === dayKey.format(now())) return clockTime.format(at)
  return now() - at < 6 * dayLength ? weekday.format(at) : shortDay.format(at)
}

/** Tells days apart. */
export const dayOf = (time: DateTime.Utc): string => dayKey.format(DateTime.toEpochMillis(time))

/** The name of a day. */
export const dayName = (time: DateTime.Utc): string => {
  const at = DateTime.toEpochMillis(time)
  const day = dayKey.format(at)
  if (day === dayKey.format(now())) return "Today"
  if (day === dayKey.format(now() - dayLength)) return "Yesterday"
  return (now() - at < 300 * dayLength ? longDay : longDayAndYear).format(at)
}

export const count = (value: number): string => counts.format(value)

/** How long something took or lasts. */
export const durationOf = (seconds: number): string => {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}

/** A number with spaces, as it is read. Other addresses stay as they are. */
export const numberOf = (address: string): string => {
  const [, scheme = "", digits] = /^([a-z]+:)?(\+?\d{7,15})$/.exec(address) ?? []
  if (digits === undefined) return address
  const american = /^\+?1(\d{3})(\d{3})(\d{4})$/.exec(digits)
  const written = american === null
    ? digits.replace(/(\d)(?=(\d{3})+$)/g, "$1 ")
    : `+1 ${american[1]} ${american[2]} ${american[3]}`
  return `${scheme === "" ? "" : `${scheme.slice(0, -1)} `}${written}`
}

/** Who a conversation is with. */
export const peopleOf = ({ room, last }: Pick<Conversation, "room" | "last">): ReadonlyArray<string> => {
  const people = room.attachments.flatMap(({ group = [], participant }) =>
    participant === undefined ? group : [participant, ...group]
  )
  const sender = last?.event.source.participant
  return people.length > 0 ? [...new Set(people)] : sender === undefined ? [] : [sender]
}

export const titleOf = (conversation: Pick<Conversation, "room" | "last">): string => {
  const people = peopleOf(conversation)
  return people.length === 0 ? "Conversation without a person" : people.map(numberOf).join(", ")
}

/** Whether a file is a contact card, under its name or the older one. */
export const isContactCard = (mimeType: string | undefined): boolean =>
  mimeType !== undefined && /^text\/(x-)?vcard\b/.test(mimeType)

const partName = (part: Contents.Part): string => {
  switch (part._tag) {
    case "MediaContent":
      return part.mimeType?.startsWith("image/")
        ? "Picture"
        : part.mimeType?.startsWith("audio/")
        ? "Audio"
        : part.mimeType?.startsWith("video/")
        ? "Video"
        : isContactCard(part.mimeType)
        ? "Contact card"
        : "File"
    case "FileContent":
      return "File"
    case "LocationContent":
      return "Location"
    case "ContactContent":
      return "Contact card"
    case "BinaryContent":
      return "Binary message"
    default:
      return ""
  }
}

/** A content in one line. */
export const previewOf = (content: Content): string => {
  const names = Contents.parts(content).map(partName).filter((name) => name !== "")
  const text = Contents.text(content).replaceAll(/\s+/g, " ").trim()
  return [...new Set(names), text].filter((part) => part !== "").join(": ") || "Empty message"
}

/** What became of a message, as the ticks show it. */
export type Progress = "pending" | "sent" | "delivered" | "read" | "failed" | "unknown" | "blocked"

const progressOfStatus: Readonly<Record<Status, Progress>> = {
  unknown: "sent",
  accepted: "sent",
  scheduled: "pending",
  queued: "sent",
  sending: "sent",
  sent: "sent",
  delivered: "delivered",
  read: "read",
  undelivered: "failed",
  failed: "failed",
  expired: "failed",
  canceled: "failed",
  unconfirmed: "unknown"
}

export const progressOfSend = ({ state, status }: SendView): Progress => {
  switch (state) {
    case "queued":
    case "sending":
      return "pending"
    case "refused":
    case "cancelled":
      return "failed"
    case "unknown":
      return "unknown"
    case "accepted":
      return status === undefined ? "sent" : progressOfStatus[status]
  }
}

const worstFirst: ReadonlyArray<Progress> = ["failed", "unknown", "pending", "sent", "delivered", "read"]

/** What became of a message on all its sends. Absent for a received one. */
export const progressOf = ({ event, sends }: ThreadMessage): Progress | undefined => {
  if (event.blocked !== undefined) return "blocked"
  if (event.source.direction === "inbound") return undefined
  const all = sends.map(progressOfSend)
  return all.length === 0 ? "pending" : worstFirst.find((progress) => all.includes(progress))
}

export const statusNames: Readonly<Record<Status, string>> = {
  unknown: "Status unknown",
  accepted: "Accepted by the carrier",
  scheduled: "Scheduled at the carrier",
  queued: "Queued at the carrier",
  sending: "Being sent",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  undelivered: "Not delivered",
  failed: "Failed",
  expired: "Expired",
  canceled: "Canceled",
  unconfirmed: "Not confirmed"
}

const reasons: Readonly<Record<string, string>> = {
  Blocked: "A hook blocked it",
  NoProvider: "No carrier can send it",
  OptedOut: "The person opted out",
  InvalidRecipient: "The number cannot receive messages",
  InvalidSender: "The carrier does not accept the sender",
  ContentRejected: "The carrier rejected the content",
  UnregisteredSender: "The sender is not registered with the carrier",
  Unreachable: "The phone cannot be reached",
  Authentication: "The carrier does not accept the credentials",
  AccountSuspended: "The carrier suspended the account",
  NotEnabled: "The account may not do this",
  RateLimited: "Too many messages at a time",
  ProviderUnavailable: "The carrier is not available",
  UnexpectedResponse: "The carrier answered unexpectedly",
  OutcomeUnknown: "The carrier gave no clear answer: it may have been sent",
  InvalidMessage: "The message is not valid",
  NotSupported: "The carrier does not support this message",
  DuplicateMessage: "The carrier already has this message",
  ProcessStopped: "The server stopped while it was being sent: it may have gone out"
}

export const reasonName = (reason: string): string => reasons[reason] ?? reason

/** What became of an answer that did not go out, or that may have. */
export const describeFailure = (reason: string): string =>
  reason === "OutcomeUnknown" || reason === "ProcessStopped"
    ? `${reasonName(reason)}.`
    : `Not sent. ${reasonName(reason)}.`

/** An amount of money, as the carrier tells it. */
export const costOf = ({ amount, currency }: Cost): string => [amount, currency].filter(Boolean).join(" ")

/** What became of a send, in words. */
export const describeSend = (send: SendView): string => {
  switch (send.state) {
    case "queued":
      return "Queued"
    case "sending":
      return "Being sent"
    case "cancelled":
      return "Cancelled"
    case "refused":
      return `Not sent: ${reasonName(send.reason ?? "")}`
    case "unknown":
      return send.reason === undefined ? "It may have been sent" : reasonName(send.reason)
    case "accepted": {
      const failed = send.parts.find(({ errorCode, errorMessage }) =>
        errorCode !== undefined || errorMessage !== undefined
      )
      const name = statusNames[send.status ?? "accepted"]
      if (failed === undefined || progressOfSend(send) !== "failed") return name
      const { errorCode, errorMessage } = failed
      return errorMessage === undefined ?
        `${name} (code ${errorCode})` :
        `${name}: ${errorMessage}${errorCode === undefined ? "" : ` (code ${errorCode})`}`
    }
  }
}
