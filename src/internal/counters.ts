/**
 * Counters by provider and outcome. Building a counter with attributes takes
 * ten times as long as an update, so each one is built once and cached.
 */
import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/** Builds counters by any attributes. */
export const makeBy = <const Name extends string>(name: string, description: string) => {
  const all = Metric.counter(name, { description, incremental: true })
  const known = new Map<string, typeof all>()
  return (attributes: Readonly<Record<Name, string>>): Effect.Effect<void> => {
    const key = JSON.stringify(attributes)
    const counter = known.get(key) ?? Metric.withAttributes(all, attributes)
    known.set(key, counter)
    return Metric.update(counter, 1)
  }
}

export const make = (name: string, description: string) => {
  const all = Metric.counter(name, { description, incremental: true })
  const known = new Map<string, typeof all>()
  return (provider: string, outcome: string): Effect.Effect<void> => {
    // Outcomes contain no spaces, so the key is unambiguous.
    const key = `${outcome} ${provider}`
    const counter = known.get(key) ?? Metric.withAttributes(all, { provider, outcome })
    known.set(key, counter)
    return Metric.update(counter, 1)
  }
}
