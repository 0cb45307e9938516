/**
 * Sends with Telnyx's messages API
 * (https://developers.telnyx.com/api-reference/messages/send-a-message).
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { type Address, kind } from "../Address.ts"
import type { OutboundMessage } from "../Message.ts"
import { isPayload } from "../Payload.ts"
import { list } from "../provider/Secrets.ts"
import type * as Sending from "../provider/Sending.ts"
import * as Times from "../provider/Times.ts"
import * as Wire from "../provider/Wire.ts"
import { greekCapitals } from "../segments/Segments.ts"
import * as SmsError from "../SmsError.ts"
import type { SenderOptions } from "./Config.ts"
import { refusalOf } from "./Errors.ts"
import * as Schema from "./Schema.ts"

/**
 * Telnyx accepts ten parts
 * (https://developers.telnyx.com/docs/messaging/messages/message-encoding). Its
 * list of GSM-7 characters lacks the Greek capitals and two more characters, so
 * they count as UCS-2 here. If Telnyx does send them as GSM-7, a text with one
 * is split or refused too early; the opposite mistake could make a part fail
 * after others were sent.
 */
const capabilities = ({ messagingProfileId }: SenderOptions): Sending.SendCapabilities => ({
  maxMedia: 10,
  maxLength: 1530,
  maxSegments: 10,
  excluding: `${greekCapitals}Ç¤`,
  senders: messagingProfileId === undefined
    ? ["PhoneNumber", "ShortCode"]
    : ["PhoneNumber", "ShortCode", "SenderId"],
  choosesSender: messagingProfileId !== undefined,
  recipients: ["PhoneNumber", "ShortCode"],
  options: ["sendAt", "statusCallback"]
})

/** Matches the area codes of the other countries that share +1 with the United States and Canada. */
const caribbean = /^\+1(242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876)/

const isNorthAmerican = (to: Address): boolean => to.startsWith("+1") && !caribbean.test(to)

/** Validates an alphanumeric sender (https://developers.telnyx.com/docs/messaging/messages/alphanumeric-sender-id). */
const checkName = (name: string, to: Address) => {
  if (!/^(?=.*[a-z])[a-z\d ]{1,11}$/i.test(name)) return "at most 11 letters, digits and spaces, with a letter"
  return isNorthAmerican(to) ? "a number: alphanumeric senders reach neither the United States nor Canada" : undefined
}

const check = (options: SenderOptions) => ({ from = options.from, sendAt, to }: OutboundMessage) => {
  const expected = from !== undefined && kind(from) === "SenderId" ? checkName(from, to) : undefined
  return expected === undefined
    ? Times.checkSendAt(sendAt, "5 days")
    : Effect.fail(new SmsError.NotSupported({ field: "from", expected }))
}

/** Builds the request body. Omits members that are `undefined`. */
const bodyOf = ({ from, media, message, text, to }: Sending.Part, options: SenderOptions): string =>
  JSON.stringify({
    from,
    to,
    text: text === "" ? undefined : text,
    media_urls: media.length === 0 ? undefined : media.map(({ url }) => url),
    messaging_profile_id: options.messagingProfileId,
    webhook_url: message.statusCallback ?? options.statusCallback,
    send_at: message.sendAt === undefined ? undefined : Times.formatSeconds(message.sendAt)
  })

const readAccepted = Wire.reader(Schema.Accepted)
const readRefused = Wire.reader(Schema.Refused)
const readError = Wire.reader(Schema.RequestError)

const accepted = (body: unknown, { from }: Sending.Part): Sending.Accepted | undefined => {
  const message = readAccepted(body)?.data
  if (message?.id === undefined) return undefined
  const status = Schema.parties(message.to)[0]?.status ?? ""
  return {
    messageId: message.id,
    status: Wire.lookup(Schema.statuses, status.toLowerCase()) ?? "unknown",
    carrierStatus: status,
    // The number from the number pool, if Telnyx has already chosen it.
    sender: Schema.parties(message.from)[0]?.address ?? from,
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
  const request = HttpClientRequest.post(`${baseUrl}/v2/messages`).pipe(
    HttpClientRequest.bearerToken(apiKey),
    HttpClientRequest.acceptJson
  )
  return {
    capabilities: capabilities(options),
    secrets: [apiKey],
    check: check(options),
    request: (part) => Effect.succeed(HttpClientRequest.bodyText(request, bodyOf(part, options), "application/json")),
    accepted,
    words
  }
})
