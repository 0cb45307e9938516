/**
 * The HTTP API for reading the latest HTTP exchanges with carriers.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { annotations, samples } from "./internal/apiSamples.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

const summary = {
  id: Schema.String,
  time: Schema.DateTimeUtcFromString,
  direction: Schema.Literals(["inbound", "outbound"]).annotate({
    description: "`inbound` for a webhook, `outbound` for a request that a message was sent with"
  }),
  provider: Schema.String,
  method: Schema.String,
  status: Schema.optionalKey(Schema.Int.annotate({ description: "The HTTP status of the answer" })),
  took: Schema.optionalKey(Schema.Int.annotate({ description: "How long it took, in milliseconds" })),
  refusal: Schema.optionalKey(
    Schema.Struct({ reason: Schema.String, message: Schema.String }).annotate({
      description: "Why a webhook was refused, or why a message was not accepted"
    })
  ),
  messageIds: Schema.Array(Schema.String.annotate({ description: "The carrier's ids of the messages" })),
  intentId: Schema.optionalKey(Schema.String.annotate({ description: "The send that the request was made for" }))
}

/**
 * An exchange in the list.
 *
 * @category models
 * @since 0.1.0
 */
export class ExchangeSummary extends Schema.Class<ExchangeSummary>("effect-sms/http/ExchangeSummary")(summary) {}

/**
 * An exchange with what was sent, without secrets.
 *
 * @category models
 * @since 0.1.0
 */
export class ExchangeView extends Schema.Class<ExchangeView>("effect-sms/http/Exchange")({
  ...summary,
  url: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String),
  body: Schema.String,
  answer: Schema.optionalKey(Schema.String.annotate({ description: "The body of the carrier's answer" }))
}) {}

/**
 * The endpoints for exchanges.
 *
 * @category groups
 * @since 0.1.0
 */
export class Exchanges extends HttpApiGroup.make("exchanges")
  .add(
    HttpApiEndpoint.get("list", "/exchanges", {
      query: {
        direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])),
        provider: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only those of this provider" })),
        outcome: Schema.optionalKey(
          Schema.Literals(["accepted", "refused"]).annotate({ description: "Only those that went well, or the others" })
        ),
        message: Schema.optionalKey(
          Schema.NonEmptyString.annotate({ description: "Only those about the message with this id at its carrier" })
        ),
        intent: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only those of this send" }))
      },
      success: Schema.Struct({ items: Schema.Array(ExchangeSummary) })
    })
      .annotate(OpenApi.Summary, "List exchanges with carriers")
      .annotateMerge(annotations(samples.exchanges))
      .annotate(
        OpenApi.Description,
        `Lists the latest webhooks, also refused ones, and requests that messages were sent with, the latest first. The
process that answers keeps at most 500 of its own, in memory, for an hour.`
      ),
    HttpApiEndpoint.get("get", "/exchanges/:id", {
      params: { id: Schema.NonEmptyString },
      success: ExchangeView,
      error: Problems.NotFound
    })
      .annotate(OpenApi.Summary, "Get an exchange with a carrier")
      .annotateMerge(annotations(samples.exchange))
      .annotate(OpenApi.Description, "Returns what was sent and what was answered. Secrets are masked.")
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "What carriers and the server told each other. Needs a token with the scope read.")
{}
