/** What is counted of split messages, by provider. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Output } from "../MmsWindow.ts"

// It goes up and down: several aggregators add up to what is pending in the process.
const pendingWindows = Metric.counter("sms_mms_pending_windows", { description: "Split messages that wait for parts" })

const messages = Metric.counter("sms_mms_messages_total", {
  description: "Messages that came out, by what they were: merged, alone, late, timed_out, evicted, flushed",
  incremental: true
})

const parts = Metric.counter("sms_mms_parts_total", {
  description: "Parts that brought no message of their own: buffered, repeated, empty",
  incremental: true
})

const outcomeOf = (output: Extract<Output, { readonly _tag: "Due" }>): string =>
  output.parts > 1 ? "merged" : output.cause === "elapsed" ? "timed_out" : output.cause

const cached = (metric: typeof messages) => {
  const known = new Map<string, typeof messages>()
  return (provider: string, outcome: string) => {
    const key = JSON.stringify([provider, outcome])
    const counter = known.get(key) ?? Metric.withAttributes(metric, { provider, outcome })
    known.set(key, counter)
    return counter
  }
}

const messagesBy = cached(messages)
const partsBy = cached(parts)

/** Counts what a step put out. */
export const count = (provider: string, outputs: ReadonlyArray<Output>): Effect.Effect<void> =>
  Effect.forEach(outputs, (output) =>
    Metric.update(
      output._tag === "Due"
        ? messagesBy(provider, outcomeOf(output))
        : partsBy(provider, output._tag.toLowerCase()),
      1
    ), { discard: true })

/** Adds to the number of pending windows. */
export const addPending = (provider: string, change: number): Effect.Effect<void> =>
  change === 0 ? Effect.void : Metric.update(Metric.withAttributes(pendingWindows, { provider }), change)
