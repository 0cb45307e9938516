/**
 * Deduplicates inbound messages and routes each to its room, or to a new one.
 */
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Deduplicator from "../../internal/deduplicator.ts"
import { unchecked } from "../../internal/unchecked.ts"
import type { InboundMessage } from "../../Message.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { ProcessResult } from "../ProcessResult.ts"
import { Attachment } from "../Room.ts"
import { EventSource, RoomEvent } from "../RoomEvent.ts"
import type * as Broadcast from "./broadcast.ts"
import type { ChannelRegistry } from "./channels.ts"
import type { RoomRecord, RoomState } from "./roomState.ts"

export interface Options {
  readonly random: SecureRandom.SecureRandom["Service"]
  readonly state: RoomState
  readonly channels: ChannelRegistry
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly broadcast: ReturnType<typeof Broadcast.make>["broadcast"]
  readonly remembered: Deduplicator.Options
}

export const make = Effect.fnUntraced(function*({ broadcast, channels, notify, random, remembered, state }: Options) {
  const seen = yield* Deduplicator.make<{ readonly eventId: string; readonly roomId: string }>(remembered)

  /**
   * Returns the room that `find` finds, or creates one. Lookup and creation
   * happen in one synchronous step; otherwise two concurrent first messages would
   * create two rooms.
   */
  const findOrCreate = Effect.fnUntraced(function*(
    find: () => RoomRecord | undefined,
    id: Effect.Effect<string>,
    attachments: () => ReadonlyArray<Attachment>
  ) {
    const known = find()
    if (known !== undefined) return known
    const roomId = yield* id
    const createdAt = yield* DateTime.now
    const record = find()
    if (record !== undefined) return record
    const created = state.create(roomId, createdAt, channels.everyRoom)
    for (const attachment of attachments()) state.attach(created, attachment)
    yield* notify({ _tag: "RoomCreated", roomId })
    return created
  })

  const receiveAnew = Effect.fnUntraced(function*(message: InboundMessage) {
    const record = yield* findOrCreate(() => state.route(message), random.ulid, () => [
      new Attachment({ channelId: message.channelId, participant: message.sender, recipient: message.recipient })
    ])
    state.hear(record, message)
    const event = unchecked(RoomEvent, {
      id: yield* random.ulid,
      roomId: record.room.id,
      source: unchecked(EventSource, {
        channelId: message.channelId,
        channelType: message.channelType,
        direction: "inbound",
        participant: message.sender,
        recipient: message.recipient,
        ...(message.externalId !== undefined && { externalId: message.externalId }),
        metadata: message.metadata
      }),
      content: message.content,
      createdAt: message.receivedAt ?? (yield* DateTime.now)
    })
    return yield* broadcast(record, event)
  })

  const receive = Effect.fnUntraced(function*(message: InboundMessage): Effect.fn.Return<ProcessResult> {
    const { idempotencyKey } = message
    if (idempotencyKey === undefined) return yield* receiveAnew(message)
    const outcome = yield* seen.run(
      JSON.stringify([message.channelId, idempotencyKey]),
      receiveAnew(message),
      (result) =>
        result._tag === "Queued"
          ? { eventId: result.eventId, roomId: result.roomId }
          : { eventId: result.event.id, roomId: result.event.roomId }
    )
    return outcome._tag === "First" ? outcome.value : { _tag: "Repeated", ...outcome.summary }
  })

  return { findOrCreate, receive }
})
