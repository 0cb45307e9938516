/**
 * Buffers of values for readers that may be slow, bounded in number and in
 * bytes: a full buffer loses its oldest values.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type Bounds, InsertionOrderedMap } from "./insertionOrderedMap.ts"

export interface Options<A> extends Bounds {
  readonly sizeOf: (value: A) => number
}

export interface SlidingBuffer<A> {
  readonly offer: (value: A) => Effect.Effect<void>
  /** Streams the values, each to one reader, until the scope of the buffer closes. */
  readonly stream: Stream.Stream<A>
}

export const make = Effect.fnUntraced(function*<A>(
  { sizeOf, ...bounds }: Options<A>
): Effect.fn.Return<SlidingBuffer<A>, never, Scope.Scope> {
  const values = new InsertionOrderedMap<A>(bounds)
  const arrivals = yield* Effect.acquireRelease(Queue.sliding<void, Cause.Done>(1), Queue.end)
  let count = 0

  const takeAll = (): ReadonlyArray<A> => {
    const all: Array<A> = []
    for (let oldest = values.oldest(); oldest !== undefined; oldest = values.oldest()) {
      values.delete(oldest.key)
      all.push(oldest.value)
    }
    return all
  }

  /** Waits for values. Another reader may take them first. */
  const pull: Effect.Effect<readonly [A, ...Array<A>], Cause.Done> = Effect.flatMap(Queue.take(arrivals), () => {
    const [first, ...rest] = takeAll()
    return first === undefined ? pull : Effect.succeed([first, ...rest] as const)
  })

  return {
    offer: (value) =>
      Effect.sync(() => {
        values.put(String(count++), value, sizeOf(value))
        values.trim()
        Queue.offerUnsafe(arrivals, undefined)
      }),
    stream: Stream.fromPull(Effect.succeed(pull))
  }
})

/** Values for any number of readers. */
export interface Broadcast<A> {
  readonly publish: (value: A) => Effect.Effect<void>
  /** Streams the values published after subscription, through a buffer of the reader's own. */
  readonly stream: Stream.Stream<A>
}

/** Makes a broadcast. Closing the scope ends its streams. */
export const makeBroadcast = Effect.fnUntraced(function*<A>(
  options: Options<A>
): Effect.fn.Return<Broadcast<A>, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const buffers = new Set<SlidingBuffer<A>>()
  const subscribe = Effect.acquireRelease(
    Effect.gen(function*() {
      const own = yield* Scope.fork(scope)
      const buffer = yield* Scope.provide(make(options), own)
      buffers.add(buffer)
      yield* Scope.addFinalizer(own, Effect.sync(() => buffers.delete(buffer)))
      return { own, stream: buffer.stream }
    }),
    ({ own }) => Scope.close(own, Exit.void)
  )
  return {
    publish: (value) => Effect.forEach([...buffers], ({ offer }) => offer(value), { discard: true }),
    stream: Stream.unwrap(Effect.map(subscribe, ({ stream }) => stream))
  }
})
