/**
 * The HTTP API for following what happens, as server-sent events.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Kind } from "../events/Event.ts"
import { Entry } from "../events/EventLog.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { numberQuery } from "./internal/numberQuery.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * The name of the event that tells a follower its position while nothing
 * happens.
 *
 * @category models
 * @since 0.1.0
 */
export const heartbeat = "heartbeat"

/**
 * An event as it is sent: the position as its id, the kind as its name, and the
 * entry of the log as its data.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SentEntry = Schema.Struct({
  id: Schema.String.annotate({ description: "The position. Continue after it with Last-Event-ID" }),
  event: Kind,
  data: Schema.fromJsonString(Schema.toCodecJson(Entry))
})

/**
 * A heartbeat, or an event of a newer version of the server.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SentOther = Schema.Struct({
  id: Schema.optional(Schema.String),
  event: Schema.String.annotate({ description: `\`${heartbeat}\`, or a kind that a later version adds` }),
  data: Schema.String
})

/** A position, or nothing, which is no position. */
const position = (description: string) =>
  Schema.Union([
    Schema.Literal(""),
    Schema.String.check(Schema.isPattern(/^\d{1,16}$/, { expected: "a position, in decimal digits" })).pipe(
      Schema.decodeTo(
        Schema.NumberFromString.check(
          Schema.isInt(),
          Schema.isBetween({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
        )
      )
    )
  ]).annotate({ description })

const description = `Streams what happens as server-sent events: messages received, messages that the application's
channels posted, sends with their outcome, and changes of deliveries. The id of an event is its position. A client that reconnects with the last one, in \`Last-Event-ID\` or in \`after\`, misses nothing and gets
nothing twice, on any server of the same database. \`after=0\` begins with the oldest event that is kept. Without a
position, or with an empty one, the stream begins now.

A \`${heartbeat}\` comes first, and then whenever nothing happened for 15 seconds. Its id is a position too. The stream
ends when the server shuts down: connect again. The filters can be combined.`

/**
 * The endpoints for following.
 *
 * @category groups
 * @since 0.1.0
 */
export class Events extends HttpApiGroup.make("events")
  .add(
    HttpApiEndpoint.get("follow", "/events", {
      headers: Schema.Struct({
        "last-event-id": Schema.optionalKey(
          position("The position after which to continue. Set by clients that reconnect")
        )
      }),
      query: {
        after: Schema.optionalKey(position("The position after which to begin")),
        room: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only events of this room" })),
        kind: Schema.optionalKey(
          Schema.Union([Kind, Schema.Array(Kind)]).annotate({
            description: "Only events of this kind. Repeat the parameter for several"
          })
        ),
        number: Schema.optionalKey(numberQuery)
      },
      success: HttpApiSchema.StreamSse({ events: Schema.Union([SentEntry, SentOther]) }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Follow what happens")
      .annotateMerge(annotations(samples.follow))
      .annotate(OpenApi.Description, description)
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "What happens to messages, as it happens. Needs a token with the scope read.")
{}
