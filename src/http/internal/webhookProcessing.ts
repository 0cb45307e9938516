/**
 * The way of a verified webhook to the response that its carrier expects.
 *
 * A carrier redelivers a webhook after a late response or an error, so slow work
 * continues in the background, and only a real failure is answered with an
 * error.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { InboxProcessor } from "../../inbox/Inbox.ts"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { WebhookError } from "../../WebhookError.ts"
import type { WebhookEvent } from "../../WebhookEvent.ts"
import type { VerifiedWebhook } from "../../WebhookRequest.ts"
import * as Problems from "../Problems.ts"
import * as ByteBudget from "./byteBudget.ts"
import * as RefusalLog from "./refusalLog.ts"
import { storageFailed } from "./storageFailed.ts"
import { answer, failed } from "./webhookVerification.ts"

export interface Options {
  readonly handlingTimeout?: Duration.Input | undefined
  readonly acknowledgeAfter?: Duration.Input | undefined
  readonly maxProcessingBytes?: number | undefined
  readonly shutdownTimeout?: Duration.Input | undefined
}

/** What answers a webhook that is not acknowledged. */
export type WebhookProblem = InstanceType<typeof Problems.webhookProblems[number]>

/** A verified webhook. */
export interface Verified {
  readonly provider: Provider
  readonly webhook: VerifiedWebhook
}

const refuse = (error: WebhookError) => Effect.andThen(RefusalLog.log(error), answer(error))

/** Answers 503 so that the carrier retries: an idempotency key recognizes what was processed. */
const late = Effect.fnUntraced(function*({ name }: Provider) {
  yield* Effect.annotateLogs(Effect.logError("Webhook handling timed out"), { provider: name })
  return yield* new Problems.ServiceUnavailable({})
})

/** Answers 503 so that the carrier retries when fewer are processed. */
const full = Effect.fnUntraced(function*({ name }: Provider) {
  const logged = Effect.logError("Too many webhooks are being processed: a slow hook, channel or store?")
  yield* Effect.annotateLogs(logged, { provider: name })
  return yield* new Problems.ServiceUnavailable({})
})

const keyLimits = { capacity: 100_000, maxBytes: 64 * 1024 * 1024, timeToLive: "48 hours" } as const

/** Runs an effect within a time limit. One that waits for nothing needs no timer. */
const within = <A, E, B, E2>(
  effect: Effect.Effect<A, E>,
  duration: Duration.Duration,
  orElse: () => Effect.Effect<B, E2>
): Effect.Effect<A | B, E | E2> =>
  Effect.flatMap(
    Effect.forkChild(effect, { startImmediately: true }),
    (fiber): Effect.Effect<A | B, E | E2> =>
      fiber.pollUnsafe() ?? Effect.timeoutOrElse(Fiber.join(fiber), {
        duration,
        orElse: () => {
          fiber.interruptUnsafe()
          return orElse()
        }
      })
  )

/** Builds the processing of verified webhooks. Closing the scope waits for what runs in the background. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const kit = yield* RoomKit
  const inbox = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
  // Keys of a whole webhook, which the inbox does not know. The kit has its own.
  const seen = yield* Deduplicator.make<void>(keyLimits)
  const once = <E>(keys: ReadonlyArray<string>, accepting: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    keys.reduceRight((accepting, key) => Effect.asVoid(seen.run(key, accepting, () => undefined)), accepting)
  const budget = ByteBudget.make(options.maxProcessingBytes ?? 16 * 1024 * 1024)
  const working = new Set<Fiber.Fiber<unknown, unknown>>()
  const ended = Effect.suspend((): Effect.Effect<void> =>
    working.size === 0 ? Effect.void : Effect.flatMap(Fiber.awaitAll([...working]), () => ended)
  )
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOrElse(ended, {
      duration: options.shutdownTimeout ?? "10 seconds",
      orElse: () =>
        Effect.andThen(
          Effect.suspend(() => Effect.logError(`Shutdown timed out with webhooks still processing: ${working.size}`)),
          Effect.sync(() => {
            for (const fiber of working) fiber.interruptUnsafe()
          })
        )
    }).pipe(Effect.andThen(kit.drain))
  )

  const acknowledgeAfter = Duration.fromInputUnsafe(options.acknowledgeAfter ?? "1500 millis")
  const handlingTimeout = Duration.fromInputUnsafe(options.handlingTimeout ?? "15 seconds")

  /** Processes events in a fiber that runs on when nobody waits for it. */
  const start = (
    { provider, webhook: { idempotencyKeys } }: Verified,
    events: ReadonlyArray<WebhookEvent>,
    claim: ByteBudget.Claim
  ) => {
    const hasParts = events.some(({ _tag }) => _tag === "MessagePart")
    const stored = hasParts ? Deferred.makeUnsafe<void>() : undefined
    const onStored = stored && Deferred.succeed(stored, undefined)
    const processing = kit.processEvents(events, { idempotencyKeys, onStored }).pipe(
      Effect.catchCause(failed),
      Effect.annotateLogs({ provider: provider.name })
    )
    return Effect.flatMap(Effect.forkDetach(processing, { startImmediately: true }), (
      fiber
    ): Effect.Effect<unknown, Problems.InternalServerError> => {
      const exit = fiber.pollUnsafe()
      if (exit !== undefined) return exit
      working.add(fiber)
      claim.hold()
      fiber.addObserver(() => {
        working.delete(fiber)
        claim.release()
      })
      const acknowledged = Effect.timeoutOption(Fiber.join(fiber), acknowledgeAfter)
      // An unstored part must be redelivered, so its webhook waits for the store, however long that takes.
      return stored === undefined
        ? acknowledged
        : Effect.andThen(acknowledged, Effect.raceFirst(Deferred.await(stored), Fiber.join(fiber)))
    })
  }

  const process = (verified: Verified, claim: ByteBudget.Claim) => {
    const { provider, webhook } = verified
    const decoded = provider.decode(webhook).pipe(
      Effect.catch(refuse),
      Effect.catchDefect((defect) => failed(Cause.die(defect)))
    )
    return Effect.flatMap(decoded, (events): Effect.Effect<unknown, WebhookProblem> => {
      if (inbox === undefined) return start(verified, events, claim)
      // What is in the inbox is kept, and processed from there.
      const accepting = once(webhook.idempotencyKeys ?? [], Effect.asVoid(inbox.accept(events)))
      return Effect.catch(accepting, storageFailed)
    })
  }

  /** Processes a verified webhook, and returns the response that its carrier expects. */
  return (verified: Verified) =>
    Effect.suspend(() => {
      const { provider, webhook: { request } } = verified
      const claim = budget.take(request.body.length + request.url.length)
      if (claim === undefined) return full(provider)
      return within(process(verified, claim), handlingTimeout, () => late(provider)).pipe(
        Effect.onExit(() => Effect.sync(claim.release)),
        Effect.as(provider.acknowledgement)
      )
    })
})
