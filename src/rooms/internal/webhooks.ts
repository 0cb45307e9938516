/**
 * Processes a webhook once for each of its own keys, whatever it is decoded to.
 */
import * as Effect from "effect/Effect"
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

export const make = Effect.fnUntraced(function*(remembered: Deduplicator.Options) {
  const seen = yield* Deduplicator.make<ReadonlyArray<Summary>>(remembered)

  /** Runs `process` unless one of the keys is known. A repetition gets the results of the first reading. */
  return <E, R>(
    keys: ReadonlyArray<string>,
    events: ReadonlyArray<WebhookEvent>,
    process: Effect.Effect<ReadonlyArray<EventResult>, E, R>
  ): Effect.Effect<ReadonlyArray<EventResult>, E, R> =>
    keys.reduceRight(
      (process, key) =>
        seen.run(key, process, {
          summarize: (results) => results.map(summaryOf),
          repeated: (summaries) =>
            summaries.flatMap((summary, index): ReadonlyArray<EventResult> => {
              if (summary._tag !== "Ignored") return [summary]
              const event = events[index]
              return event === undefined ? [] : [{ _tag: "Ignored", event }]
            })
        }),
      process
    )
})
