/**
 * An `MmsAggregator` with its state in an SQL database, so that it survives a
 * restart and can be shared: SQLite for one or a few processes on one machine,
 * Postgres for several behind a load balancer.
 *
 * The state of a correlation key is one row. A part updates it in a transaction
 * that locks the row, using the same pure step function as the in-memory
 * aggregator. A released message is written to an outbox in the same
 * transaction and stays there until its handler succeeds. Every process polls
 * for windows past their timeout and for messages in the outbox. It claims
 * messages with a lease, which it renews while it handles them. Other processes
 * therefore take over the work of a killed process: its windows immediately,
 * the messages it was handling when the lease expires.
 *
 * A handler sees each message at least once, always with the same idempotency
 * key. It sees a message again when the process dies after the handler
 * succeeded and before that was recorded, or when it is paused for longer than
 * the lease. With an inbox, the handler accepts the message in the inbox, which
 * recognizes it by its key; otherwise `RoomKit` deduplicates the messages that
 * its own process handled.
 *
 * The clocks of the processes may differ by a small fraction of `timeout` and
 * of the lease: by one second at most. A clock that is ahead closes windows too
 * early by that difference. When the clock is set back, open windows begin
 * again, and messages that were claimed before can be claimed again.
 *
 * Deletes a message's rows once it has been handled. Its correlation key, which
 * contains both phone numbers, and its part ids are kept for `rememberFor`.
 *
 * The pending windows metric covers the whole database; each process counts it
 * every 10 seconds.
 *
 * The entities of `effect/cluster` would be an alternative, but they fit less
 * well. After a process is killed, its shards can stay locked until the lock
 * expires, 35 seconds by default, and webhooks for their keys would wait. (On
 * Postgres the lock belongs to the connection, and ends when the server notices
 * that it is gone.) Here any process accepts any part immediately. Also, an
 * entity's stored messages, which contain customer text, are kept until the
 * entity's whole address is cleared; and since a lost reply is not redelivered,
 * an outbox would still be needed.
 *
 * **Example** (Parts that survive a crash)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { RoomKit } from "effect-sms"
 * import * as MmsAggregatorSql from "effect-sms/sql/MmsAggregatorSql"
 * import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
 *
 * export const Kit = RoomKit.layer().pipe(
 *   Layer.provide(MmsAggregatorSql.layer({ timeout: "10 seconds" })),
 *   Layer.provide(NodeSqliteClient.layer({ filename: "/var/lib/sms.db" }))
 * )
 * ```
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
import * as Polling from "../internal/polling.ts"
import * as SteadyClock from "../internal/steadyClock.ts"
import { unchecked } from "../internal/unchecked.ts"
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
import { makeLogUnreadable } from "./internal/json.ts"
import * as Store from "./internal/mmsStore.ts"

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<E = unknown, R = never> = AggregatorOptions<E, R> & {
  /**
   * How often the database is polled for work that other processes left. 1 second
   * by default. It does not delay work that this process knows about.
   */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * How long a claimed message belongs to its process, unless the lease is
   * renewed. After a process is killed, other processes claim the messages that
   * it was handling once this time has passed. 30 seconds by default.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * The delay between the registration of the first handler and the first
   * messages. 1 second by default: at startup the outbox may contain earlier
   * messages, which must wait until the hooks and channels are registered.
   */
  readonly startDelay?: Duration.Input | undefined
}

const millis = (input: Duration.Input): number => Math.max(1, Duration.toMillis(Duration.fromInputUnsafe(input)))

/** The maximum number of rows per batch. */
const batch = 100

/** The maximum number of messages that this process handles or retries at a time. */
const maxRunning = 1000
/** The bytes of their messages, estimated, at which this process claims no more. */
const maxRunningBytes = 32 * 1024 * 1024

/** How long a message with exhausted retries, or an unreadable row, is left alone. */
const pause = Duration.toMillis("10 minutes")

/** How often pending windows are counted for the metric. */
const countInterval = Duration.toMillis("10 seconds")

/** The delay before looking again at due work that another process has locked for a moment. */
const soon = 50

/** Postgres indexes at most 2,700 bytes, and no real key is a tenth as long. */
const maxKeyLength = 600

