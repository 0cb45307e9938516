/**
 * The HTTP API for webhooks and inspection. Contains only definitions, so that
 * a client can import them without the server.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Carriers from "../Carriers.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { version } from "../internal/version.ts"
import type { Service as Provider } from "../provider/SmsProvider.ts"
import { RoomEvent } from "../RoomEvent.ts"
import { Room } from "../rooms/Room.ts"
import type { VerifiedWebhook } from "../WebhookRequest.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { numberQuery } from "./internal/numberQuery.ts"
import { zonedTime } from "./internal/zonedTimeQuery.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"

/**
 * The webhook of the current request, verified by {@link VerifyWebhook}.
 *
 * @category services
 * @since 0.1.0
 */
export class CurrentWebhook extends Context.Service<CurrentWebhook, {
  readonly provider: Provider
  readonly webhook: VerifiedWebhook
}>()("effect-sms/http/CurrentWebhook") {}

/**
 * Finds the provider from the path and verifies the exact bytes before anything
 * is parsed.
 *
 * @category middleware
 * @since 0.1.0
 */
export class VerifyWebhook extends HttpApiMiddleware.Service<VerifyWebhook, { provides: CurrentWebhook }>()(
  "effect-sms/http/VerifyWebhook",
  { error: Problems.webhookProblems }
) {}

/**
 * Requires a bearer token with the scope of the endpoint.
 *
 * @category middleware
 * @since 0.1.0
 */
export class AdminAuthorization extends HttpApiMiddleware.Service<AdminAuthorization>()(
  "effect-sms/http/AdminAuthorization",
  {
    error: [Problems.Unauthorized, Problems.Forbidden, Problems.RateLimitExceeded],
    security: {
      // In lower case, as in the registry of schemes: readers of OpenAPI know no other spelling.
      bearer: HttpApiSecurity.http({ scheme: "bearer" }).pipe(
        HttpApiSecurity.annotate(
          OpenApi.Description,
          "The admin token of the server, or a token with the scope that the endpoint needs"
        )
      )
    }
  }
) {}

// The format depends on the carrier: a form for Twilio, JSON for Sinch and Telnyx, either for VoiceMeUp.
// The first is the one that the documentation page fills in.
const payload = [
  Schema.Record(Schema.String, Schema.String).pipe(HttpApiSchema.asFormUrlEncoded()),
  Schema.Record(Schema.String, Schema.Unknown)
] as const

const params = {
  provider: Schema.String.annotate({
    description: `The provider's name: ${Carriers.names()}, unless it was given another`
  })
}

// The response depends on the carrier: TwiML for Twilio, JSON for the others.
const success = [
  Schema.String.annotate({ description: "Acknowledged" }).pipe(HttpApiSchema.asText({ contentType: "text/xml" })),
  Schema.Record(Schema.String, Schema.Never).annotate({ description: "Acknowledged" })
] as const

const post = `Receives a message or a delivery status, signed by the provider. Either path accepts either kind. Returns
the response that the provider expects, once the webhook is processed or shortly before the provider would time out. A
redelivered webhook gets the same response and is processed only once. The sample is not signed, so it is refused.`

const get = "For carriers that can send a webhook as GET: all fields are in the signed query."

/**
 * The webhook endpoints. Either path accepts either kind of webhook.
 *
 * @category groups
 * @since 0.1.0
 */
export class Webhooks extends HttpApiGroup.make("webhooks")
  .add(
    HttpApiEndpoint.post("inbound", "/:provider/inbound", { params, payload, success })
      .annotate(OpenApi.Summary, "Receive a message")
      .annotateMerge(annotations(samples.inbound))
      .annotate(OpenApi.Description, post),
    HttpApiEndpoint.post("status", "/:provider/status", { params, payload, success })
      .annotate(OpenApi.Summary, "Receive a delivery status")
      .annotateMerge(annotations(samples.status))
      .annotate(OpenApi.Description, post),
    HttpApiEndpoint.get("inboundGet", "/:provider/inbound", { params, success })
      .annotate(OpenApi.Summary, "Receive a message by GET")
      .annotateMerge(annotations(samples.webhookByGet))
      .annotate(OpenApi.Description, get),
    HttpApiEndpoint.get("statusGet", "/:provider/status", { params, success })
      .annotate(OpenApi.Summary, "Receive a delivery status by GET")
      .annotateMerge(annotations(samples.webhookByGet))
      .annotate(OpenApi.Description, get)
  )
  .middleware(VerifyWebhook)
  .prefix("/webhooks/sms")
  .annotate(OpenApi.Description, "The endpoints that carriers call. Webhooks that cannot be verified are refused.")
{}

