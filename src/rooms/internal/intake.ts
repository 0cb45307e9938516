/**
 * Processes each event of a webhook according to its kind.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import type { Entry } from "../../inbox/Inbox.ts"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { InboundMessage } from "../../Message.ts"
import type { MmsAggregatorError, Service as Aggregator } from "../../mms/MmsAggregator.ts"
import { CurrentCompletion } from "../../queue/internal/completion.ts"
import type { StorageError } from "../../StorageError.ts"
import type { MessagePart, WebhookEvent } from "../../WebhookEvent.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { EventResult, ProcessEventsOptions, ProcessResult, Unfinished } from "../ProcessResult.ts"
import { EarlierAttempts } from "./attempt.ts"
import type { Resumed } from "./receiving.ts"
import type * as Webhooks from "./webhooks.ts"

/** The fiber that an event is processed in. */
type Current = Fiber.Fiber<unknown, unknown>

export interface Options {
  /** Runs the processing of a webhook unless one of its keys is known. */
  readonly once: Effect.Success<ReturnType<typeof Webhooks.make>>
  readonly aggregator: Aggregator
  /** Processes a message in a fiber, at once as far as it goes without waiting. */
  readonly beginInbound: (
    fiber: Current,
    message: InboundMessage,
    resumed?: Resumed
  ) => Effect.Effect<ProcessResult, StorageError | Unfinished>
  readonly recordStatus: (
    status: DeliveryStatus,
    options?: { readonly isResumed: boolean }
  ) => Effect.Effect<{ readonly repeated: boolean }, DeliveryStoreError | StorageError | Unfinished>
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  readonly runs: SupervisedFibers
  /** Returns how merged messages are accepted in an inbox, when there is one. */
  readonly accepting: () => Accept | undefined
}

/** Accepts a message in an inbox, once per key. */
export type Accept = (message: InboundMessage) => Effect.Effect<unknown, StorageError>

const maxTypeLength = 64

/** The type of an unrecognized event for the log. It is the sender's text, of any length, and may have a number in it. */
const shortType = (type: string | undefined): string | undefined => {
  const short = type?.replaceAll(/\d(?:[ .()-]?\d){6,}/g, "…")
  return short === undefined || short.length <= maxTypeLength
    ? short
    : `${short.slice(0, maxTypeLength).toWellFormed()}…`
}

export const make = ({ accepting, aggregator, beginInbound, notify, once, recordStatus, runs }: Options) => {
  /**
   * Continues when the caller is interrupted: otherwise the message that the
   * part completes would be processed twice.
   */
  const processPart = (part: MessagePart, stored: Effect.Effect<void>, resumed?: Resumed) =>
    aggregator.process(
      part,
      (message) => Effect.andThen(stored, Effect.withFiber((fiber) => beginInbound(fiber, message, resumed)))
    ).pipe(
      Effect.flatMap((outcome): Effect.Effect<EventResult> => {
        switch (outcome._tag) {
          case "Due":
            return Effect.succeed(outcome.value)
          case "Buffered":
            return Effect.as(stored, { _tag: "Buffered", event: part })
          default:
            return Effect.as(stored, { _tag: "Ignored", event: part })
        }
      }),
      runs.run
    )

  /** Processes a part from the inbox. The message that it completes is an entry of its own. */
  const acceptPart = (part: MessagePart, accept: Accept) =>
    Effect.as(runs.run(aggregator.process(part, accept)), { _tag: "Buffered", event: part } as const)

  const processEvent = (
    fiber: Current,
    event: WebhookEvent,
    stored: Effect.Effect<void>,
    resumed?: Resumed
  ): Effect.Effect<EventResult, MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished> => {
    switch (event._tag) {
      case "InboundMessage":
        return beginInbound(fiber, event, resumed)
      case "MessagePart": {
        const accept = resumed === undefined ? undefined : accepting()
        return accept === undefined ? processPart(event, stored, resumed && {}) : acceptPart(event, accept)
      }
      case "DeliveryStatus":
        return Effect.map(
          recordStatus(event, { isResumed: resumed !== undefined }),
          ({ repeated }) => ({ _tag: "StatusRecorded", repeated })
        )
      case "Unrecognized":
        return Effect.logInfo("Unrecognized webhook event", {
          provider: event.provider,
          type: shortType(event.eventType)
        }).pipe(
          Effect.andThen(notify({ _tag: "WebhookUnrecognized", event })),
          Effect.as({ _tag: "Ignored", event })
        )
    }
  }

  return {
    processEntry: ({ event, failures, id }: Pick<Entry, "id" | "event"> & Partial<Pick<Entry, "failures">>) =>
      Effect.withFiber((fiber) => {
        let isAbandoned = false
        const completion = fiber.getRef(CurrentCompletion)
        return Effect.onInterrupt(
          Effect.provideService(
            Effect.withFiber((fiber) =>
              processEvent(fiber, event, Effect.void, { eventId: id, isAbandoned: () => isAbandoned, completion })
            ),
            EarlierAttempts,
            failures
          ),
          () =>
            Effect.sync(() => {
              isAbandoned = true
            })
        )
      }),
    processEvents: (
      events: ReadonlyArray<WebhookEvent>,
      { idempotencyKeys = [], onStored = Effect.void }: ProcessEventsOptions = {}
    ): Effect.Effect<
      ReadonlyArray<EventResult>,
      MmsAggregatorError | DeliveryStoreError | StorageError | Unfinished
    > =>
      Effect.withFiber((fiber) => {
        let left = events.filter(({ _tag }) => _tag === "MessagePart").length
        const stored = Effect.suspend(() => --left === 0 ? Effect.asVoid(onStored) : Effect.void)
        const [first] = events
        const process = (fiber: Current) =>
          first !== undefined && events.length === 1
            ? Effect.mapEager(processEvent(fiber, first, stored), (result) => [result])
            : Effect.flatMap(
              Effect.forEach(
                events,
                (event) => Effect.result(Effect.withFiber((fiber) => processEvent(fiber, event, stored)))
              ),
              Effect.forEach((result) => Effect.fromResult(result))
            )
        return once(idempotencyKeys, events, process)(fiber)
      })
  }
}
