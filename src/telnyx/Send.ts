/**
 * Sends with Telnyx's messages API
 * (https://developers.telnyx.com/api-reference/messages/send-a-message), and to
 * groups with its group MMS
 * (https://developers.telnyx.com/docs/messaging/messages/group-messaging).
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Address, kind } from "../Address.ts"
import type { OutboundMessage } from "../Message.ts"
import { isPayload } from "../Payload.ts"
import * as Callbacks from "../provider/internal/callbacks.ts"
import type { StatusWaits } from "../provider/Query.ts"
import { list } from "../provider/Secrets.ts"
import type * as Sending from "../provider/Sending.ts"
import * as Times from "../provider/Times.ts"
import * as Wire from "../provider/Wire.ts"
import { greekCapitals } from "../segments/Segments.ts"
import * as SmsError from "../SmsError.ts"
import type { SenderOptions } from "./Config.ts"
import * as Basic from "./core/basic.ts"
import { refusalOf } from "./Errors.ts"
import * as Queries from "./Queries.ts"
import * as Schema from "./Schema.ts"

const beforeSent = ["15 minutes", "1 hour", "6 hours", "1 day"] as const

/**
 * Telnyx returns a message for ten days. A message is valid for an hour in the
 * responses of its API, and scheduled five days ahead at most.
 */
const statusWaits: StatusWaits = {
  unknown: beforeSent,
  accepted: beforeSent,
  queued: beforeSent,
  sending: beforeSent,
  scheduled: ["1 day", "3 days", "6 days"],
  sent: ["1 hour", "6 hours", "1 day", "3 days"]
}

/**
 * Telnyx accepts ten parts
 * (https://developers.telnyx.com/docs/messaging/messages/message-encoding). Its
 * list of GSM-7 characters lacks the Greek capitals and two more characters, so
 * they count as UCS-2 here. If Telnyx does send them as GSM-7, a text with one
 * is split or refused too early; the opposite mistake could make a part fail
 * after others were sent.
 */
const capabilities = ({ messagingProfileId, statusCallback }: SenderOptions): Sending.SendCapabilities => ({
  maxMedia: 10,
  maxLength: 1530,
  maxSegments: 10,
  excluding: `${greekCapitals}Ç¤`,
  senders: messagingProfileId === undefined
    ? ["PhoneNumber", "ShortCode"]
    : ["PhoneNumber", "ShortCode", "SenderId"],
  choosesSender: messagingProfileId !== undefined,
  recipients: ["PhoneNumber", "ShortCode"],
  maxGroupRecipients: 8,
  options: ["sendAt", "statusCallback", ...Callbacks.options(statusCallback)],
  statusWaits
})

/** Matches the area codes of the other countries that share +1 with the United States and Canada. */
const caribbean = /^\+1(242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876)/

const isNorthAmerican = (to: Address): boolean => to.startsWith("+1") && !caribbean.test(to)

/** Validates an alphanumeric sender (https://developers.telnyx.com/docs/messaging/messages/alphanumeric-sender-id). */
const checkName = (name: string, to: Address) => {
  if (!/^(?=.*[a-z])[a-z\d ]{1,11}$/i.test(name)) return "at most 11 letters, digits and spaces, with a letter"
  return isNorthAmerican(to) ? "a number: alphanumeric senders reach neither the United States nor Canada" : undefined
}

/**
 * Validates a group message: between numbers of the United States and Canada,
 * and without the options of other messages
 * (https://developers.telnyx.com/api-reference/messages/send-a-group-mms-message).
 */
const checkGroup = (from: Address | undefined, { recipients, sendAt }: OutboundMessage) => {
  const refuse = (field: string, expected: string) => ({ field, expected })
  const isAbroad = (address: Address) => kind(address) !== "PhoneNumber" || !isNorthAmerican(address)
  if (from === undefined) return refuse("from", "a sender: the number pool sends to no group")
  if (kind(from) !== "PhoneNumber") return refuse("from", "a phone number: no other sender sends to a group")
  if (recipients.some(isAbroad)) return refuse("participants", "numbers of the United States and Canada")
  return sendAt === undefined ? undefined : refuse("sendAt", "nothing: a group message is sent immediately")
}

