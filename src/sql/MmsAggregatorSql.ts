/**
 * An `MmsAggregator` that keeps everything in an SQL database, so that it
 * survives the process and is shared by several: SQLite for one process or a
 * few on one machine, Postgres for several behind a load balancer.
 *
 * What is known of a correlation key is a row. A part changes it in one
 * transaction that locks the row, by the same pure step as in memory, and a
 * message that comes out goes to an outbox in that transaction. There it stays
 * until its handler succeeded. Each process looks regularly for windows whose
 * time is over and for messages that wait, and takes messages for the time of a
 * lease, which it renews while it handles them. So what a killed process leaves
 * is taken over: its windows at once, what it was handling when the lease ends.
 *
 * A handler sees a message at least once, always with the same idempotency
 * key. It sees it again when the process ends after the handler succeeded and
 * before that was written. `RoomKit` recognizes what its own process handled.
 *
 * The clocks of the processes may differ by a small part of `timeout` and of
 * the lease: by a second, not more. A clock that is ahead closes windows that
 * much too early.
 *
 * Everything of a message is deleted when it was handled. For `rememberFor`
 * stay its correlation key, which has the two phone numbers, and the ids of its
 * parts.
 *
 * The metric of pending windows is that of the whole database, which each
 * process counts every 10 seconds.
 *
 * It is not made of entities of `effect/cluster`, which would fit otherwise.
 * After a process was killed its shards can stay locked until the lock expires,
 * 35 seconds by default, and webhooks of their keys would wait for that. (On
 * Postgres the lock is one of the connection, and ends when the server notices
 * that it is gone.) Here any process takes any part at once. And the stored messages of an entity, which
 * have what people wrote, stay until the entity's address is cleared as a
 * whole; a reply that nobody got any more is no second delivery, so that an
 * outbox would be needed all the same.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { isEmpty } from "../Content.ts"
import type { InboundMessage } from "../Message.ts"
import * as Deliveries from "../mms/internal/deliveries.ts"
import * as Memory from "../mms/internal/memory.ts"
import * as Metrics from "../mms/internal/metrics.ts"
import * as MmsWindow from "../mms/internal/window.ts"
import {
  MmsAggregator,
  MmsAggregatorError,
  type Options as AggregatorOptions,
  type Outcome,
  type Service
} from "../mms/MmsAggregator.ts"
import type { MessagePart } from "../WebhookEvent.ts"
import * as Store from "./internal/mmsStore.ts"

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<E = unknown, R = never> = AggregatorOptions<E, R> & {
  /**
   * How often the database is asked for what other processes left. 1 second by
   * default. What this process knows of is not late by it.
   */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * How long a message belongs to the process that took it, unless that renews
   * the lease. After a process was killed, it is how long until another one
   * takes the messages that it was handling. 30 seconds by default.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How long after the registration of the first handler messages are handed to
   * it. 1 second by default: at the start of a server there can be messages
   * from before, which must not come before its hooks and channels are there.
   */
  readonly startDelay?: Duration.Input | undefined
}

const millis = (input: Duration.Input): number => Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(input)))

/** Rows that are worked on at a time. */
const batch = 100

/** Messages that are handled, or wait for another attempt, in this process at a time. */
const maxRunning = 1000

/** How long what no attempt succeeded with, and a row that cannot be read, is left alone. */
const pause = Duration.toMillis("10 minutes")

/** How often pending windows are counted, for the metric. */
const countInterval = Duration.toMillis("10 seconds")

/** What is due and could not be taken is with another process, for moments. */
const soon = 50

/** An index of Postgres takes 2,700 bytes, and no real key has a tenth of that. */
const maxKeyLength = 600

/** What answers a part, and where it is stored when that is a message. */
type Answer =
  | { readonly answer: MmsWindow.Due; readonly stored: Store.Stored }
  | { readonly answer: Exclude<MmsWindow.Output, MmsWindow.Due>; readonly stored: undefined }

const storeFailed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (cause) => new MmsAggregatorError({ cause }))

/** Closes the windows whose time is over, and forgets what is old. */
const sweep = (now: number, settings: MmsWindow.Settings) => (state: MmsWindow.State): Store.Changed => {
  const outputs: Array<MmsWindow.Output> = []
  let next = state
  for (const { closesAt, id } of state.open) {
    if (closesAt > now) continue
    const [put, after] = MmsWindow.step(next, new MmsWindow.Elapsed({ window: id, closesAt }), now, settings)
    outputs.push(...put)
    next = after
  }
  return { outputs, state: next.open.length === 0 && next.forgetAt <= now ? undefined : next }
}

