/**
 * The HTTP API for reading messages and deliveries, in pages.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Content } from "../Content.ts"
import { Status } from "../DeliveryStatus.ts"
import { providerOf } from "../internal/providerOf.ts"
import { compact } from "../internal/record.ts"
import type { Received } from "../rooms/RoomStore.ts"
import { type Intent, State } from "../sending/IntentStore.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import { reasonOf } from "./internal/reasonOf.ts"
import { MessageView } from "./MessageView.ts"
import * as Paging from "./Paging.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * The state of a message in the list: `received` or `blocked` for a received
 * one, and the state of its send for any other.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MessageState = Schema.Literals(["received", "blocked", ...State.literals])

/**
 * A received or sent message in the list.
 *
 * @category models
 * @since 0.1.0
 */
export class ListedMessage extends Schema.Class<ListedMessage>("effect-sms/http/ListedMessage")({
  id: Schema.String.annotate({ description: "The id in the history of the room, or of the send" }),
  direction: Schema.Literals(["inbound", "outbound"]),
  time: Schema.DateTimeUtcFromString.annotate({ description: "When the server stored the message" }),
  state: MessageState,
  roomId: Schema.optionalKey(Schema.String),
  from: Schema.optionalKey(Address),
  to: Schema.optionalKey(Address),
  participants: Schema.optionalKey(Schema.Array(Address)),
  content: Content,
  provider: Schema.optionalKey(Schema.String),
  messageIds: Schema.optionalKey(
    Schema.Array(Schema.String).annotate({ description: "The carrier's ids: `GET /messages/:id` has the deliveries" })
  ),
  status: Schema.optionalKey(
    Status.annotate({ description: "The delivery status of a message that a carrier accepted" })
  ),
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Why a message was blocked or not accepted" }))
}) {}

/**
 * Converts a received message to its representation in the list.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofReceived = ({ event, provider, time }: Received): ListedMessage => {
  const { blocked, content, id, roomId, source: { externalId, participant, participants, recipient } } = event
  return new ListedMessage({
    id,
    direction: "inbound",
    time,
    state: blocked === undefined ? "received" : "blocked",
    roomId,
    content,
    ...compact({
      from: participant,
      to: recipient,
      participants,
      provider,
      messageIds: externalId === undefined ? undefined : [externalId],
      reason: blocked?.reason
    })
  })
}

/**
 * Converts a send to its representation in the list.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofIntent = (intent: Intent, status?: Status): ListedMessage => {
  const { createdAt, error, id, message: { content, from, participants, to }, receipt, refusal, roomId, state } = intent
  return new ListedMessage({
    id,
    direction: "outbound",
    time: createdAt,
    state,
    to,
    content,
    ...compact({
      roomId,
      from: receipt?.sender ?? from,
      participants,
      provider: providerOf(intent),
      messageIds: receipt?.messageIds,
      status,
      reason: reasonOf({ error, refusal })
    })
  })
}

/**
 * The lists.
 *
 * @category groups
 * @since 0.1.0
 */
export class Lists extends HttpApiGroup.make("lists")
  .add(
    HttpApiEndpoint.get("messages", "/messages", {
      query: {
        ...Paging.pageQuery,
        ...Paging.filterQuery,
        room: Schema.optionalKey(
          Schema.NonEmptyString.annotate({ description: "Only those of the room with this id" })
        ),
        direction: Schema.optionalKey(Schema.Literals(["inbound", "outbound"])),
        state: Schema.optionalKey(MessageState),
        text: Schema.optionalKey(
          Schema.NonEmptyString.check(Schema.isMaxLength(200)).annotate({
            description: "Only those whose text contains this, in any letter case"
          })
        )
      },
      success: Paging.pageOf(ListedMessage),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List messages")
      .annotateMerge(annotations(samples.messages))
      .annotate(OpenApi.Description, "Lists received and sent messages, the latest first."),
    HttpApiEndpoint.get("deliveries", "/deliveries", {
      query: { ...Paging.pageQuery, ...Paging.filterQuery, status: Schema.optionalKey(Status) },
      success: Paging.pageOf(MessageView),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "List deliveries")
      .annotateMerge(annotations(samples.deliveries))
      .annotate(
        OpenApi.Description,
        "Lists what carriers reported about sent messages, one for each recipient, the latest messages first."
      )
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Messages and deliveries. Needs a token with the scope read.")
{}
