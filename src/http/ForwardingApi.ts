/**
 * The API for forwarding: the endpoints and what is forwarded to them.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import type * as Forwarder from "../forward/Forwarder.ts"
import type { Forward } from "../forward/ForwardStore.ts"
import { compact } from "../internal/record.ts"
import type { Entry } from "../queue/Queue.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
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
  position: Schema.Int.annotate({ description: "Pass the smallest as `before` for the next page" }),
  endpoint: Schema.String,
  eventId: Schema.String.annotate({ description: "The id of the event, which is the `webhook-id`" }),
  kind: Schema.String,
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
  { acceptedAt, event: { endpoint, eventId, kind }, failures, id, lastError, position, state }: Entry<Forward>
): ForwardView =>
  new ForwardView({
    id,
    position,
    endpoint,
    eventId,
    kind,
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
    HttpApiEndpoint.get("endpoints", "/forwarding/endpoints", {
      success: Schema.Array(EndpointView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List where events are forwarded to")
      .annotateMerge(annotations(samples.forwardingEndpoints))
      .annotate(OpenApi.Description, "With since when an endpoint fails, and whether it is paused."),
    HttpApiEndpoint.post("resume", "/forwarding/resume", {
      payload: Schema.Struct({ endpoint: Schema.String }),
      success: Schema.Struct({ replayed: Schema.Int }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Resume a paused endpoint")
      .annotateMerge(annotations(samples.forwardingResume))
      .annotate(
        OpenApi.Description,
        "The events of the meantime follow, and its dead letters are posted again. Returns how many those are."
      ),
    HttpApiEndpoint.get("forwards", "/forwarding/events", {
      query: {
        state: Schema.optionalKey(Schema.Literals(["pending", "done", "dead"])).annotate({
          description: "`dead` by default: what no endpoint took"
        }),
        limit: Paging.pageQuery.limit,
        before: Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt()))
      },
      success: Schema.Array(ForwardView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List forwarded events")
      .annotateMerge(annotations(samples.forwards))
      .annotate(OpenApi.Description, "The latest first."),
    HttpApiEndpoint.post("replayForward", "/forwarding/events/:id/replay", {
      params: { id: Schema.NonEmptyString },
      success: Schema.Struct({ replayed: Schema.Int }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Forward an event again")
      .annotateMerge(annotations(samples.replayForward))
      .annotate(OpenApi.Description, "Whether it was taken or not. It keeps its `webhook-id`."),
    HttpApiEndpoint.post("replayForwards", "/forwarding/replay", {
      payload: Schema.Struct({
        since: Schema.DateTimeUtcFromString,
        until: Schema.DateTimeUtcFromString,
        endpoint: Schema.optionalKey(Schema.String)
      }),
      success: Schema.Struct({ replayed: Schema.Int }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Forward the events of a span of time again")
      .annotateMerge(annotations(samples.replayForwards))
      .annotate(OpenApi.Description, "To every endpoint, or to one. The events keep their `webhook-id`.")
  )
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Events that are posted to applications. Empty unless the server has FORWARD_URL.")
{}
