/**
 * Processes a webhook once for each of its own keys, whatever it is decoded to.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { WebhookEvent } from "../../WebhookEvent.ts"
import type { EventResult } from "../ProcessResult.ts"

/** The result of an event as a repetition of it gets it. Keeps nothing of the event. */
type Summary =
  | { readonly _tag: "Repeated"; readonly eventId: string; readonly roomId: string }
  | { readonly _tag: "StatusRecorded"; readonly repeated: true }
  | { readonly _tag: "Ignored" }

const summaryOf = (result: EventResult): Summary => {
  switch (result._tag) {
    case "Broadcast":
    case "Blocked":
      return { _tag: "Repeated", eventId: result.event.id, roomId: result.event.roomId }
    case "Queued":
    case "Repeated":
      return { _tag: "Repeated", eventId: result.eventId, roomId: result.roomId }
    case "StatusRecorded":
      return { _tag: "StatusRecorded", repeated: true }
    default:
      return { _tag: "Ignored" }
  }
}

/** Builds the processing of a webhook, in a fiber. */
type Process<E, R> = (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<ReadonlyArray<EventResult>, E, R>

export const make = Effect.fnUntraced(function*(remembered: Deduplicator.Options) {
  const seen = yield* Deduplicator.make<ReadonlyArray<Summary>>(remembered)

  /** Runs `process` unless one of the keys is known. A repetition gets the results of the first reading. */
  return <E, R>(
    keys: ReadonlyArray<string>,
    events: ReadonlyArray<WebhookEvent>,
    process: Process<E, R>
  ): Process<E, R> => {
    const repeated = (summaries: ReadonlyArray<Summary>) =>
      summaries.flatMap((summary, index): ReadonlyArray<EventResult> => {
        if (summary._tag !== "Ignored") return [summary]
        const event = events[index]
        return event === undefined ? [] : [{ _tag: "Ignored", event }]
      })
    const summarize = (results: ReadonlyArray<EventResult>) => results.map(summaryOf)
    return seen.runAll(keys, process, { summarize, repeated })
  }
})
