/**
 * What a channel, a hook or a handler can ask for when it fails.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Asks for another attempt, after a wait or as the schedule has it. Without an
 * inbox there is no other attempt, and it is a failure like any other.
 *
 * @category errors
 * @since 0.1.0
 */
export class TryAgain extends Schema.TaggedError<TryAgain>()("TryAgain", {
  after: Schema.optionalKey(Schema.DurationFromMillis),
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return "Another attempt is needed"
  }
}

/**
 * Says that no attempt can succeed: the entry becomes a dead letter at once.
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
