/**
 * The API for forwarding: the endpoints and what is forwarded to them.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import type * as Forwarder from "../forward/Forwarder.ts"
import type { Forward } from "../forward/ForwardStore.ts"
import { compact } from "../internal/record.ts"
import type { Entry } from "../queue/Queue.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { zonedTime } from "./internal/zonedTimeQuery.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * An endpoint, as the API returns it.
 *
 * @category models
 * @since 0.1.0
 */
export class EndpointView extends Schema.Class<EndpointView>("effect-sms/http/ForwardingEndpoint")({
  endpoint: Schema.String.annotate({ description: "The URL without its query" }),
  failingSince: Schema.optionalKey(Schema.DateTimeUtcFromString.annotate({
    description: "Since when every attempt failed"
  })),
  pausedAt: Schema.optionalKey(Schema.DateTimeUtcFromString.annotate({
    description: "Since when nothing is forwarded, until it is resumed"
  }))
}) {}

/**
 * A forwarded event, as the API returns it.
 *
 * @category models
 * @since 0.1.0
 */
export class ForwardView extends Schema.Class<ForwardView>("effect-sms/http/Forward")({
  id: Schema.String,
  endpoint: Schema.String,
  eventId: Schema.String.annotate({ description: "The id of the event, which is the `webhook-id`" }),
  event: Schema.String.annotate({ description: "The kind of event" }),
  state: Schema.Literals(["pending", "done", "dead"]),
  queuedAt: Schema.DateTimeUtcFromString,
  failures: Schema.Int,
  lastError: Schema.optionalKey(Schema.String.annotate({ description: "The kind of the last failure" }))
}) {}

/**
 * Converts an endpoint to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpointViewOf = ({ failingSince, name, pausedAt }: Forwarder.EndpointView): EndpointView =>
  new EndpointView({ endpoint: name, ...compact({ failingSince, pausedAt }) })

/**
 * Converts an entry of the queue to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forwardViewOf = (
  { acceptedAt, event: { endpoint, eventId, kind }, failures, id, lastError, state }: Entry<Forward>
): ForwardView =>
  new ForwardView({
    id,
    endpoint,
    eventId,
    event: kind,
    state,
    queuedAt: acceptedAt,
    failures,
    ...compact({ lastError })
  })

/**
 * The endpoints for forwarding.
 *
 * @category groups
 * @since 0.1.0
 */
export class Forwarding extends HttpApiGroup.make("forwarding")
  .add(
    HttpApiEndpoint.get("forwardingEndpoints", "/forwarding/endpoints", {
      success: Schema.Array(EndpointView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List where events are forwarded to")
      .annotateMerge(annotations(samples.forwardingEndpoints))
      .annotate(OpenApi.Description, "With since when an endpoint fails, and whether it is paused."),
    HttpApiEndpoint.post("resumeForwarding", "/forwarding/resume", {
      payload: Schema.Struct({ endpoint: Schema.String }),
      success: Schema.Struct({ replayed: Schema.Int }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Resume a paused endpoint")
      .annotateMerge(annotations(samples.forwardingResume))
      .annotate(
        OpenApi.Description,
        "What waited meanwhile follows at once, and its dead letters are posted again. Returns how many those are."
      ),
    HttpApiEndpoint.get("forwards", "/forwarding/events", {
      query: {
        ...Paging.pageQuery,
        state: Schema.optionalKey(Schema.Literals(["pending", "done"])).annotate({
          description: "`pending` by default: what waits. `done` is what was taken"
        }),
        endpoint: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only to this endpoint" })),
        event: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only this kind of event" })),
        since: Paging.filterQuery.since,
        until: Paging.filterQuery.until
      },
      success: Paging.pageOf(ForwardView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List forwarded events")
      .annotateMerge(annotations(samples.forwards))
      .annotate(
        OpenApi.Description,
        "The latest first. `GET /dead-letters` lists those that no endpoint took, and `POST /dead-letters/:id/replay` " +
          "posts one again, whether it was taken or not."
      ),
    HttpApiEndpoint.post("replayForwards", "/forwarding/replay", {
      payload: Schema.Struct({
        since: zonedTime("The events from this time on"),
        until: Schema.optionalKey(zonedTime("The events before this time. Defaults to now")),
        endpoint: Schema.optionalKey(Schema.String.annotate({ description: "Only to this endpoint" }))
      }),
      success: Schema.Struct({ replayed: Schema.Int }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(HttpApi.PayloadParseOptions, { onExcessProperty: "error", errors: "all" })
      .annotate(OpenApi.Summary, "Forward the events of a span of time again")
      .annotateMerge(annotations(samples.replayForwards))
      .annotate(OpenApi.Description, "To every endpoint, or to one. The events keep their `webhook-id`.")
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Events that are posted to applications. Empty unless the server has FORWARD_URL.")
{}
