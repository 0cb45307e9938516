/**
 * Asks Telnyx about messages, and where it posts received ones. Its API returns a message by its id alone, and for
 * ten days (https://developers.telnyx.com/api-reference/messages/retrieve-a-message):
 * a message whose id is lost cannot be found.
 */
import * as Effect from "effect/Effect"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Schema from "effect/Schema"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import { DeliveryStatus as Status } from "../DeliveryStatus.ts"
import { unchecked } from "../internal/unchecked.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import type { CarrierQueries } from "../provider/Sending.ts"
import * as Wire from "../provider/Wire.ts"
import type { SenderOptions } from "./Config.ts"
import { decode } from "./core/decode.ts"

const readProfile = Wire.reader(
  Schema.Struct({ id: Wire.OptionalText, webhook_url: Wire.optionalText(Wire.maxUrl) })
)

/** Reads a message as the webhook that would have reported its status. */
const statusesOf = (provider: string, message: Payload): Effect.Effect<ReadonlyArray<DeliveryStatus>> => {
  const { media: _, subject: __, text: ___, ...payload } = message
  const isFinal = typeof payload["completed_at"] === "string"
  return eventsOf(decode(classes, provider, {
    data: { event_type: isFinal ? "message.finalized" : "message.sent", payload }
  })).pipe(
    Effect.map((events) =>
      events.flatMap((event) => event._tag === "DeliveryStatus" ? [unchecked(Status, { ...event, raw: payload })] : [])
    ),
    // What does not decode says nothing.
    Effect.orElseSucceed(() => [])
  )
}

/** Builds the queries. A group message has records of its own for its recipients. */
export const make = (
  get: (path: string) => HttpClientRequest.HttpClientRequest,
  { messagingProfileId }: SenderOptions
): CarrierQueries => ({
  fetchStatus: {
    requests: ({ messageId }) => [
      get(`/v2/messages/${encodeURIComponent(messageId)}`),
      get(`/v2/messages/group/${encodeURIComponent(messageId)}`)
    ],
    statuses: Effect.fnUntraced(function*(provider, body) {
      const data = isPayload(body) ? body["data"] : undefined
      const messages = (Array.isArray(data) ? data : [data]).filter(isPayload)
      return (yield* Effect.forEach(messages, (message) => statusesOf(provider, message))).flat()
    })
  },
  // https://developers.telnyx.com/api-reference/profiles/retrieve-a-messaging-profile
  fetchCallbacks: Effect.fnUntraced(function*(ask) {
    const of = "the messaging profile"
    if (messagingProfileId === undefined) return [{ of, unknown: "none is configured" }]
    const answer = yield* ask(get(`/v2/messaging_profiles/${encodeURIComponent(messagingProfileId)}`))
    if (answer === undefined) return [{ of, unknown: "the account has none with this id" }]
    const profile = readProfile(isPayload(answer.body) ? answer.body["data"] : undefined)
    return profile?.id === undefined ? undefined : [{ of, url: profile.webhook_url }]
  })
})
