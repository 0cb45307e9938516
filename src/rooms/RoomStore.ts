/**
 * Stores rooms and their history.
 *
 * Each operation is atomic, even between several servers on one database.
 * {@link layerMemory} keeps a bounded amount of data in one process;
 * `effect-sms/sql` stores it in a database.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Address } from "../Address.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import { recorder } from "../events/EventLog.ts"
import { appended } from "../events/internal/changes.ts"
import type { Listed, SearchOptions, Tally, TallyOptions, TimeSpan } from "../internal/listing.ts"
import type { InboundMessage } from "../Message.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import type { StorageError } from "../StorageError.ts"
import type { Appended, DeliveryOutcome, HistoryEntry, Received, RoomPlace, RoomSummary } from "./internal/history.ts"
import { RoomState } from "./internal/roomState.ts"
import type { Conversation } from "./internal/routes.ts"
import * as Steps from "./internal/steps.ts"
import type { Attachment, Room } from "./Room.ts"

export {
  type Appended,
  DeliveryOutcome,
  type HistoryEntry,
  type Received,
  type RoomPlace,
  type RoomSummary
} from "./internal/history.ts"
export type { Conversation } from "./internal/routes.ts"

/**
 * The members of {@link RoomStore}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Whether several processes share the store. A shared store deduplicates
   * messages by their keys. Otherwise the kit does, within the limits of its
   * options.
   */
  readonly isShared: boolean
  readonly get: (roomId: string) => Effect.Effect<Room | undefined, StorageError>
  /** Finds the room of a conversation. */
  readonly find: (conversation: Conversation) => Effect.Effect<Room | undefined, StorageError>
  /**
   * Finds the room of a conversation, and records which of our numbers the
   * sender writes to. If there is none, stores `create()`. Of concurrent calls,
   * only one creates the room.
   */
  readonly route: (
    conversation: Conversation,
    create: () => Room
  ) => Effect.Effect<{ readonly room: Room; readonly created: boolean }, StorageError>
  /** Stores a room, or returns the existing room with its id. */
  readonly create: (room: Room) => Effect.Effect<{ readonly room: Room; readonly created: boolean }, StorageError>
  /** Attaches a channel. Later messages on it are routed to this room. Returns `undefined` for an unknown room. */
  readonly attach: (roomId: string, attachment: Attachment) => Effect.Effect<Room | undefined, StorageError>
  readonly detach: (roomId: string, attachment: Attachment) => Effect.Effect<Room | undefined, StorageError>
  /** Appends an event to its room, at most once per id and per key. Returns the current room. */
  readonly append: (event: RoomEvent, options?: {
    readonly key?: string | undefined
    /** The received message that the event was made from, if any. */
    readonly inbound?: InboundMessage | undefined
    /** The outcome of the event, where it is known already. */
    readonly deliveries?: ReadonlyArray<DeliveryOutcome> | undefined
  }) => Effect.Effect<Appended, StorageError>
  /** Records the outcome of an event. */
  readonly settle: (
    event: Pick<RoomEvent, "id" | "roomId">,
    deliveries: ReadonlyArray<DeliveryOutcome>
  ) => Effect.Effect<void, StorageError>
  /** Lists the rooms, the most recently active first. */
  readonly rooms: (options?: {
    readonly limit?: number | undefined
  }) => Effect.Effect<ReadonlyArray<Room>, StorageError>
  /** Lists the latest events of a room, oldest first. Returns `undefined` for an unknown room. */
  readonly history: (
    roomId: string,
    options?: {
      readonly limit?: number | undefined
      /** Only events before this position. */
      readonly before?: number | undefined
    } & TimeSpan
  ) => Effect.Effect<ReadonlyArray<HistoryEntry> | undefined, StorageError>
  /**
   * Searches rooms, the most recently active first. A room that becomes active
   * meanwhile moves to the beginning, before every place.
   */
  readonly search: (options: {
    readonly limit: number
    /** Only rooms after this place, which were active earlier. */
    readonly after?: RoomPlace | undefined
    /** Only rooms that this person is in. The number may have any form. */
    readonly number?: Address | undefined
    /** Only rooms in which something was said in this time. */
    readonly said?: TimeSpan | undefined
    /** Only rooms in which this was said, or with a person whose number contains these digits. */
    readonly find?: string | undefined
  }) => Effect.Effect<ReadonlyArray<{ readonly room: Room; readonly place: RoomPlace }>, StorageError>
  /** Returns what a list of conversations shows of these rooms, by their ids. */
  readonly summaries: (
    roomIds: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, RoomSummary>, StorageError>
  /** Records that a room was read up to an event, unless it was read further. */
  readonly markRead: (event: Pick<RoomEvent, "id" | "roomId">) => Effect.Effect<void, StorageError>
  /** Searches received messages in all rooms, the latest first. */
  readonly searchReceived: (
    options: SearchOptions & {
      readonly room?: string | undefined
      /** Only messages that a hook blocked, or only others. */
      readonly blocked?: boolean | undefined
    }
  ) => Effect.Effect<ReadonlyArray<Listed<Received>>, StorageError>
  /** Counts received messages by span of time and provider, the earliest first. */
  readonly tally: (options: TallyOptions) => Effect.Effect<ReadonlyArray<Tally>, StorageError>
  /** Returns an event of a room. */
  readonly event: (event: Pick<RoomEvent, "id" | "roomId">) => Effect.Effect<HistoryEntry | undefined, StorageError>
  /** Stores a delivery status, unless it is a duplicate. */
  readonly addStatus: (status: DeliveryStatus) => Effect.Effect<void, StorageError>
  /** Lists the latest delivery statuses, oldest first. */
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
 * Options of the in-memory store.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /** The maximum number of rooms; the least recently active is evicted first. 10,000 by default. */
  readonly maxRooms?: number | undefined
  /** The maximum number of events kept per room. 100 by default. */
  readonly maxEventsPerRoom?: number | undefined
  /** The maximum number of delivery statuses kept. 1,000 by default. */
  readonly maxStatuses?: number | undefined
  /**
   * The maximum bytes of all rooms and their events, estimated. The events of the
   * least recently active rooms are evicted first, then those rooms. 64 MiB by
   * default.
   */
  readonly maxBytes?: number | undefined
  /** The maximum bytes of all delivery statuses, estimated. 16 MiB by default. */
  readonly maxStatusBytes?: number | undefined
}

