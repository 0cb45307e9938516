/** Counters by attributes. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { attributed } from "./attributed.ts"

const counter = (name: string, description: string) =>
  attributed(Metric.counter(name, { description, incremental: true }))

/** Builds counters by any attributes. */
export const makeBy = <const Name extends string>(name: string, description: string) => {
  const counterOf = counter(name, description)
  return (attributes: Readonly<Record<Name, string>>): Effect.Effect<void> =>
    Metric.update(counterOf(JSON.stringify(attributes), attributes), 1)
}

/** Builds counters by provider and outcome. */
export const make = (name: string, description: string) => {
  const counterOf = counter(name, description)
  return (provider: string, outcome: string): Effect.Effect<void> =>
    // Outcomes contain no spaces, so the key is unambiguous.
    Metric.update(counterOf(`${outcome} ${provider}`, { provider, outcome }), 1)
}

/** As {@link make} for one provider, for code that has the context of its fiber and needs no effect. */
export const makeUnsafe = (name: string, description: string) => {
  const counterOf = counter(name, description)
  return (provider: string) => {
    const known = new Map<string, Metric.Metric<number, unknown>>()
    const of = (outcome: string) => {
      const metric = counterOf(`${outcome} ${provider}`, { provider, outcome })
      known.set(outcome, metric)
      return metric
    }
    return (context: Context.Context<never>, outcome: string): void =>
      (known.get(outcome) ?? of(outcome)).updateUnsafe(1, context)
  }
}
