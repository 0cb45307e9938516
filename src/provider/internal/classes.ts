/**
 * Builds events of the carriers' cores as instances of the library's classes.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Content from "../../Content.ts"
import { DeliveryStatus } from "../../DeliveryStatus.ts"
import { unchecked } from "../../internal/unchecked.ts"
import { InboundMessage } from "../../Message.ts"
import { SendReference } from "../../SendReference.ts"
import type { InvalidPayload } from "../../WebhookError.ts"
import { MessagePart, Segment, Unrecognized, type WebhookEvent } from "../../WebhookEvent.ts"
import type { Build, Decoded } from "../core/build.ts"
import type { InvalidPayload as PlainReason, Refused } from "../core/refusal.ts"
import { invalidPayloadOf } from "./reasons.ts"

/** The prototypes of the classes, by tag. */
const prototypes: Readonly<Record<string, object>> = {
  InboundMessage: InboundMessage.prototype,
  DeliveryStatus: DeliveryStatus.prototype,
  MessagePart: MessagePart.prototype,
  Unrecognized: Unrecognized.prototype,
  TextContent: Content.TextContent.prototype,
  MediaContent: Content.MediaContent.prototype,
  FileContent: Content.FileContent.prototype,
  LocationContent: Content.LocationContent.prototype,
  ReplyContent: Content.ReplyContent.prototype,
  ContactContent: Content.ContactContent.prototype,
  BinaryContent: Content.BinaryContent.prototype,
  CompositeContent: Content.CompositeContent.prototype
}

/**
 * Builds instances without the validation of `new`, which takes ten times as
 * long: a decoder has validated the fields. Its types are those of plain data,
 * and a property test holds that the schema decodes the same events from them.
 */
export const classes: Build = {
  of: (fields) => Object.assign(Object.create(prototypes[fields._tag]!), fields),
  time: (millis) => DateTime.makeUnsafe(millis) as never,
  reference: (fields) => unchecked(SendReference, fields),
  segment: (fields) => unchecked(Segment, fields)
}

/** Returns the events that a core has built with {@link classes}. */
export const eventsOf = (
  result: Decoded | Refused<PlainReason>
): Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload> =>
  result._tag === "Decoded"
    ? Effect.succeed(result.events as unknown as ReadonlyArray<WebhookEvent>)
    : Effect.fail(invalidPayloadOf(result.reason))
