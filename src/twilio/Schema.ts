/**
 * Schemas of the fields of Twilio's messaging webhooks that the library reads,
 * from https://www.twilio.com/docs/messaging/guides/webhook-request and
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
 * All values are strings on the wire, including numbers.
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import type { Status } from "../DeliveryStatus.ts"
import * as Wire from "../provider/Wire.ts"

/** The fields that distinguish an inbound message from a status callback. */
export const Kind = Schema.Struct({
  MessageStatus: Wire.OptionalText,
  SmsStatus: Wire.OptionalText
})

/** The message ids. `SmsSid` and `SmsMessageSid` are deprecated duplicates of `MessageSid`. */
const ids = {
  MessageSid: Wire.OptionalText,
  SmsMessageSid: Wire.OptionalText,
  SmsSid: Wire.OptionalText
}

export const messageSid = (ids: {
  readonly MessageSid: string | undefined
  readonly SmsMessageSid: string | undefined
  readonly SmsSid: string | undefined
}): string | undefined => ids.MessageSid ?? ids.SmsMessageSid ?? ids.SmsSid

export const Inbound = Schema.Struct({
  ...ids,
  From: Address,
  To: Address,
  Body: Wire.Text
})

export const StatusCallback = Schema.Struct({
  ...ids,
  To: Wire.OptionalAddress,
  From: Wire.OptionalAddress,
  ErrorCode: Wire.OptionalText,
  ErrorMessage: Wire.OptionalText,
  ChannelStatusMessage: Wire.OptionalText
})

/** The fields read from the response to an accepted request. */
export const Message = Schema.Struct({
  sid: Wire.OptionalText,
  status: Wire.OptionalText,
  num_segments: Wire.OptionalCount,
  from: Wire.OptionalText
})

/** The fields read from the response to a refused request. */
export const RestError = Schema.Struct({ code: Wire.OptionalText, message: Wire.OptionalText })

/** The statuses of messages, from the `Status` enumeration of Twilio's OpenAPI document. */
export const statuses: Readonly<Record<string, Status>> = {
  accepted: "accepted",
  scheduled: "scheduled",
  queued: "queued",
  sending: "sending",
  sent: "sent",
  delivered: "delivered",
  partially_delivered: "delivered",
  undelivered: "undelivered",
  failed: "failed",
  canceled: "canceled",
  read: "read"
}

/** Fields that become metadata of an inbound message, under their own names. */
export const metadata = [
  "AccountSid",
  "MessagingServiceSid",
  "NumSegments",
  "OptOutType",
  "ProfileName",
  "WaId",
  "ButtonText",
  "ButtonPayload",
  "ErrorCode",
  "ErrorUrl"
] as const
