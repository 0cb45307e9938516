/**
 * Metrics of forwarding, by endpoint. With a shared database, each server
 * reports the same values.
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { StorageError } from "../../StorageError.ts"
import type { Endpoint } from "../Endpoint.ts"
import { lanesOf, type Service } from "../ForwardStore.ts"

const entries = Metric.gauge("sms_forward_entries", {
  description: "Events to forward by endpoint and state: pending, and dead for dead letters"
})

const oldest = Metric.gauge("sms_forward_oldest_seconds", {
  description: "The age of the oldest pending event of an endpoint, 0 without one"
})

const failing = Metric.gauge("sms_forward_failing_seconds", {
  description: "For how long every attempt at an endpoint has failed, 0 after one that succeeded"
})

const paused = Metric.gauge("sms_forward_paused", {
  description: "1 while an endpoint is paused, else 0"
})

/** Measures what is left to forward to an endpoint. Its path may be secret, so it is named by its number and host. */
export const measure = Effect.fnUntraced(function*(
  store: Service,
  { name, url }: Endpoint,
  number: number
): Effect.fn.Return<void, StorageError> {
  const now = yield* Clock.currentTimeMillis
  const backlog = yield* store.queue.backlog(lanesOf(name))
  const state = yield* store.get(name)
  const secondsSince = (time: DateTime.Utc | undefined) =>
    time === undefined ? 0 : Math.max(0, now - DateTime.toEpochMillis(time)) / 1000
  const set = (gauge: Metric.Gauge<number>, value: number, attributes: Readonly<Record<string, string>> = {}) =>
    Metric.update(Metric.withAttributes(gauge, { endpoint: String(number), host: url.host, ...attributes }), value)
  yield* set(entries, backlog.pending, { state: "pending" })
  yield* set(entries, backlog.dead, { state: "dead" })
  yield* set(oldest, secondsSince(backlog.oldest))
  yield* set(failing, secondsSince(state?.failingSince))
  yield* set(paused, state?.pausedAt === undefined ? 0 : 1)
})
