/**
 * The API for operators: dead letters, sends with an unknown outcome, and the
 * deletion of personal data.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Status } from "../DeliveryStatus.ts"
import type { Forward } from "../forward/ForwardStore.ts"
import type { Entry } from "../inbox/Inbox.ts"
import { compact } from "../internal/record.ts"
import { version } from "../internal/version.ts"
import { Person } from "../internal/writtenAddress.ts"
import { SendReceipt } from "../Message.ts"
import type { Entry as QueueEntry } from "../queue/Queue.ts"
import { Candidate, FoundPart, type Intent, Priority, State, Times } from "../sending/IntentStore.ts"
import { Consents } from "./ConsentApi.ts"
import { Forwarding } from "./ForwardingApi.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { reasonOf } from "./internal/reasonOf.ts"
import { RequiredScope } from "./internal/requiredScope.ts"
import { messageProblems } from "./MessageProblems.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * A dead letter: a received event that could not be processed, or an event that
 * an application did not take. It has no content, unless that is unreadable.
 *
 * @category models
 * @since 0.1.0
 */
export class DeadLetter extends Schema.Class<DeadLetter>("effect-sms/http/DeadLetter")({
  id: Schema.String,
  kind: Schema.Literals(["inbox", "forward"]).annotate({
    description: "`inbox`: a received event that could not be processed. `forward`: one that an endpoint did not take"
  }),
  event: Schema.String.annotate({
    description:
      "The kind of event: InboundMessage, DeliveryStatus, MessagePart, …, or MessageReceived, DeliveryChanged, ConsentChanged, AlarmRaised"
  }),
  provider: Schema.optionalKey(Schema.String.annotate({ description: "Of a received event" })),
  endpoint: Schema.optionalKey(Schema.String.annotate({ description: "Where it was posted" })),
  eventId: Schema.optionalKey(Schema.String.annotate({ description: "The `webhook-id` with which it was posted" })),
  acceptedAt: Schema.DateTimeUtcFromString,
  failures: Schema.Int,
  lastError: Schema.optionalKey(Schema.String.annotate({ description: "The kind of the last error" })),
  unreadable: Schema.optionalKey(
    Schema.String.annotate({
      description: "The stored text of an event that this version cannot decode. Its provider is `unknown`"
    })
  )
}) {}

