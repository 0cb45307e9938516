/**
 * The HTTP API of conversations: rooms as an inbox shows them, each with what
 * was said last and what is unread, and threads with what became of each
 * message.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Cost } from "../Cost.ts"
import { Status } from "../DeliveryStatus.ts"
import { RoomEvent } from "../RoomEvent.ts"
import { Room } from "../rooms/Room.ts"
import { State } from "../sending/IntentStore.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { RequiredScope } from "./internal/requiredScope.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * A send of a message in a room, with the delivery of each of its parts.
 *
 * @category models
 * @since 0.1.0
 */
export class SendView extends Schema.Class<SendView>("effect-sms/http/ConversationSend")({
  intentId: Schema.String,
  to: Address,
  state: State,
  provider: Schema.optionalKey(Schema.String),
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Why it was not accepted" })),
  detail: Schema.optionalKey(Schema.String.annotate({ description: "The reason in words" })),
  code: Schema.optionalKey(Schema.String.annotate({ description: "The carrier's code of the reason" })),
  status: Schema.optionalKey(
    Status.annotate({ description: "The delivery status of the whole message, once a carrier accepted it" })
  ),
  parts: Schema.Array(Schema.Struct({
    messageId: Schema.String,
    recipient: Address,
    status: Status,
    since: Schema.optionalKey(Schema.DateTimeUtcFromString),
    errorCode: Schema.optionalKey(Schema.String),
    errorMessage: Schema.optionalKey(Schema.String),
    cost: Schema.optionalKey(Cost.annotate({ description: "The carrier's charge, where it tells it" }))
  })),
  segments: Schema.optionalKey(Schema.Int)
}) {}

/**
 * A message of a thread.
 *
 * @category models
 * @since 0.1.0
 */
export class ThreadMessage extends Schema.Class<ThreadMessage>("effect-sms/http/ThreadMessage")({
  event: RoomEvent,
  sends: Schema.Array(SendView).annotate({ description: "What the channels of the room sent because of it" })
}) {}

/**
 * A room as an inbox shows it.
 *
 * @category models
 * @since 0.1.0
 */
export class Conversation extends Schema.Class<Conversation>("effect-sms/http/Conversation")({
  room: Room,
  unread: Schema.Int.annotate({ description: "The number of received messages after those that were read" }),
  provider: Schema.optionalKey(
    Schema.String.annotate({ description: "The provider of the message that was received last" })
  ),
  last: Schema.optionalKey(ThreadMessage)
}) {}

const id = { id: Schema.NonEmptyString.annotate({ description: "The room's id" }) }

/**
 * The endpoints of conversations.
 *
 * @category groups
 * @since 0.1.0
 */
export class Conversations extends HttpApiGroup.make("conversations")
  .add(
    HttpApiEndpoint.get("list", "/conversations", {
      query: {
        ...Paging.pageQuery,
        find: Schema.optionalKey(
          Schema.NonEmptyString.check(Schema.isMaxLength(200)).annotate({
            description: "Only rooms in which this was said, or with a person whose number contains these digits"
          })
        )
      },
      success: Paging.pageOf(Conversation),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List conversations")
      .annotateMerge(annotations(samples.conversations))
      .annotate(OpenApi.Description, "Lists the rooms with their latest message, the most recently active first."),
    HttpApiEndpoint.get("get", "/conversations/:id", {
      params: id,
      success: Conversation,
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "Get a conversation")
      .annotateMerge(annotations(samples.conversation)),
    HttpApiEndpoint.get("messages", "/conversations/:id/messages", {
      params: id,
      query: Paging.pageQuery,
      success: Paging.pageOf(ThreadMessage),
      error: [Problems.NotFound, Problems.ServiceUnavailable]
    })
      .annotate(OpenApi.Summary, "List the messages of a conversation")
      .annotateMerge(annotations(samples.thread))
      .annotate(
        OpenApi.Description,
        "Lists what was said in the room, the latest first, with what became of each message that was sent."
      ),
    HttpApiEndpoint.post("read", "/conversations/:id/read", {
      params: id,
      payload: Schema.Struct({
        upTo: Schema.NonEmptyString.annotate({ description: "The id of the latest message that was read" })
      }),
      success: HttpApiSchema.NoContent,
      error: Problems.ServiceUnavailable
    })
      .annotate(RequiredScope, "send")
      .annotate(OpenApi.Summary, "Mark a conversation as read")
      .annotateMerge(annotations(samples.read))
      .annotate(OpenApi.Description, "For everybody who uses this server. An earlier message changes nothing.")
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Rooms as an inbox shows them. Needs a token with the scope read.")
{}
