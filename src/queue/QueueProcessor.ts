/**
 * Processes a queue: lanes in parallel, the entries of each lane in order. A
 * failed entry is retried on a schedule, and becomes a dead letter after the
 * last retry.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { IsBackground } from "../internal/background.ts"
import * as Counters from "../internal/counters.ts"
import * as Histograms from "../internal/histograms.ts"
import * as Polling from "../internal/polling.ts"
import { type StorageError, UnreadableRow } from "../StorageError.ts"
import { type Completion, CurrentCompletion } from "./internal/completion.ts"
import { Postponed } from "./internal/postponed.ts"
import type { Claim, Entry, Queue } from "./Queue.ts"
import { GiveUp, TryAgain } from "./TryAgain.ts"

/**
 * Options of the processor.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The maximum number of lanes processed concurrently. 64 by default. */
  readonly concurrency?: number | undefined
  /** How often the queue is polled for lanes that other processes left. 1 second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * The delays between attempts. A failure after the last delay makes the entry
   * a dead letter. By default 1, 5, 15 and 30 seconds, 1, 5, 15 and 30 minutes,
   * 1, 3 and 6 hours.
   */
  readonly waits?: ReadonlyArray<Duration.Input> | undefined
  /** How long shutdown waits for running work before leaving it to other processes. 5 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * The processor of a queue.
 *
 * @category models
 * @since 0.1.0
 */
export interface Processor<A> {
  /** Accepts events like the queue, and polls it immediately. */
  readonly accept: Queue<A>["accept"]
  /** Polls the queue immediately. */
  readonly wake: Effect.Effect<void>
}

/**
 * What is processed, and the words for it in logs and metrics.
 *
 * @category models
 * @since 0.1.0
 */
export interface Work<A, E, R> {
  /** The name of the queue: `inbox`. */
  readonly name: string
  readonly queue: Queue<A>
  /** The kind of an event, one of a few. */
  readonly kindOf: (event: A) => string
  readonly process: (entry: Entry<A>) => Effect.Effect<unknown, E, R>
}

/**
 * Returns the kind of an error, for the operator. The error itself is not
 * stored, because an application's error may quote the message.
 */
const errorKindOf = (cause: Cause.Cause<unknown>): string => {
  const squashed = Cause.squash(cause)
  // A wish is no reason.
  const error = (squashed instanceof TryAgain || squashed instanceof GiveUp) && squashed.cause !== undefined
    ? squashed.cause
    : squashed
  if (typeof error === "object" && error !== null) {
    if ("_tag" in error && typeof error._tag === "string") return error._tag
    if ("name" in error && typeof error.name === "string") return error.name
  }
  return "Unknown"
}

/**
 * Finds the `TryAgain` or `GiveUp` of a failure, even as the cause of another
 * error. A retry cannot read a row that does not decode.
 */
const wishOf = (cause: Cause.Cause<unknown>): TryAgain | GiveUp | undefined => {
  for (let error = Cause.squash(cause); typeof error === "object" && error !== null;) {
    if (error instanceof UnreadableRow) return new GiveUp()
    if (error instanceof TryAgain || error instanceof GiveUp) return error
    error = "cause" in error ? error.cause : undefined
  }
  return undefined
}

const measure = Histograms.make("sms_queue_seconds", {
  description: "From the acceptance of an event to the end of its processing, by queue and kind",
  boundaries: Histograms.hours
})

const countFailure = Counters.makeBy<"queue" | "kind" | "outcome">(
  "sms_queue_failures_total",
  "Failed attempts to process an event, by queue, kind and outcome: retried, dead"
)

/** What a lane goes on with: whether this process still holds it, and its next entry. */
interface Continuation<A> {
  readonly isHeld: boolean
  readonly next?: Entry<A> | undefined
}

const left = { isHeld: false }

