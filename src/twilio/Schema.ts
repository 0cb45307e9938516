/**
 * The fields of Twilio's messaging webhooks that the library reads, from
 * https://www.twilio.com/docs/messaging/guides/webhook-request and
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
 * All values are strings on the wire, numbers too.
 */
import * as Schema from "effect/Schema"
import type { Status } from "../DeliveryStatus.ts"
import * as Wire from "../provider/Wire.ts"

/** What tells an inbound message from a status callback. */
export const Kind = Schema.Struct({
  MessageStatus: Wire.OptionalText,
  SmsStatus: Wire.OptionalText
})

/** `SmsSid` and `SmsMessageSid` are deprecated duplicates of `MessageSid`. */
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
  From: Wire.RequiredAddress,
  To: Wire.RequiredAddress,
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

/** What is read of the answer to a request that was accepted. */
export const Message = Schema.Struct({
  sid: Wire.OptionalText,
  status: Wire.OptionalText,
  num_segments: Wire.OptionalCount,
  from: Wire.OptionalText
})

/** What is read of the answer to a request that was refused. */
export const RestError = Schema.Struct({ code: Wire.OptionalText, message: Wire.OptionalText })

/** The message `Status` enumeration of Twilio's OpenAPI document. */
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

/** Fields that are passed on as metadata of an inbound message, under their own names. */
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
