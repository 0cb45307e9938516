/**
 * Runs the network by the clock: one fiber for all messages, which sleeps until
 * the next step is due, and a bounded number of webhooks on their way.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { Outcome } from "../../provider/Emulation.ts"
import { corrupt } from "./edge.ts"
import type { Exchanges } from "./exchanges.ts"
import type { Poster } from "./poster.ts"
import type { Post } from "./postQueue.ts"
import type { Simulation } from "./simulation.ts"

export interface Options {
  readonly simulation: Simulation
  readonly exchanges: Exchanges
  readonly maxConnections: number
  /** Loads what posts webhooks. Those before that wait. */
  readonly poster: Effect.Effect<Poster, never, Scope.Scope>
}

export interface Runner {
  /** Calls back whenever something has happened, until the returned function is called. */
  readonly watch: (listener: () => void) => () => void
}

/** Then the process gets to its sockets. */
const stepsAtATime = 500

const problems = { Unreachable: "unreachable", TimedOut: "timed out" } as const

export const make = Effect.fnUntraced(function*(
  { exchanges, maxConnections, poster: load, simulation }: Options
): Effect.fn.Return<Runner, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const latch = Latch.makeUnsafe()
  const listeners = new Set<() => void>()
  let poster: Poster | undefined
  let isEnding = false

  const context = yield* Effect.context<never>()
  const scope = yield* Effect.scope
  let isWoken = false
  let isRunning = false
  /** Wakes the fiber after the present call, during which the network must not change. */
  const wake = () => {
    if (isWoken || isRunning) return
    isWoken = true
    Effect.runForkWith(context)(Effect.forkIn(wakeLater, scope))
  }
  const wakeLater = Effect.andThen(
    Effect.yieldNow,
    Effect.sync(() => {
      isWoken = false
      latch.openUnsafe()
    })
  )

  const notify = () => {
    for (const listener of listeners) listener()
  }

  const post = (posting: Poster, post: Post): void => {
    const { attempt, carrier, faults } = post
    const dialect = simulation.accounts.get(carrier)!.dialect!
    const has = (type: string) => faults.some((effect) => effect.type === type)
    const webhook = has("wrongSignature") ? dialect.forge?.(post.webhook) ?? post.webhook : post.webhook
    const signature = simulation.withSkew(
      faults,
      () => dialect.sign(webhook, { forged: has("wrongSignature"), attempt })
    )
    const headers = { ...webhook.headers, ...signature }
    const body = has("corrupt") ? corrupt(webhook.body, simulation.random) as string : webhook.body
    posting.post(
      { method: webhook.method, url: webhook.url, headers, body, timeout: dialect.timeout(webhook) },
      (outcome) => {
        if (isEnding) return
        const known: Outcome = has("cut") ? { _tag: "TimedOut" } : outcome
        simulation.posted(post, known)
        exchanges.add({
          at: simulation.now,
          carrier,
          direction: "webhook",
          operation: webhook.kind,
          method: webhook.method,
          url: webhook.url,
          requestHeaders: headers,
          requestBody: body,
          ...(known._tag === "Answered"
            ? { status: known.status, responseHeaders: known.headers, responseBody: known.body }
            : { problem: problems[known._tag] }),
          attempt,
          faults,
          warnings: simulation.takeWarnings()
        })
        postAll()
        if (listeners.size > 0) wake()
      }
    )
  }

  const postAll = (): void => {
    if (poster === undefined) return
    while (simulation.posting < maxConnections) {
      const next = simulation.takePost()
      if (next === undefined) return
      post(poster, next)
    }
  }

  const run = Effect.gen(function*() {
    for (;;) {
      latch.closeUnsafe()
      isRunning = true
      const isMore = simulation.run(stepsAtATime)
      isRunning = false
      postAll()
      notify()
      if (isMore) {
        yield* Effect.yieldNow
        continue
      }
      const { due } = simulation.schedule
      const wait = due === undefined ? undefined : Math.max(1, due - clock.currentTimeMillisUnsafe())
      yield* wait === undefined ? Latch.await(latch) : Effect.raceFirst(Effect.sleep(wait), Latch.await(latch))
    }
  })

  simulation.onEarlier = wake
  simulation.onLost = ({ attempt, carrier, faults, webhook }) =>
    exchanges.add({
      at: simulation.now,
      carrier,
      direction: "webhook",
      operation: webhook.kind,
      method: webhook.method,
      url: webhook.url,
      requestHeaders: webhook.headers,
      requestBody: webhook.body,
      problem: "lost",
      attempt,
      faults,
      warnings: []
    })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isEnding = true
    })
  )
  yield* load.pipe(
    Effect.tap((loaded) =>
      Effect.sync(() => {
        poster = loaded
        wake()
      })
    ),
    Effect.forkScoped
  )
  yield* Effect.forkScoped(run)
  return {
    watch: (listener) => {
      listeners.add(listener)
      wake()
      return () => listeners.delete(listener)
    }
  }
})
