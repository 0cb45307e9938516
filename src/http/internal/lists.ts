/**
 * The handlers of the lists.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { DeliveryStore, type DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import { DeliveryTracker } from "../../delivery/DeliveryTracker.ts"
import type { SearchOptions } from "../../internal/listing.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { Intent, State } from "../../sending/IntentStore.ts"
import * as Outbox from "../../sending/Outbox.ts"
import * as Lists from "../ListsApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import { viewOf } from "../MessageView.ts"
import * as Problems from "../Problems.ts"
import * as Cursors from "./cursors.ts"
import * as MergedPages from "./mergedPages.ts"
import * as ProviderFilter from "./providerFilter.ts"
import * as SendViews from "./sendViews.ts"
import { storageFailed } from "./storageFailed.ts"

const deliveryCursors = Cursors.make(MergedPages.PlaceSchema)

/** Messages come from two tables. */
const messagePages = MergedPages.make(["inbound", "outbound"])

const deliveryFailed = (error: DeliveryStoreError) =>
  Effect.andThen(Effect.logError(error.message, error), Effect.fail(new Problems.ServiceUnavailable({})))

type MessageOptions = SearchOptions & { readonly room?: string | undefined }

const isReceivedState = (state: string): state is "received" | "blocked" => state === "received" || state === "blocked"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "lists",
  Effect.fnUntraced(function*(handlers) {
    const { store } = yield* RoomKit
    const providerOf = yield* ProviderFilter.make
    const { intents } = yield* Outbox.Outbox
    const sendViewOf = SendViews.make(yield* DeliveryTracker)
    const deliveries = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryStore))

    const inbound = (options: MessageOptions, state: string | undefined) =>
      Effect.map(
        store.searchReceived({ ...options, blocked: state === undefined ? undefined : state === "blocked" }),
        (all) => all.map(({ place, value }) => ({ item: Lists.ofReceived(value), place }))
      )

    const outbound = (options: MessageOptions, state: State | undefined) =>
      Effect.map(
        intents.search({ ...options, state }),
        (all) => all.map(({ place, value }) => ({ item: value, place }))
      )

    /** Adds what became of the messages of a page. */
    const withStatus = Effect.fnUntraced(function*(item: Lists.ListedMessage | Intent) {
      if (item instanceof Lists.ListedMessage) return item
      if (item.receipt === undefined) return Lists.ofIntent(item)
      return Lists.ofIntent(item, (yield* sendViewOf(item)).status)
    })

    return handlers.handleAll({
      messages: Effect.fnUntraced(function*({ query: { cursor, direction, limit, state, ...filter } }) {
        const places = yield* messagePages.placesOf(cursor)
        const options = { ...filter, provider: yield* providerOf(filter.provider), ...Cursors.oneMore(limit) }
        const sendState = state === undefined || isReceivedState(state) ? undefined : state
        const wantsInbound = direction !== "outbound" && sendState === undefined
        const wantsOutbound = direction !== "inbound" && (state === undefined || sendState !== undefined)
        const reading = Effect.all({
          inbound: wantsInbound ? inbound({ ...options, after: places?.inbound }, state) : Effect.succeed([]),
          outbound: wantsOutbound ? outbound({ ...options, after: places?.outbound }, sendState) : Effect.succeed([])
        })
        const found: {
          readonly inbound: ReadonlyArray<MergedPages.Candidate<Lists.ListedMessage | Intent>>
          readonly outbound: ReadonlyArray<MergedPages.Candidate<Lists.ListedMessage | Intent>>
        } = yield* Effect.catch(reading, storageFailed)
        const page = messagePages.page(found, limit, places)
        const items = Effect.forEach(page.items, withStatus, { concurrency: 16 })
        return { ...page, items: yield* Effect.catch(items, deliveryFailed) }
      }),
      deliveries: Effect.fnUntraced(function*({ query: { cursor, limit, ...filter } }) {
        const after = yield* deliveryCursors.placeOf(cursor)
        const provider = yield* providerOf(filter.provider)
        if (deliveries === undefined) return { items: [] }
        const found = yield* Effect.catch(
          deliveries.search({ ...filter, provider, ...Cursors.oneMore(limit), after }),
          deliveryFailed
        )
        return deliveryCursors.page(found, limit, ({ value }) => viewOf(value), ({ place }) => place)
      })
    })
  })
)
