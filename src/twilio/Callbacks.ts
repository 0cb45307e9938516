/**
 * Asks Twilio where it posts received messages. That is the URL of the messaging
 * service (https://www.twilio.com/docs/messaging/api/service-resource), unless
 * the service leaves it to each number, or that of the number
 * (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
 */
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { kind } from "../Address.ts"
import { listOf } from "../provider/internal/listOf.ts"
import type { Callback } from "../provider/Query.ts"
import type { CarrierQueries } from "../provider/Sending.ts"
import * as Wire from "../provider/Wire.ts"
import type { SenderOptions } from "./Config.ts"
import * as Schema from "./Schema.ts"

const readService = Wire.reader(Schema.MessagingService)
const readNumber = Wire.reader(Schema.IncomingPhoneNumber)

const [service, number] = ["the messaging service", "the number of the default sender"]

/** Reads the number from a list. */
const ofNumber = (body: unknown, from: string): ReadonlyArray<Callback> | undefined => {
  const found = listOf(body, "incoming_phone_numbers")?.map(readNumber)
  if (found === undefined) return undefined
  const one = found.find((number) => number?.phone_number === from)
  if (one === undefined) return [{ of: number, unknown: "the account has no such number" }]
  return one.sms_application_sid === undefined
    ? [{ of: number, url: one.sms_url }]
    : [{ of: number, unknown: "it is the one of a TwiML application" }]
}

export const make = ({ account, authorized, messaging, options: { from, messagingServiceSid } }: {
  /** The URL of the account. */
  readonly account: string
  /** The URL of the API of messaging services. */
  readonly messaging: string
  readonly authorized: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
  readonly options: SenderOptions
}): NonNullable<CarrierQueries["fetchCallbacks"]> =>
  Effect.fnUntraced(function*(ask) {
    if (messagingServiceSid !== undefined) {
      const url = `${messaging}/v1/Services/${encodeURIComponent(messagingServiceSid)}`
      const answer = yield* ask(authorized(HttpClientRequest.get(url)))
      if (answer === undefined) return [{ of: service, unknown: "the account has none with this SID" }]
      const { inbound_request_url, sid, use_inbound_webhook_on_number } = readService(answer.body) ?? {}
      if (sid === undefined) return undefined
      if (use_inbound_webhook_on_number !== true) return [{ of: service, url: inbound_request_url }]
      if (from === undefined) return [{ of: service, unknown: "it is the one of each number" }]
    }
    if (from === undefined) return [{ of: number, unknown: "neither a sender nor a messaging service is configured" }]
    if (kind(from) !== "PhoneNumber") return [{ of: number, unknown: "the default sender is not a phone number" }]
    const request = HttpClientRequest.setUrlParams(
      authorized(HttpClientRequest.get(`${account}/IncomingPhoneNumbers.json`)),
      { PhoneNumber: from }
    )
    return ofNumber((yield* ask(request))?.body, from)
  })
