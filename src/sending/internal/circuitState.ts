/**
 * The states of circuit breakers, as a metric.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/** In the order of the values of the metric. */
export const states = ["Closed", "HalfOpen", "Open"] as const

export type State = typeof states[number]

const gauge = Metric.gauge("sms_circuit_state", {
  description: "The state of the circuit breaker of a provider: 0 closed, 1 half-open, 2 open"
})

const of = (provider: string) => Metric.withAttributes(gauge, { provider })

export const set = (provider: string, state: State): Effect.Effect<void> =>
  Metric.update(of(provider), states.indexOf(state))

/** Reads the state that this process saw last. */
export const get = (provider: string): Effect.Effect<State> =>
  Effect.map(Metric.value(of(provider)), ({ value }) => states[value] ?? "Closed")
