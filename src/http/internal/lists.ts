/**
 * The handlers of the lists.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeliveryStore } from "../../delivery/DeliveryStore.ts"
import type { Place, SearchOptions } from "../../internal/listing.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { State } from "../../sending/IntentStore.ts"
import * as Outbox from "../../sending/Outbox.ts"
import * as Lists from "../ListsApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import { viewOf } from "../MessageView.ts"
import * as Problems from "../Problems.ts"
import * as Cursors from "./cursors.ts"
import { storageFailed } from "./storageFailed.ts"

const PlaceSchema = Schema.Struct({ time: Schema.Int, position: Schema.Int })

const deliveryCursors = Cursors.make(PlaceSchema)

/** Messages come from two tables, so a page ends at a place in each. */
interface Places {
  readonly inbound?: Place
  readonly outbound?: Place
}

const messageCursors = Cursors.make(
  Schema.Struct({ inbound: Schema.optionalKey(PlaceSchema), outbound: Schema.optionalKey(PlaceSchema) })
)

interface Found {
  readonly message: Lists.ListedMessage
  readonly direction: "inbound" | "outbound"
  readonly place: Place
  /** Where the next page begins in both tables, after this message. */
  readonly places: Places
}

/** Merges what both tables have, the latest first. Each list is ordered already. */
const merge = (lists: ReadonlyArray<ReadonlyArray<Omit<Found, "places">>>, begin: Places): ReadonlyArray<Found> => {
  let places = begin
  return lists.flat().sort((one, other) => other.place.time - one.place.time).map((found) => {
    places = { ...places, [found.direction]: found.place }
    return { ...found, places }
  })
}

const isReceivedState = (state: string): state is "received" | "blocked" => state === "received" || state === "blocked"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "lists",
  Effect.fnUntraced(function*(handlers) {
    const { store } = yield* RoomKit
    const { intents } = yield* Outbox.Outbox
    const deliveries = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryStore))

    const inbound = (options: SearchOptions, state: string | undefined) =>
      Effect.map(
        store.searchReceived({ ...options, blocked: state === undefined ? undefined : state === "blocked" }),
        (all) =>
          all.map(({ place, value }) => ({ message: Lists.ofReceived(value), direction: "inbound" as const, place }))
      )

    const outbound = (options: SearchOptions, state: State | undefined) =>
      Effect.map(
        intents.search({ ...options, state }),
        (all) =>
          all.map(({ place, value }) => ({ message: Lists.ofIntent(value), direction: "outbound" as const, place }))
      )

    return handlers.handleAll({
      messages: Effect.fnUntraced(function*({ query: { cursor, direction, limit, state, ...filter } }) {
        const places = (yield* messageCursors.placeOf(cursor)) ?? {}
        const options = { ...filter, ...Cursors.oneMore(limit) }
        const isOutboundState = state !== undefined && !isReceivedState(state)
        const isInboundState = state !== undefined && isReceivedState(state)
        const lists = Effect.all([
          direction === "outbound" || isOutboundState
            ? Effect.succeed([])
            : inbound({ ...options, after: places.inbound }, state),
          direction === "inbound" || isInboundState
            ? Effect.succeed([])
            : outbound({ ...options, after: places.outbound }, state)
        ])
        const found = merge(yield* Effect.catch(lists, storageFailed), places)
        return messageCursors.page(found, limit, ({ message }) => message, ({ places }) => places)
      }),
      deliveries: Effect.fnUntraced(function*({ query: { cursor, limit, ...filter } }) {
        const after = yield* deliveryCursors.placeOf(cursor)
        if (deliveries === undefined) return { items: [] }
        const found = yield* Effect.catch(
          deliveries.search({ ...filter, ...Cursors.oneMore(limit), after }),
          (error) =>
            Effect.andThen(Effect.logError(error.message, error), Effect.fail(new Problems.ServiceUnavailable({})))
        )
        return deliveryCursors.page(found, limit, ({ value }) => viewOf(value), ({ place }) => place)
      })
    })
  })
)
