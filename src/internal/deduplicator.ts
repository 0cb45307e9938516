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
import { sizeOf } from "./sizeOf.ts"

export interface Options {
  /**
   * The maximum number of keys. At the limit the older half is forgotten at once,
   * which bounds memory under a flood.
   */
  readonly capacity: number
  /** The maximum bytes of keys and summaries, beside their number. Unlimited by default. */
  readonly maxBytes?: number | undefined
  /** How long a key is remembered. */
  readonly timeToLive: Duration.Input
}

interface Entry<S> {
  readonly expiresAt: number
  /** The summary of the first call, which `isDone` tells from none. */
  summary: S | undefined
  isDone: boolean
  /** Wakes the waiting calls. Created by the first call that waits, because most keys complete before they repeat. */
  done: Deferred.Deferred<void> | undefined
}

/** What an entry takes without its key and its summary, and what a scope takes without its name and its entries. */
const perEntry = 192
const perScope = 256

/**
 * The keys of a time, by what they are unique in. They are forgotten together: to
 * forget the oldest of many costs more than to remember it, because memory that
 * nobody has touched for long is slow.
 */
interface Generation<S> {
  readonly keys: Map<string, Map<string, Entry<S>>>
  size: number
  bytes: number
  /** When all of its keys have expired. */
  until: number
}

const bytesOfKey = (key: string): number => perEntry + 2 * key.length

const makeGeneration = <S>(): Generation<S> => ({ keys: new Map(), size: 0, bytes: 0, until: -Infinity })

/** What is processed once. */
export interface Key {
  readonly key: string
  /** What the key is unique in, if there is more than one. */
  readonly scope?: string | undefined
}

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
    key: Key,
    build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
    memory: Memory<A, S, B>
  ) => Effect.Effect<A | B, E, R>
  /** As `run`, but runs the effect unless one of several keys is known. */
  readonly runAll: <A, E, R>(
    keys: ReadonlyArray<string>,
    build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
    memory: Memory<A, S, A>
  ) => (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>
  /**
   * As `run`, but builds the effect at once if the key is not known, at this time
   * in epoch milliseconds. The result of one that is done by then is returned. The
   * fiber must not be interrupted before it begins with the effect that this
   * returns: see `SupervisedFibers.begin`.
   */
  readonly begin: <A, B, E, R>(
    key: Key,
    now: number,
    build: () => Effect.Effect<A, E, R>,
    memory: Memory<A, S, B>
  ) => Effect.Effect<A | B, E, R>
}