/**
 * The status of a sent message, combined from those of its parts.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryView extends Schema.Class<DeliveryView>("effect-sms/http/IntentDelivery")({
  status: Status.annotate({
    description: "The status of the whole message: that of a part that failed, otherwise that of the part that is " +
      "least far"
  }),
  parts: Schema.Array(Schema.Struct({
    messageId: Schema.String,
    recipient: Address,
    status: Status
  })).annotate({ description: "The status of each part, for each recipient" })
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
  participants: Schema.optionalKey(
    Schema.Array(Address).annotate({ description: "The other recipients of a group message" })
  ),
  provider: Schema.optionalKey(Schema.String),
  idempotencyKey: Schema.optionalKey(Schema.String),
  priority: Priority,
  readyAt: Schema.optionalKey(
    Schema.DateTimeUtcFromString.annotate({ description: "When a queued message is ready to be sent" })
  ),
  failures: Schema.Int.annotate({ description: "The number of attempts that were refused for the time being" }),
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString,
  times: Times.annotate({ description: "When the message entered each state last" }),
  reason: Schema.optionalKey(
    Schema.String.annotate({ description: "The reason for the last refusal or an unknown outcome" })
  ),
  receipt: Schema.optionalKey(SendReceipt),
  part: Schema.optionalKey(
    Schema.Struct({ number: Schema.Int, of: Schema.Int }).annotate({
      description: "The part that failed, counted from 1, of a message sent in several parts"
    })
  ),
  accepted: Schema.optionalKey(
    SendReceipt.annotate({ description: "The receipt of the parts that were sent, while others were not" })
  ),
  found: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      part: Schema.Int,
      of: Schema.Int,
      provider: Schema.String,
      messageId: Schema.String,
      by: FoundPart.fields.by
    })).annotate({
      description: "The parts that the carrier is known to have, of a send whose outcome was unknown"
    })
  ),
  candidates: Schema.optionalKey(
    Schema.Array(Candidate).annotate({
      description:
        "Messages at the carrier with the same recipient and content, of a send whose outcome is unknown: one " +
        "of them may be its message, or they are of somebody else"
    })
  ),
  resolvedBy: Schema.optionalKey(
    Schema.String.annotate({
      description:
        "The source that resolved an unknown outcome: `carrier`, `delivery report` or an operator. The state is " +
        "still `unknown` after an operator's decision, and while the message is being resent: `operator: resending`"
    })
  ),
  asked: Schema.optionalKey(
    Schema.Int.annotate({ description: "How often the carrier was asked about an unknown outcome" })
  ),
  canAsk: Schema.optionalKey(
    Schema.Boolean.annotate({
      description: "Whether the carrier can be asked about an unknown outcome that nobody has decided about"
    })
  ),
  delivery: Schema.optionalKey(
    DeliveryView.annotate({ description: "What became of an accepted message. Absent in lists" })
  )
}) {}

/**
 * Converts an inbox entry to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deadLetterOf = ({ acceptedAt, event, failures, id, lastError, unreadable }: Entry): DeadLetter =>
  new DeadLetter({
    id,
    kind: "inbox",
    event: (unreadable !== undefined && event._tag === "Unrecognized" ? event.eventType : undefined) ?? event._tag,
    provider: event.provider,
    acceptedAt,
    failures,
    ...compact({ lastError, unreadable })
  })

/**
 * Converts an event that was not taken to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deadForwardOf = (
  { acceptedAt, event: { endpoint, eventId, kind }, failures, id, lastError, unreadable }: QueueEntry<Forward>
): DeadLetter =>
  new DeadLetter({
    id,
    kind: "forward",
    event: kind,
    acceptedAt,
    failures,
    ...(unreadable === undefined && { endpoint, eventId }),
    ...compact({ lastError, unreadable })
  })

/**
 * Converts an intent to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const intentViewOf = (
  {
    asked,
    candidates = [],
    error,
    found = [],
    key,
    message,
    provider,
    readyAt,
    receipt,
    refusal,
    resolvedBy,
    ...intent
  }: Intent,
  { canAsk, delivery }: { readonly canAsk?: boolean | undefined; readonly delivery?: DeliveryView | undefined } = {}
): IntentView =>
  new IntentView({
    id: intent.id,
    state: intent.state,
    to: message.to,
    priority: intent.priority,
    failures: intent.failures,
    createdAt: intent.createdAt,
    updatedAt: intent.updatedAt,
    times: intent.times,
    ...compact({
      readyAt,
      participants: message.participants,
      provider,
      idempotencyKey: key,
      reason: reasonOf({ error, refusal }),
      part: error?.part,
      accepted: error?.accepted,
      receipt,
      found: found.length === 0 || (intent.state === "accepted" && resolvedBy === undefined)
        ? undefined
        : found.map(({ sender: _, ...part }) => part),
      candidates: candidates.length === 0 || intent.state !== "unknown" ? undefined : candidates,
      resolvedBy,
      asked: canAsk === false ? undefined : asked,
      canAsk,
      delivery
    })
  })

const id = { id: Schema.NonEmptyString }

const limit = Schema.optionalKey(
  Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 500 })).annotate({
    description: "The maximum number of results, 100 by default"
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
      query: {
        ...Paging.pageQuery,
        ...Paging.filterQuery,
        kind: Schema.optionalKey(
          Schema.Literals(["inbox", "forward"]).annotate({
            description: "Only received events, or only forwarded ones"
          })
        ),
        event: Schema.optionalKey(Schema.NonEmptyString.annotate({ description: "Only this kind of event" })),
        endpoint: Schema.optionalKey(
          Schema.NonEmptyString.annotate({ description: "Only what this endpoint did not take" })
        )
      },
      success: Paging.pageOf(DeadLetter),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List dead letters")
      .annotateMerge(annotations(samples.deadLetters))
      .annotate(
        OpenApi.Description,
        "Lists received events that could not be processed and events that no application took, the latest first. A " +
          "forwarded event has no number and no provider, so these filters leave it out."
      ),
    HttpApiEndpoint.post("replay", "/dead-letters/:id/replay", {
      params: id,
      success: Schema.Struct({ id: Schema.String }),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Replay a dead letter")
      .annotateMerge(annotations(samples.replay))
      .annotate(
        OpenApi.Description,
        "Processes a received event again, regardless of its idempotency key, or posts a forwarded one again, with the " +
          "same `webhook-id`. What was processed or taken can also be replayed, with its id."
      ),
    HttpApiEndpoint.get("intents", "/intents", {
      query: { limit, state: Schema.optionalKey(State) },
      success: Schema.Array(IntentView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List sends")
      .annotateMerge(annotations(samples.intents))
      .annotate(
        OpenApi.Description,
        "Lists requested sends, the latest first. With `state=unknown`, only those that no operator has resolved yet."
      ),
    HttpApiEndpoint.get("intent", "/intents/:id", {
      params: id,
      success: IntentView,
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Get a send")
      .annotateMerge(annotations(samples.intent))
      .annotate(
        OpenApi.Description,
        "Returns the state of a requested send, such as a queued message, and when it entered each state. Once it is " +
          "accepted, also its delivery status, and those of its parts."
      ),
    HttpApiEndpoint.post("cancel", "/intents/:id/cancel", {
      params: id,
      success: IntentView,
      error: [Problems.NotFound, Problems.Conflict, Problems.ServiceUnavailable]
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Cancel a queued message")
      .annotateMerge(annotations(samples.cancel))
      .annotate(
        OpenApi.Description,
        "The message is not sent. Fails with 409 when it is no longer in the queue. Its idempotency key is not released."
      ),
    HttpApiEndpoint.post("resend", "/intents/:id/resend", {
      params: id,
      success: SendReceipt,
      error: [...messageProblems, Problems.NotFound, Problems.Conflict, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Resend a message with an unknown outcome")
      .annotateMerge(annotations(samples.resend))
      .annotate(
        OpenApi.Description,
        "Asks the carrier first, and sends nothing if it has the message. Of a message whose first parts were sent, sends " +
          "only the others. The recipient may receive the message twice, or the part whose outcome was unknown. Repeated " +
          "requests resend it only once. Fails with 409 when it was given up, or is known not to be unknown. After a refusal, " +
          "it can be resent or given up."
      ),
    HttpApiEndpoint.post("giveUp", "/intents/:id/give-up", {
      params: id,
      success: IntentView,
      error: [Problems.NotFound, Problems.Conflict, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Give up a message with an unknown outcome")
      .annotateMerge(annotations(samples.giveUp))
      .annotate(
        OpenApi.Description,
        "The message is not resent, and is removed from the list of unknown sends. Fails with 409 when its outcome is " +
          "known: it was resent or is being resent, or the carrier was found to have it."
      ),
    HttpApiEndpoint.delete("forget", "/people/:address", {
      params: { address: Person },
      success: Schema.Record(Schema.String, Schema.Int),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Delete a person's data")
      .annotateMerge(annotations(samples.forget))
      .annotate(
        OpenApi.Description,
        "Deletes the person's rooms, webhooks, sends, delivery statuses and re-hosted files, removes the person from " +
          "rooms with others, and masks the person's number in the rows of others. Returns the number of rows by kind, " +
          "and of files."
      )
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "The endpoints for operators. Disabled unless the server has an admin token.")
{}

/**
 * The API for operators alone, with consent and forwarding, for clients.
 *
 * @category api
 * @since 0.1.0
 */
export class OperationsApi extends HttpApi.make("effect-sms")
  .add(Operations)
  .add(Consents)
  .add(Forwarding)
  .annotate(OpenApi.Title, "effect-sms operations")
  .annotate(OpenApi.Version, version)
{}