/**
 * Makes the tables in the database that is provided, and an aggregator on them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<E = never, R = never>(
  options: Options<E, R> = {}
): Effect.fn.Return<Service, MmsAggregatorError, R | Scope.Scope | SqlClient.SqlClient> {
  const settings = MmsWindow.settings(options)
  const lease = millis(options.lease ?? "30 seconds")
  // A look renews the leases too.
  const pollInterval = Math.min(millis(options.pollInterval ?? "1 second"), lease / 3)
  const startDelay = millis(options.startDelay ?? "1 second")
  const services = yield* Effect.context<R>()
  const { onTimeout } = options

  yield* storeFailed(Store.migrate)
  const store = yield* Store.make

  /** The messages of the outbox that this process has, and those that it only has to remove. */
  const held = new Set<string>()
  const handled = new Set<string>()
  const wake = yield* Latch.make()
  /** When the next look is planned. Not yet, during one. */
  let looksAt = Infinity
  /** When this process begins to take messages from the outbox. */
  let claimsFrom = onTimeout === undefined ? Infinity : 0
  let renewedAt = yield* Clock.currentTimeMillis

  const deliveries: Deliveries.Deliveries = yield* Deliveries.make({
    onTimeout: onTimeout && ((message) => Effect.provideContext(onTimeout(message), services)),
    retry: options.retry,
    shutdownTimeout: options.shutdownTimeout ?? "5 seconds",
    capacity: Infinity,
    beforeLeaving: Effect.suspend(() => drain)
  })

  const drain = Effect.suspend(() => {
    claimsFrom = Infinity
    return deliveries.drain
  })

  /** The message was handled. If that cannot be written now, it will be, and until then nobody else gets it. */
  const finish = (id: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      handled.add(id)
      return store.remove([id]).pipe(
        Effect.andThen(Effect.sync(() => {
          handled.delete(id)
          held.delete(id)
        })),
        Effect.ignore
      )
    })

  /** Leaves the message to whoever takes it next. */
  const release = (id: string, why: "failed" | "left"): Effect.Effect<void> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      held.delete(id)
      if (why === "failed") {
        yield* Effect.logError("A message of several parts could not be handled, and is tried again in 10 minutes")
      }
      // If it cannot be written, it is taken when the lease ends.
      yield* Effect.ignore(store.hold([id], why === "failed" ? now + pause : now))
    })

  /** The delivery of a message that is this process's from now on. */
  const take = ({ id, message }: Store.Stored): Deliveries.Delivery => {
    held.add(id)
    return { message, handled: finish(id), release: (why) => release(id, why) }
  }

  /** The pending windows that the metric has from here. */
  let reported: ReadonlyMap<string, number> = new Map()
  let countedAt = -Infinity

  const report = Effect.fnUntraced(function*(pending: ReadonlyMap<string, number>) {
    for (const provider of new Set([...reported.keys(), ...pending.keys()])) {
      yield* Metrics.addPending(provider, (pending.get(provider) ?? 0) - (reported.get(provider) ?? 0))
    }
    reported = pending
  })

  const sweepKey = Effect.fnUntraced(function*(key: Memory.Key, now: number) {
    const { outputs } = yield* store.change(key, { decide: sweep(now, settings), availableAt: () => now, now })
    yield* Metrics.count(key.provider, outputs)
  })

  const sweepKeys = Effect.fnUntraced(function*(now: number) {
    const keys = yield* store.dueKeys(now, batch)
    for (const key of keys) {
      yield* Effect.catchTag(
        sweepKey(key, now),
        "UnreadableRow",
        // It stays, and keeps nothing else from being done.
        (error) => Effect.andThen(Effect.logError(error.message), store.postponeKey(key, now + pause))
      )
    }
    return keys.length === batch
  })

  const canClaim = () => deliveries.hasHandler() && deliveries.size() < maxRunning

  const claim = Effect.fnUntraced(function*(now: number) {
    if (now < claimsFrom || !canClaim()) return false
    const limit = Math.min(batch, maxRunning - deliveries.size())
    const { messages, unreadable } = yield* store.claim({ now, until: now + lease, limit })
    if (unreadable.length > 0) {
      yield* Effect.logError(new Store.UnreadableRow({ table: "sms_mms_outbox" }).message)
      yield* store.hold(unreadable, now + pause)
    }
    yield* Effect.forEach(messages, (stored) => deliveries.start(take(stored)), { discard: true })
    return messages.length === limit
  })

  const renew = Effect.fnUntraced(function*(now: number) {
    if (handled.size > 0) {
      const ids = [...handled]
      yield* store.remove(ids)
      for (const id of ids) {
        handled.delete(id)
        held.delete(id)
      }
    }
    if (now - renewedAt < lease / 3) return
    yield* store.hold([...held], now + lease)
    renewedAt = now
  })

  const countPending = Effect.fnUntraced(function*(now: number) {
    if (now - countedAt < countInterval) return
    yield* report(yield* store.pending)
    countedAt = now
  })

  /** Does all that is to be done now. Gives until when there is nothing to do. */
  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    yield* renew(now)
    const hasMoreKeys = yield* sweepKeys(now)
    // What ends the loop must not leave messages that were taken and are not delivered.
    const hasMoreMessages = yield* Effect.uninterruptible(claim(now))
    yield* countPending(now)
    if (hasMoreKeys || hasMoreMessages) return now
    const { keys, outbox } = yield* store.next
    const at = Math.min(keys, canClaim() ? Math.max(outbox, claimsFrom) : Infinity)
    return Math.min(at > now ? at : now + soon, now + pollInterval)
  })

  let isBroken = false
  const lookSafely = look.pipe(
    Effect.tap(() => {
      const wasBroken = isBroken
      isBroken = false
      return wasBroken ? Effect.logInfo("The store of split messages can be used again") : Effect.void
    }),
    Effect.catchCause((cause) => {
      const wasBroken = isBroken
      isBroken = true
      const log = Effect.logError("The store of split messages cannot be used, and is tried again", cause)
      return Effect.andThen(
        wasBroken ? Effect.void : log,
        Effect.map(Clock.currentTimeMillis, (now) => now + pollInterval)
      )
    })
  )

  const lookAgain = Effect.gen(function*() {
    yield* wake.close
    looksAt = Infinity
    looksAt = yield* lookSafely
    const wait = Math.max(0, looksAt - (yield* Clock.currentTimeMillis))
    yield* Effect.raceFirst(Effect.sleep(wait), wake.await)
  })

  /** Wakes the loop when something is due before it looks again. */
  const expect = (at: number) => at < looksAt ? wake.open : Effect.void

  /** Stores the part. A message that answers it is in the outbox, and is this process's for a lease. */
  const arrive = Effect.fnUntraced(function*(part: MessagePart): Effect.fn.Return<Answer, Store.StoreError> {
    const now = yield* Clock.currentTimeMillis
    const { correlationKey, message, provider } = part
    const key = correlationKey === undefined ? undefined : Memory.keyOf(provider, correlationKey)
    if (key === undefined || key.text.length > maxKeyLength) {
      if (isEmpty(message.content)) return { answer: { _tag: "Empty" }, stored: undefined }
      const answer = new MmsWindow.Due({ id: 0, cause: "alone", parts: 1, message })
      return { answer, stored: yield* store.put(message, { availableAt: now + lease, now }) }
    }
    const { outputs, state, stored } = yield* store.change(key, {
      now,
      decide: (state) => {
        const [outputs, next] = MmsWindow.step(state, new MmsWindow.Arrived({ part }), now, settings)
        return { outputs, state: next }
      },
      availableAt: (due) => MmsWindow.answersPart(due) ? now + lease : now
    })
    let answer: Answer = { answer: { _tag: "Repeated" }, stored: undefined }
    let isSomethingDue = false
    for (const [index, output] of outputs.entries()) {
      if (output._tag !== "Due") answer = { answer: output, stored: undefined }
      else if (MmsWindow.answersPart(output)) answer = { answer: output, stored: stored[index]! }
      else {
        isSomethingDue = true
        yield* Metrics.count(provider, [output])
      }
    }
    const closesAt = Math.min(...(state?.open ?? []).map(({ closesAt }) => closesAt))
    yield* expect(isSomethingDue ? now : closesAt)
    return answer
  })

  const process: Service["process"] = Effect.fn("MmsAggregator.process")(
    function*<A, E, R>(
      part: MessagePart,
      handle: (message: InboundMessage) => Effect.Effect<A, E, R>
    ): Effect.fn.Return<Outcome<A>, E | MmsAggregatorError, R> {
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*(): Effect.fn.Return<Outcome<A>, E | MmsAggregatorError, R> {
          const { answer, stored } = yield* storeFailed(arrive(part))
          yield* Metrics.count(part.provider, [answer])
          if (stored === undefined) return answer
          const handling = restore(Effect.suspend(() => handle(answer.message)))
          return { _tag: "Due" as const, value: yield* deliveries.hand(take(stored), handling) }
        })
      )
    }
  )

  // The loop outlives whoever makes it, and is in the span of nobody.
  const fork = Effect.runForkWith(Context.omit(Tracer.ParentSpan)(yield* Effect.context<never>()))
  yield* Effect.acquireRelease(
    Effect.sync(() => fork(Effect.forever(lookAgain))),
    (loop) => Effect.andThen(Fiber.interrupt(loop), report(new Map()))
  )

  return MmsAggregator.of({
    offer: Deliveries.offering(process),
    process,
    onDue: Effect.fnUntraced(function*(handler) {
      yield* deliveries.onDue(handler)
      if (claimsFrom === Infinity) claimsFrom = (yield* Clock.currentTimeMillis) + startDelay
      yield* wake.open
    }),
    // What nobody handles stays in the database.
    orphans: Stream.never,
    drain
  })
})

/**
 * An aggregator on the database that is provided: see {@link make}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E = never, R = never>(
  options?: Options<E, R>
): Layer.Layer<MmsAggregator, MmsAggregatorError, SqlClient.SqlClient | Exclude<R, Scope.Scope>> =>
  Layer.effect(MmsAggregator, make(options)) as Layer.Layer<
    MmsAggregator,
    MmsAggregatorError,
    SqlClient.SqlClient | Exclude<R, Scope.Scope>
  >
