/**
 * The HTTP API: what it takes and what it answers. Definitions only, so that a
 * client can import them without the server.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as OpenApi from "effect/http-api/OpenApi"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { Room } from "../rooms/Room.ts"
import { RoomEvent } from "../rooms/RoomEvent.ts"
import type { Service as Provider } from "../SmsProvider.ts"
import type { VerifiedWebhook } from "../WebhookRequest.ts"
import * as Problems from "./Problems.ts"

/**
 * The webhook of the request at hand, after {@link VerifyWebhook} checked it.
 *
 * @category services
 * @since 0.1.0
 */
export class CurrentWebhook extends Context.Service<CurrentWebhook, {
  readonly provider: Provider
  readonly webhook: VerifiedWebhook
}>()("effect-sms/http/CurrentWebhook") {}

/**
 * Finds the provider of the path and verifies the exact bytes, before anything
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
 * Asks for the bearer token of the operator.
 *
 * @category middleware
 * @since 0.1.0
 */
export class AdminAuthorization extends HttpApiMiddleware.Service<AdminAuthorization>()(
  "effect-sms/http/AdminAuthorization",
  { error: Problems.Unauthorized, security: { bearer: HttpApiSecurity.bearer } }
) {}

const fields = Schema.Record(Schema.String, Schema.Unknown)
const payload = [
  fields,
  Schema.Record(Schema.String, Schema.String).pipe(HttpApiSchema.asFormUrlEncoded())
] as const

const params = { provider: Schema.String }

// The carrier decides what it wants to read: TwiML for Twilio, JSON for the others.
const success = [
  Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/xml" })),
  Schema.Record(Schema.String, Schema.Never)
] as const

const description = "Takes an inbound message or a delivery status, as the provider sends it and signed by it."

/**
 * Webhooks. Either path takes either kind.
 *
 * @category groups
 * @since 0.1.0
 */
export class Webhooks extends HttpApiGroup.make("webhooks")
  .add(
    HttpApiEndpoint.post("inbound", "/:provider/inbound", { params, payload, success }),
    HttpApiEndpoint.post("status", "/:provider/status", { params, payload, success }),
    HttpApiEndpoint.get("inboundGet", "/:provider/inbound", { params, success }),
    HttpApiEndpoint.get("statusGet", "/:provider/status", { params, success })
  )
  .middleware(VerifyWebhook)
  .prefix("/webhooks/sms")
  .annotate(OpenApi.Description, description)
{}

/**
 * A delivery status without its payload.
 *
 * @category schemas
 * @since 0.1.0
 */
export const DeliveryStatusView = DeliveryStatus.mapFields(({ raw: _, ...fields }) => fields)

/**
 * What happened lately, for operators.
 *
 * @category groups
 * @since 0.1.0
 */
export class Inspection extends HttpApiGroup.make("inspection")
  .add(
    HttpApiEndpoint.get("rooms", "/rooms", { success: Schema.Array(Room) }),
    HttpApiEndpoint.get("roomEvents", "/rooms/:id/events", {
      params: { id: Schema.String },
      success: Schema.Array(RoomEvent),
      error: Problems.NotFound
    }),
    HttpApiEndpoint.get("statuses", "/statuses", { success: Schema.Array(DeliveryStatusView) })
  )
  .middleware(AdminAuthorization)
{}

/**
 * Whether the server is up.
 *
 * @category groups
 * @since 0.1.0
 */
export class System extends HttpApiGroup.make("system", { topLevel: true })
  .add(HttpApiEndpoint.get("health", "/health", {
    success: Schema.Struct({ status: Schema.Literal("ok") })
  }))
{}

/**
 * The whole API.
 *
 * @category api
 * @since 0.1.0
 */
export class WebhookApi extends HttpApi.make("effect-sms")
  .add(Webhooks)
  .add(Inspection)
  .add(System)
  .annotate(OpenApi.Title, "effect-sms")
  .annotate(OpenApi.Version, "0.1.0")
  .annotate(OpenApi.Description, "Receives SMS and MMS webhooks of Twilio, Sinch, Telnyx and VoiceMeUp.")
{}
