/**
 * The followers of a log in this process.
 *
 * One fiber reads what is new, for all followers: while there are any, it polls
 * the log, and local appends wake it. The latest entries stay in memory, so
 * that a follower that keeps up costs no query. One that is further behind
 * reads pages from the log, at its own pace.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RcRef from "effect/RcRef"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { StorageError } from "../../StorageError.ts"
import type { Entry, Filter, Page, Service } from "../EventLog.ts"
import { matches } from "./matches.ts"

/** How often the log is polled for entries of other processes. */
const pollInterval: Duration.Input = "1 second"

/** The number of entries in memory, and for how long. The retention is short because a person may be forgotten meanwhile. */
const maxRecent = 1000
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
  readonly follow: Service["follow"]
  /** Makes followers read what this process has appended. */
  readonly wake: () => void
}

/** The latest entries: all of the log after `from` and up to `to`. */
interface Recent {
  readonly entries: Array<{ readonly entry: Entry; readonly at: number }>
  from: number
  to: number
}

const trim = (recent: Recent, now: number): void => {
  const { entries } = recent
  let count = Math.max(0, entries.length - maxRecent)
  while (count < entries.length && entries[count]!.at <= now - recentMillis) count++
  if (count === 0) return
  recent.from = entries[count - 1]!.entry.position
  entries.splice(0, count)
}

export const make = Effect.fnUntraced(function*(
  { head, read }: Pick<Service, "head" | "read">
): Effect.fn.Return<Followers, never, Scope.Scope> {
  const appended = makeSignal()
  const news = makeSignal()

  const readOn = Effect.fnUntraced(function*(recent: Recent) {
    while (true) {
      const waiting = Effect.raceFirst(appended.next(), Effect.sleep(pollInterval))
      const page = yield* read({ after: recent.to, limit: pageSize })
      const at = yield* Clock.currentTimeMillis
      for (const entry of page.entries) recent.entries.push({ entry, at })
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
      const recent: Recent = { entries: [], from: position, to: position }
      yield* readOn(recent).pipe(
        Effect.tapError((error) => Effect.logError("Reading the event log failed, and is retried", error)),
        Effect.catch(() => Effect.sleep(pollInterval)),
        Effect.forever,
        Effect.forkScoped
      )
      return recent
    })
  })

  type Step = Effect.Effect<readonly [ReadonlyArray<Entry>, Option.Option<number>], StorageError>

  const step = (recent: Recent, cursor: number, filter: Filter | undefined): Step =>
    Effect.suspend((): Step => {
      const waiting = news.next()
      if (cursor < recent.from) {
        return Effect.map(
          read({ after: cursor, limit: pageSize, filter }),
          (page: Page) => [page.entries, Option.some(page.position)]
        )
      }
      const found = recent.entries.flatMap(({ entry }) =>
        entry.position > cursor && matches(entry, filter) ? [entry] : []
      )
      const next = Option.some(Math.max(cursor, recent.to))
      return found.length > 0
        ? Effect.succeed([found, next])
        : Effect.as(waiting, [[], next])
    })

  return {
    wake: appended.signal,
    follow: ({ after, filter } = {}) =>
      Stream.unwrap(Effect.gen(function*() {
        const recent = yield* RcRef.get(reading)
        return Stream.paginate(after ?? recent.to, (cursor) => step(recent, cursor, filter))
      }))
  }
})
