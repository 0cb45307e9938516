/**
 * Errors with which a channel, hook or handler requests a retry, or rules one
 * out.
 *
 * **Example** (Deciding about retries in a channel)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Channel, TryAgain } from "effect-sms"
 *
 * declare const store: (text: string) => Effect.Effect<"stored" | "busy" | "refused">
 *
 * export const channel = Channel.make({
 *   id: "archive",
 *   type: "other",
 *   everyRoom: true,
 *   deliver: Effect.fnUntraced(function*({ id }) {
 *     const result = yield* store(id)
 *     if (result === "busy") return yield* new TryAgain.TryAgain({})
 *     if (result === "refused") return yield* new TryAgain.GiveUp({})
 *   })
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Requests a retry, after the given delay or according to the schedule: from a
 * channel, a `BeforeBroadcast` hook or a handler of delivery reports. Without an
 * inbox there are no retries, and it is an ordinary failure.
 *
 * @category errors
 * @since 0.1.0
 */
export class TryAgain extends Schema.TaggedError<TryAgain>()("TryAgain", {
  after: Schema.optionalKey(Schema.DurationFromMillis),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return "A retry was requested"
  }
}

/**
 * Rules out retries: no attempt can succeed, so the entry becomes a dead letter
 * immediately.
 *
 * @category errors
 * @since 0.1.0
 */
export class GiveUp extends Schema.TaggedError<GiveUp>()("GiveUp", {
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return "No attempt can succeed"
  }
}
