/**
 * Brings messages that come out by time to whoever handles them. A failure is
 * tried again, and what nobody handles is kept where it can be found.
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
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { InboundMessage } from "../../Message.ts"
import type { MessagePart } from "../../WebhookEvent.ts"
import * as LinkedList from "./linkedList.ts"

export type Handler<E = unknown, R = never> = (message: InboundMessage) => Effect.Effect<unknown, E, R>

export interface Options {
  /** Takes the place of all registered handlers. */
  readonly onTimeout?: Handler | undefined
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /** How long a drain waits for handlers. */
  readonly shutdownTimeout: Duration.Input
  /** Deliveries at a time. Beyond that the oldest is given up. */
  readonly capacity: number
  /** What the end of a registration does first. */
  readonly beforeLeaving: Effect.Effect<void>
}

export interface Delivery {
  readonly message: InboundMessage
  /** To be run once the message was handled, or nobody will handle it. */
  readonly handled: Effect.Effect<void>
  /**
   * Run in the place of giving the message up, where it is kept for another
   * process, or for another time.
   */
  readonly release?: ((why: "failed" | "left") => Effect.Effect<void>) | undefined
}

export interface Deliveries {
  /** Delivers in the background. `failed` when an attempt was made before, and the next one has to wait. */
  readonly start: (delivery: Delivery, options?: { readonly failed: boolean }) => Effect.Effect<void>
  /** Hands the message to a caller who waits. If that fails, or the caller goes away, it is delivered as others are. */
  readonly hand: <A, E, R>(delivery: Delivery, handling: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly onDue: <E, R>(handler: Handler<E, R>) => Effect.Effect<void, never, R | Scope.Scope>
  /** Messages that no handler took, each once. */
  readonly orphans: Stream.Stream<InboundMessage>
  readonly hasHandler: () => boolean
  /** How many are not handled yet. */
  readonly size: () => number
  /** Tries all that waits for another attempt at once, and waits for what is running, for the time limit at most. */
  readonly drain: Effect.Effect<void>
}

interface Run extends Delivery {
  fiber: Fiber.Fiber<unknown> | undefined
}

const maxOrphans = 1000

/** A second, doubling up to a minute, for about six minutes. */
const defaultRetry = Schedule.max([
  Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")]),
  Schedule.recurs(10)
])

/** Whose message it is, without saying who wrote it. */
const named = (message: InboundMessage) => ({ provider: message.provider, messageId: message.externalId })

/** The end of the scope gives up what is not handled by then. */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Deliveries, never, Scope.Scope> {
  // A delivery is nobody's child: it has not the span of the webhook that opened the window.
  const fork = Effect.runForkWith(Context.omit(Tracer.ParentSpan)(yield* Effect.context<never>()))
  const orphans = yield* Effect.acquireRelease(Queue.sliding<InboundMessage>(maxOrphans), Queue.shutdown)
  const handlers: Array<Handler> = []
  const running = LinkedList.make<Run>()
  let hurry = Deferred.makeUnsafe<void>()

  const orphan = (run: Delivery) => Effect.andThen(Queue.offer(orphans, run.message), run.handled)

  const giveUp = (run: Delivery, why: string) =>
    run.release?.("left") ?? Effect.logError(`A message of several parts is given up: ${why}`).pipe(
      Effect.annotateLogs(named(run.message)),
      Effect.andThen(orphan(run))
    )

  const warnOfFailure = (message: InboundMessage, cause: Cause.Cause<unknown>) =>
    Effect.annotateLogs(
      Effect.logWarning("A message of several parts could not be handled, and is tried again", cause),
      named(message)
    )

  const deliver = Effect.fnUntraced(function*(run: Run, failed: boolean) {
    const { message } = run
    const step = yield* Schedule.toStepWithSleep(options.retry ?? defaultRetry)
    /** Waits for the next attempt. `false` when there is none. */
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
          Effect.logWarning("Nobody handles a message of several parts: it is among the orphans"),
          named(message)
        )
        return yield* orphan(run)
      }
      const exit = yield* Effect.exit(Effect.suspend(() => handler(message)))
      if (Exit.isSuccess(exit)) return yield* run.handled
      yield* warnOfFailure(message, exit.cause)
    }
    yield* run.release?.("failed") ?? giveUp(run, "no attempt succeeded")
  })

  const start: Deliveries["start"] = Effect.fnUntraced(function*(delivery, { failed } = { failed: false }) {
    const run: Run = { ...delivery, fiber: undefined }
    const entry = running.add(run)
    run.fiber = fork(Effect.catchCause(deliver(run, failed), (cause) => warnOfFailure(run.message, cause)))
    run.fiber.addObserver(() => running.remove(entry))
    while (running.size() > options.capacity) {
      const oldest = running.first()!
      running.remove(oldest)
      oldest.value.fiber?.interruptUnsafe()
      yield* giveUp(oldest.value, "too many cannot be handled")
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
      running.remove(running.first()!)
      value.fiber?.interruptUnsafe()
      yield* giveUp(value, "the aggregator ends")
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
    orphans: Stream.fromQueue(orphans),
    hasHandler: () => options.onTimeout !== undefined || handlers.length > 0,
    size: running.size,
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
            // What this handler would have got later, it gets now, unless another one is there for it.
            Effect.suspend(() =>
              options.onTimeout === undefined && handlers.length === 1 ? options.beforeLeaving : Effect.void
            ),
            Effect.sync(() => void handlers.splice(handlers.indexOf(registered), 1))
          )
      )
    })
  }
})

/** Derives `offer` of an aggregator from its `process`: a message that comes out goes back to the caller. */
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
