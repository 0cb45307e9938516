/**
 * Counters by provider and outcome. A counter with attributes takes ten times
 * as long to make as to count, so each is made once.
 */
import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

export const make = (name: string, description: string) => {
  const all = Metric.counter(name, { description, incremental: true })
  const known = new Map<string, typeof all>()
  return (provider: string, outcome: string): Effect.Effect<void> => {
    // No outcome has a space in it.
    const key = `${outcome} ${provider}`
    const counter = known.get(key) ?? Metric.withAttributes(all, { provider, outcome })
    known.set(key, counter)
    return Metric.update(counter, 1)
  }
}
