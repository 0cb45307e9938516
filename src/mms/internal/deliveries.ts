/**
 * Delivers messages released by timeout to the registered handler. Failures are
 * retried, and messages without a successful handler become dead letters.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { sizeOf } from "../../internal/sizeOf.ts"
import * as SlidingBuffer from "../../internal/slidingBuffer.ts"
import type { InboundMessage } from "../../Message.ts"
import type { MessagePart } from "../../WebhookEvent.ts"
import * as LinkedList from "./linkedList.ts"

export type Handler<E = unknown, R = never> = (message: InboundMessage) => Effect.Effect<unknown, E, R>

export interface Options {
  /** Overrides all registered handlers. */
  readonly onTimeout?: Handler | undefined
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /** How long a drain waits for handlers. */
  readonly shutdownTimeout: Duration.Input
  /** The maximum number of concurrent deliveries. Beyond it the oldest becomes a dead letter. */
  readonly capacity: number
  /** The maximum bytes of their messages, with the same effect. */
  readonly maxBytes: number
  /** Runs before the last handler is removed. */
  readonly beforeLeaving: Effect.Effect<void>
}

export interface Delivery {
  readonly message: InboundMessage
  /** Runs once the message was handled, or has become a dead letter. */
  readonly handled: Effect.Effect<void>
  /**
   * Runs instead of making the message a dead letter, where a store keeps it for
   * another process or a later attempt.
   */
  readonly release?: ((why: "failed" | "left") => Effect.Effect<void>) | undefined
}

export interface Deliveries {
  /** Delivers in the background. Set `failed` after an earlier failed attempt, so that the next one backs off. */
  readonly start: (delivery: Delivery, options?: { readonly failed: boolean }) => Effect.Effect<void>
  /** Delivers to a waiting caller. If that fails or is interrupted, the message is delivered in the background. */
  readonly hand: <A, E, R>(delivery: Delivery, handling: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly onDue: <E, R>(handler: Handler<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /** Streams the dead letters. */
  readonly orphans: Stream.Stream<InboundMessage>
  readonly hasHandler: () => boolean
  /** Returns the number of unhandled messages. */
  readonly size: () => number
  /** Returns their bytes, estimated. */
  readonly bytes: () => number
  /** Skips the backoff of waiting deliveries and waits for all running ones, for at most the shutdown timeout. */
  readonly drain: Effect.Effect<void>
}

interface Run extends Delivery {
  readonly bytes: number
  fiber: Fiber.Fiber<unknown> | undefined
}

const maxOrphans = { maxEntries: 1000, maxBytes: 8 * 1024 * 1024 }

/** Backs off for one second, doubling up to a minute, for about six minutes. */
const defaultRetry = Schedule.max([
  Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]),
  Schedule.recurs(10)
])

/** Identifies the message in logs without personal data. */
const named = (message: InboundMessage) => ({ provider: message.provider, messageId: message.externalId })

