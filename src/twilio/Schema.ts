/**
 * Schemas of the fields of Twilio's messaging webhooks that the library reads,
 * from https://www.twilio.com/docs/messaging/guides/webhook-request and
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
 * All values are strings on the wire, including numbers.
 */
import * as Schema from "effect/Schema"
import type { Status } from "../DeliveryStatus.ts"
import * as Fields from "../provider/Fields.ts"
import * as Wire from "../provider/Wire.ts"

/** The fields that distinguish an inbound message from a status callback. */
export const Kind = Schema.Struct({
  MessageStatus: Wire.OptionalName,
  SmsStatus: Wire.OptionalName
})

/** The message ids. `SmsSid` and `SmsMessageSid` are deprecated duplicates of `MessageSid`. */
const ids = {
  MessageSid: Wire.OptionalName,
  SmsMessageSid: Wire.OptionalName,
  SmsSid: Wire.OptionalName
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
  Body: Wire.Text,
  NumSegments: Wire.OptionalCount
})

/** The content fields of WhatsApp and RCS. Decoded only if a payload has one of them. */
export const Rich = Schema.Struct({
  Latitude: Wire.OptionalName,
  Longitude: Wire.OptionalName,
  Address: Wire.OptionalText,
  Label: Wire.OptionalText,
  ButtonText: Wire.OptionalText,
  ButtonPayload: Wire.OptionalText,
  ListTitle: Wire.OptionalText,
  ListId: Wire.OptionalText,
  InteractiveData: Wire.OptionalText,
  FlowData: Wire.OptionalText,
  OriginalRepliedMessageSid: Wire.OptionalName
})

export const StatusCallback = Schema.Struct({
  ...ids,
  To: Wire.OptionalAddress,
  From: Wire.OptionalAddress,
  ErrorCode: Wire.OptionalName,
  ErrorMessage: Wire.optionalText(Wire.maxDescription),
  ChannelStatusMessage: Wire.optionalText(Wire.maxDescription),
  NumSegments: Wire.OptionalCount
})

/** The fields read from the response to an accepted request. */
export const Message = Schema.Struct({
  sid: Wire.OptionalText,
  status: Wire.OptionalText,
  num_segments: Wire.OptionalCount,
  from: Wire.OptionalText
})

/** The fields read from a message that Twilio returns to a query. */
export const StoredMessage = Schema.Struct({
  ...Message.fields,
  to: Wire.OptionalText,
  body: Wire.OptionalText,
  direction: Wire.OptionalText,
  num_media: Wire.OptionalCount,
  date_created: Wire.OptionalText,
  date_updated: Wire.OptionalText,
  error_code: Wire.OptionalText,
  error_message: Wire.OptionalText,
  price: Wire.OptionalText,
  price_unit: Wire.OptionalText
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

const metadata = ["metadata"]
const contentAndMetadata = ["content", "metadata"]

/**
 * The fields of an inbound message. Files are found by their URLs, independent
 * of `NumMedia`. `MessageType` is undocumented and sent with WhatsApp messages.
 */
export const messageFields = Fields.make({
  MessageSid: ["externalId", "idempotencyKey"],
  SmsMessageSid: ["externalId", "idempotencyKey"],
  SmsSid: ["externalId", "idempotencyKey"],
  From: ["sender"],
  To: ["recipient"],
  Body: ["content"],
  NumMedia: [],
  NumSegments: ["segments", "metadata"],
  SmsStatus: ["_tag"],
  ApiVersion: [],
  AccountSid: metadata,
  MessagingServiceSid: metadata,
  FromCity: metadata,
  FromState: metadata,
  FromZip: metadata,
  FromCountry: metadata,
  ToCity: metadata,
  ToState: metadata,
  ToZip: metadata,
  ToCountry: metadata,
  OptOutType: metadata,
  AddOns: metadata,
  ErrorCode: metadata,
  ErrorUrl: metadata,
  Latitude: contentAndMetadata,
  Longitude: contentAndMetadata,
  Address: contentAndMetadata,
  Label: contentAndMetadata,
  ButtonText: contentAndMetadata,
  ButtonPayload: contentAndMetadata,
  ButtonType: metadata,
  ListTitle: contentAndMetadata,
  ListId: contentAndMetadata,
  ListDescription: metadata,
  InteractiveData: contentAndMetadata,
  FlowData: contentAndMetadata,
  MessageType: metadata,
  ChannelMetadata: metadata,
  ChannelPrefix: metadata,
  ProfileName: metadata,
  WaId: ["senderAliases", "metadata"],
  ExternalUserId: ["senderAliases", "metadata"],
  Forwarded: metadata,
  FrequentlyForwarded: metadata,
  OriginalRepliedMessageSender: metadata,
  OriginalRepliedMessageSid: contentAndMetadata,
  ReferralBody: metadata,
  ReferralHeadline: metadata,
  ReferralSourceId: metadata,
  ReferralSourceType: metadata,
  ReferralSourceUrl: metadata,
  ReferralMediaId: metadata,
  ReferralMediaContentType: metadata,
  ReferralMediaUrl: metadata,
  ReferralNumMedia: metadata,
  ReferralCtwaClid: metadata
})

/** The fields of a status callback. `RawDlrDoneDate` is the operator's time; its time zone is not documented. */
export const statusFields = Fields.make({
  MessageSid: ["messageId", "idempotencyKey"],
  SmsMessageSid: ["messageId", "idempotencyKey"],
  SmsSid: ["messageId", "idempotencyKey"],
  MessageStatus: ["_tag", "status", "carrierStatus", "idempotencyKey"],
  SmsStatus: ["_tag", "status", "carrierStatus", "idempotencyKey"],
  From: ["sender"],
  To: ["recipient"],
  ErrorCode: ["errorCode"],
  ErrorMessage: ["errorMessage"],
  ChannelStatusMessage: ["errorMessage", "metadata"],
  NumSegments: ["segments", "metadata"],
  ApiVersion: [],
  AccountSid: metadata,
  MessagingServiceSid: metadata,
  RawDlrDoneDate: metadata,
  ChannelInstallSid: metadata,
  ChannelPrefix: metadata,
  EventType: metadata
})
