/**
 * Sends with Twilio's Message resource
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import type { OutboundMessage } from "../Message.ts"
import * as DefaultCallback from "../provider/internal/callbacks.ts"
import { encodeForm } from "../provider/internal/form.ts"
import type { StatusWaits } from "../provider/Query.ts"
import { list } from "../provider/Secrets.ts"
import type * as Sending from "../provider/Sending.ts"
import * as Times from "../provider/Times.ts"
import * as Wire from "../provider/Wire.ts"
import * as Callbacks from "./Callbacks.ts"
import type { SenderOptions } from "./Config.ts"
import { statuses } from "./core/basic.ts"
import { refusalOf } from "./Errors.ts"
import * as Queries from "./Queries.ts"
import * as Schema from "./Schema.ts"

const beforeSent = ["15 minutes", "1 hour", "6 hours", "12 hours", "1 day"] as const

/**
 * A message is valid for ten hours at most, and scheduled 35 days ahead. `sent`
 * is the last status where the network returns no delivery receipt; Twilio
 * advises to ask after twelve hours
 * (https://www.twilio.com/docs/messaging/guides/outbound-message-logging).
 */
const statusWaits: StatusWaits = {
  unknown: beforeSent,
  accepted: beforeSent,
  queued: beforeSent,
  sending: beforeSent,
  scheduled: ["1 day", "7 days", "36 days"],
  sent: ["12 hours", "1 day", "2 days", "3 days"]
}

const capabilities = ({ messagingServiceSid, statusCallback }: SenderOptions): Sending.SendCapabilities => ({
  maxMedia: 10,
  maxLength: 1600,
  senders: ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"],
  choosesSender: messagingServiceSid !== undefined,
  recipients: ["PhoneNumber", "ShortCode", "ChannelAddress"],
  options: [
    ...messagingServiceSid === undefined ? [] : ["sendAt" as const],
    "validityPeriod",
    "statusCallback",
    ...DefaultCallback.options(statusCallback)
  ],
  statusWaits
})

/** Checks both times against Twilio's limits, and the reference. */
const check = (message: OutboundMessage) =>
  DefaultCallback.check(message).pipe(
    Effect.andThen(Times.checkValidity(message.validityPeriod, "10 hours")),
    Effect.andThen(Times.checkSendAt(message.sendAt, "35 days"))
  )

const urlOf = (product: "api" | "messaging", { baseUrl, location }: SenderOptions): string =>
  baseUrl ?? `https://${product}.${location === undefined ? "" : `${location.edge}.${location.region}.`}twilio.com`

/** Builds the form fields, in the order of Twilio's SDK. */
const formOf = (
  part: Sending.Part,
  { messagingServiceSid, statusCallback, validityPeriod }: SenderOptions
): string => {
  const { from, media, message, text, to } = part
  const validity = message.validityPeriod ?? validityPeriod
  const sendAt = message.sendAt
  return encodeForm([
    ["To", to],
    ["StatusCallback", DefaultCallback.of(part, statusCallback)],
    ["ValidityPeriod", validity === undefined ? undefined : String(Times.wholeSeconds(validity))],
    ["ScheduleType", sendAt === undefined ? undefined : "fixed"],
    ["SendAt", sendAt === undefined ? undefined : Times.formatSeconds(sendAt)],
    ["From", from],
    ["MessagingServiceSid", messagingServiceSid],
    ["Body", text === "" ? undefined : text],
    // The field name is repeated; numbered names exist only in webhooks.
    ...media.map(({ url }) => ["MediaUrl", url] as const)
  ])
}

const readMessage = Wire.reader(Schema.Message)
const readError = Wire.reader(Schema.RestError)

const accepted = (body: unknown): Sending.Accepted | undefined => {
  const { from, num_segments, sid, status = "" } = readMessage(body) ?? {}
  if (sid === undefined) return undefined
  return {
    messageId: sid,
    status: Wire.lookup(statuses, status.toLowerCase()) ?? "unknown",
    carrierStatus: status,
    sender: from,
    // Twilio sends 0 until the messaging service has chosen a sender.
    segments: num_segments || undefined
  }
}

const words = (body: unknown): Sending.Words => {
  const { code, message } = readError(body) ?? {}
  return { code, detail: message, refusal: code === undefined ? undefined : refusalOf(code) }
}

/** Makes the sending side of an account. Fails when there is no secret to authenticate requests with. */
export const make = Effect.fnUntraced(function*(
  options: SenderOptions
): Effect.fn.Return<Sending.CarrierSending, CryptoError.CryptoError> {
  const { accountSid, apiKey, authToken } = options
  const [secret] = yield* list("Twilio", apiKey?.secret ?? authToken ?? [])
  const account = `${urlOf("api", options)}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}`
  const messages = `${account}/Messages`
  const authorized = flow(HttpClientRequest.basicAuth(apiKey?.sid ?? accountSid, secret!), HttpClientRequest.acceptJson)
  const request = authorized(HttpClientRequest.post(`${messages}.json`))
  return {
    capabilities: capabilities(options),
    secrets: [Redacted.make(secret!)],
    check,
    request: (part) =>
      Effect.succeed(
        HttpClientRequest.bodyText(request, formOf(part, options), "application/x-www-form-urlencoded")
      ),
    accepted,
    words,
    queries: {
      ...Queries.make(messages, authorized),
      fetchCallbacks: Callbacks.make({ account, messaging: urlOf("messaging", options), authorized, options })
    }
  }
})