/** Builds the deliveries. Closing the scope makes dead letters of the messages that are still unhandled. */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Deliveries, never, Scope.Scope> {
  // Deliveries outlive the request, so they must not inherit its span.
  const fork = Effect.runForkWith(Context.omit(Tracer.ParentSpan)(yield* Effect.context<never>()))
  const orphans = yield* SlidingBuffer.make<InboundMessage>({ ...maxOrphans, sizeOf })
  const handlers: Array<Handler> = []
  const running = LinkedList.make<Run>()
  let bytes = 0
  let hurry = Deferred.makeUnsafe<void>()

  const orphan = (run: Delivery) => Effect.andThen(orphans.offer(run.message), run.handled)

  const giveUp = (run: Delivery, why: string) =>
    run.release?.("left") ?? Effect.logError(`Dead letter: giving up on an MMS: ${why}`).pipe(
      Effect.annotateLogs(named(run.message)),
      Effect.andThen(orphan(run))
    )

  const warnOfFailure = (message: InboundMessage, cause: Cause.Cause<unknown>) =>
    Effect.annotateLogs(
      Effect.logWarning("MMS handler failed", cause),
      named(message)
    )

  const deliver = Effect.fnUntraced(function*(run: Run, failed: boolean) {
    const { message } = run
    const step = yield* Schedule.toStepWithSleep(options.retry ?? defaultRetry)
    /** Backs off until the next attempt. Returns `false` when the retries are exhausted. */
    const wait = Effect.suspend(() =>
      Effect.raceFirst(
        Pull.catchDone(Effect.as(step(undefined), true), () => Effect.succeed(false)),
        Effect.as(Deferred.await(hurry), true)
      )
    )
    for (let waits = failed; !waits || (yield* wait); waits = true) {
      const handler = options.onTimeout ?? handlers.at(-1)
      if (handler === undefined && run.release !== undefined) return yield* run.release("left")
      if (handler === undefined) {
        yield* Effect.annotateLogs(
          Effect.logWarning("Dead letter: no handler is registered for an MMS"),
          named(message)
        )
        return yield* orphan(run)
      }
      const exit = yield* Effect.exit(Effect.suspend(() => handler(message)))
      if (Exit.isSuccess(exit)) return yield* run.handled
      yield* warnOfFailure(message, exit.cause)
    }
    yield* run.release?.("failed") ?? giveUp(run, "retries exhausted")
  })

  const add = (run: Run) => {
    bytes += run.bytes
    return running.add(run)
  }

  const remove = (entry: LinkedList.Entry<Run>) => {
    if (running.remove(entry)) bytes -= entry.value.bytes
  }

  const start: Deliveries["start"] = Effect.fnUntraced(function*(delivery, { failed } = { failed: false }) {
    const run: Run = { ...delivery, bytes: sizeOf(delivery.message), fiber: undefined }
    const entry = add(run)
    run.fiber = fork(Effect.catchCause(deliver(run, failed), (cause) => warnOfFailure(run.message, cause)))
    run.fiber.addObserver(() => remove(entry))
    while (running.size() > options.capacity || (running.size() > 1 && bytes > options.maxBytes)) {
      const oldest = running.first()!
      remove(oldest)
      oldest.value.fiber?.interruptUnsafe()
      yield* giveUp(oldest.value, "too many unhandled messages")
    }
  })

  const all = () => {
    const fibers: Array<Fiber.Fiber<unknown>> = []
    running.forEach(({ fiber }) => fiber !== undefined && fibers.push(fiber))
    return fibers
  }

  const drain = Effect.suspend(() => {
    const waiting = hurry
    hurry = Deferred.makeUnsafe()
    Deferred.doneUnsafe(waiting, Effect.void)
    return Effect.asVoid(Effect.timeoutOption(Fiber.awaitAll(all()), options.shutdownTimeout))
  })

  yield* Effect.addFinalizer(Effect.fnUntraced(function*() {
    yield* drain
    while (running.first() !== undefined) {
      const { value } = running.first()!
      remove(running.first()!)
      value.fiber?.interruptUnsafe()
      yield* giveUp(value, "the aggregator is shutting down")
    }
  }))

  return {
    start,
    hand: (delivery, handling) =>
      Effect.onExit(
        handling,
        (exit) => Exit.isSuccess(exit) ? delivery.handled : start(delivery, { failed: true })
      ),
    drain,
    orphans: orphans.stream,
    hasHandler: () => options.onTimeout !== undefined || handlers.length > 0,
    size: running.size,
    bytes: () => bytes,
    onDue: Effect.fnUntraced(function*<E, R>(handler: Handler<E, R>) {
      const context = yield* Effect.context<R>()
      const services = Context.omit(Tracer.ParentSpan)(
        context as Context.Context<unknown>
      ) as Context.Context<R>
      const registered: Handler = (message) => Effect.provideContext(handler(message), services)
      yield* Effect.acquireRelease(
        Effect.sync(() => void handlers.push(registered)),
        () =>
          Effect.andThen(
            // Without another handler, this one receives now the messages that it would have received later.
            Effect.suspend(() =>
              options.onTimeout === undefined && handlers.length === 1 ? options.beforeLeaving : Effect.void
            ),
            Effect.sync(() => void handlers.splice(handlers.indexOf(registered), 1))
          )
      )
    })
  }
})

/** Derives `offer` from `process`: a released message is returned to the caller. */
export const offering = <E>(
  process: <A, E1, R>(
    part: MessagePart,
    handle: (message: InboundMessage) => Effect.Effect<A, E1, R>
  ) => Effect.Effect<{ readonly _tag: "Due"; readonly value: A } | { readonly _tag: Exclude<string, "Due"> }, E | E1, R>
) =>
(part: MessagePart): Effect.Effect<Option.Option<InboundMessage>, E> =>
  Effect.map(
    process(part, Effect.succeed),
    (outcome) => "value" in outcome ? Option.some(outcome.value) : Option.none()
  )
