/**
 * The HTTP API for figures about what the server does.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Status } from "../DeliveryStatus.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * The time that the figures are about, up to now: `hour` in minutes, `day` in
 * quarters of an hour, `week` in spans of two hours.
 *
 * @category models
 * @since 0.1.0
 */
export type Span = typeof Span.Type

/**
 * Schema of {@link Span}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Span = Schema.Literals(["hour", "day", "week"])

const count = Schema.Int

/**
 * How long messages took to be delivered, in seconds.
 *
 * @category models
 * @since 0.1.0
 */
export class Latency extends Schema.Class<Latency>("effect-sms/http/Latency")({
  count,
  median: Schema.Finite,
  p95: Schema.Finite
}) {}

/**
 * The figures of a provider.
 *
 * @category models
 * @since 0.1.0
 */
export class ProviderStats extends Schema.Class<ProviderStats>("effect-sms/http/ProviderStats")({
  name: Schema.String,
  receives: Schema.Boolean,
  sends: Schema.Boolean,
  circuit: Schema.optionalKey(
    Schema.Literals(["Closed", "HalfOpen", "Open"]).annotate({
      description: "The circuit breaker, as the process that answers saw it last"
    })
  ),
  received: count,
  accepted: count,
  refused: count.annotate({ description: "Sends that the carrier refused, or for which it could not be reached" }),
  refusedByServer: count.annotate({
    description:
      "Sends that this server refused without a request to the carrier: opt-outs, guards, limits, hooks, checks"
  }),
  unknown: count.annotate({ description: "Sends whose outcome is unknown" }),
  statuses: Schema.Array(Schema.Struct({ status: Status, count })).annotate({
    description: "The deliveries of sent messages, by status"
  }),
  latency: Schema.optionalKey(Latency)
}) {}

/**
 * The figures.
 *
 * @category models
 * @since 0.1.0
 */
export class Stats extends Schema.Class<Stats>("effect-sms/http/Stats")({
  since: Schema.DateTimeUtcFromString,
  until: Schema.DateTimeUtcFromString,
  step: Schema.Int.annotate({ description: "The length of a span, in seconds" }),
  spans: Schema.Array(Schema.Struct({
    at: Schema.DateTimeUtcFromString,
    received: count,
    sent: count.annotate({ description: "Sends that were requested" }),
    failed: count.annotate({ description: "Those of them that were refused, or whose outcome is unknown" }),
    latency: Schema.optionalKey(Schema.Finite.annotate({ description: "The median time to delivery, in seconds" }))
  })),
  latency: Schema.optionalKey(Latency),
  providers: Schema.Array(ProviderStats),
  backlog: Schema.Struct({
    queued: count.annotate({ description: "Messages that wait to be sent" }),
    sending: count,
    unknown: count.annotate({ description: "Sends with an unknown outcome that nobody has decided about" }),
    waiting: Schema.optionalKey(
      Schema.Finite.annotate({
        description: "How long the queued message that is ready longest has waited, in seconds"
      })
    ),
    inbox: count.annotate({ description: "Accepted webhooks that wait to be processed" }),
    inboxWaiting: Schema.Finite.annotate({ description: "The age of the oldest of them, in seconds" }),
    deadLetters: count
  })
}) {}

/**
 * The endpoint.
 *
 * @category groups
 * @since 0.1.0
 */
export class Statistics extends HttpApiGroup.make("statistics")
  .add(
    HttpApiEndpoint.get("stats", "/stats", {
      query: { span: Schema.optionalKey(Span.annotate({ description: "`hour` by default" })) },
      success: Stats,
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Get figures about messages and providers")
      .annotateMerge(annotations(samples.stats))
      .annotate(
        OpenApi.Description,
        `Counts what was received and sent, by span of time and by provider, and what waits at this
moment. For monitoring, see \`GET /metrics\`.`
      )
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Figures, for people. Needs a token with the scope read.")
{}
