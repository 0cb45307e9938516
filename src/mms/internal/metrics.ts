/** Metrics of split messages by provider. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Counters from "../../internal/counters.ts"
import type { Output } from "./window.ts"

// A counter that goes up and down, so that several aggregators add up to the total of the process.
const pendingWindows = Metric.counter("sms_mms_pending_windows", { description: "Split messages waiting for parts" })

const countMessage = Counters.make(
  "sms_mms_messages_total",
  "Released messages by outcome: merged, alone, late, timed_out, evicted, flushed"
)

const countPart = Counters.make(
  "sms_mms_parts_total",
  "Parts that released no message, by outcome: buffered, repeated, empty"
)

const outcomeOf = (output: Extract<Output, { readonly _tag: "Due" }>): string =>
  output.parts > 1 ? "merged" : output.cause === "elapsed" ? "timed_out" : output.cause

/** Counts the outputs of a step. */
export const count = (provider: string, outputs: ReadonlyArray<Output>): Effect.Effect<void> =>
  Effect.forEach(outputs, (output) =>
    output._tag === "Due"
      ? countMessage(provider, outcomeOf(output))
      : countPart(provider, output._tag.toLowerCase()), { discard: true })

/** Adds to the number of pending windows. */
export const addPending = (provider: string, change: number): Effect.Effect<void> =>
  change === 0 ? Effect.void : Metric.update(Metric.withAttributes(pendingWindows, { provider }), change)
