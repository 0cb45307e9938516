/**
 * The way of a verified webhook to the response that its carrier expects.
 *
 * A carrier redelivers a webhook after a late response or an error, so slow work
 * continues in the background, and only a real failure is answered with an
 * error.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import { InboxProcessor } from "../../inbox/Inbox.ts"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { WebhookError } from "../../WebhookError.ts"
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

/** Builds the processing of verified webhooks. Closing the scope waits for what runs in the background. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const kit = yield* RoomKit
  const inbox = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
  // Keys of a whole webhook, which the inbox does not know. The kit has its own.
  const seen = yield* Deduplicator.make<void>(keyLimits)
  const once = <E>(keys: ReadonlyArray<string>, accepting: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    keys.reduceRight((accepting, key) => Effect.asVoid(seen.run(key, accepting, () => undefined)), accepting)
  const budget = ByteBudget.make(options.maxProcessingBytes ?? 16 * 1024 * 1024)
  const working = yield* FiberSet.make<unknown, unknown>()
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOrElse(FiberSet.awaitEmpty(working), {
      duration: options.shutdownTimeout ?? "10 seconds",
      orElse: () =>
        Effect.flatMap(
          FiberSet.size(working),
          (size) => Effect.logError(`Shutdown timed out with webhooks still processing: ${size}`)
        )
    }).pipe(Effect.andThen(kit.drain))
  )

  const { acknowledgeAfter = "1500 millis", handlingTimeout = "15 seconds" } = options
  const process = Effect.fnUntraced(function*({ provider, webhook }: Verified, keep: ByteBudget.Keep) {
    const events = yield* provider.decode(webhook).pipe(
      Effect.catch(refuse),
      Effect.catchDefect((defect) => failed(Cause.die(defect)))
    )
    const { body, contentType, status } = provider.acknowledgement
    const acknowledged = HttpServerResponse.text(body, { status, contentType })
    // What is in the inbox is kept, and processed from there.
    if (inbox !== undefined) {
      const accepting = once(webhook.idempotencyKeys ?? [], Effect.asVoid(inbox.accept(events)))
      return yield* Effect.as(Effect.catch(accepting, storageFailed), acknowledged)
    }
    const stored = Deferred.makeUnsafe<void>()
    const { idempotencyKeys } = webhook
    const onStored = Deferred.succeed(stored, undefined)
    const fiber = yield* kit.processEvents(events, { idempotencyKeys, onStored }).pipe(
      Effect.catchCause(failed),
      Effect.annotateLogs({ provider: provider.name }),
      keep,
      FiberSet.run(working, { startImmediately: true })
    )
    // If no hook or channel waits for anything, processing is complete by now and needs no timer.
    yield* fiber.pollUnsafe() ?? Effect.timeoutOption(Fiber.join(fiber), acknowledgeAfter)
    // An unstored part must be redelivered, so its webhook waits for the store, however long that takes.
    if (events.some(({ _tag }) => _tag === "MessagePart")) {
      yield* Effect.raceFirst(Deferred.await(stored), Fiber.join(fiber))
    }
    return acknowledged
  })

  return (verified: Verified) => {
    const { provider, webhook: { request } } = verified
    const bytes = request.body.length + request.url.length
    return budget.within(bytes, (keep) => process(verified, keep), full(provider)).pipe(
      Effect.timeoutOrElse({ duration: handlingTimeout, orElse: () => late(provider) })
    )
  }
})
