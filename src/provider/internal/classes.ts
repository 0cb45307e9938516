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
import type { Build, Decoded, InboundMessage as PlainMessage, Mutable } from "../core/build.ts"
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

/** Builds a message as {@link classes} builds everything else, but field by field, in a tenth of the time. */
function Message(this: Mutable<PlainMessage>, fields: PlainMessage): void {
  this._tag = fields._tag
  this.provider = fields.provider
  this.channelId = fields.channelId
  if (fields.externalId !== undefined) this.externalId = fields.externalId
  if (fields.idempotencyKey !== undefined) this.idempotencyKey = fields.idempotencyKey
  this.sender = fields.sender
  if (fields.senderAliases !== undefined) this.senderAliases = fields.senderAliases
  this.recipient = fields.recipient
  if (fields.participants !== undefined) this.participants = fields.participants
  this.content = fields.content
  if (fields.receivedAt !== undefined) this.receivedAt = fields.receivedAt
  if (fields.sentAt !== undefined) this.sentAt = fields.sentAt
  if (fields.reference !== undefined) this.reference = fields.reference
  if (fields.segments !== undefined) this.segments = fields.segments
  if (fields.cost !== undefined) this.cost = fields.cost
  if (fields.spam !== undefined) this.spam = fields.spam
  this.metadata = fields.metadata
  this.raw = fields.raw
}
Message.prototype = InboundMessage.prototype
const NewMessage = Message as unknown as new(fields: PlainMessage) => PlainMessage

const epoch = DateTime.makeUnsafe(0)

/** As the constructor of Effect, which takes thirty times as long for a property that cannot be seen. */
function Utc(this: { epochMilliseconds: number }, millis: number): void {
  this.epochMilliseconds = millis
}
Utc.prototype = Object.getPrototypeOf(epoch)
const NewUtc = Utc as unknown as new(millis: number) => DateTime.Utc

// Another version of Effect may have other members.
const timeOf = Object.keys(epoch).join() === "epochMilliseconds"
  ? (millis: number) => new NewUtc(millis)
  : (millis: number) => DateTime.makeUnsafe(millis)

/**
 * Builds instances without the validation of `new`, which takes ten times as
 * long: a decoder has validated the fields. Its types are those of plain data,
 * and a property test holds that the schema decodes the same events from them.
 */
export const classes: Build = {
  of: (fields) =>
    fields._tag === "InboundMessage"
      ? new NewMessage(fields as unknown as PlainMessage) as never
      : Object.assign(Object.create(prototypes[fields._tag]!), fields),
  time: (millis) => timeOf(millis) as never,
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
