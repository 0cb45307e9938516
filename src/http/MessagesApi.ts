/**
 * The HTTP API of messages to be sent. Definitions only, so that a client can
 * import them without the server.
 *
 * It is apart from `WebhookApi`, because a server that only receives needs no
 * router. {@link GatewayApi} is both.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { type Delivery, Entry } from "../delivery/DeliveryStore.ts"
import { Status } from "../DeliveryStatus.ts"
import { Recipient } from "../internal/recipient.ts"
import { compact } from "../internal/record.ts"
import { version } from "../internal/version.ts"
import { SendReceipt } from "../Message.ts"
import { messageProblems, seconds } from "./MessageProblems.ts"
import * as Problems from "./Problems.ts"
import { AdminAuthorization, WebhookApi } from "./WebhookApi.ts"

/**
 * Reads a request, within the limits of the server, and names what is wrong
 * with it.
 *
 * @category middleware
 * @since 0.1.0
 */
export class ReadRequest extends HttpApiMiddleware.Service<ReadRequest>()("effect-sms/http/ReadRequest", {
  error: [Problems.BadRequest, Problems.ContentTooLarge, Problems.UnsupportedMediaType]
}) {}

/** A time with its zone. `Date` would find May 2001 in `5`. */
const Time = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/, {
    expected: "an ISO 8601 time with its zone, as 2026-01-28T13:00:00Z"
  })
).pipe(Schema.decodeTo(Schema.DateTimeUtcFromString))

/**
 * A message to be sent, as a request has it.
 *
 * @category models
 * @since 0.1.0
 */
export type SendRequest = typeof SendRequest.Type

/**
 * Schema of {@link SendRequest}. A field that is not here is an error: a
 * misspelt `sendAt` would send at once.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SendRequest = Schema.Struct({
  to: Recipient.annotate({
    description: "The recipient: a number with its country code, as +15145550142. Pasted punctuation is cleaned"
  }),
  from: Schema.optionalKey(Address.annotate({ description: "The sender. The provider's default when absent" })),
  text: Schema.optionalKey(
    Schema.String.annotate({ description: "What is said. A message has a text, media, or both" })
  ),
  media: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      url: Schema.NonEmptyString.annotate({ description: "Where the carrier fetches the file" }),
      mimeType: Schema.optionalKey(Schema.NonEmptyString)
    }))
  ),
  provider: Schema.optionalKey(
    Schema.NonEmptyString.annotate({ description: "The provider to send with, and no other", examples: ["twilio"] })
  ),
  sendAt: Schema.optionalKey(Time.annotate({ description: "When the carrier is to send it. At once when absent" })),
  validityPeriod: Schema.optionalKey(
    seconds(1).annotate({ description: "How long the carrier may try, in whole seconds" })
  ),
  statusCallback: Schema.optionalKey(
    Schema.NonEmptyString.annotate({
      description: "Where the carrier reports the delivery, in place of the provider's default"
    })
  ),
  reference: Schema.optionalKey(
    Schema.NonEmptyString.annotate({ description: "What the carrier keeps with the message. No personal data" })
  )
})

/**
 * What is known of a message to one recipient, as an answer has it.
 *
 * @category models
 * @since 0.1.0
 */
export type MessageView = typeof MessageView.Type

/**
 * Schema of {@link MessageView}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MessageView = Schema.Struct({
  provider: Schema.String,
  messageId: Schema.String,
  recipient: Schema.optionalKey(Address),
  status: Status.annotate({ description: "How far it came. It never goes back" }),
  since: Schema.DateTimeUtcFromString.annotate({ description: "When it came to be in this status" }),
  final: Schema.Boolean.annotate({ description: "Whether nothing but read can follow" }),
  errorCode: Schema.optionalKey(Schema.String.annotate({ description: "The carrier's error code of this status" })),
  errorMessage: Schema.optionalKey(Schema.String),
  contradictions: Schema.Array(Status).annotate({
    description: "Ends that were reported although the message had ended otherwise"
  }),
  history: Schema.Array(Entry.mapFields(({ idempotencyKey: _, ...fields }) => fields)).annotate({
    description: "The latest reports, oldest first"
  }),
  dropped: Schema.Int.annotate({ description: "How many older reports are not in the history any more" })
})

/**
 * What an answer says of a delivery.
 *
 * @category constructors
 * @since 0.1.0
 */
