/**
 * The handler of the figures.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { DeliveryStore, type DeliveryTally } from "../../delivery/DeliveryStore.ts"
import { Inbox } from "../../inbox/Inbox.ts"
import { compact } from "../../internal/record.ts"
import { SmsProviders } from "../../provider/SmsProviders.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import * as CircuitState from "../../sending/internal/circuitState.ts"
import * as Outbox from "../../sending/Outbox.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import * as StatsApi from "../StatsApi.ts"
import { storageFailed } from "./storageFailed.ts"

const minute = 60 * 1000

/** The length of the parts, and their number. */
const spans: Readonly<Record<StatsApi.Span, { readonly step: number; readonly count: number }>> = {
  hour: { step: minute, count: 60 },
  day: { step: 15 * minute, count: 96 },
  week: { step: 120 * minute, count: 84 }
}

const quantile = (sorted: ReadonlyArray<number>, at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * at) - 1)] ?? 0

const sortedOf = (took: DeliveryTally["took"]) => took.map(({ millis }) => millis / 1000).sort((a, b) => a - b)

const latencyOf = (took: DeliveryTally["took"]): StatsApi.Latency | undefined => {
  const seconds = sortedOf(took)
  return seconds.length === 0 ? undefined : new StatsApi.Latency({
    count: seconds.length,
    median: quantile(seconds, 0.5),
    p95: quantile(seconds, 0.95)
  })
}

const sum = (items: ReadonlyArray<{ readonly count: number }>) => items.reduce((sum, { count }) => sum + count, 0)

const isFailed = (state: string) => state === "refused" || state === "unknown"

const noEntries = { pending: 0, dead: 0, oldest: undefined }

const noDeliveries: DeliveryTally = { statuses: [], took: [] }

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "statistics",
  Effect.fnUntraced(function*(handlers) {
    const { store } = yield* RoomKit
    const { intents } = yield* Outbox.Outbox
    const providers = yield* SmsProviders
    const inbox = Option.getOrUndefined(yield* Effect.serviceOption(Inbox))
    const deliveries = Option.getOrUndefined(yield* Effect.serviceOption(DeliveryStore))

    const backlog = Effect.fnUntraced(function*(now: number) {
      const { waitingSince, ...open } = yield* intents.backlog
      const { dead, oldest, pending } = inbox === undefined ? noEntries : yield* inbox.backlog()
      return {
        ...open,
        ...compact({ waiting: waitingSince === undefined ? undefined : (now - waitingSince) / 1000 }),
        inbox: pending,
        // A clock that is set back gives no negative age.
        inboxWaiting: oldest === undefined ? 0 : Math.max(0, now - DateTime.toEpochMillis(oldest)) / 1000,
        deadLetters: dead
      }
    })

    const read = Effect.fnUntraced(function*(span: StatsApi.Span) {
      const { count, step } = spans[span]
      const now = yield* Clock.currentTimeMillis
      const begin = now - now % step - (count - 1) * step
      const options = { since: begin, step }
      const received = yield* store.tally(options)
      const sent = yield* intents.tally(options)
      const { statuses, took } = deliveries === undefined ? noDeliveries : yield* deliveries.tally({ since: begin })
      const of = <A extends { readonly provider: string | undefined }>(items: ReadonlyArray<A>, name: string) =>
        items.filter(({ provider }) => provider === name)
      const known = new Set([
        ...providers.all.map(({ name }) => name),
        // Of a provider that is no longer configured.
        ...[...received, ...sent, ...statuses].flatMap(({ provider }) => provider ?? [])
      ])
      return new StatsApi.Stats({
        since: DateTime.makeUnsafe(begin),
        until: DateTime.makeUnsafe(now),
        step: step / 1000,
        spans: Array.from({ length: count }, (_, index) => {
          const at = begin + index * step
          const here = <A extends { readonly at: number }>(items: ReadonlyArray<A>) =>
            items.filter((item) => item.at >= at && item.at < at + step)
          const seconds = sortedOf(here(took))
          return {
            at: DateTime.makeUnsafe(at),
            received: sum(here(received)),
            sent: sum(here(sent)),
            failed: sum(here(sent).filter(({ state }) => isFailed(state))),
            ...(seconds.length > 0 && { latency: quantile(seconds, 0.5) })
          }
        }),
        ...compact({ latency: latencyOf(took) }),
        providers: yield* Effect.forEach(known, (name) =>
          Effect.map(CircuitState.get(name), (circuit) => {
            const provider = Option.getOrUndefined(providers.find(name))
            const sends = provider?.capabilities.send !== undefined
            const ofState = (state: string) => of(sent, name).filter((item) => item.state === state)
            const refused = ofState("refused")
            return new StatsApi.ProviderStats({
              name,
              receives: provider?.capabilities.receive !== undefined,
              sends,
              ...(sends && { circuit }),
              received: sum(of(received, name)),
              accepted: sum(ofState("accepted")),
              refused: sum(refused.filter(({ refuser }) => refuser !== "server")),
              refusedByServer: sum(refused.filter(({ refuser }) => refuser === "server")),
              unknown: sum(ofState("unknown")),
              statuses: of(statuses, name).map(({ count, status }) => ({ count, status })),
              ...compact({ latency: latencyOf(of(took, name)) })
            })
          })),
        backlog: yield* backlog(now)
      })
    })

    return handlers.handleAll({
      stats: ({ query: { span = "hour" } }) =>
        Effect.catch(read(span), (error) =>
          error._tag === "StorageError"
            ? storageFailed(error)
            : Effect.andThen(Effect.logError(error.message, error), Effect.fail(new Problems.ServiceUnavailable({}))))
    })
  })
)
