/**
 * Asks Sinch about batches and delivery reports
 * (https://developers.sinch.com/docs/sms/api-reference/sms/tag/Batches/,
 * https://developers.sinch.com/docs/sms/api-reference/sms/tag/Delivery-reports/).
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { fromCarrierDigits, toCarrierDigits } from "../Address.ts"
import { isPayload } from "../Payload.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import { listOf } from "../provider/internal/listOf.ts"
import type { Candidate } from "../provider/Query.ts"
import type { CarrierQueries, Part } from "../provider/Sending.ts"
import * as Wire from "../provider/Wire.ts"
import * as SendReference from "../SendReference.ts"
import { decode } from "./core/decode.ts"
import * as Schema from "./Schema.ts"

const readBatch = Wire.reader(Schema.StoredBatch)

/** Returns the reference of a part. The caller's own has precedence: the caller finds its messages by it. */
export const referenceOf = ({ intent, message }: Part): string | undefined =>
  message.reference ?? (intent && SendReference.toText(intent))

const candidateOf = ({ to }: Part) => (batch: unknown): ReadonlyArray<Candidate> => {
  const { body, client_reference, created_at, from, id, to: recipients = [] } = readBatch(batch) ?? {}
  // Every batch that we send has one recipient.
  if (id === undefined || recipients.length !== 1 || Wire.toText(recipients[0]) !== toCarrierDigits(to)) return []
  const media = isPayload(body) ? body : undefined
  return [{
    messageId: id,
    text: media === undefined ? Wire.toText(body) : Wire.toText(media["message"]),
    files: media === undefined ? 0 : 1,
    ...Wire.compact({
      reference: client_reference === undefined ? undefined : SendReference.fromText(client_reference),
      sender: from === undefined ? undefined : fromCarrierDigits(from),
      createdAt: created_at
    })
  }]
}

/**
 * Builds the queries. Sinch finds batches by their reference, for 14 days. It
 * does not document when a new batch appears in the list, so an absent one
 * proves nothing.
 */
export const make = (batches: HttpClientRequest.HttpClientRequest): CarrierQueries => ({
  lookUp: {
    request: (part, { since }) =>
      HttpClientRequest.setUrlParams(batches, {
        page: "0",
        page_size: "100",
        start_date: DateTime.formatIso(DateTime.subtract(since, { minutes: 5 })),
        ...Wire.compact({ client_reference: referenceOf(part) })
      }),
    candidates: (body, part) => listOf(body, "batches")?.flatMap(candidateOf(part))
  },
  fetchStatus: {
    // The report of a whole batch only counts recipients.
    requests: ({ messageId, recipient }) =>
      recipient === undefined || recipient === "" ? [] : [
        HttpClientRequest.appendUrl(
          batches,
          `/${encodeURIComponent(messageId)}/delivery_report/${
            encodeURIComponent(toCarrierDigits(fromCarrierDigits(recipient)))
          }`
        )
      ],
    statuses: (provider, body) =>
      isPayload(body)
        ? eventsOf(decode(classes, provider, body)).pipe(
          Effect.map((events) => events.flatMap((event) => event._tag === "DeliveryStatus" ? [event] : [])),
          // What does not decode says nothing.
          Effect.orElseSucceed(() => [])
        )
        : Effect.succeed([])
  }
})
