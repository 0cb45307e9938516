/**
 * Asks Twilio about messages
 * (https://www.twilio.com/docs/messaging/api/message-resource).
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import { Address } from "../Address.ts"
import { isAmount } from "../Cost.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import { isPayload } from "../Payload.ts"
import { listOf } from "../provider/internal/listOf.ts"
import type { Candidate } from "../provider/Query.ts"
import type { CarrierQueries } from "../provider/Sending.ts"
import * as Times from "../provider/Times.ts"
import * as Wire from "../provider/Wire.ts"
import { statuses } from "./core/basic.ts"
import * as Schema from "./Schema.ts"

const readMessage = Wire.reader(Schema.StoredMessage)

/** The page size that Twilio allows at most. What is on a later page is not found. */
const pageSize = "1000"

const address = (text: string | undefined): Address | undefined => text === undefined ? undefined : Address.make(text)

/** Parses a time of RFC 2822, as Twilio writes it: `Thu, 24 Aug 2023 05:01:45 +0000`. */
const toTime = (text: string | undefined): DateTime.Utc | undefined =>
  text === undefined || !/^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/.test(text)
    ? undefined
    : Option.getOrUndefined(DateTime.make(text))

const candidateOf = (message: unknown): ReadonlyArray<Candidate> => {
  const { body, date_created, direction = "", from, num_media = 0, sid } = readMessage(message) ?? {}
  return sid === undefined || !direction.startsWith("outbound") ? [] : [{
    messageId: sid,
    text: body ?? "",
    files: num_media,
    ...Wire.compact({ createdAt: toTime(date_created), sender: address(from) })
  }]
}

/** Converts a message to the status that its status callback would have reported. */
const statusOf = (provider: string, message: unknown): ReadonlyArray<DeliveryStatus> => {
  const fields = readMessage(message)
  if (fields?.sid === undefined || fields.status === undefined || !isPayload(message)) return []
  const { date_updated, error_code, error_message, from, num_segments, price, price_unit, sid, status, to } = fields
  // A charge is negative.
  const amount = price?.replace(/^-/, "")
  const { body: _, ...raw } = message
  return [unchecked(DeliveryStatus, {
    provider,
    messageId: sid,
    status: Wire.lookup(statuses, status.toLowerCase()) ?? "unknown",
    carrierStatus: status,
    ...Wire.compact({
      recipient: address(to),
      sender: address(from),
      errorCode: error_code,
      errorMessage: error_message,
      timestamp: toTime(date_updated),
      segments: num_segments || undefined,
      cost: amount === undefined || !isAmount(amount)
        ? undefined
        : { amount, ...Wire.compact({ currency: price_unit?.toUpperCase() }) }
    }),
    // That of the status callback, so that the later of the two is a repetition.
    idempotencyKey: `${sid}:${status}`,
    raw
  })]
}

/**
 * Builds the queries. Twilio returns no reference with a message, so a message
 * is found by its recipient, its text and its time. The list has a message only
 * once it was sent, and no text of one whose text was deleted: an absent message
 * proves nothing.
 */
export const make = (
  messages: string,
  authorized: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
): CarrierQueries => ({
  lookUp: {
    request: ({ from, to }, { since }) =>
      authorized(HttpClientRequest.get(`${messages}.json`)).pipe(
        HttpClientRequest.setUrlParams({
          To: to,
          ...Wire.compact({ From: from }),
          "DateSent>": Times.formatSeconds(DateTime.subtract(since, { minutes: 5 })),
          PageSize: pageSize
        })
      ),
    candidates: (body) => listOf(body, "messages")?.flatMap(candidateOf)
  },
  fetchStatus: {
    requests: ({ messageId }) => [
      authorized(HttpClientRequest.get(`${messages}/${encodeURIComponent(messageId)}.json`))
    ],
    statuses: (provider, body) => Effect.succeed(statusOf(provider, body))
  }
})
