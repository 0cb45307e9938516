/**
 * Results of processing a message or a webhook event.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { RoomEvent } from "../RoomEvent.ts"
import type { MessagePart, WebhookEvent } from "../WebhookEvent.ts"
import type { Delivery } from "./Channel.ts"
import type { DeliveryOutcome } from "./internal/history.ts"

/**
 * The result of processing a message.
 *
 * - `Broadcast`: the hooks let the message pass; each channel has its delivery.
 *   `earlier` has the outcomes of the channels that an earlier attempt was done with
 * - `Blocked`: a hook blocked the message; the room's history keeps it, marked
 *   as blocked
 * - `Repeated`: the message is a duplicate; it was already processed as this
 *   event
 * - `Queued`: a hook or channel posted the message while another event was
 *   passing through the room. It is broadcast once the room is free. The poster
 *   must not wait, or it could deadlock on its own event; the outermost call
 *   waits instead
 *
 * @category models
 * @since 0.1.0
 */
export type ProcessResult =
  | {
    readonly _tag: "Broadcast"
    readonly event: RoomEvent
    readonly deliveries: ReadonlyArray<Delivery>
    readonly earlier?: ReadonlyArray<DeliveryOutcome>
  }
  | { readonly _tag: "Blocked"; readonly event: RoomEvent; readonly hook: string; readonly reason: string }
  | { readonly _tag: "Repeated"; readonly eventId: string; readonly roomId: string }
  | { readonly _tag: "Queued"; readonly eventId: string; readonly roomId: string }

/**
 * The result of processing one event of a webhook.
 *
 * - `Buffered`: a part of a message whose other parts are still missing
 * - `Ignored`: there is nothing to do. The event is unrecognized, a repeated
 *   part, or a part without content
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
   * An effect that runs once all message parts among the events are stored,
   * possibly while the message that they complete is still being processed.
   * Skipped when there are no parts.
   */
  readonly onStored?: Effect.Effect<unknown> | undefined
  /**
   * What the webhook is recognized by as a whole, beside the keys of its events:
   * `VerifiedWebhook.idempotencyKeys`. A repetition is not processed, whatever it
   * was decoded to, and gets the results of the first one.
   */
  readonly idempotencyKeys?: ReadonlyArray<string> | undefined
}

/**
 * Channels, hooks or handlers failed to process an event from an inbox. The event is
 * retried later, without those that succeeded.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unfinished extends Schema.TaggedError<Unfinished>()("Unfinished", {
  /** The ids of the channels, `hook` and its name, or `delivery status handler`. */
  failed: Schema.Array(Schema.String),
  /** The failure of one of them: `TryAgain` if one asked for it. */
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `Not finished: ${this.failed.join(", ")}`
  }
}