const check = (options: SenderOptions) => (message: OutboundMessage) => {
  const { from = options.from, recipients, sendAt, to } = message
  const reference = Callbacks.check(message)
  if (recipients.length > 1) {
    const refusal = checkGroup(from, message)
    return refusal === undefined ? reference : Effect.fail(new SmsError.NotSupported(refusal))
  }
  const expected = from !== undefined && kind(from) === "SenderId" ? checkName(from, to) : undefined
  return expected === undefined
    ? Effect.andThen(reference, Times.checkSendAt(sendAt, "5 days"))
    : Effect.fail(new SmsError.NotSupported({ field: "from", expected }))
}

const isGroup = ({ recipients }: Sending.Part): boolean => recipients.length > 1

/** Builds the request body. Omits members that are `undefined`. A group message has no messaging profile. */
const bodyOf = (part: Sending.Part, options: SenderOptions): string => {
  const { from, media, message, recipients, text, to } = part
  return JSON.stringify({
    from,
    to: isGroup(part) ? recipients : to,
    text: text === "" ? undefined : text,
    media_urls: media.length === 0 ? undefined : media.map(({ url }) => url),
    messaging_profile_id: isGroup(part) ? undefined : options.messagingProfileId,
    webhook_url: Callbacks.of(part, options.statusCallback),
    send_at: message.sendAt === undefined ? undefined : Times.formatSeconds(message.sendAt)
  })
}

const readAccepted = Wire.reader(Schema.Accepted)
const readRefused = Wire.reader(Schema.Refused)
const readError = Wire.reader(Schema.RequestError)

const statusOf = ({ status = "" }: Pick<Basic.Party, "status">) => ({
  status: Wire.lookup(Basic.statuses, status.toLowerCase()) ?? "unknown" as const,
  carrierStatus: status
})

const senderOf = (value: unknown): Address | undefined => {
  const address = Basic.parties(value)[0]?.address
  return address === undefined ? undefined : Address.make(address)
}

const accepted = (body: unknown, part: Sending.Part): Sending.Accepted | undefined => {
  const { from } = part
  const message = readAccepted(body)?.data
  if (message?.id === undefined) return undefined
  const parties = Basic.parties(message.to)
  return {
    // The id in the delivery reports of all recipients of a group message.
    messageId: message.group_message_id ?? message.id,
    ...statusOf({ status: parties[0]?.status }),
    ...(isGroup(part) && {
      recipients: parties.flatMap((party) =>
        party.address === undefined ? [] : [{ recipient: Address.make(party.address), ...statusOf(party) }]
      )
    }),
    // The number from the number pool, if Telnyx has already chosen it.
    sender: senderOf(message.from) ?? from,
    segments: message.parts || undefined
  }
}

/** Determines whether an invalid number is the sender or the recipient, from `source`. */
const wrongParty = (refusal: SmsError.Refusal, source: Readonly<Record<string, unknown>>): SmsError.Refusal => {
  const name = `${source["pointer"] ?? source["parameter"] ?? ""}`.split("/").find((segment) => segment !== "")
  if (refusal !== "InvalidRecipient" && refusal !== "InvalidSender") return refusal
  return name === "from" ? "InvalidSender" : name === "to" ? "InvalidRecipient" : refusal
}

const words = (body: unknown, status: number): Sending.Words => {
  const error = readError(readRefused(body)?.errors.find(isPayload))
  if (error === undefined) return {}
  const { code, detail, source, title } = error
  // Code 10006 means an invalid id, but with status 401 it means missing permission.
  const refusal = code === undefined || status === 401 ? undefined : refusalOf(code)
  return { code, detail: detail ?? title, refusal: refusal && wrongParty(refusal, source) }
}

/** Makes the sending side of an account. Fails when the API key is empty. */
export const make = Effect.fnUntraced(function*(
  options: SenderOptions
): Effect.fn.Return<Sending.CarrierSending, CryptoError.CryptoError> {
  const { apiKey, baseUrl = "https://api.telnyx.com" } = options
  yield* list("Telnyx", apiKey)
  const post = (path: string) =>
    HttpClientRequest.post(`${baseUrl}${path}`).pipe(
      HttpClientRequest.bearerToken(apiKey),
      HttpClientRequest.acceptJson
    )
  const get = (path: string) => HttpClientRequest.setMethod(post(path), "GET")
  const [one, group] = [post("/v2/messages"), post("/v2/messages/group_mms")]
  return {
    capabilities: capabilities(options),
    secrets: [apiKey],
    check: check(options),
    request: (part) =>
      Effect.succeed(
        HttpClientRequest.bodyText(isGroup(part) ? group : one, bodyOf(part, options), "application/json")
      ),
    accepted,
    words,
    queries: Queries.make(get, options)
  }
})
