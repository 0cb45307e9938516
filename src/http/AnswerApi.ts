/**
 * The request and the response of an answer in a room.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { DeliveryOutcome } from "../rooms/RoomStore.ts"

/**
 * The body of a request to answer in a room.
 *
 * @category models
 * @since 0.1.0
 */
export type AnswerRequest = typeof AnswerRequest.Type

/**
 * Schema of {@link AnswerRequest}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AnswerRequest = Schema.Struct({
  text: Schema.optionalKey(Schema.String.annotate({ description: "The text. An answer has text, media, or both" })),
  media: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      url: Schema.NonEmptyString.annotate({ description: "The URL from which the carrier fetches the file" }),
      mimeType: Schema.optionalKey(Schema.NonEmptyString)
    }))
  ),
  author: Schema.optionalKey(
    Schema.Literals(["person", "machine"]).annotate({
      description: "Who wrote the answer. The loop guard counts it unless it is a person"
    })
  )
})

/**
 * One message of an answer.
 *
 * @category models
 * @since 0.1.0
 */
export class AnsweredTo extends Schema.Class<AnsweredTo>("effect-sms/http/AnsweredTo")({
  to: Address,
  participants: Schema.optionalKey(
    Schema.Array(Address).annotate({ description: "The other recipients of a group message" })
  ),
  state: Schema.Literals(["accepted", "refused", "unknown", "sending", "blocked"]),
  provider: Schema.optionalKey(Schema.String),
  messageIds: Schema.optionalKey(Schema.Array(Schema.String).annotate({ description: "As in a receipt" })),
  reason: Schema.optionalKey(Schema.String.annotate({ description: "Why it was not accepted" }))
}) {}

/**
 * What became of an answer in a room.
 *
 * @category models
 * @since 0.1.0
 */
export class Answered extends Schema.Class<Answered>("effect-sms/http/Answered")({
  roomId: Schema.String,
  eventId: Schema.String.annotate({ description: "The id of the message in the history of the room" }),
  outcomes: Schema.Array(DeliveryOutcome).annotate({ description: "The outcome at each channel of the room" }),
  sends: Schema.Array(AnsweredTo)
}) {}
