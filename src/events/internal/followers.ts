/**
 * The followers of a log in this process.
 *
 * One fiber reads what is new, for all followers: while there are any, it polls
 * the log, and local appends wake it. The latest entries stay in memory, so
 * that a follower that keeps up costs no query. One that is further behind
 * reads pages from the log, at its own pace.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RcRef from "effect/RcRef"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { sizeOf } from "../../internal/sizeOf.ts"
import * as SteadyClock from "../../internal/steadyClock.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Entry, Filter, FollowOptions, Page, Reader } from "../Entry.ts"
import { matches } from "./matches.ts"

/** How often the log is polled for entries of other processes. */
const pollInterval: Duration.Input = "1 second"

/** The number of entries in memory, and for how long. The retention is short because a person may be forgotten meanwhile. */
const maxRecent = 1000
/** Of their bytes, estimated. */
const maxRecentBytes = 8 * 1024 * 1024
const recentMillis = 60_000

const pageSize = 100

/** A condition that fibers wait for. Each signal completes the current waits. */
const makeSignal = () => {
  let current = Deferred.makeUnsafe<void>()
  return {
    /** The wait for the next signal. Taken before the state is checked, so that no signal is missed. */
    next: () => Deferred.await(current),
    signal: () => {
      const signalled = current
      current = Deferred.makeUnsafe()
      Deferred.doneUnsafe(signalled, Effect.void)
    }
  }
}

export interface Followers {
  readonly pages: (options?: FollowOptions) => Stream.Stream<Page, StorageError>
  /** Makes followers read what this process has appended. */
  readonly wake: () => void
}

/** The latest entries: all of the log after `from` and up to `to`. */
interface Recent {
  readonly entries: Array<{ readonly entry: Entry; readonly at: number; readonly bytes: number }>
  bytes: number
  from: number
  to: number
}

const trim = (recent: Recent, now: number): void => {
  const { entries } = recent
  const most = entries.length - maxRecent
  let count = 0
  while (
    count < entries.length &&
    (count < most || entries[count]!.at <= now - recentMillis || recent.bytes > maxRecentBytes)
  ) recent.bytes -= entries[count++]!.bytes
  if (count === 0) return
  recent.from = entries[count - 1]!.entry.position
  entries.splice(0, count)
}

export const make = Effect.fnUntraced(function*(
  { head, read }: Reader
): Effect.fn.Return<Followers, never, Scope.Scope> {
  const appended = makeSignal()
  const news = makeSignal()

  const readOn = Effect.fnUntraced(function*(recent: Recent) {
    while (true) {
      const waiting = Effect.raceFirst(appended.next(), Effect.sleep(pollInterval))
      const page = yield* read({ after: recent.to, limit: pageSize })
      const at = yield* SteadyClock.millis
      for (const entry of page.entries) {
        const bytes = sizeOf(entry)
        recent.entries.push({ entry, at, bytes })
        recent.bytes += bytes
      }
      recent.to = page.position
      trim(recent, at)
      if (page.entries.length > 0) news.signal()
      if (page.entries.length < pageSize) yield* waiting
    }
  })

  /** Runs while there are followers. */
  const reading = yield* RcRef.make({
    acquire: Effect.gen(function*() {
      const position = yield* head
      const recent: Recent = { entries: [], bytes: 0, from: position, to: position }
      yield* readOn(recent).pipe(
        Effect.tapError((error) => Effect.logError("Reading the event log failed, and is retried", error)),
        Effect.catch(() => Effect.sleep(pollInterval)),
        Effect.forever,
        Effect.forkScoped
      )
      return recent
    })
  })

  /** Returns the next page, which is empty when nothing came before the heartbeat. */
  const next = Effect.fnUntraced(function*(recent: Recent, from: number, { filter, heartbeat }: FollowOptions) {
    const beat = heartbeat === undefined ? Effect.never : yield* alarm(heartbeat)
    let cursor = from
    while (true) {
      const waiting = news.next()
      if (cursor < recent.from) {
        const page = yield* read({ after: cursor, limit: pageSize, filter })
        if (page.entries.length > 0) return page
        cursor = page.position
        continue
      }
      const page = pageOf(recent, cursor, filter)
      if (page.entries.length > 0) return page
      cursor = page.position
      const isBeat = yield* Effect.raceFirst(Effect.as(waiting, false), Effect.as(beat, true))
      if (isBeat) return { entries: [], position: cursor } satisfies Page
    }
  })

  const pages: Followers["pages"] = (options = {}) =>
    Stream.unwrap(Effect.gen(function*() {
      const recent = yield* RcRef.get(reading)
      const begin = options.after ?? recent.to
      return Stream.concat(
        Stream.succeed<Page>({ entries: [], position: begin }),
        Stream.paginate(begin, (cursor) =>
          Effect.map(next(recent, cursor, options), (page) => [[page], Option.some(page.position)] as const))
      )
    }))

  return { wake: appended.signal, pages }
})

/** Waits until the duration has passed since now, in several waits. */
const alarm = (duration: Duration.Input) =>
  Effect.map(SteadyClock.millis, (begun) => {
    const at = begun + Duration.toMillis(Duration.fromInputUnsafe(duration))
    return Effect.flatMap(SteadyClock.millis, (now) => Effect.sleep(Math.max(0, at - now)))
  })

/** Returns the entries in memory after a position that is not before them. */
const pageOf = ({ entries, to }: Recent, after: number, filter: Filter | undefined): Page => {
  const found: Array<Entry> = []
  // Most followers are at the end.
  let index = entries.length
  while (index > 0 && entries[index - 1]!.entry.position > after) index--
  for (; index < entries.length && found.length < pageSize; index++) {
    const { entry } = entries[index]!
    if (matches(entry, filter)) found.push(entry)
  }
  return { entries: found, position: found.length === pageSize ? found.at(-1)!.position : Math.max(after, to) }
}
