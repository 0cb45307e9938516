/**
 * What became of what the kit processed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { MessagePart, WebhookEvent } from "../WebhookEvent.ts"
import type { Delivery } from "./Channel.ts"
import type { RoomEvent } from "./RoomEvent.ts"

/**
 * What became of a message.
 *
 * - `Broadcast`: it passed the hooks; each channel has its delivery
 * - `Blocked`: a hook stopped it; it is in the history, marked
 * - `Repeated`: the same message was processed before, as this event
 * - `Queued`: a hook or a channel said it while an event passed. It passes as
 *   soon as its room is free. Waiting for that there could be waiting for
 *   itself, so the call that brought the first event waits for it
 *
 * @category models
 * @since 0.1.0
 */
export type ProcessResult =
  | { readonly _tag: "Broadcast"; readonly event: RoomEvent; readonly deliveries: ReadonlyArray<Delivery> }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }
  | { readonly _tag: "Repeated"; readonly eventId: string; readonly roomId: string }
  | { readonly _tag: "Queued"; readonly eventId: string; readonly roomId: string }

/**
 * What became of one event of a webhook.
 *
 * - `Buffered`: a part of a message that waits for other parts
 * - `Ignored`: there is nothing to do for it. It was not recognized, or it is a
 *   part that came before, or one that says nothing
 *
 * @category models
 * @since 0.1.0
 */
export type EventResult =
  | ProcessResult
  | { readonly _tag: "StatusRecorded"; readonly repeated: boolean }
  | { readonly _tag: "Buffered"; readonly event: MessagePart }
  | { readonly _tag: "Ignored"; readonly event: WebhookEvent }

/**
 * Options of `RoomKit.processEvents`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessEventsOptions {
  /**
   * Run once all the parts among the events are stored, while the message that
   * they complete may still be on its way. Not run when there are none.
   */
  readonly onStored?: Effect.Effect<unknown> | undefined
}

/**
 * An event that came from an inbox has not passed to its end, because channels
 * or handlers failed. It passes again later, past those that succeeded.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unfinished extends Schema.TaggedError<Unfinished>()("Unfinished", {
  /** The ids of the channels, or `delivery status handler`. */
  failed: Schema.Array(Schema.String),
  /** The failure of one of them: `TryAgain` if one asked for it. */
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `Not finished: ${this.failed.join(", ")}`
  }
}
