/**
 * The history of a room, as stores keep it.
 */
import type * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Room } from "../Room.ts"

/**
 * The stored outcome of an event at one channel: see `Channel.Delivery`.
 *
 * @category models
 * @since 0.1.0
 */
export class DeliveryOutcome extends Schema.Class<DeliveryOutcome>("effect-sms/rooms/RoomStore/DeliveryOutcome")({
  channelId: Schema.NonEmptyString,
  /** `again`: the channel asked for a retry. */
  outcome: Schema.Literals(["delivered", "partial", "unknown", "blocked", "failed", "again"])
}) {}

/**
 * An event of a room's history.
 *
 * @category models
 * @since 0.1.0
 */
export interface HistoryEntry {
  /** The position of the event, which increases within a room. Used as the page cursor. */
  readonly position: number
  readonly event: RoomEvent
  /** The outcome at each channel. Absent while the event is being processed, and for a blocked event. */
  readonly deliveries?: ReadonlyArray<DeliveryOutcome> | undefined
}

/**
 * A received message, as lists have it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received {
  readonly event: RoomEvent
  /** When the message was stored. */
  readonly time: DateTime.Utc
  /** The provider of the message. Absent when the store was not told. */
  readonly provider?: string | undefined
}

/**
 * What a list of conversations shows of a room.
 *
 * @category models
 * @since 0.1.0
 */
export interface RoomSummary {
  /** The latest event. Absent where there is none. */
  readonly last?: HistoryEntry | undefined
  /** The provider of the message that was received last. */
  readonly provider?: string | undefined
  /** The number of messages that were received after the position up to which the room was read. */
  readonly unread: number
}

/**
 * The place of a room in the list of rooms.
 *
 * @category models
 * @since 0.1.0
 */
export interface RoomPlace {
  readonly activity: number
  readonly id: string
}

/**
 * The result of appending an event.
 *
 * - `Appended`: the event is new
 * - `Repeated`: the store already has an event with this id or key, and keeps
 *   that one. `deliveries` is present if it was fully processed
 *
 * @category models
 * @since 0.1.0
 */
export type Appended =
  | { readonly _tag: "Appended"; readonly room: Room | undefined }
  | ({ readonly _tag: "Repeated"; readonly room: Room | undefined } & Omit<HistoryEntry, "position">)

/** Returns the key by which delivery statuses are deduplicated. */
export const statusKey = ({ idempotencyKey, messageId, provider, recipient }: DeliveryStatus): string =>
  JSON.stringify([provider, messageId, recipient ?? "", idempotencyKey])