export const viewOf = (delivery: Delivery): MessageView => ({
  provider: delivery.provider,
  messageId: delivery.messageId,
  status: delivery.status,
  since: delivery.since,
  final: delivery.isTerminal,
  contradictions: delivery.contradictions,
  history: delivery.history.map(({ idempotencyKey: _, ...entry }) => entry),
  dropped: delivery.dropped,
  ...compact({
    recipient: delivery.recipient,
    errorCode: delivery.errorCode,
    errorMessage: delivery.errorMessage
  })
})

/**
 * Messages that we send.
 *
 * @category groups
 * @since 0.1.0
 */
export class Messages extends HttpApiGroup.make("messages")
  .add(
    HttpApiEndpoint.post("send", "/messages", {
      headers: Schema.Struct({
        "idempotency-key": Schema.optionalKey(
          Schema.String.check(Schema.isPattern(/^[!-~]{1,255}$/, { expected: "1 to 255 visible ASCII characters" }))
            .annotate({ description: "Chosen by the caller, another one for each message: 1 to 255 visible ASCII" })
        )
      }),
      payload: SendRequest,
      success: SendReceipt.pipe(HttpApiSchema.status(202)),
      error: [...messageProblems, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Send a message")
      .annotate(
        OpenApi.Description,
        `Sends with the named provider, or with the first that takes the message, and answers with the receipt once a
carrier accepted it. \`GET /messages/:id\` then says what becomes of it.

With an \`Idempotency-Key\` the message is sent once, however often and however concurrently the request is made: the
others get the same answer, with the header \`idempotency-replayed\`. The key with another message is a 409. An unknown
outcome (504) and a message that went out in part (409) are answers that stay, and are never sent again under the key. A
refusal is proof that nothing went out, so it frees the key. Keys are remembered for a day. Without a key each request
sends.

- 409: \`KeyReused\`, \`DuplicateMessage\`, or any reason with \`accepted\`: a part went out, and the rest was refused
- 422: \`InvalidMessage\`, \`NotSupported\`, \`InvalidRecipient\`, \`InvalidSender\`, \`OptedOut\`, \`ContentRejected\`,
  \`UnregisteredSender\`, \`Unreachable\`; \`NotRegistered\` and \`OnlyReceives\` of the provider
- 429: \`RateLimited\`
- 502: \`Authentication\`, \`AccountSuspended\`, \`NotEnabled\`, \`UnexpectedResponse\`
- 503: \`ProviderUnavailable\`, \`NoProvider\`
- 504: \`OutcomeUnknown\`. The message may have gone out, and must not be sent again blindly`
      ),
    HttpApiEndpoint.get("get", "/messages/:id", {
      params: {
        id: Schema.NonEmptyString.annotate({ description: "The carrier's id of the message, as in the receipt" })
      },
      query: {
        provider: Schema.optionalKey(
          Schema.String.annotate({ description: "The provider, where several have a message with this id" })
        ),
        recipient: Schema.optionalKey(
          Schema.String.annotate({ description: "The recipient, where the message went to several" })
        )
      },
      success: MessageView,
      error: [Problems.NotFound, Problems.InternalServerError]
    })
      .annotate(OpenApi.Summary, "Tell what became of a message")
      .annotate(
        OpenApi.Description,
        `What carriers reported so far, in the one order that the steps of a message have. Messages are remembered for
some days, in memory.`
      )
  )
  .annotateEndpoints(HttpApi.PayloadParseOptions, { onExcessProperty: "error", errors: "all" })
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Messages that we send. Closed unless the server has an admin token.")
{}

/**
 * Messages alone, for clients.
 *
 * @category api
 * @since 0.1.0
 */
export class MessagesApi extends HttpApi.make("effect-sms")
  .add(Messages)
  .annotate(OpenApi.Title, "effect-sms messages")
  .annotate(OpenApi.Version, version)
{}

/**
 * All that a server does that receives and sends.
 *
 * @category api
 * @since 0.1.0
 */
export class GatewayApi extends WebhookApi
  .add(Messages)
  .annotate(
    OpenApi.Description,
    "Receives SMS and MMS webhooks of Twilio, Sinch, Telnyx and VoiceMeUp, and sends messages through them."
  )
{}