/** Makes a deduplicator. `bytesOf` estimates the bytes of a summary. */
export const make = <S>(
  options: Options,
  bytesOf: (summary: S) => number = sizeOf
): Effect.Effect<Deduplicator<S>> =>
  Effect.sync(() => {
    const timeToLive = Duration.toMillis(Duration.fromInputUnsafe(options.timeToLive))
    const maxBytes = options.maxBytes ?? Infinity
    const half = { size: Math.max(1, Math.floor(options.capacity / 2)), bytes: maxBytes / 2 }
    // Mutated in place, always between two steps of a fiber.
    let young = makeGeneration<S>()
    let old = makeGeneration<S>()

    const age = (): void => {
      old = options.capacity > 1 ? young : makeGeneration()
      young = makeGeneration()
    }

    const forgetExpired = (now: number): void => {
      if (old.size > 0 && old.until <= now) old = makeGeneration()
      if (young.size > 0 && young.until <= now) young = makeGeneration()
    }

    const find = ({ key, scope = "" }: Key): Entry<S> | undefined =>
      young.keys.get(scope)?.get(key) ?? old.keys.get(scope)?.get(key)

    const put = ({ key, scope = "" }: Key, entry: Entry<S>): void => {
      const [bytes, ofScope] = [bytesOfKey(key), perScope + 2 * scope.length]
      // One that exceeds the bound alone would push out all others in vain.
      if (bytes + ofScope > half.bytes) return
      if (young.size >= half.size || young.bytes + bytes + ofScope > half.bytes) age()
      let keys = young.keys.get(scope)
      if (keys === undefined) {
        young.keys.set(scope, keys = new Map())
        young.bytes += ofScope
      }
      keys.set(key, entry)
      young.size++
      young.bytes += bytes
      young.until = Math.max(young.until, entry.expiresAt)
    }

    /** Returns the live entry of the key, or claims the key with a new entry. */
    const claim = (key: Key, now: number): { readonly entry: Entry<S>; readonly mine: boolean } => {
      forgetExpired(now)
      const earlier = find(key)
      // Those of a time do not expire together, and the system clock can be set back.
      if (earlier !== undefined && earlier.expiresAt > now) return { entry: earlier, mine: false }
      const entry: Entry<S> = { expiresAt: now + timeToLive, summary: undefined, isDone: false, done: undefined }
      put(key, entry)
      return { entry, mine: true }
    }

    /** Forgets a key. One that has failed takes no place from those that are remembered. */
    const forget = ({ key, scope = "" }: Key, entry: Entry<S>): void => {
      for (const generation of [young, old]) {
        const keys = generation.keys.get(scope)
        if (keys?.get(key) !== entry) continue
        keys.delete(key)
        generation.size--
        generation.bytes -= bytesOfKey(key)
      }
    }

    const wake = ({ done }: Entry<S>): void => {
      if (done !== undefined) Deferred.doneUnsafe(done, Effect.void)
    }

    const release = (key: Key, entry: Entry<S>): void => {
      forget(key, entry)
      wake(entry)
    }

    /** Remembers the result of the call that owns the entry. On failure the key is released for the next call. */
    const conclude = <A, E>(
      key: Key,
      entry: Entry<S>,
      exit: Exit.Exit<A, E>,
      summarize: (value: A) => S
    ): Exit.Exit<A, E> => {
      if (Exit.isFailure(exit)) {
        release(key, entry)
        return exit
      }
      try {
        const summary = summarize(exit.value)
        const bytes = bytesOf(summary)
        entry.summary = summary
        entry.isDone = true
        if (bytes > half.bytes) forget(key, entry)
        else {
          if (young.bytes + bytes > half.bytes) age()
          young.bytes += bytes
        }
        wake(entry)
        return exit
      } catch (defect) {
        release(key, entry)
        return Exit.die(defect)
      }
    }

    /** Runs the effect of the call that owns the entry, in a region that cannot be interrupted. */
    const work = <A, E, R>(
      key: Key,
      entry: Entry<S>,
      effect: Effect.Effect<A, E, R>,
      summarize: (value: A) => S
    ): Effect.Effect<A, E, R> =>
      Exit.isExit(effect)
        ? conclude(key, entry, effect as Exit.Exit<A, E>, summarize)
        : Effect.flatMap(Effect.exit(effect), (exit) => conclude(key, entry, exit, summarize))

    const wait = (entry: Entry<S>): Effect.Effect<void> => {
      if (entry.isDone) return Effect.void
      entry.done ??= Deferred.makeUnsafe()
      return Deferred.await(entry.done)
    }

    const run = <A, B, E, R>(
      key: Key,
      build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
      memory: Memory<A, S, B>
    ): Effect.Effect<A | B, E, R> =>
      // An interruption between the claim and the work would leave the key claimed forever.
      Effect.uninterruptibleMask((restore) =>
        Effect.withFiber((fiber): Effect.Effect<A | B, E, R> => {
          const { entry, mine } = claim(key, fiber.getRef(Clock.Clock).currentTimeMillisUnsafe())
          if (!mine) return restore(repeat(key, entry, build, memory))
          const effect = attempt(() => build(fiber))
          return work(key, entry, Exit.isExit(effect) ? effect : restore(effect), memory.summarize)
        })
      )

    /** Waits for the first call. If that fails, this one is the next. */
    const repeat = <A, B, E, R>(
      key: Key,
      entry: Entry<S>,
      build: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E, R>,
      memory: Memory<A, S, B>
    ): Effect.Effect<A | B, E, R> =>
      Effect.flatMapEager(wait(entry), (): Effect.Effect<A | B, E, R> =>
        entry.isDone
          ? Effect.succeed(memory.repeated(entry.summary as S))
          : run(key, build, memory))

    const begin = <A, B, E, R>(
      key: Key,
      now: number,
      build: () => Effect.Effect<A, E, R>,
      memory: Memory<A, S, B>
    ): Effect.Effect<A | B, E, R> => {
      const { entry, mine } = claim(key, now)
      if (!mine) return repeat(key, entry, build, memory)
      const effect: Effect.Effect<A, E, R> = attempt(build)
      // The end of a fiber that is interrupted is seen only from where it cannot be.
      return Exit.isExit(effect)
        ? conclude(key, entry, effect as Exit.Exit<A, E>, memory.summarize)
        : Effect.uninterruptibleMask((restore) => work(key, entry, restore(effect), memory.summarize))
    }

    return {
      run,
      // In one order, and each once: no call waits for itself, and no two for each other.
      runAll: (keys, build, memory) =>
        (keys.length < 2 ? keys : [...new Set(keys)].sort()).reduceRight(
          (build, key) => () => run({ key }, build, memory),
          build
        ),
      begin
    }
  })