const mebibyte = 1024 * 1024

/**
 * Makes an in-memory store. It is lost on restart, and evicts the oldest rooms
 * and events at its limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (options: MemoryOptions = {}): Effect.Effect<Service> =>
  Effect.map(recorder, (record) => {
    const state = new RoomState({
      maxRooms: options.maxRooms ?? 10_000,
      maxEventsPerRoom: options.maxEventsPerRoom ?? 100,
      maxStatuses: options.maxStatuses ?? 1000,
      maxBytes: options.maxBytes ?? 64 * mebibyte,
      maxStatusBytes: options.maxStatusBytes ?? 16 * mebibyte
    })
    const steps: Steps.Steps = {
      get: (roomId) => Effect.succeed(state.get(roomId)),
      route: (conversation, create) => Effect.succeed(state.route(conversation, create)),
      append: (event, { deliveries, inbound, key }, now) => {
        const result = state.append(event, key, { now, provider: inbound?.provider, deliveries })
        const done = Effect.succeed(result)
        return result._tag === "Appended"
          ? Effect.flatMapEager(record(() => appended(event, inbound, result.room?.participants)), () => done)
          : done
      },
      settle: (event, deliveries) => {
        state.settle(event, deliveries)
        return Effect.void
      }
    }
    const store = RoomStore.of({
      isShared: false,
      get: (roomId) => Effect.suspend(() => steps.get(roomId)),
      find: (conversation) => Effect.sync(() => state.find(conversation)),
      route: (conversation, create) => Effect.suspend(() => steps.route(conversation, create)),
      create: (room) => Effect.sync(() => state.create(room)),
      attach: (roomId, attachment) => Effect.sync(() => state.attach(roomId, attachment)),
      detach: (roomId, attachment) => Effect.sync(() => state.detach(roomId, attachment)),
      append: (event, options = {}) =>
        Effect.withFiber((fiber) => steps.append(event, options, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())),
      settle: (event, deliveries) => Effect.suspend(() => steps.settle(event, deliveries)),
      rooms: ({ limit } = {}) => Effect.sync(() => state.rooms(limit)),
      history: (roomId, options = {}) => Effect.sync(() => state.history(roomId, options)),
      search: (options) => Effect.sync(() => state.search(options)),
      tally: (options) => Effect.sync(() => state.tally(options)),
      summaries: (roomIds) => Effect.sync(() => state.summaries(roomIds)),
      markRead: (event) => Effect.sync(() => state.markRead(event)),
      searchReceived: (options) => Effect.sync(() => state.searchReceived(options)),
      event: (event) => Effect.sync(() => state.event(event)),
      addStatus: (status) => Effect.sync(() => state.addStatus(status)),
      statuses: ({ limit } = {}) => Effect.sync(() => state.statuses(limit))
    })
    return Steps.register(store, steps)
  })

/**
 * Provides an in-memory store: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<RoomStore> =>
  Layer.effect(RoomStore, makeMemory(options))
