/**
 * The handlers of the operations API. A server without a database has no inbox
 * and no personal data to delete, so its lists are empty.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { Address } from "../../Address.ts"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import { DeliveryTracker } from "../../delivery/DeliveryTracker.ts"
import { sentOf } from "../../delivery/internal/sentOf.ts"
import { combine } from "../../DeliveryStatus.ts"
import { Forwarder } from "../../forward/Forwarder.ts"
import { Inbox, InboxProcessor } from "../../inbox/Inbox.ts"
import { MediaStore } from "../../media/MediaStore.ts"
import { Exchanges } from "../../provider/Exchanges.ts"
import type { Entry } from "../../queue/Queue.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { Intent } from "../../sending/IntentStore.ts"
import * as Outbox from "../../sending/Outbox.ts"
import { SmsRouter } from "../../sending/SmsRouter.ts"
import { UnknownSends } from "../../sending/UnknownSends.ts"
import { People } from "../../sql/People.ts"
import { GatewayApi } from "../MessagesApi.ts"
import { deadForwardOf, type DeadLetter, deadLetterOf, DeliveryView, intentViewOf } from "../OperationsApi.ts"
import * as Problems from "../Problems.ts"
import * as Cursors from "./cursors.ts"
import * as MergedPages from "./mergedPages.ts"
import * as ProviderFilter from "./providerFilter.ts"
import * as Resend from "./resend.ts"
import { storageFailed } from "./storageFailed.ts"

const defaultLimit = 100

const givenUp = "operator: given up"

const deadLetterPages = MergedPages.make(["inbox", "forward"])

/** Converts entries to their API representation, each with its place. */
const candidatesOf = <A>(entries: ReadonlyArray<Entry<A>>, of: (entry: Entry<A>) => DeadLetter) =>
  entries.map((entry) => ({
    item: of(entry),
    place: { time: DateTime.toEpochMillis(entry.acceptedAt), position: entry.position }
  }))

const deliveryFailed = (error: DeliveryStoreError) =>
  Effect.andThen(Effect.logError(error.message, error), Effect.fail(new Problems.ServiceUnavailable({})))

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "operations",
  Effect.fnUntraced(function*(handlers) {
    const scope = yield* Effect.scope
    const inbox = Option.getOrUndefined(yield* Effect.serviceOption(Inbox))
    const forwarder = Option.getOrUndefined(yield* Effect.serviceOption(Forwarder))
    const processor = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
    const outbox = yield* Outbox.Outbox
    const { intents } = outbox
    const people = Option.getOrUndefined(yield* Effect.serviceOption(People))
    const media = Option.getOrUndefined(yield* Effect.serviceOption(MediaStore))
    const exchanges = yield* Exchanges
    const router = yield* SmsRouter
    const kit = yield* RoomKit
    const tracker = yield* DeliveryTracker
    const providerOf = yield* ProviderFilter.make
    const unknownSends = Option.getOrUndefined(yield* Effect.serviceOption(UnknownSends))

    /** Returns the delivery of an accepted message. */
    const deliveryOf = Effect.fnUntraced(function*({ receipt }: Intent) {
      if (receipt === undefined) return undefined
      const parts = yield* Effect.forEach(
        sentOf(receipt),
        ({ messageId, provider, recipient }) =>
          Effect.map(tracker.get({ provider, messageId, recipient }), (delivery) => ({
            messageId,
            recipient: Address.make(recipient),
            // It may have been evicted, or was sent without a tracker.
            status: delivery?.status ?? "accepted"
          }))
      )
      const [first, ...rest] = parts.map(({ status }) => status)
      return first === undefined ? undefined : new DeliveryView({ status: combine([first, ...rest]), parts })
    })

    const viewOf = (intent: Intent, delivery?: DeliveryView) =>
      intentViewOf(intent, {
        delivery,
        canAsk: intent.state === "unknown" && intent.resolvedBy === undefined ? unknownSends?.canAsk(intent) : undefined
      })

    const resend = Resend.make({ kit, outbox, router, scope, unknownSends })

    return handlers.handleAll({
      deadLetters: Effect.fnUntraced(function*({ query }) {
        const { cursor, endpoint, event, kind, limit, number, since, until } = query
        const provider = yield* providerOf(query.provider)
        const places = yield* deadLetterPages.placesOf(cursor)
        const options = { state: "dead", ...Cursors.oneMore(limit) } as const
        const filter = { kind: event, since, until }
        const reading = Effect.all({
          inbox: kind === "forward" || endpoint !== undefined || inbox === undefined
            ? Effect.succeed([])
            : Effect.map(
              inbox.list({ ...options, before: places?.inbox.position, filter: { ...filter, number, provider } }),
              (entries) => candidatesOf(entries, deadLetterOf)
            ),
          forward: kind === "inbox" || number !== undefined || provider !== undefined || forwarder === undefined
            ? Effect.succeed([])
            : Effect.map(
              forwarder.list({ ...options, before: places?.forward.position, filter: { ...filter, endpoint } }),
              (entries) => candidatesOf(entries, deadForwardOf)
            )
        })
        return deadLetterPages.page(yield* Effect.catch(reading, storageFailed), limit, places)
      }),
      replay: Effect.fnUntraced(
        function*({ params: { id } }) {
          if (inbox !== undefined && (yield* inbox.replay(id))) {
            if (processor !== undefined) yield* processor.wake
            return { id }
          }
          if (forwarder !== undefined && (yield* forwarder.replay(id))) return { id }
          return yield* Problems.unknown("entry")
        },
        Effect.catchTag("StorageError", storageFailed)
      ),
      intents: ({ query: { limit = defaultLimit, state } }) =>
        intents.list({ state, limit }).pipe(
          Effect.map((all) => all.map((intent) => viewOf(intent))),
          Effect.catch(storageFailed)
        ),
      intent: Effect.fnUntraced(function*({ params: { id } }) {
        const intent = yield* Effect.catch(intents.get(id), storageFailed)
        if (intent === undefined) return yield* Problems.unknown("send")
        return viewOf(intent, yield* Effect.catch(deliveryOf(intent), deliveryFailed))
      }),
      cancel: Effect.fnUntraced(function*({ params: { id } }) {
        const intent = yield* Effect.catch(intents.cancel(id), storageFailed)
        if (intent === undefined) return yield* Problems.unknown("send")
        if (intent.state === "cancelled") return intentViewOf(intent)
        return yield* new Problems.Conflict({ detail: `The message is not queued: it is ${intent.state}` })
      }),
      resend: ({ params: { id } }) => resend(id),
      giveUp: ({ params: { id } }) =>
        Effect.gen(function*() {
          const isDecided = yield* intents.decide(id, { resolvedBy: givenUp })
          const intent = yield* intents.get(id)
          if (intent === undefined) return yield* Problems.unknown("send")
          // It was given up by an earlier request.
          if (isDecided || (intent.state === "unknown" && intent.resolvedBy === givenUp)) return intentViewOf(intent)
          return yield* Resend.conflict(intent)
        }).pipe(Effect.catchTag("StorageError", storageFailed)),
      forget: Effect.fnUntraced(function*({ params: { address } }) {
        if (people === undefined) return yield* new Problems.NotFound({ detail: "The server has no database" })
        // They are not found by person, and what is left of them is not worth a person's data.
        if (exchanges !== undefined) yield* exchanges.clear
        return { ...yield* Effect.catch(people.forget(address, { media }), storageFailed) }
      })
    })
  })
)
