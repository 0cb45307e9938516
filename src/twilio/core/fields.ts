/**
 * The fields of Twilio's messaging webhooks that the library reads, from
 * https://www.twilio.com/docs/messaging/guides/webhook-request and
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status.
 * All values are strings on the wire, including numbers.
 */
import { address, optionalName, optionalText, struct, text } from "../../provider/core/readers.ts"
import { toCount } from "../../provider/core/values.ts"
import * as Fields from "../../provider/Fields.ts"
import { maxDescription, maxText } from "../../provider/internal/lengths.ts"

const longText = /* @__PURE__ */ optionalText(maxText)

/** The fields that distinguish an inbound message from a status callback. */
export const Kind = /* @__PURE__ */ struct({ MessageStatus: optionalName, SmsStatus: optionalName })

/** The message ids. `SmsSid` and `SmsMessageSid` are deprecated duplicates of `MessageSid`. */
const ids = { MessageSid: optionalName, SmsMessageSid: optionalName, SmsSid: optionalName }

export const Inbound = /* @__PURE__ */ struct({ ...ids, From: address, To: address, Body: text, NumSegments: toCount })

/** The content fields of WhatsApp and RCS. Decoded only if a payload has one of them. */
export const Rich = /* @__PURE__ */ struct({
  Latitude: optionalName,
  Longitude: optionalName,
  Address: longText,
  Label: longText,
  ButtonText: longText,
  ButtonPayload: longText,
  ListTitle: longText,
  ListId: longText,
  InteractiveData: longText,
  FlowData: longText,
  OriginalRepliedMessageSid: optionalName
})

export const StatusCallback = /* @__PURE__ */ struct({
  ...ids,
  To: optionalName,
  From: optionalName,
  ErrorCode: optionalName,
  ErrorMessage: optionalText(maxDescription),
  ChannelStatusMessage: optionalText(maxDescription),
  NumSegments: toCount
})

const metadata = ["metadata"]
const contentAndMetadata = ["content", "metadata"]

/**
 * The fields of an inbound message. Files are found by their URLs, independent
 * of `NumMedia`. `MessageType` is undocumented and sent with WhatsApp messages.
 */
export const messageFields = /* @__PURE__ */ Fields.make({
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
export const statusFields = /* @__PURE__ */ Fields.make({
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
