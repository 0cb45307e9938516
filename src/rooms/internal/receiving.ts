/**
 * Deduplicates inbound messages and routes each to its room, or to a new one.
 */
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Deduplicator from "../../internal/deduplicator.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { InboundMessage } from "../../Message.ts"
import type { Completion } from "../../queue/internal/completion.ts"
import { EventSource, RoomEvent } from "../../RoomEvent.ts"
import type { StorageError } from "../../StorageError.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { ProcessResult, Unfinished } from "../ProcessResult.ts"
import { Attachment, Room } from "../Room.ts"
import type { Service as RoomStore } from "../RoomStore.ts"
import type * as Broadcast from "./broadcast.ts"
import type { ChannelRegistry } from "./channels.ts"
import * as Routes from "./routes.ts"

export interface Options {
  readonly random: SecureRandom.SecureRandom["Service"]
  readonly store: RoomStore
  readonly channels: ChannelRegistry
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly broadcast: ReturnType<typeof Broadcast.make>["broadcast"]
  readonly remembered: Deduplicator.Options
}

/**
 * Marks a message that an earlier, stopped process may have started to process.
 * It is retried until its processing is complete. Any other message counts as a
 * duplicate once it was seen.
 */
export interface Resumed {
  /** The id of the event. A new one by default. */
  readonly eventId?: string | undefined
  /** Returns whether the inbox has left the message to another attempt, so that this one must not admit it. */
  readonly isAbandoned?: (() => boolean) | undefined
  /** The completion of the entry in the inbox. */
  readonly completion?: Completion | undefined
}

export const make = Effect.fnUntraced(function*({ broadcast, channels, notify, random, remembered, store }: Options) {
  const seen = yield* Deduplicator.make<{ readonly eventId: string; readonly roomId: string }>(remembered)

  const tell = ({ created, room }: { readonly created: boolean; readonly room: Room }) =>
    created ? notify({ _tag: "RoomCreated", roomId: room.id }) : Effect.void

  /** Makes a new room, with the channels that belong to every room. */
  const newRoom = (id: string, createdAt: DateTime.Utc, ...attachments: ReadonlyArray<Attachment>): Room =>
    new Room({
      id,
      createdAt,
      attachments: [...Array.from(channels.everyRoom, (channelId) => new Attachment({ channelId })), ...attachments]
    })

  const create = Effect.fnUntraced(function*(id?: string) {
    const found = yield* store.create(newRoom(id ?? (yield* random.ulid), yield* DateTime.now))
    yield* tell(found)
    return found.room
  })

  const eventOf = (message: InboundMessage, id: string, roomId: string, now: DateTime.Utc): RoomEvent =>
    unchecked(RoomEvent, {
      id,
      roomId,
      source: unchecked(EventSource, {
        channelId: message.channelId,
        channelType: message.channelType,
        direction: "inbound",
        participant: message.sender,
        ...(message.participants !== undefined && { participants: message.participants }),
        recipient: message.recipient,
        ...(message.externalId !== undefined && { externalId: message.externalId }),
        metadata: message.metadata
      }),
      content: message.content,
      createdAt: message.receivedAt ?? now
    })

  const keyOf = (channelId: string, idempotencyKey: string): string => JSON.stringify([channelId, idempotencyKey])

  const receiveAnew = (
    message: InboundMessage,
    conversation: Broadcast.Conversation,
    resumed: Resumed | undefined,
    key: string | undefined
  ) => {
    const { channelId, participants, recipient, sender, senderAliases } = message
    const parties = { channelId, recipient, sender, participants, aliases: senderAliases }
    const pass = (id: string, now: DateTime.Utc, room: Room) =>
      broadcast({
        room,
        event: eventOf(message, id, room.id, now),
        key: resumed === undefined && !store.isShared ? undefined : key,
        inbound: message,
        isResumed: resumed !== undefined,
        isAbandoned: resumed?.isAbandoned
      }, conversation)
    return Effect.flatMap(DateTime.now, (now) =>
      Effect.flatMap(random.ulid, (id) => {
        let isTaken = false
        const create = () => {
          isTaken = true
          return newRoom(id, now, Routes.opened(parties))
        }
        return Effect.flatMap(store.route(parties, create), (found) => {
          const eventId = resumed?.eventId ?? (isTaken ? undefined : id)
          const passed = eventId === undefined
            ? Effect.flatMap(random.ulid, (id) => pass(id, now, found.room))
            : pass(eventId, now, found.room)
          return found.created ? Effect.andThen(tell(found), passed) : passed
        })
      }))
  }

  const summaryOf = (result: ProcessResult) =>
    "event" in result
      ? { eventId: result.event.id, roomId: result.event.roomId }
      : { eventId: result.eventId, roomId: result.roomId }

  const receive = (
    message: InboundMessage,
    conversation: Broadcast.Conversation,
    resumed?: Resumed
  ): Effect.Effect<ProcessResult, StorageError | Unfinished> =>
    Effect.suspend((): Effect.Effect<ProcessResult, StorageError | Unfinished> => {
      const { channelId, idempotencyKey } = message
      const key = idempotencyKey === undefined ? undefined : keyOf(channelId, idempotencyKey)
      const received = receiveAnew(message, conversation, resumed, key)
      if (key === undefined || resumed !== undefined) return received
      return Effect.map(
        seen.run(key, received, summaryOf),
        (outcome) => outcome._tag === "First" ? outcome.value : { _tag: "Repeated", ...outcome.summary }
      )
    })

  return { create, receive }
})
