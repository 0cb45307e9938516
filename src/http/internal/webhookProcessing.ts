/**
 * The way of a verified webhook to the response that its carrier expects.
 *
 * A carrier redelivers a webhook after a late response or an error, so slow work
 * continues in the background, and only a real failure is answered with an
 * error.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import { InboxProcessor } from "../../inbox/Inbox.ts"
import { attempt } from "../../internal/attempt.ts"
import * as Deduplicator from "../../internal/deduplicator.ts"
import type { Recorder } from "../../provider/Exchanges.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import type { WebhookError } from "../../WebhookError.ts"
import type { WebhookEvent } from "../../WebhookEvent.ts"
import type { VerifiedWebhook, WebhookResponse } from "../../WebhookRequest.ts"
import * as Problems from "../Problems.ts"
import * as ByteBudget from "./byteBudget.ts"
import * as RefusalLog from "./refusalLog.ts"
import { storageFailed } from "./storageFailed.ts"
import { answer, failed, recordRefused } from "./webhookVerification.ts"

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

const idsOf = (event: WebhookEvent): ReadonlyArray<string> => {
  switch (event._tag) {
    case "InboundMessage":
      return event.externalId === undefined ? [] : [event.externalId]
    case "MessagePart":
      return event.message.externalId === undefined ? [] : [event.message.externalId]
    case "DeliveryStatus":
      return [event.messageId]
    case "Unrecognized":
      return []
  }
}

/** Keeps a webhook that was verified, for operators. */
const recordAccepted = (
  exchanges: Recorder,
  { provider, webhook: { request: { body, headers, method, url } } }: Verified,
  events: ReadonlyArray<WebhookEvent>
) =>
  exchanges.record({
    direction: "inbound",
    provider: provider.name,
    method,
    url,
    headers,
    body,
    secrets: [],
    status: provider.acknowledgement.status,
    messageIds: events.flatMap(idsOf)
  })

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
export const make = Effect.fnUntraced(function*(options: Options, exchanges?: Recorder) {
  const kit = yield* RoomKit
  const inbox = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
  // Keys of a whole webhook, which the inbox does not know. The kit has its own.
  const seen = yield* Deduplicator.make<void>(keyLimits)
  const once = <E>(keys: ReadonlyArray<string>, accepting: Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.withFiber(seen.runAll(keys, () => accepting, { summarize: () => {}, repeated: () => {} }))
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

  const withinLimit = <A, E>(provider: Provider, effect: Effect.Effect<A, E>) =>
    Effect.timeoutOrElse(effect, { duration: handlingTimeout, orElse: () => late(provider) })

  /** Processes events in a fiber that runs on when nobody waits for it. */
  const start = (
    { provider, webhook: { idempotencyKeys } }: Verified,
    events: ReadonlyArray<WebhookEvent>,
    claim: ByteBudget.Claim
  ) =>
    Effect.withFiber((parent): Effect.Effect<unknown, WebhookProblem> => {
      const stored = events.some(({ _tag }) => _tag === "MessagePart") ? Deferred.makeUnsafe<void>() : undefined
      const onStored = stored && Deferred.succeed(stored, undefined)
      const annotations = { ...parent.getRef(References.CurrentLogAnnotations), provider: provider.name }
      const run = Effect.runForkWith(Context.add(parent.context, References.CurrentLogAnnotations, annotations))
      const fiber = run(Effect.catchCause(kit.processEvents(events, { idempotencyKeys, onStored }), failed))
      // If no hook or channel waits for anything, processing is complete by now and needs no timer.
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
      const settled: Effect.Effect<unknown, WebhookProblem> = stored === undefined
        ? acknowledged
        : Effect.andThen(acknowledged, Effect.raceFirst(Deferred.await(stored), Fiber.join(fiber)))
      return withinLimit(provider, settled)
    })

  const process = (verified: Verified, claim: ByteBudget.Claim) => {
    const { provider, webhook } = verified
    const decoded = attempt(() => provider.decode(webhook))
    const noted = exchanges === undefined ? decoded : decoded.pipe(
      Effect.tapError((error) => recordRefused(exchanges, webhook.request, error)),
      Effect.tap((events) => recordAccepted(exchanges, verified, events))
    )
    const decided = noted.pipe(
      Effect.catch(refuse),
      Effect.catchDefect((defect) => failed(Cause.die(defect)))
    )
    return Effect.flatMap(decided, (events): Effect.Effect<unknown, WebhookProblem> => {
      if (inbox === undefined) return start(verified, events, claim)
      // What is in the inbox is kept, and processed from there.
      const accepting = once(webhook.idempotencyKeys ?? [], Effect.asVoid(inbox.accept(events)))
      return withinLimit(provider, Effect.catch(accepting, storageFailed))
    })
  }

  /** Processes a verified webhook, and returns the response that its carrier expects. */
  return (verified: Verified) =>
    Effect.suspend((): Effect.Effect<WebhookResponse, WebhookProblem> => {
      const { provider, webhook: { request } } = verified
      const claim = budget.take(request.body.length + request.url.length)
      if (claim === undefined) return full(provider)
      return Effect.onExit(
        Effect.map(process(verified, claim), () => provider.acknowledgement),
        () => Effect.sync(claim.release)
      )
    })
})
