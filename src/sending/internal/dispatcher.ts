/**
 * Sends queued messages when they are ready: claims them, sends them
 * concurrently, and stores the outcomes. The loop polls the store for messages
 * of other processes, and immediately when this process queues one.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Polling from "../../internal/polling.ts"
import type { SendReceipt } from "../../Message.ts"
import { SmsError } from "../../SmsError.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Claim, Intent, Service as IntentStore } from "../IntentStore.ts"
import { outcomeUnknown } from "./outcomeUnknown.ts"
import * as Progress from "./progress.ts"
import { isProven, kindOf, retryOf } from "./refusals.ts"
import { patiently } from "./surely.ts"

export interface Options {
  readonly concurrency?: number | undefined
  readonly bulkConcurrency?: number | undefined
  readonly pollInterval?: Duration.Input | undefined
  readonly waits?: ReadonlyArray<Duration.Input> | undefined
  readonly shutdownTimeout?: Duration.Input | undefined
}

export interface Parts<E, R> {
  readonly intents: IntentStore
  readonly send: (intent: Intent) => Effect.Effect<SendReceipt, E, R>
  /** Opens when a message was queued. */
  readonly wake: Latch.Latch
}

/** Dispatches until the scope closes. Closing waits for running sends; those that take longer become unknown. */
export const run = Effect.fnUntraced(function*<E, R>(
  { intents, send, wake }: Parts<E, R>,
  options: Options
): Effect.fn.Return<void, never, R | SecureRandom.SecureRandom | Scope.Scope> {
  const random = yield* SecureRandom.SecureRandom
  const concurrency = options.concurrency ?? 16
  const bulkConcurrency = options.bulkConcurrency ?? Math.ceil(concurrency / 2)
  const pollInterval = Duration.toMillis(Duration.fromInputUnsafe(options.pollInterval ?? Polling.defaultInterval))
  const waits = (options.waits ?? Polling.defaultWaits).map((wait) => Duration.fromInputUnsafe(wait))
  // A send outlives the request that queued it, so it must not inherit its span.
  const services = yield* Effect.context<R>()
  const fork = Effect.runForkWith(
    Context.omit(Tracer.ParentSpan)(services) as Context.Context<never> as Context.Context<R>
  )
  const working = new Map<Fiber.Fiber<unknown, unknown>, Intent>()
  /** The tokens of claims that may have happened although they failed. */
  const strays = new Set<string>()
  let isEnding = false

  /** Determines the outcome of a send, and stores it. */
  const finish = (
    { id, provider = "unknown", ...attempts }: Intent,
    claim: Claim,
    progress: Progress.Progress,
    exit: Exit.Exit<SendReceipt, E>
  ) => {
    if (Exit.isSuccess(exit)) return intents.settle(id, { state: "accepted", receipt: exit.value })
    const failure = Cause.findError(exit.cause)
    // After a defect or an interruption, the carrier may or may not have the message.
    if (Result.isFailure(failure)) {
      return intents.settle(id, progress.unknown(outcomeUnknown(provider, "Defect")))
    }
    const error = failure.success instanceof SmsError ? failure.success : undefined
    if (!isProven(failure.success)) return intents.settle(id, progress.unknown(error))
    const retry = error === undefined ? undefined : retryOf(error, attempts, waits)
    return retry === undefined
      ? intents.settle(id, { state: "refused", error, refusal: kindOf(failure.success) })
      : intents.requeue(claim, { ...retry, error })
  }

  /** Stores the outcome, also when the store fails at first. A process that ends meanwhile leaves it as unknown. */
  const work = (claim: Claim, intent: Intent) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const progress = Progress.make(intents, intent.id)
        const exit = yield* Effect.exit(restore(progress.run(Effect.suspend(() => send(intent)))))
        const stored = finish(intent, claim, progress, exit)
        yield* Effect.catch(stored, (error: StorageError) =>
          Effect.logError("The outcome of a send could not be stored, and is stored later", error).pipe(
            Effect.annotateLogs({ intent: intent.id }),
            Effect.andThen(restore(Effect.retry(stored, patiently)))
          ))
      })
    )

  const start = (token: string) => (intent: Intent) => {
    const fiber = fork(work({ id: intent.id, token }, intent))
    working.set(fiber, intent)
    fiber.addObserver(() => {
      working.delete(fiber)
      wake.openUnsafe()
    })
  }

  const look = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const limit = concurrency - working.size
    if (isEnding || limit <= 0) return now + pollInterval
    for (const token of strays) {
      yield* intents.unclaim(token)
      strays.delete(token)
    }
    const isBulk = [...working.values()].filter(({ priority }) => priority === "bulk").length
    const bulk = Math.max(0, bulkConcurrency - isBulk)
    const token = yield* random.ulid
    strays.add(token)
    // Between the claim and the start nothing may come, or the messages would be left as they are.
    const claimed = yield* Effect.uninterruptible(
      Effect.tap(intents.claim({ token, limit, bulk }), (claimed) =>
        Effect.sync(() => {
          if (isEnding) return
          strays.delete(token)
          claimed.forEach(start(token))
        }))
    )
    if (claimed.length === limit) return now
    const next = yield* intents.nextAt
    // What is ready and was not claimed waits for the end of a running send.
    return next > now ? Math.min(next, now + pollInterval) : now + pollInterval
  })

  const loop = fork(Polling.loop({
    look,
    wake,
    pollInterval,
    onFailure: (cause) => Effect.logError("The queue of messages is unavailable and will be polled again", cause),
    onRecovery: Effect.logInfo("The queue of messages is available again")
  }))

  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      isEnding = true
      // An end must not wait for a store that hangs.
      const inTime = Effect.timeoutOption(options.shutdownTimeout ?? "5 seconds")
      yield* inTime(Fiber.interrupt(loop))
      yield* inTime(Fiber.awaitAll(working.keys()))
      yield* inTime(Fiber.interruptAll(working.keys()))
      yield* inTime(Effect.ignore(Effect.forEach(strays, intents.unclaim)))
    })
  )
})
