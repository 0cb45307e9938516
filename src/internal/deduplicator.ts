/**
 * Runs an effect at most once per key, even under concurrent calls.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { attempt } from "./attempt.ts"
import { type Linked, LinkedList } from "./linkedList.ts"
import { sizeOf } from "./sizeOf.ts"

export interface Options {
  /** The maximum number of keys. Beyond it the oldest key is evicted, which bounds memory under a flood. */
  readonly capacity: number
  /** The maximum bytes of keys and summaries, beside their number. Unlimited by default. */
  readonly maxBytes?: number | undefined
  /** How long a key is remembered. */
  readonly timeToLive: Duration.Input
}

interface Entry<S> extends Linked<Entry<S>> {
  readonly key: string
  readonly expiresAt: number
  bytes: number
  /** The summary of the first call, which `isDone` tells from none. */
  summary: S | undefined
  isDone: boolean
  /** Whether a repetition finds the entry. */
  isKept: boolean
  /** Wakes the waiting calls. Created by the first call that waits, because most keys complete before they repeat. */
  done: Deferred.Deferred<void> | undefined
}

/** What an entry takes without its key and its summary. */
const perEntry = 288

/** How a result is remembered, and what a later call gets of that. */
export interface Memory<A, S, B> {
  readonly summarize: (value: A) => S
  readonly repeated: (summary: S) => B
}

export interface Deduplicator<S> {
  /**
   * Runs the effect unless the key is known. For a known key, waits for the first
   * call and returns what is remembered of its result. If the first call fails or
   * is interrupted, the next waiting call runs its effect instead, so a repetition
   * can still succeed. The effect is built in the fiber of the call, and a result
   * is returned as it is.
   */
  readonly run: <A, B, E, R>(
    key: string,
    build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
    memory: Memory<A, S, B>
  ) => Effect.Effect<A | B, E, R>
  /**
   * As `run`, but builds the effect at once if the key is not known, at this time
   * in epoch milliseconds. The result of one that is done by then is returned. The
   * fiber must not be interrupted before it begins with the effect that this
   * returns: see `SupervisedFibers.begin`.
   */
  readonly begin: <A, B, E, R>(
    key: string,
    now: number,
    build: () => Effect.Effect<A, E, R>,
    memory: Memory<A, S, B>
  ) => Effect.Effect<A | B, E, R>
}

export const make = <S>(options: Options): Effect.Effect<Deduplicator<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    const maxEntries = Math.max(1, options.capacity)
    const maxBytes = options.maxBytes ?? Infinity
    // Mutated in place, always between two steps of a fiber; copying it would make
    // the cost of a call grow with the number of keys.
    const entries = new Map<string, Entry<S>>()
    /** Insertion order is expiry order. */
    const order = new LinkedList<Entry<S>>()
    let bytes = 0

    const forget = (entry: Entry<S>): void => {
      entry.isKept = false
      entries.delete(entry.key)
      order.remove(entry)
      bytes -= entry.bytes
    }

    const isFull = (): boolean => entries.size > maxEntries || bytes > maxBytes

    const evict = (): void => {
      while (isFull()) forget(order.oldest!)
    }

    const forgetExpired = (now: number): void => {
      for (let { oldest } = order; oldest !== undefined && oldest.expiresAt <= now; { oldest } = order) forget(oldest)
    }

    /** Returns the live entry of the key, or claims the key with a new entry. */
    const claim = (key: string, now: number): { readonly entry: Entry<S>; readonly mine: boolean } => {
      forgetExpired(now)
      const earlier = entries.get(key)
      // The system clock can be set back, which leaves expired entries behind fresh ones.
      if (earlier !== undefined && earlier.expiresAt > now) return { entry: earlier, mine: false }
      if (earlier !== undefined) forget(earlier)
      const own = perEntry + 2 * key.length
      // One that exceeds the bound alone would evict all others in vain.
      const isKept = own <= maxBytes
      const entry: Entry<S> = {
        key,
        expiresAt: now + timeToLive,
        bytes: own,
        summary: undefined,
        isDone: false,
        isKept,
        done: undefined,
        older: undefined,
        newer: undefined
      }
      if (isKept) {
        entries.set(key, entry)
        order.append(entry)
        bytes += own
        evict()
      }
      return { entry, mine: true }
    }

    const release = (entry: Entry<S>): void => {
      if (entry.isKept) forget(entry)
      if (entry.done !== undefined) Deferred.doneUnsafe(entry.done, Effect.void)
    }

    /** Remembers the result of the call that owns the entry. On failure the key is released for the next call. */
    const conclude = <A, E>(
      entry: Entry<S>,
      exit: Exit.Exit<A, E>,
      summarize: (value: A) => S
    ): Exit.Exit<A, E> => {
      if (Exit.isFailure(exit)) {
        release(entry)
        return exit
      }
      try {
        const summary = summarize(exit.value)
        entry.summary = summary
        entry.isDone = true
        if (entry.isKept) {
          const added = sizeOf(summary)
          entry.bytes += added
          bytes += added
          evict()
        }
        if (entry.done !== undefined) Deferred.doneUnsafe(entry.done, Effect.void)
        return exit
      } catch (defect) {
        release(entry)
        return Exit.die(defect)
      }
    }

    /** Runs the effect of the call that owns the entry. */
    const work = <A, E, R>(
      entry: Entry<S>,
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.Effect<A, E, R> =>
      Exit.isExit(effect)
        ? conclude(entry, effect as Exit.Exit<A, E>, summarize)
        : Effect.flatMap(Effect.exit(effect), (exit) => conclude(entry, exit, summarize))

    const wait = (entry: Entry<S>): Effect.Effect<void> => {
      if (entry.isDone) return Effect.void
      entry.done ??= Deferred.makeUnsafe()
      return Deferred.await(entry.done)
    }

    const run = <A, B, E, R>(
      key: string,
      build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
      memory: Memory<A, S, B>
    ): Effect.Effect<A | B, E, R> =>
      // An interruption between the claim and the work would leave the key claimed forever.
      Effect.uninterruptibleMask((restore) =>
        Effect.withFiber((fiber): Effect.Effect<A | B, E, R> => {
          const { entry, mine } = claim(key, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())
          if (!mine) return restore(repeat(key, entry, build, memory))
          const effect = attempt(() => build(fiber))
          return work(entry, Exit.isExit(effect) ? effect : restore(effect), memory.summarize)
        })
      )

    /** Waits for the first call. If that fails, this one is the next. */
    const repeat = <A, B, E, R>(
      key: string,
      entry: Entry<S>,
      build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
      memory: Memory<A, S, B>
    ): Effect.Effect<A | B, E, R> =>
      Effect.flatMapEager(wait(entry), (): Effect.Effect<A | B, E, R> =>
        entry.isDone
          ? Effect.succeed(memory.repeated(entry.summary as S))
          : run(key, build, memory))

    return {
      run,
      begin: (key, now, build, memory) => {
        const { entry, mine } = claim(key, now)
        return mine ? work(entry, attempt(build), memory.summarize) : repeat(key, entry, build, memory)
      }
    }
  })
