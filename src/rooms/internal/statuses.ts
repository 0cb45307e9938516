/**
 * Delivery statuses of a kit: records each report once, and runs the handlers
 * when it changes the tracked delivery.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import { compact } from "../../internal/record.ts"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import { GiveUp, TryAgain } from "../../queue/TryAgain.ts"
import { FoundPart, type Service as IntentStore } from "../../sending/IntentStore.ts"
import type { StorageError } from "../../StorageError.ts"
import type { KitEvent } from "../KitEvent.ts"
import { Unfinished } from "../ProcessResult.ts"
import type { Service as RoomStore } from "../RoomStore.ts"
import type { Handler, Registry } from "./registration.ts"
import type { Tracking } from "./tracking.ts"

export interface Options {
  readonly store: RoomStore
  readonly tracking: Tracking
  /** The sends, whose unknown outcomes delivery reports resolve. */
  readonly intents: IntentStore | undefined
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  /** The fibers that process statuses and run handlers. */
  readonly runs: SupervisedFibers
}

export interface Statuses {
  readonly handlers: Registry<Handler>
  /**
   * Processes a report. With `isResumed`, waits for the handlers, and also runs
   * them for a report that already changed its delivery in an earlier attempt.
   */
  readonly process: (
    status: DeliveryStatus,
    options?: { readonly isResumed: boolean }
  ) => Effect.Effect<{ readonly repeated: boolean }, DeliveryStoreError | StorageError | Unfinished>
}

export const make = ({ intents, notify, runs, store, tracking }: Options): Statuses => {
  const handlers = new Set<Handler>()

  const handle = (status: DeliveryStatus, handler: Handler) =>
    runs.start(Effect.tapCause(handler(status), (cause) =>
      Effect.andThen(
        Effect.logError("Delivery status handler failed", cause),
        notify({ _tag: "HandlerFailed", messageId: status.messageId, cause })
      )))

  /** Waits for the handlers. All of them are run again if one asks for a retry. */
  const handled = Effect.fnUntraced(function*(running: ReadonlyArray<Fiber.Fiber<unknown, unknown>>) {
    const failures = (yield* Fiber.awaitAll(running)).flatMap((exit) => Exit.isFailure(exit) ? [exit.cause] : [])
    const errors = failures.map((cause) => Cause.squash(cause)).filter((error) => !(error instanceof GiveUp))
    if (errors.length === 0) return
    const cause = errors.find((error) => error instanceof TryAgain) ?? errors[0]
    return yield* new Unfinished({ failed: ["delivery status handler"], cause })
  })

  /** Records that the carrier has the message of a report. Idempotent, like all that follows. */
  const settle = ({ intent, messageId, provider, sender }: DeliveryStatus): Effect.Effect<void, StorageError> => {
    if (intents === undefined || intent === undefined) return Effect.void
    const { intentId, of, part } = intent
    const found = { part, of, provider, messageId, by: "delivery report" as const, ...compact({ sender }) }
    return intents.recordFound(intentId, new FoundPart(found)).pipe(
      Effect.flatMap((intent) =>
        intent?.state === "accepted"
          ? Effect.logInfo("A delivery report resolved a send with an unknown outcome", { intent: intentId, provider })
          : Effect.void
      )
    )
  }

  const record = Effect.fnUntraced(function*(status: DeliveryStatus, isResumed: boolean) {
    yield* settle(status)
    const { changed, repeated } = yield* isResumed ? tracking.resume(status) : tracking.update(status)
    if (!repeated || isResumed) yield* store.addStatus(status)
    if (changed) {
      const running = yield* Effect.forEach([...handlers], (handler) => handle(status, handler))
      if (isResumed) yield* handled(running)
    }
    return { repeated }
  })

  return {
    handlers: {
      add: (handler) => handlers.add(handler),
      remove: (handler) => handlers.delete(handler)
    },
    process: (status, { isResumed } = { isResumed: false }) => runs.run(record(status, isResumed))
  }
}
