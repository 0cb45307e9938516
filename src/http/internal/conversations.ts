/**
 * The handlers of conversations.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Schema from "effect/Schema"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import { DeliveryTracker } from "../../delivery/DeliveryTracker.ts"
import { compact } from "../../internal/record.ts"
import type { Room } from "../../rooms/Room.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { HistoryEntry, RoomSummary } from "../../rooms/RoomStore.ts"
import type { Intent } from "../../sending/IntentStore.ts"
import * as Outbox from "../../sending/Outbox.ts"
import type { StorageError } from "../../StorageError.ts"
import { Conversation, ThreadMessage } from "../ConversationsApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import * as Cursors from "./cursors.ts"
import * as SendViews from "./sendViews.ts"
import { storageFailed } from "./storageFailed.ts"

const roomCursors = Cursors.make(Schema.Struct({ activity: Schema.Int, id: Schema.String }))
const eventCursors = Cursors.make(Schema.Int)

/** More sends than a page of messages has, unless rooms have very many channels. */
const maxSends = 1000

const failed = (error: StorageError | DeliveryStoreError) =>
  error._tag === "StorageError"
    ? storageFailed(error)
    : Effect.andThen(Effect.logError(error.message, error), Effect.fail(new Problems.ServiceUnavailable({})))

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "conversations",
  Effect.fnUntraced(function*(handlers) {
    const { store } = yield* RoomKit
    const { intents } = yield* Outbox.Outbox
    const viewOf = SendViews.make(yield* DeliveryTracker)

    const threadMessage = Effect.fnUntraced(function*(entry: HistoryEntry, sends: ReadonlyArray<Intent>) {
      return new ThreadMessage({ event: entry.event, sends: yield* Effect.forEach(sends, viewOf) })
    })

    const conversation = Effect.fnUntraced(function*(room: Room, summary: RoomSummary = { unread: 0 }) {
      const { last, provider, unread } = summary
      const sends = last === undefined || last.event.source.externalId !== undefined
        ? []
        : yield* intents.ofEvent(last.event.id)
      return new Conversation({
        room,
        unread,
        ...compact({ provider, last: last && (yield* threadMessage(last, sends)) })
      })
    })

    /** Returns the messages of a room with their sends, which are read at once. */
    const thread = Effect.fnUntraced(function*(roomId: string, entries: ReadonlyArray<HistoryEntry>) {
      const oldest = entries.at(-1)?.event.createdAt
      const found = oldest === undefined ? [] : yield* intents.search({ room: roomId, limit: maxSends, since: oldest })
      const sends = Map.groupBy(found.map(({ value }) => value).reverse(), ({ eventId }) => eventId)
      return yield* Effect.forEach(entries, (entry) => threadMessage(entry, sends.get(entry.event.id) ?? []), {
        concurrency: 16
      })
    })

    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query: { cursor, find, limit } }) {
        const after = yield* roomCursors.placeOf(cursor)
        const page = yield* Effect.map(
          store.search({ ...Cursors.oneMore(limit), after, find: find?.trim() }),
          (found) => roomCursors.page(found, limit, ({ room }) => room, ({ place }) => place)
        )
        const summaries = yield* store.summaries(page.items.map(({ id }) => id))
        return {
          ...page,
          items: yield* Effect.forEach(page.items, (room) => conversation(room, summaries.get(room.id)), {
            concurrency: 16
          })
        }
      }, Effect.catchTag(["StorageError", "DeliveryStoreError"], failed)),
      get: Effect.fnUntraced(function*({ params: { id } }) {
        const room = yield* store.get(id)
        if (room === undefined) return yield* Problems.unknown("room")
        return yield* conversation(room, (yield* store.summaries([id])).get(id))
      }, Effect.catchTag(["StorageError", "DeliveryStoreError"], failed)),
      messages: Effect.fnUntraced(function*({ params: { id }, query: { cursor, limit } }) {
        const before = yield* eventCursors.placeOf(cursor)
        const found = yield* store.history(id, { ...Cursors.oneMore(limit), before })
        if (found === undefined) return yield* Problems.unknown("room")
        const page = eventCursors.page(found.toReversed(), limit, (entry) => entry, ({ position }) => position)
        return { ...page, items: yield* thread(id, page.items) }
      }, Effect.catchTag(["StorageError", "DeliveryStoreError"], failed)),
      read: ({ params: { id }, payload: { upTo } }) =>
        Effect.catch(store.markRead({ id: upTo, roomId: id }), storageFailed)
    })
  })
)
