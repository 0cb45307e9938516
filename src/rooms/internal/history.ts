/**
 * The history of a room, as stores keep it.
 */
import * as Schema from "effect/Schema"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import type { Room } from "../Room.ts"
import type { RoomEvent } from "../RoomEvent.ts"

/**
 * What became of an event at one channel, as it is kept: see `Channel.Delivery`.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryOutcome extends Schema.Class<DeliveryOutcome>("effect-sms/rooms/RoomStore/DeliveryOutcome")({
  channelId: Schema.NonEmptyString,
  /** `again`: the channel asked for another attempt. */
  outcome: Schema.Literals(["delivered", "partial", "unknown", "blocked", "failed", "again"])
}) {}

/**
 * An event of a room's history.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryEntry {
  /** Increases from event to event within a room. A page begins before, or ends after, such a number. */
  readonly position: number
  readonly event: RoomEvent
  /** What became of it at each channel. Absent while it passes, and for a blocked event. */
  readonly deliveries?: ReadonlyArray<DeliveryOutcome> | undefined
}

/**
 * What appending an event did.
 *
 * - `Appended`: it is new
 * - `Repeated`: the store has an event with this id or key, and kept that one.
 *   `deliveries` says that it passed its room to the end
 *
 * @category models
 * @since 0.1.0
 */
export type Appended =
  | { readonly _tag: "Appended"; readonly room: Room | undefined }
  | ({ readonly _tag: "Repeated"; readonly room: Room | undefined } & Omit<HistoryEntry, "position">)

/** What repetitions of a delivery status are told by. */
export const statusKey = ({ idempotencyKey, messageId, provider, recipient }: DeliveryStatus): string =>
  JSON.stringify([provider, messageId, recipient ?? "", idempotencyKey])
