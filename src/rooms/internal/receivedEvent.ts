import * as DateTime from "effect/DateTime"
import type { InboundMessage } from "../../Message.ts"
import type { Mutable } from "../../provider/core/build.ts"
import { remembered } from "../../provider/core/remembered.ts"
import { EventSource, RoomEvent } from "../../RoomEvent.ts"

/** Messages of one millisecond share their time. */
const timeOf = remembered((millis: number): DateTime.Utc => DateTime.makeUnsafe(millis))

// Field by field: an object that is made otherwise takes three times as long, and more memory.
function Source(this: Mutable<EventSource>, message: InboundMessage): void {
  this.channelId = message.channelId
  this.channelType = message.channelType
  this.direction = "inbound"
  this.participant = message.sender
  if (message.participants !== undefined) this.participants = message.participants
  this.recipient = message.recipient
  if (message.externalId !== undefined) this.externalId = message.externalId
  this.metadata = message.metadata
}
Source.prototype = EventSource.prototype
const NewSource = Source as unknown as new(message: InboundMessage) => EventSource

function Event(this: Mutable<RoomEvent>, message: InboundMessage, id: string, roomId: string, now: number): void {
  this._tag = "RoomEvent"
  this.id = id
  this.roomId = roomId
  this.source = new NewSource(message)
  this.content = message.content
  this.createdAt = message.receivedAt ?? timeOf(now)
}
Event.prototype = RoomEvent.prototype

/**
 * The event of a message that is received at a time in epoch milliseconds,
 * without the validation of `new`: the message is valid.
 */
export const ReceivedEvent = Event as unknown as new(
  message: InboundMessage,
  id: string,
  roomId: string,
  now: number
) => RoomEvent
