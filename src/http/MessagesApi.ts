/**
 * The HTTP API for sending messages. Contains only definitions, so that a
 * client can import them without the server.
 *
 * It is separate from `WebhookApi`, so that a server that only receives needs
 * no router. {@link GatewayApi} combines both.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Carriers from "../Carriers.ts"
import { version } from "../internal/version.ts"
import { Person, Recipient, Sender } from "../internal/writtenAddress.ts"
import { ZonedTime } from "../internal/zonedTime.ts"
import { Purpose, SendReceipt } from "../Message.ts"
import { maxName, maxReference, maxText, maxUrl } from "../provider/internal/lengths.ts"
import { Priority } from "../sending/IntentStore.ts"
import { Answered, AnswerRequest } from "./AnswerApi.ts"
import { Consents } from "./ConsentApi.ts"
import { Conversations } from "./ConversationsApi.ts"
import { Events } from "./EventsApi.ts"
import { Exchanges } from "./ExchangesApi.ts"
import { Forwarding } from "./ForwardingApi.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { withWebhooks } from "./internal/notifications.ts"
import { RequiredScope } from "./internal/requiredScope.ts"
import { Lists } from "./ListsApi.ts"
import { messageProblems, seconds } from "./MessageProblems.ts"
import { MessageView } from "./MessageView.ts"
import { IntentView, Operations } from "./OperationsApi.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { Statistics } from "./StatsApi.ts"
import { Uploads } from "./UploadsApi.ts"
import { AdminAuthorization, WebhookApi } from "./WebhookApi.ts"

export { MessageView, viewOf } from "./MessageView.ts"

/** Describes a text that is decoded: the OpenAPI document has what is annotated before that. */
const described = (description: string) => Schema.String.annotate({ description }).check(Schema.isMaxLength(maxName))

/** A text that is not empty, of a limited length. */
const filled = (max: number) => Schema.NonEmptyString.check(Schema.isMaxLength(max))

/** More than any carrier takes in one message, and few enough for a list of messages. */
const maxItems = 100

/**
 * The body of a request to send a message.
 *
 * @category models
 * @since 0.1.0
 */
export type SendRequest = typeof SendRequest.Type

/**
 * Schema of {@link SendRequest}. An unknown field is an error: a misspelled
 * `sendAt` would send immediately.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SendRequest = Schema.Struct({
  to: described(
    "The recipient: a number with its country code, such as +15145550142. Pasted punctuation is cleaned"
  ).pipe(Schema.decodeTo(Recipient)),
  participants: Schema.optionalKey(
    Schema.Array(described("Another recipient of the group").pipe(Schema.decodeTo(Recipient))).annotate({
      description:
        "The other recipients of a group message, in which all see each other. Only some carriers have groups"
    }).check(Schema.isMaxLength(maxItems))
  ),
  from: Schema.optionalKey(
    described("The sender. Defaults to the provider's default sender").pipe(Schema.decodeTo(Sender))
  ),
  text: Schema.optionalKey(
    Schema.String.annotate({ description: "The text. A message has text, media, or both" })
      .check(Schema.isMaxLength(maxText))
  ),
  media: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      url: filled(maxUrl).annotate({ description: "The URL from which the carrier fetches the file" }),
      mimeType: Schema.optionalKey(filled(maxName))
    })).check(Schema.isMaxLength(maxItems))
  ),
  provider: Schema.optionalKey(
    filled(maxName).annotate({
      description: "The provider to send with, and no other",
      examples: [Carriers.all[0]!.name]
    })
  ),
  sendAt: Schema.optionalKey(
    described(
      "When to send it. Defaults to immediately. Where no carrier can schedule it, the server queues it until then"
    ).pipe(Schema.decodeTo(ZonedTime))
  ),
  queue: Schema.optionalKey(
    Schema.Boolean.annotate({ description: "Whether to store the message, and send it after the response" })
  ),
  priority: Schema.optionalKey(
    Priority.annotate({
      description: "Messages of the priority transactional, the default, are sent before those of the priority bulk"
    })
  ),
  purpose: Schema.optionalKey(
    Purpose.annotate({
      description: "What the message is for. Without one, the strictest rules apply, as for marketing"
    })
  ),
  validityPeriod: Schema.optionalKey(
    seconds(1).annotate({ description: "How long the carrier may try to deliver, in whole seconds" })
  ),
  statusCallback: Schema.optionalKey(
    filled(maxUrl).annotate({
      description: "The URL for delivery reports, instead of the provider's default"
    })
  ),
  reference: Schema.optionalKey(
    filled(maxReference).annotate({
      description: "A reference that the carrier keeps. Must not contain personal data"
    })
  )
})

const idempotencyKey = Schema.Struct({
  "idempotency-key": Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[!-~]{1,255}$/, { expected: "1 to 255 visible ASCII characters" }))
      .annotate({ description: "A key chosen by the caller, different for each message: 1 to 255 visible ASCII" })
  )
})

/**
 * The endpoints for sent messages.
 *
 * @category groups
 * @since 0.1.0
 */
