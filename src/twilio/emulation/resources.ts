/**
 * The resources of the API as Twilio writes them
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 */
import * as DateTime from "effect/DateTime"
import type { Message } from "../../provider/Emulation.ts"
import type { Account } from "./account.ts"
import { textOf } from "./problems.ts"

/** What the dialect keeps with a message. */
export interface Data {
  readonly direction?: "outbound-api" | "outbound-reply" | undefined
  /** The messaging service, if one was named. */
  readonly service?: string | undefined
  /** Whether the service chose the sender, which is not known until the message is queued. */
  readonly isChosen?: boolean | undefined
  /** Whether the first state was not `queued`, so that being queued is reported. */
  readonly reportsQueued?: boolean | undefined
}

export const dataOf = (message: Message): Data => message.data

let cachedSecond = -1
let cachedText = ""

/** Formats a time as in RFC 2822: `Thu, 24 Aug 2023 05:01:45 +0000`. */
export const time = (millis: number): string => {
  const second = Math.floor(millis / 1000)
  if (second !== cachedSecond) {
    cachedSecond = second
    cachedText = DateTime.toDateUtc(DateTime.makeUnsafe(second * 1000)).toUTCString().replace("GMT", "+0000")
  }
  return cachedText
}

/** Converts a state to Twilio's word. */
export const statusOf = (message: Message): string =>
  message.state === "expired" ? "undelivered" : message.state === "unconfirmed" ? "sent" : message.state

export const accountUri = ({ sid }: Account): string => `/2010-04-01/Accounts/${sid}`

export const messageUri = (account: Account, id: string): string => `${accountUri(account)}/Messages/${id}`

const isPriced = (message: Message): boolean => message.direction === "inbound" || message.sentAt !== undefined

/** Builds the message resource. */
export const messageOf = (account: Account, message: Message) => {
  const { direction, isChosen = false, service } = dataOf(message)
  const isOpen = message.state === "accepted" || (message.state === "scheduled" && isChosen)
  const uri = messageUri(account, message.id)
  const { code } = message
  return {
    account_sid: account.sid,
    api_version: "2010-04-01",
    body: message.text,
    date_created: time(message.createdAt),
    date_sent: message.direction === "inbound"
      ? time(message.createdAt)
      : message.sentAt === undefined
      ? null
      : time(message.sentAt),
    date_updated: time(message.updatedAt),
    direction: direction ?? "inbound",
    error_code: code === undefined ? null : Number(code),
    error_message: code === undefined ? null : textOf(code),
    from: isOpen ? null : message.from,
    messaging_service_sid: service ?? null,
    num_media: String(message.urls.length + message.files.length),
    num_segments: isOpen ? "0" : String(message.segments),
    price: isPriced(message) ? (-0.0075 * message.segments).toFixed(5) : null,
    price_unit: "USD",
    sid: message.id,
    status: statusOf(message),
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`
  }
}