/**
 * A delivery status without its raw payload.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DeliveryStatusView = DeliveryStatus.mapFields(({ raw: _, ...fields }) => fields)

/**
 * The inspection endpoints for operators.
 *
 * @category groups
 * @since 0.1.0
 */
export class Inspection extends HttpApiGroup.make("inspection")
  .add(
    HttpApiEndpoint.get("rooms", "/rooms", {
      query: {
        ...Paging.pageQuery,
        number: Schema.optionalKey(numberQuery),
        since: Schema.optionalKey(zonedTime("Only rooms in which something was said from this time on")),
        until: Schema.optionalKey(
          zonedTime("Only rooms in which something was said before this time, but not before `since`")
        )
      },
      success: Paging.pageOf(Room),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List the rooms")
      .annotateMerge(annotations(samples.rooms))
      .annotate(OpenApi.Description, "Lists the rooms, the most recently active first."),
    HttpApiEndpoint.get("roomEvents", "/rooms/:id/events", {
      params: { id: Schema.String.annotate({ description: "The room's id" }) },
      query: { ...Paging.pageQuery, since: Paging.filterQuery.since, until: Paging.filterQuery.until },
      success: Paging.pageOf(RoomEvent),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "List what was said in a room")
      .annotateMerge(annotations(samples.roomEvents))
      .annotate(
        OpenApi.Description,
        "Lists the messages of the room, the latest first, with those that a hook blocked."
      ),
    HttpApiEndpoint.get("statuses", "/statuses", {
      success: Schema.Array(DeliveryStatusView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List delivery statuses")
      .annotateMerge(annotations(samples.statuses))
      .annotate(OpenApi.Description, "The latest delivery statuses of all providers, oldest first.")
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Recent activity, for operators. Closed unless the server has an admin token.")
{}

/**
 * The health endpoints.
 *
 * @category groups
 * @since 0.1.0
 */
export class System extends HttpApiGroup.make("system", { topLevel: true })
  .add(
    HttpApiEndpoint.get("live", "/health/live", {
      success: Schema.Struct({ status: Schema.Literal("live") })
    }).annotate(OpenApi.Summary, "Check whether the process is up"),
    HttpApiEndpoint.get("ready", "/health/ready", {
      success: Schema.Struct({ status: Schema.Literal("ready") }),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Check whether the server can take requests")
      .annotate(
        OpenApi.Description,
        "503 with the reason in `detail` while the database does not answer or cannot be written, and during shutdown."
      )
  )
  .annotate(OpenApi.Description, "For load balancers and monitoring.")
{}

/**
 * The metrics endpoint.
 *
 * @category groups
 * @since 0.1.0
 */
export class Telemetry extends HttpApiGroup.make("telemetry", { topLevel: true })
  .add(
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
    }).annotate(OpenApi.Summary, "Read the metrics in the text format of Prometheus")
  )
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "For monitoring. The names and labels are in the documentation of the server.")
{}

/**
 * The complete API of a server that only receives.
 *
 * @category api
 * @since 0.1.0
 */
export class WebhookApi extends HttpApi.make("effect-sms")
  .add(Webhooks)
  .add(Inspection)
  .add(System)
  .add(Telemetry)
  .annotate(OpenApi.Title, "effect-sms")
  .annotate(OpenApi.Version, version)
  .annotate(OpenApi.Description, `Receives SMS and MMS webhooks of ${Carriers.titles()}.`)
{}
