/**
 * Deduplicates inbound messages and routes each to its room, or to a new one.
 */
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Deduplicator from "../../internal/deduplicator.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { InboundMessage } from "../../Message.ts"
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

  const receiveAnew = Effect.fnUntraced(function*(message: InboundMessage, resumed: Resumed | undefined) {
    const { channelId, idempotencyKey, participants, recipient, sender, senderAliases } = message
    const now = yield* DateTime.now
    const id = yield* random.ulid
    const conversation = { channelId, recipient, sender, participants, aliases: senderAliases }
    const found = yield* store.route(conversation, () => newRoom(id, now, Routes.opened(conversation)))
    yield* tell(found)
    const { room } = found
    const event = unchecked(RoomEvent, {
      id: resumed?.eventId ?? (yield* random.ulid),
      roomId: room.id,
      source: unchecked(EventSource, {
        channelId,
        channelType: message.channelType,
        direction: "inbound",
        participant: sender,
        ...(participants !== undefined && { participants }),
        recipient,
        ...(message.externalId !== undefined && { externalId: message.externalId }),
        metadata: message.metadata
      }),
      content: message.content,
      createdAt: message.receivedAt ?? now
    })
    const key = idempotencyKey === undefined || (resumed === undefined && !store.isShared)
      ? undefined
      : JSON.stringify([channelId, idempotencyKey])
    return yield* broadcast({
      event,
      room,
      key,
      inbound: message,
      isResumed: resumed !== undefined,
      isAbandoned: resumed?.isAbandoned
    })
  })

  const receive = Effect.fnUntraced(function*(
    message: InboundMessage,
    resumed?: Resumed
  ): Effect.fn.Return<ProcessResult, StorageError | Unfinished> {
    const { idempotencyKey } = message
    if (idempotencyKey === undefined || resumed !== undefined) return yield* receiveAnew(message, resumed)
    const outcome = yield* seen.run(
      JSON.stringify([message.channelId, idempotencyKey]),
      receiveAnew(message, undefined),
      (result) =>
        "event" in result
          ? { eventId: result.event.id, roomId: result.event.roomId }
          : { eventId: result.eventId, roomId: result.roomId }
    )
    return outcome._tag === "First" ? outcome.value : { _tag: "Repeated", ...outcome.summary }
  })

  return { create, receive }
})
