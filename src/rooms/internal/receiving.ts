/**
 * Deduplicates inbound messages and routes each to its room, or to a new one.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { Ulids } from "../../internal/ulids.ts"
import type { InboundMessage } from "../../Message.ts"
import type { Completion } from "../../queue/internal/completion.ts"
import type { StorageError } from "../../StorageError.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { ProcessResult, Unfinished } from "../ProcessResult.ts"
import { Attachment, Room } from "../Room.ts"
import type { Service as RoomStore } from "../RoomStore.ts"
import type * as Broadcast from "./broadcast.ts"
import type { ChannelRegistry } from "./channels.ts"
import type { Conversation } from "./conversation.ts"
import { ReceivedEvent } from "./receivedEvent.ts"
import * as Routes from "./routes.ts"
import * as Steps from "./steps.ts"

export interface Options {
  readonly ids: Ulids
  readonly store: RoomStore
  readonly channels: ChannelRegistry
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly broadcast: ReturnType<typeof Broadcast.make>
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

/** A message that is received in a fiber of the kit. */
export interface Receive {
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly message: InboundMessage
  readonly resumed?: Resumed | undefined
}

/** What is remembered of a message. */
interface Summary {
  readonly eventId: string
  readonly roomId: string
}

const perSummary = 96

const bytesOf = ({ eventId, roomId }: Summary): number => perSummary + 2 * (eventId.length + roomId.length)

export const make = Effect.fnUntraced(function*({ broadcast, channels, ids, notify, remembered, store }: Options) {
  const steps = Steps.of(store)
  const seen = yield* Deduplicator.make(remembered, bytesOf)

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
    const now = yield* DateTime.now
    const found = yield* store.create(newRoom(id ?? (yield* ids.next(DateTime.toEpochMillis(now))), now))
    yield* tell(found)
    return found.room
  })

  /** The key by which a store deduplicates a message. */
  const keyOf = ({ channelId, idempotencyKey }: InboundMessage): string | undefined =>
    idempotencyKey === undefined ? undefined : JSON.stringify([channelId, idempotencyKey])

  const pass = (
    { fiber, message, resumed }: Receive,
    conversation: Conversation,
    now: number,
    id: string,
    room: Room
  ) =>
    broadcast(fiber, {
      room,
      event: new ReceivedEvent(message, id, room.id, now),
      key: resumed === undefined && !store.isShared ? undefined : keyOf(message),
      inbound: message,
      isResumed: resumed !== undefined,
      isAbandoned: resumed?.isAbandoned
    }, conversation)

  const receiveAnew = (
    received: Receive,
    conversation: Conversation,
    now: number
  ): Effect.Effect<Broadcast.Result, StorageError | Unfinished> => {
    const { message, resumed } = received
    const eventId = resumed?.eventId
    return Effect.flatMapEager(ids.next(now), (drawn) => {
      const open = () => newRoom(drawn, DateTime.makeUnsafe(now), Routes.opened(message))
      return Effect.flatMapEager(steps.route(message, open), (found) => {
        if (!found.created) return pass(received, conversation, now, eventId ?? drawn, found.room)
        const id = eventId === undefined ? ids.next(now) : Effect.succeed(eventId)
        return Effect.flatMap(
          Effect.andThen(tell(found), id),
          (id) => pass(received, conversation, now, id, found.room)
        )
      })
    })
  }

  const memory: Deduplicator.Memory<Broadcast.Result, Summary, ProcessResult> = {
    summarize: (result) =>
      "event" in result
        ? { eventId: result.event.id, roomId: result.event.roomId }
        : { eventId: result.eventId, roomId: result.roomId },
    repeated: (summary) => ({ _tag: "Repeated", ...summary })
  }

  const receive = (
    received: Receive,
    conversation: Conversation
  ): Effect.Effect<ProcessResult, StorageError | Unfinished> => {
    const { fiber, message: { channelId, idempotencyKey }, resumed } = received
    const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
    return idempotencyKey === undefined || resumed !== undefined
      ? receiveAnew(received, conversation, now)
      : seen.begin(
        { key: idempotencyKey, scope: channelId },
        now,
        () => receiveAnew(received, conversation, now),
        memory
      )
  }

  return { create, receive }
})
