/**
 * A sliding window over Effect's `RateLimiter`: never more than the limit in any
 * window, wherever it begins.
 *
 * One token bucket of `limit` tokens admits almost twice the limit in a window:
 * the tokens that it holds, and those that come back meanwhile. So each token
 * has a bucket of its own, a slot, which is free again one window after it was
 * taken. Servers that share the limiter's store share the slots.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as SteadyClock from "../../internal/steadyClock.ts"

interface Slot {
  readonly key: string
  /** When it is free, as far as this process knows: another one may have taken it since. */
  freeAt: number
}

/** The slots of a key, the first to be free first. They are made when all others are taken. */
interface Line {
  readonly slots: Array<Slot>
  made: number
}

/** Senders may be as many as callers name, and each has a slot for each message or segment of a window. */
const maxSlots = 100_000

export interface Options {
  readonly limiter: RateLimiter.RateLimiter
  /** The tokens per window, an integer. */
  readonly limit: number
  readonly window: Duration.Duration
  /** The maximum number of slots of all keys: 100,000 by default. Beyond it, tokens wait for a window. */
  readonly maxSlots?: number | undefined
}

export type SlidingWindow = (
  key: string,
  tokens: number
) => Effect.Effect<Duration.Duration | undefined, RateLimiter.RateLimitStoreError>

/**
 * Builds a function that takes the tokens of a key, or returns how long to wait
 * before the next attempt. More tokens than the limit wait for the full limit;
 * the excess is a debt that later tokens wait for.
 */
export const make = ({ limit, limiter, maxSlots: max = maxSlots, window }: Options): SlidingWindow => {
  const millis = Duration.toMillis(window)
  const lines = new Map<string, Line>()
  /** The slots of all lines. */
  let made = 0

  const lineOf = (key: string): Line => {
    const known = lines.get(key)
    if (known !== undefined) return known
    const line: Line = { slots: [], made: 0 }
    lines.set(key, line)
    return line
  }

  /** When this many slots are free. */
  const freeAt = ({ made, slots }: Line, count: number, now: number): number => {
    const among = count - (limit - made)
    // A slot that another fiber is taking is not in the line, and then free after a window.
    return among <= 0 ? now : slots[among - 1]?.freeAt ?? now + millis
  }

  const next = (key: string, line: Line, now: number): Slot => {
    const [first] = line.slots
    if (first !== undefined && first.freeAt <= now) return line.slots.shift()!
    made++
    return { key: `${key}#${line.made++}`, freeAt: now }
  }

  /** Forgets the lines that are like new: all of their slots are free, and none is being taken. */
  const forgetFree = (now: number): void => {
    for (const [key, { made: count, slots }] of lines) {
      if (slots.length < count || (slots.at(-1)?.freeAt ?? 0) > now) continue
      lines.delete(key)
      made -= count
    }
  }

  /** Whether the slots can be made that the tokens need beside those that are free. */
  const hasRoom = (line: Line, tokens: number, now: number): boolean => {
    const taken = line.slots.findIndex(({ freeAt }) => freeAt > now)
    return made + tokens - (taken === -1 ? line.slots.length : taken) <= max
  }

  const putBack = ({ slots }: Line, slot: Slot) =>
    Effect.sync(() => {
      slots.splice(slots.findLastIndex(({ freeAt }) => freeAt <= slot.freeAt) + 1, 0, slot)
    })

  const consume = ({ key }: Slot, onExceeded: "delay" | "fail") =>
    limiter.consume({ key, algorithm: "token-bucket", limit: 1, window, tokens: 1, onExceeded })

  /** Takes a free slot. Returns whether no other process had it. */
  const take = (slot: Slot, now: number): Effect.Effect<boolean, RateLimiter.RateLimitStoreError> =>
    consume(slot, "fail").pipe(
      Effect.map(() => {
        slot.freeAt = now + millis
        return true
      }),
      Effect.catch(({ reason }) => {
        if (reason._tag === "RateLimitStoreError") return Effect.fail(reason)
        slot.freeAt = now + Math.max(1, Math.ceil(Duration.toMillis(reason.retryAfter)))
        return Effect.succeed(false)
      })
    )

  const owe = (slot: Slot) =>
    consume(slot, "delay").pipe(
      Effect.map(() => {
        slot.freeAt += millis
      }),
      Effect.catch(({ reason }) => reason._tag === "RateLimitStoreError" ? Effect.fail(reason) : Effect.void)
    )

  return Effect.fnUntraced(function*(key, tokens) {
    const now = yield* SteadyClock.millis
    const needed = Math.min(tokens, limit)
    if (!hasRoom(lineOf(key), needed, now)) forgetFree(now)
    const line = lineOf(key)
    if (!hasRoom(line, needed, now)) return window
    let taken = 0
    while (taken < needed) {
      const at = freeAt(line, needed - taken, now)
      // Nothing is taken before all is free: what is taken early is free early, too.
      if (at > now) return Duration.millis(at - now)
      const slot = next(key, line, now)
      if (yield* Effect.ensuring(take(slot, now), putBack(line, slot))) taken++
    }
    for (let owed = 0; owed < tokens - limit; owed++) {
      const slot = line.slots.shift()
      if (slot !== undefined) yield* Effect.ensuring(owe(slot), putBack(line, slot))
    }
    return undefined
  })
}
