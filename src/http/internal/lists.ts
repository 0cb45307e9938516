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
  readonly inbound: Place
  readonly outbound: Place
}

const messageCursors = Cursors.make(Schema.Struct({ inbound: PlaceSchema, outbound: PlaceSchema }))

interface Candidate {
  readonly message: Lists.ListedMessage
  readonly place: Place
}

interface Found {
  readonly message: Lists.ListedMessage
  /** Where the next page begins in both tables, after this message. */
  readonly places: Places
}

/**
 * Returns where a table begins: at the first of what it has now, so that what is
 * added later is on no later page, even if this page has nothing of the table.
 */
const beginOf = ([first]: ReadonlyArray<Candidate>): Place =>
  first === undefined ? { time: -1, position: 0 } : { time: first.place.time, position: first.place.position + 1 }

/** Merges what both tables have, the latest first. Each list is ordered already. */
const merge = (
  inbound: ReadonlyArray<Candidate>,
  outbound: ReadonlyArray<Candidate>,
  begin: Places | undefined
): ReadonlyArray<Found> => {
  let places = begin ?? { inbound: beginOf(inbound), outbound: beginOf(outbound) }
  return [
    ...inbound.map((candidate) => ({ ...candidate, direction: "inbound" as const })),
    ...outbound.map((candidate) => ({ ...candidate, direction: "outbound" as const }))
  ].sort((one, other) => other.place.time - one.place.time).map(({ direction, message, place }) => {
    places = { ...places, [direction]: place }
    return { message, places }
  })
}

type MessageOptions = SearchOptions & { readonly room?: string | undefined }

const isReceivedState = (state: string): state is "received" | "blocked" => state === "received" || state === "blocked"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "lists",
  Effect.fnUntraced(function*(handlers) {
    const { store } = yield* RoomKit
    const { intents } = yield* Outbox.Outbox
    const deliveries = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryStore))

    const inbound = (options: MessageOptions, state: string | undefined) =>
      Effect.map(
        store.searchReceived({ ...options, blocked: state === undefined ? undefined : state === "blocked" }),
        (all) => all.map(({ place, value }) => ({ message: Lists.ofReceived(value), place }))
      )

    const outbound = (options: MessageOptions, state: State | undefined) =>
      Effect.map(
        intents.search({ ...options, state }),
        (all) => all.map(({ place, value }) => ({ message: Lists.ofIntent(value), place }))
      )

    return handlers.handleAll({
      messages: Effect.fnUntraced(function*({ query: { cursor, direction, limit, state, ...filter } }) {
        const places = yield* messageCursors.placeOf(cursor)
        const options = { ...filter, ...Cursors.oneMore(limit) }
        const sendState = state === undefined || isReceivedState(state) ? undefined : state
        const wantsInbound = direction !== "outbound" && sendState === undefined
        const wantsOutbound = direction !== "inbound" && (state === undefined || sendState !== undefined)
        const reading = Effect.all([
          wantsInbound ? inbound({ ...options, after: places?.inbound }, state) : Effect.succeed([]),
          wantsOutbound ? outbound({ ...options, after: places?.outbound }, sendState) : Effect.succeed([])
        ])
        const found = merge(...yield* Effect.catch(reading, storageFailed), places)
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
