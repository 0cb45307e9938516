/**
 * The steps of a store that each message takes.
 *
 * Those of a store in memory are done when they are called: their effects are
 * results, which the kit goes on with at once. Those of any other store are
 * effects that begin later.
 */
import type * as Effect from "effect/Effect"
import type { InboundMessage } from "../../Message.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Room } from "../Room.ts"
import type { Appended, DeliveryOutcome } from "./history.ts"
import type { Conversation } from "./routes.ts"

interface AppendOptions {
  readonly key?: string | undefined
  readonly inbound?: InboundMessage | undefined
  readonly deliveries?: ReadonlyArray<DeliveryOutcome> | undefined
}

/** See `RoomStore`. */
interface Store {
  readonly get: (roomId: string) => Effect.Effect<Room | undefined, StorageError>
  readonly route: (
    conversation: Conversation,
    create: () => Room
  ) => Effect.Effect<{ readonly room: Room; readonly created: boolean }, StorageError>
  readonly append: (event: RoomEvent, options?: AppendOptions) => Effect.Effect<Appended, StorageError>
  readonly settle: (
    event: Pick<RoomEvent, "id" | "roomId">,
    deliveries: ReadonlyArray<DeliveryOutcome>
  ) => Effect.Effect<void, StorageError>
}

export interface Steps extends Pick<Store, "get" | "route" | "settle"> {
  /** Appends an event at a time in epoch milliseconds. A store with a clock of its own takes the time from that. */
  readonly append: (event: RoomEvent, options: AppendOptions, now: number) => Effect.Effect<Appended, StorageError>
}

const inMemory = new WeakMap<object, Steps>()

/** Registers the steps of a store in memory. */
export const register = <S extends Store>(store: S, steps: Steps): S => {
  inMemory.set(store, steps)
  return store
}

/** Returns the steps of a store. */
export const of = (store: Store): Steps => inMemory.get(store) ?? store
