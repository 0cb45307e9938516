/**
 * The log of what happened: an ordered sequence of events that any number of
 * followers read, each at its own pace.
 *
 * Stores append an event in the transaction of the change that it describes,
 * so there is exactly one entry per change, however often the work that led to
 * it was repeated. A reader that keeps the position of the last entry it has
 * processed continues from there without a gap and without a repetition, also
 * on another server. {@link layerMemory} keeps the latest entries in one
 * process; `effect-sms/sql` stores them in a database.
 *
 * **Example** (Following what happens)
 *
 * ```ts
 * import { Console, Effect, Stream } from "effect"
 * import { EventLog } from "effect-sms"
 *
 * export const print = Effect.gen(function*() {
 *   const log = yield* EventLog.EventLog
 *   yield* Stream.runForEach(EventLog.follow(log), ({ event, position }) => Console.log(position, event._tag))
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { sizeOf } from "../internal/sizeOf.ts"
import type { StorageError } from "../StorageError.ts"
import { Entry, type FollowOptions, type Page, type Reader } from "./Entry.ts"
import { aboutOf, type Event } from "./Event.ts"
import * as Followers from "./internal/followers.ts"
import { matches } from "./internal/matches.ts"
import * as Sends from "./internal/sends.ts"

export { Entry, type Filter, type FollowOptions, type Page, type Reader } from "./Entry.ts"

/**
 * The members of {@link EventLog}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends Reader {
  /** Returns the entry of an event. */
  readonly get: (id: string) => Effect.Effect<Entry | undefined, StorageError>
  /**
   * Streams pages of the entries after a position, and then of new ones as they
   * are appended, by this process immediately and by others within a second.
   * Begins at the current head without a position. The first page is empty, with
   * the position where the stream begins. The stream reads as fast as it is
   * consumed, and buffers one page. See {@link follow} for a stream of entries.
   */
  readonly pages: (options?: FollowOptions) => Stream.Stream<Page, StorageError>
  /**
   * Appends an event of the application. Stores append the events of their
   * changes themselves.
   */
  readonly append: (event: Event) => Effect.Effect<void, StorageError>
}

/**
 * The event log.
 *
 * @category services
 * @since 0.1.0
 */
export class EventLog extends Context.Service<EventLog, Service>()("effect-sms/events/EventLog") {}

/**
 * Streams the entries of a log after a position, and then new ones as they are
 * appended.
 *
 * @category combinators
 * @since 0.1.0
 */
export const follow = (
  log: Pick<Service, "pages">,
  options?: Omit<FollowOptions, "heartbeat">
): Stream.Stream<Entry, StorageError> =>
  Stream.flatMap(log.pages(options), ({ entries }) => Stream.fromIterable(entries))

/**
 * Options of the in-memory log.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /** The maximum number of entries; the oldest is removed first. 10,000 by default. */
  readonly capacity?: number | undefined
  /** The maximum bytes of all entries, estimated, with the same effect. 16 MiB by default. */
  readonly maxBytes?: number | undefined
}

/**
 * Makes an in-memory log. Its entries are lost on restart. Positions begin at
 * the current time, so that a follower from before a restart receives
 * everything that the new process appends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(
  { capacity = 10_000, maxBytes = 16 * 1024 * 1024 }: MemoryOptions = {}
): Effect.fn.Return<Service, never, SecureRandom.SecureRandom | Scope.Scope> {
  const random = yield* SecureRandom.SecureRandom
  let position = (yield* Clock.currentTimeMillis) * 1000
  let entries: Array<Entry> = []
  let sizes: Array<number> = []
  let bytes = 0
  const sends = Sends.make(capacity)

  /** Removes in bulk: removing the first of an array copies the rest. */
  const trim = () => {
    if (entries.length < capacity * 2 && bytes <= maxBytes) return
    let count = Math.max(0, entries.length - capacity)
    bytes -= sizes.slice(0, count).reduce((sum, size) => sum + size, 0)
    while (count < entries.length && bytes > maxBytes * 0.75) bytes -= sizes[count++]!
    entries = entries.slice(count)
    sizes = sizes.slice(count)
  }

  const read: Service["read"] = ({ after, filter, limit }) =>
    Effect.sync(() => {
      const found: Array<Entry> = []
      for (let index = indexAfter(entries, after); index < entries.length; index++) {
        const entry = entries[index]!
        if (!matches(entry, filter)) continue
        found.push(entry)
        if (found.length === limit) return { entries: found, position: entry.position }
      }
      return { entries: found, position: Math.max(after, position) }
    })

  const head = Effect.sync(() => position)
  const followers = yield* Followers.make({ read, head })

  return EventLog.of({
    read,
    head,
    get: (id) => Effect.sync(() => entries.find((entry) => entry.id === id)),
    pages: followers.pages,
    append: Effect.fnUntraced(function*(appended) {
      const event = sends.link(appended)
      const id = yield* random.ulid
      const time = yield* DateTime.now
      const entry = new Entry({ position: ++position, id, time, kind: event._tag, ...aboutOf(event), event })
      const size = sizeOf(entry)
      entries.push(entry)
      sizes.push(size)
      bytes += size
      trim()
      followers.wake()
    })
  })
})

/** Returns the index of the first entry after a position. */
const indexAfter = (entries: ReadonlyArray<Entry>, after: number): number => {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]!.position <= after) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Provides an in-memory log: see {@link makeMemory}. The in-memory stores that
 * are built with it in their context append to it.
 *
 * **Example** (A log of one process)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { EventLog, RoomKit } from "effect-sms"
 *
 * export const Kit = RoomKit.layer().pipe(
 *   Layer.provideMerge(EventLog.layerMemory({ capacity: 1000 })),
 *   Layer.provide(NodeCrypto.layer)
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: MemoryOptions): Layer.Layer<EventLog, never, SecureRandom.SecureRandom> =>
  Layer.effect(EventLog, makeMemory(options))

/**
 * Returns a function that appends to the log of the context, and builds no event
 * when there is none. For stores in memory, where an append cannot fail.
 *
 * @category constructors
 * @since 0.1.0
 */
export const recorder: Effect.Effect<(event: () => Event) => Effect.Effect<void>> = Effect.map(
  Effect.serviceOption(EventLog),
  Option.match({
    onNone: () => () => Effect.void,
    onSome: ({ append }) => (event: () => Event) => Effect.suspend(() => Effect.orDie(append(event())))
  })
)