/** The output for a part, and its outbox row when it is a message. */
type Answer =
  | { readonly answer: MmsWindow.Due; readonly stored: Store.Stored }
  | { readonly answer: Exclude<MmsWindow.Output, MmsWindow.Due>; readonly stored: undefined }

const storeFailed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, (cause) => new MmsAggregatorError({ cause }))

/** Closes the windows past their timeout and deletes an expired state. */
const sweep = (now: number, settings: MmsWindow.Settings) => (before: MmsWindow.State): Store.Changed => {
  const outputs: Array<MmsWindow.Output> = []
  const state = MmsWindow.followClock(before, now, settings)
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
 * Builds an aggregator on the `SqlClient` in the context, and creates its
 * tables.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<E = never, R = never>(
  options: Options<E, R> = {}
): Effect.fn.Return<Service, MmsAggregatorError, R | Scope.Scope | SqlClient.SqlClient> {
  const settings = MmsWindow.settings(options)
  const lease = millis(options.lease ?? "30 seconds")
  // Polling also renews the leases.
  const pollInterval = Math.min(millis(options.pollInterval ?? "1 second"), lease / 3)
  const startDelay = millis(options.startDelay ?? "1 second")
  const services = yield* Effect.context<R>()
  const { onTimeout } = options

  yield* storeFailed(Store.migrate)
  const store = yield* Store.make
  const logUnreadable = yield* makeLogUnreadable

  /** The outbox messages that this process has claimed, and those that it only has to delete. */
  const held = new Set<string>()
  const handled = new Set<string>()
  const wake = yield* Latch.make()
  /** When the next poll is planned. `Infinity` while one is running. */
  let looksAt = Infinity
  /** When this process starts to claim messages from the outbox, on the clock that nobody sets. */
  let claimsFrom = onTimeout === undefined ? Infinity : -Infinity
  let renewedAt = yield* SteadyClock.millis

  const deliveries: Deliveries.Deliveries = yield* Deliveries.make({
    onTimeout: onTimeout && ((message) => Effect.provideContext(onTimeout(message), services)),
    retry: options.retry,
    shutdownTimeout: options.shutdownTimeout ?? "5 seconds",
    capacity: Infinity,
    // Beyond it, the oldest is left to the store again.
    maxBytes: 2 * maxRunningBytes,
    beforeLeaving: Effect.suspend(() => drain)
  })

  const drain = Effect.suspend(() => {
    claimsFrom = Infinity
    return deliveries.drain
  })

  /**
   * Deletes a handled message. If that fails, it is retried later, and until then
   * no other process claims the message.
   */
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

  /** Releases the claim on a message, so that any process can claim it. */
  const release = (id: string, why: "failed" | "left"): Effect.Effect<void> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      held.delete(id)
      if (why === "failed") {
        yield* Effect.logError("MMS handler retries exhausted; trying again in 10 minutes")
      }
      // If this fails, the message becomes available when the lease expires.
      yield* Effect.ignore(store.hold([id], { now, until: why === "failed" ? now + pause : now }))
    })

  /** Builds the delivery of a message that this process has claimed. */
  const take = ({ id, message }: Store.Stored): Deliveries.Delivery => {
    held.add(id)
    return { message, handled: finish(id), release: (why) => release(id, why) }
  }

  /** The pending windows that this process has added to the metric. */
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
        // The row is kept, and does not block other work.
        ({ table }) =>
          Effect.andThen(logUnreadable(key.text, { table }), store.postponeKey(key, { now, until: now + pause }))
      )
    }
    return keys.length === batch
  })

  const canClaim = () =>
    deliveries.hasHandler() && deliveries.size() < maxRunning && deliveries.bytes() < maxRunningBytes

  const claim = Effect.fnUntraced(function*(now: number) {
    if ((yield* SteadyClock.millis) < claimsFrom || !canClaim()) return false
    const limit = Math.min(batch, maxRunning - deliveries.size())
    const { messages, unreadable } = yield* store.claim({ now, until: now + lease, limit })
    if (unreadable.length > 0) {
      yield* Effect.forEach(unreadable, (id) => logUnreadable(id, { table: "sms_mms_outbox", id }), { discard: true })
      yield* store.hold(unreadable, { now, until: now + pause })
    }
    // A process that was paused past its own lease still handles what it had.
    const others = messages.filter(({ id }) => !held.has(id))
    yield* Effect.forEach(others, (stored) => deliveries.start(take(stored)), { discard: true })
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
    const elapsed = yield* SteadyClock.millis
    if (elapsed - renewedAt < lease / 3) return
    const ids = [...held]
    const kept = new Set(yield* store.hold(ids, { now, until: now + lease }))
    // Another process has claimed the rest while this one was paused.
    for (const id of ids) if (!kept.has(id)) held.delete(id)
    renewedAt = elapsed
  })

  const countPending = Effect.gen(function*() {
    const elapsed = yield* SteadyClock.millis
    if (elapsed - countedAt < countInterval) return
    yield* report(yield* store.pending)
    countedAt = elapsed
  })

  /** Does all due work, and returns when to look again. */
  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    yield* renew(now)
    const hasMoreKeys = yield* sweepKeys(now)
    // Uninterruptible, so that stopping the loop does not leave claimed messages undelivered.
    const hasMoreMessages = yield* Effect.uninterruptible(claim(now))
    yield* countPending
    if (hasMoreKeys || hasMoreMessages) return now
    const { keys, outbox } = yield* store.next
    const startsAt = now + Math.max(0, claimsFrom - (yield* SteadyClock.millis))
    const at = Math.min(keys, canClaim() ? Math.max(outbox, startsAt) : Infinity)
    return Math.min(at > now ? at : now + soon, now + pollInterval)
  })

  const polling = Polling.loop({
    look: Effect.suspend(() => {
      looksAt = Infinity
      return look
    }),
    wake,
    pollInterval,
    onFailure: (cause) => Effect.logError("MMS store failed; retrying", cause),
    onRecovery: Effect.logInfo("MMS store recovered"),
    onWait: (at) => {
      looksAt = at
    }
  })

  /** Wakes the loop if something is due before its next poll. */
  const expect = (at: number) => at < looksAt ? wake.open : Effect.void

  /** Stores the part. A message that it releases is written to the outbox and claimed by this process. */
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
        const current = MmsWindow.followClock(state, now, settings)
        const [outputs, next] = MmsWindow.step(current, unchecked(MmsWindow.Arrived, { part }), now, settings)
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
    const closesAt = (state?.open ?? []).reduce((first, { closesAt }) => Math.min(first, closesAt), Infinity)
    yield* expect(isSomethingDue ? now : closesAt)
    return answer
  })

  const process: Service["process"] = Effect.fn("MmsAggregator.process")(
    <A, E, R>(
      part: MessagePart,
      handle: (message: InboundMessage) => Effect.Effect<A, E, R>
    ): Effect.Effect<Outcome<A>, E | MmsAggregatorError, R> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          storeFailed(arrive(part)),
          ({ answer, stored }): Effect.Effect<Outcome<A>, E | MmsAggregatorError, R> => {
            const counted = Metrics.count(part.provider, [answer])
            if (stored === undefined) return Effect.as(counted, answer)
            const handling = Effect.suspend(() => handle(answer.message))
            const handed = deliveries.hand(take(stored), restore(handling))
            return Effect.andThen(counted, Effect.map(handed, (value) => ({ _tag: "Due" as const, value })))
          }
        )
      )
  )

  // The loop outlives the caller, so it must not inherit its span.
  const fork = Effect.runForkWith(Context.omit(Tracer.ParentSpan)(yield* Effect.context<never>()))
  yield* Effect.acquireRelease(
    Effect.sync(() => fork(polling)),
    (loop) => Effect.andThen(Fiber.interrupt(loop), report(new Map()))
  )

  return MmsAggregator.of({
    offer: Deliveries.offering(process),
    process,
    onDue: Effect.fnUntraced(function*(handler) {
      yield* deliveries.onDue(handler)
      if (claimsFrom === Infinity) claimsFrom = (yield* SteadyClock.millis) + startDelay
      yield* wake.open
    }),
    // Messages without a successful handler stay in the database.
    orphans: Stream.never,
    drain
  })
})

/**
 * Provides an aggregator on the `SqlClient` in the context: see {@link make}.
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