/**
 * Starts processing until the scope closes. Closing waits for running work,
 * then leaves it to other processes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<A, E, R>(
  { kindOf, name, process, queue }: Work<A, E, R>,
  options: Options = {}
): Effect.fn.Return<Processor<A>, never, R | Scope.Scope> {
  const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))
  const concurrency = options.concurrency ?? 64
  const pollInterval = millis(options.pollInterval ?? Polling.defaultInterval)
  const waits = (options.waits ?? Polling.defaultWaits).map((wait) => Duration.fromInputUnsafe(wait))
  // Processing outlives the request that delivered the event, so it must not inherit its span.
  const services = yield* Effect.context<R>()
  const fork = Effect.runForkWith(
    Context.add(
      Context.omit(Tracer.ParentSpan)(services) as Context.Context<never> as Context.Context<R>,
      IsBackground,
      true
    )
  )
  const working = new Map<Fiber.Fiber<unknown, unknown>, Claim>()
  /** Whether the queue may hold claims of this process that nobody works on. */
  let hasStray = false
  const noteStray = () => {
    hasStray = true
  }
  const wake = yield* Latch.make()
  let isEnding = false

  /** Stores the outcome of an entry that failed. */
  const failed = Effect.fnUntraced(function*(
    claim: Claim,
    entry: Entry<A>,
    cause: Cause.Cause<unknown>
  ): Effect.fn.Return<Continuation<A>, StorageError> {
    const { failures, id } = entry
    const squashed = Cause.squash(cause)
    if (squashed instanceof Postponed) {
      yield* queue.release(claim, squashed.delay)
      return left
    }
    const wish = wishOf(cause)
    const wait = wish instanceof GiveUp ? undefined : waits[failures]
    const error = errorKindOf(cause)
    if (wait === undefined) {
      yield* Effect.annotateLogs(
        Effect.logError(`An entry of the ${name} became a dead letter`, cause),
        { entry: id, failures: failures + 1 }
      )
      yield* countFailure({ queue: name, kind: kindOf(entry.event), outcome: "dead" })
      return (yield* queue.bury(claim, entry, error)) ? { isHeld: true, next: yield* queue.head(claim) } : left
    }
    const delay = (wish instanceof TryAgain ? wish.after : undefined) ?? wait
    yield* Effect.annotateLogs(
      Effect.logWarning(`An entry of the ${name} failed and will be retried`, cause),
      { entry: id, failures: failures + 1, retryInMillis: Duration.toMillis(delay) }
    )
    yield* countFailure({ queue: name, kind: kindOf(entry.event), outcome: "retried" })
    yield* queue.retry(claim, entry, { delay, error })
    return left
  })

  const processOne = Effect.fnUntraced(function*(
    claim: Claim,
    entry: Entry<A>
  ): Effect.fn.Return<Continuation<A>, StorageError, R> {
    const completion: Completion = { changes: [], isOpen: true }
    const exit = yield* Effect.exit(
      Effect.provideService(Effect.suspend(() => process(entry)), CurrentCompletion, completion)
    )
    completion.isOpen = false
    if (Exit.isSuccess(exit)) {
      const { acceptedAt, event } = entry
      yield* measure(
        { queue: name, kind: kindOf(event) },
        Duration.toSeconds(DateTime.distance(acceptedAt, yield* DateTime.now))
      )
      return yield* queue.complete(claim, entry, completion.changes).pipe(
        Effect.map((completed): Continuation<A> =>
          completed._tag === "Next" ? { isHeld: true, next: completed.entry } : left
        ),
        // The changes are of the processing, so what fails each time ends as a dead letter.
        Effect.catchCause((cause) =>
          completion.changes.length === 0 || Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : failed(claim, entry, cause)
        )
      )
    }
    // Interrupted by shutdown: the entry is left to the process that claims the lane next.
    return Cause.hasInterruptsOnly(exit.cause)
      ? { isHeld: true, next: undefined }
      : yield* failed(claim, entry, exit.cause)
  })

  /** Processes a lane. An entry whose outcome cannot be stored is processed again under the next claim. */
  const work = (claim: Claim) => {
    let isHeld = true
    return Effect.gen(function*() {
      let entry = isEnding ? undefined : yield* queue.head(claim)
      while (entry !== undefined) {
        const continuation: Continuation<A> = yield* processOne(claim, entry)
        isHeld = continuation.isHeld
        entry = isEnding ? undefined : continuation.next
      }
    }).pipe(
      Effect.ensuring(
        Effect.suspend(() => isHeld ? Effect.catch(queue.release(claim), () => Effect.sync(noteStray)) : Effect.void)
      ),
      Effect.catch((error) => Effect.logError(`A lane of the ${name} could not be worked on`, error))
    )
  }

  const start = (claim: Claim) => {
    const fiber = fork(work(claim))
    working.set(fiber, claim)
    fiber.addObserver(() => {
      working.delete(fiber)
      wake.openUnsafe()
    })
  }

  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const limit = concurrency - working.size
    if (isEnding || limit <= 0) return now + pollInterval
    if (hasStray) {
      // Cleared first: a lane that cannot be released meanwhile is not among those that this call releases.
      hasStray = false
      yield* Effect.onError(queue.releaseOthers([...working.values()]), () => Effect.sync(noteStray))
    }
    // Between the claim and the start nothing may come, or the lanes would stay claimed.
    const claims = yield* Effect.uninterruptible(
      Effect.tapError(
        Effect.tap(queue.claim({ limit }), (claims) => Effect.sync(() => claims.forEach(start))),
        () => Effect.sync(noteStray)
      )
    )
    if (claims.length === limit) return now
    return Math.min(yield* queue.nextAt, now + pollInterval)
  })

  const loop = fork(Polling.loop({
    look,
    wake,
    pollInterval,
    onFailure: (cause) => Effect.logError(`The ${name} is unavailable and will be retried`, cause),
    onRecovery: Effect.logInfo(`The ${name} is available again`)
  }))
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      isEnding = true
      const shutdownTimeout = options.shutdownTimeout ?? "5 seconds"
      yield* Effect.timeoutOption(Fiber.awaitAll(working.keys()), shutdownTimeout)
      // An end must not wait for a store that hangs.
      yield* Effect.timeoutOption(Fiber.interruptAll([...working.keys(), loop]), shutdownTimeout)
    })
  )

  return {
    accept: (events) => Effect.tap(queue.accept(events), wake.open),
    wake: Effect.asVoid(wake.open)
  }
})