export class Messages extends HttpApiGroup.make("messages")
  .add(
    HttpApiEndpoint.post("send", "/messages", {
      headers: idempotencyKey,
      payload: SendRequest,
      success: Schema.Union([SendReceipt, IntentView]).pipe(HttpApiSchema.status(202)),
      error: [...messageProblems, Problems.InternalServerError]
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Send a message")
      .annotateMerge(annotations(samples.send))
      .annotate(
        OpenApi.Description,
        `Sends through the named provider, or through the first one that accepts the message, and returns the receipt
once a carrier has accepted it. \`GET /messages/:id\` then returns the delivery status.

With \`queue\`, stores the message and returns its intent, with its URL in \`Location\`. The server sends it after that,
or at \`sendAt\`. A refusal that may not last is repeated for some hours. \`GET /intents/:id\` returns what became of it.
A message with \`sendAt\` is queued in the same way where no carrier can schedule it.

With an \`Idempotency-Key\`, the message is sent once, even under repeated and concurrent requests. The other requests
get the same response, with the header \`idempotency-replayed\`. Using the key with a different message is a 409. An
unknown outcome (504) and a partially sent message (409) are also replayed, and never sent again under the same key. A
refusal proves that nothing was sent, so it releases the key. Keys are kept for a day. Without a key, every request
sends.

- 409: \`KeyReused\`, \`DuplicateMessage\`, or any reason with \`accepted\`: some parts were sent, the rest was refused
- 422: \`InvalidMessage\`, \`NotSupported\`, \`InvalidRecipient\`, \`InvalidSender\`, \`OptedOut\`, \`GuardRefused\`,
  \`ContentRejected\`, \`UnregisteredSender\`, \`Unreachable\`; \`NotRegistered\` and \`OnlyReceives\` for the named provider
- 429: \`RateLimited\`, and \`GuardRefused\` with \`retryAfter\`
- 502: \`Authentication\`, \`AccountSuspended\`, \`NotEnabled\`, \`UnexpectedResponse\`
- 503: \`ProviderUnavailable\`, \`NoProvider\`
- 504: \`OutcomeUnknown\`. The message may have been sent, and sending it again could deliver it twice`
      ),
    HttpApiEndpoint.get("get", "/messages/:id", {
      params: {
        id: filled(maxName).annotate({ description: "The carrier's id of the message, as in the receipt" })
      },
      query: {
        provider: Schema.optionalKey(
          Schema.String.annotate({ description: "The provider, if several have a message with this id" })
        ),
        recipient: Schema.optionalKey(
          Schema.String.annotate({ description: "The recipient, if the message was sent to several" })
        )
      },
      success: MessageView,
      error: [Problems.NotFound, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Get the delivery status of a message")
      .annotateMerge(annotations(samples.message))
      .annotate(
        OpenApi.Description,
        `Returns what the carrier has reported so far. The status only ever moves forward, whatever the order of the
reports.`
      ),
    HttpApiEndpoint.post("answer", "/rooms/:id/messages", {
      params: { id: Schema.NonEmptyString.annotate({ description: "The room's id" }) },
      headers: idempotencyKey,
      payload: AnswerRequest,
      success: Answered.pipe(HttpApiSchema.status(202)),
      error: [...messageProblems, Problems.NotFound, Problems.InternalServerError]
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Answer in a room")
      .annotateMerge(annotations(samples.answer))
      .annotate(
        OpenApi.Description,
        `Posts a message in the room. Each person in it gets the message through the carrier and from our number that the
person wrote to last. The hooks of the server see it like any other message, and the room's history keeps it.

The answer lists what became of each send. When nothing went out, it is the problem that \`POST /messages\` would
answer with, and the message stays in the history. With an \`Idempotency-Key\`, the message is posted once and sent
once: a repeated request gets what became of the first one, also of one that was refused. A room whose channels cannot
send is a 409 with \`NoChannel\`.`
      ),
    HttpApiEndpoint.post("replied", "/people/:address/replies", {
      params: { address: Person },
      success: Schema.Struct({
        counted: Schema.Boolean.annotate({ description: "Whether the server limits messages without a reply" })
      }),
      error: Problems.ServiceUnavailable
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Count a reply")
      .annotateMerge(annotations(samples.replied))
      .annotate(
        OpenApi.Description,
        `Records that a person has used a code, or has replied in another way than by a message: a message in a room
counts by itself. The server then sends more messages to the person's country, where it limits those without a reply.
Each request counts.`
      )
  )
  .annotateEndpoints(HttpApi.PayloadParseOptions, { onExcessProperty: "error", errors: "all" })
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Sent messages. Closed unless the server has an admin token.")
{}

/**
 * The API of messages and events alone, for clients.
 *
 * @category api
 * @since 0.1.0
 */
export class MessagesApi extends HttpApi.make("effect-sms")
  .add(Messages)
  .add(Lists)
  .add(Events)
  .annotate(OpenApi.Title, "effect-sms messages")
  .annotate(OpenApi.Version, version)
{}

/**
 * The complete API of a server that receives and sends.
 *
 * @category api
 * @since 0.1.0
 */
export class GatewayApi extends WebhookApi
  .add(Messages)
  .add(Lists)
  .add(Conversations)
  .add(Uploads)
  .add(Exchanges)
  .add(Statistics)
  .add(Events)
  .add(Operations)
  .add(Consents)
  .add(Forwarding)
  .annotate(OpenApi.Transform, withWebhooks)
  .annotate(
    OpenApi.Description,
    `Receives SMS and MMS webhooks of ${Carriers.titles()}, and sends messages through them.`
  )
{}
