/**
 * Keeps rooms, and what was said in them.
 *
 * Each function is one atomic step, also between several servers on one
 * database. {@link layerMemory} keeps everything in one process and within
 * bounds; `effect-sms/sql` keeps it in a database.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import type { StorageError } from "../StorageError.ts"
import type { Appended, DeliveryOutcome, HistoryEntry } from "./internal/history.ts"
import { RoomState } from "./internal/roomState.ts"
import type { Conversation } from "./internal/routes.ts"
import type { Attachment, Room } from "./Room.ts"
import type { RoomEvent } from "./RoomEvent.ts"

export { type Appended, DeliveryOutcome, type HistoryEntry } from "./internal/history.ts"
export type { Conversation } from "./internal/routes.ts"

/**
 * The members of {@link RoomStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Whether several processes share it. Then it tells repeated messages by their
   * keys, where otherwise the kit does, for as long and as many as its options say.
   */
  readonly isShared: boolean
  readonly get: (roomId: string) => Effect.Effect<Room | undefined, StorageError>
  /** Finds the room of a conversation. */
  readonly find: (conversation: Conversation) => Effect.Effect<Room | undefined, StorageError>
  /**
   * Finds the room of a conversation and notes which number of ours the sender
   * writes to. Without one, keeps `create()`. Of two calls at once, one creates.
   */
  readonly route: (
    conversation: Conversation,
    create: () => Room
  ) => Effect.Effect<{ readonly room: Room; readonly created: boolean }, StorageError>
  /** Keeps a room, unless there is one with its id, which it then gives. */
  readonly create: (room: Room) => Effect.Effect<{ readonly room: Room; readonly created: boolean }, StorageError>
  /** Attaches a channel. What comes in on it goes to this room from now on. `undefined` for an unknown room. */
  readonly attach: (roomId: string, attachment: Attachment) => Effect.Effect<Room | undefined, StorageError>
  readonly detach: (roomId: string, attachment: Attachment) => Effect.Effect<Room | undefined, StorageError>
  /** Appends an event to its room, once for its id and once for its key. Gives the room as it is then. */
  readonly append: (event: RoomEvent, key?: string) => Effect.Effect<Appended, StorageError>
  /** Notes what became of an event. */
  readonly settle: (
    event: Pick<RoomEvent, "id" | "roomId">,
    deliveries: ReadonlyArray<DeliveryOutcome>
  ) => Effect.Effect<void, StorageError>
  /** The rooms, the most recently active first. */
  readonly rooms: (options?: {
    readonly limit?: number | undefined
  }) => Effect.Effect<ReadonlyArray<Room>, StorageError>
  /** The latest events of a room, oldest first. `undefined` for an unknown room. */
  readonly history: (roomId: string, options?: {
    readonly limit?: number | undefined
    /** Only events before this position. */
    readonly before?: number | undefined
  }) => Effect.Effect<ReadonlyArray<HistoryEntry> | undefined, StorageError>
  /** Keeps a delivery status that is no repetition. */
  readonly addStatus: (status: DeliveryStatus) => Effect.Effect<void, StorageError>
  /** The latest delivery statuses, oldest first. */
  readonly statuses: (options?: {
    readonly limit?: number | undefined
  }) => Effect.Effect<ReadonlyArray<DeliveryStatus>, StorageError>
}

/**
 * The store of rooms.
 *
 * @category services
 * @since 0.1.0
 */
export class RoomStore extends Context.Service<RoomStore, Service>()("effect-sms/rooms/RoomStore") {}

/**
 * Options of a store in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /** Rooms kept; the least recently active is forgotten first. 10,000 by default. */
  readonly maxRooms?: number | undefined
  /** Events kept a room. 100 by default. */
  readonly maxEventsPerRoom?: number | undefined
  /** Delivery statuses kept. 1,000 by default. */
  readonly maxStatuses?: number | undefined
}

/**
 * Makes a store that keeps everything in memory. A restart forgets it, and so
 * do old rooms and events when there are too many.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (
  { maxEventsPerRoom = 100, maxRooms = 10_000, maxStatuses = 1000 }: MemoryOptions = {}
): Effect.Effect<Service> =>
  Effect.sync(() => {
    const state = new RoomState({ maxEventsPerRoom, maxRooms, maxStatuses })
    return RoomStore.of({
      isShared: false,
      get: (roomId) => Effect.sync(() => state.get(roomId)),
      find: (conversation) => Effect.sync(() => state.find(conversation)),
      route: (conversation, create) => Effect.sync(() => state.route(conversation, create)),
      create: (room) => Effect.sync(() => state.create(room)),
      attach: (roomId, attachment) => Effect.sync(() => state.attach(roomId, attachment)),
      detach: (roomId, attachment) => Effect.sync(() => state.detach(roomId, attachment)),
      append: (event, key) => Effect.sync(() => state.append(event, key)),
      settle: (event, deliveries) => Effect.sync(() => state.settle(event, deliveries)),
      rooms: ({ limit } = {}) => Effect.sync(() => state.rooms(limit)),
      history: (roomId, options = {}) => Effect.sync(() => state.history(roomId, options)),
      addStatus: (status) => Effect.sync(() => state.addStatus(status)),
      statuses: ({ limit } = {}) => Effect.sync(() => state.statuses(limit))
    })
  })

/**
 * Provides a store that keeps everything in memory: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<RoomStore> =>
  Layer.effect(RoomStore, makeMemory(options))
