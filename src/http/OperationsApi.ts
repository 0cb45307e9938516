/**
 * What an operator sees and decides: dead letters, sends whose outcome is
 * unknown, and what is kept about a person.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import type { Entry } from "../inbox/Inbox.ts"
import { compact } from "../internal/record.ts"
import { SendReceipt } from "../Message.ts"
import { type Intent, State } from "../sending/IntentStore.ts"
import { messageProblems } from "./MessageProblems.ts"
import * as Problems from "./Problems.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * An entry of the inbox that was given up, without what it says.
 *
 * @category models
 * @since 0.1.0
 */
export class DeadLetter extends Schema.Class<DeadLetter>("effect-sms/http/DeadLetter")({
  id: Schema.String,
  position: Schema.Int.annotate({ description: "Pass the smallest as `before` for the next page" }),
  kind: Schema.String.annotate({ description: "What it is: InboundMessage, DeliveryStatus, MessagePart, …" }),
  provider: Schema.String,
  acceptedAt: Schema.DateTimeUtcFromString,
  failures: Schema.Int,
  lastError: Schema.optionalKey(Schema.String.annotate({ description: "The kind of the last error" }))
}) {}

/**
 * A send, as the API returns it.
 *
 * @category models
 * @since 0.1.0
 */
export class IntentView extends Schema.Class<IntentView>("effect-sms/http/Intent")({
  id: Schema.String,
  state: State,
  to: Address,
  provider: Schema.optionalKey(Schema.String),
  idempotencyKey: Schema.optionalKey(Schema.String),
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Why it was refused, or is unknown" })),
  receipt: Schema.optionalKey(SendReceipt),
  resolvedBy: Schema.optionalKey(Schema.String.annotate({ description: "Who or what settled an unknown outcome" }))
}) {}

/**
 * Converts an entry to what the API returns.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deadLetterOf = ({ acceptedAt, event, failures, id, lastError, position }: Entry): DeadLetter =>
  new DeadLetter({
    id,
    position,
    kind: event._tag,
    provider: event.provider,
    acceptedAt,
    failures,
    ...compact({ lastError })
  })

/**
 * Converts an intent to what the API returns.
 *
 * @category constructors
 * @since 0.1.0
 */
export const intentViewOf = (
  { createdAt, error, id, key, message, provider, receipt, resolvedBy, state, updatedAt }: Intent
): IntentView =>
  new IntentView({
    id,
    state,
    to: message.to,
    createdAt,
    updatedAt,
    ...compact({ provider, idempotencyKey: key, reason: error?.reason._tag, receipt, resolvedBy })
  })

const id = { id: Schema.NonEmptyString }

const limit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 500 })).annotate({
    description: "How many at the most, 100 by default"
  })
)

/**
 * The endpoints for operators.
 *
 * @category groups
 * @since 0.1.0
 */
export class Operations extends HttpApiGroup.make("operations")
  .add(
    HttpApiEndpoint.get("deadLetters", "/dead-letters", {
      query: { limit, before: Schema.optionalKey(Schema.NumberFromString.check(Schema.isInt())) },
      success: Schema.Array(DeadLetter),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List dead letters")
      .annotate(OpenApi.Description, "What was accepted and could not be processed, the latest first."),
    HttpApiEndpoint.post("replay", "/dead-letters/:id/replay", {
      params: id,
      success: Schema.Struct({ id: Schema.String }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Process a dead letter again")
      .annotate(
        OpenApi.Description,
        "Processes it again, although its key is known. A processed entry can be replayed too."
      ),
    HttpApiEndpoint.get("intents", "/intents", {
      query: { limit, state: Schema.optionalKey(State) },
      success: Schema.Array(IntentView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List sends")
      .annotate(
        OpenApi.Description,
        "Sends that were asked for, the latest first. With `state=unknown`, those that nobody has decided about yet."
      ),
    HttpApiEndpoint.post("resend", "/intents/:id/resend", {
      params: id,
      success: SendReceipt,
      error: [...messageProblems, Problems.NotFound, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Send a message of unknown outcome again")
      .annotate(
        OpenApi.Description,
        "The person may get it twice. However often this is asked for, it is sent once more."
      ),
    HttpApiEndpoint.post("giveUp", "/intents/:id/give-up", {
      params: id,
      success: IntentView,
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Give up a message of unknown outcome")
      .annotate(OpenApi.Description, "It is not sent again, and leaves the list of unknown ones."),
    HttpApiEndpoint.delete("forget", "/people/:address", {
      params: { address: Address },
      success: Schema.Record(Schema.String, Schema.Int),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Forget a person")
      .annotate(
        OpenApi.Description,
        "Deletes the rooms that the person is in, and the person's webhooks, sends and delivery statuses. Returns how " +
          "many rows were deleted."
      )
  )
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "For operators. Closed unless the server has an admin token.")
{}
