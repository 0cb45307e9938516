/**
 * The delivery tracker of a kit. A failing store is retried; a persistent
 * failure is logged and published.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { DeliveryStore, type DeliveryStoreError, makeStoreMemory } from "../../delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../delivery/DeliveryTracker.ts"
import { retries } from "../../delivery/internal/retries.ts"
import { sentOf } from "../../delivery/internal/sentOf.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import type { SendReceipt } from "../../Message.ts"
import type { KitEvent } from "../KitEvent.ts"
import { statusKey } from "./history.ts"

export interface Tracking {
  readonly tracker: DeliveryTracker.DeliveryTracker["Service"]
  /** Records every message of a receipt. Never fails, because the messages are already sent. */
  readonly sent: (receipt: SendReceipt) => Effect.Effect<void>
  readonly update: (
    status: DeliveryStatus
  ) => Effect.Effect<Pick<DeliveryTracker.Update, "changed" | "repeated">, DeliveryStoreError>
  /**
   * Like `update`, for a report that an earlier attempt may have recorded:
   * `changed` is whether the report ever changed its delivery.
   */
  readonly resume: Tracking["update"]
}

const maxUnsettled = { maxEntries: 10_000, maxBytes: 4 * 1024 * 1024 }

/** Returns whether this report changed the delivery. */
const moved = ({ delivery }: DeliveryTracker.Update, { idempotencyKey }: DeliveryStatus): boolean =>
  delivery?.history.some((entry) => entry.idempotencyKey === idempotencyKey && entry.effect === "changed") === true

/** Uses the tracker in the context, or an in-memory one. */
export const make = Effect.fnUntraced(function*(
  notify: (event: KitEvent) => Effect.Effect<void>
): Effect.fn.Return<Tracking, never, Scope.Scope> {
  const given = yield* Effect.serviceOption(DeliveryTracker.DeliveryTracker)
  const tracker = Option.isSome(given)
    ? given.value
    : yield* Effect.provideServiceEffect(DeliveryTracker.make(), DeliveryStore, makeStoreMemory())

  // The keys of reports whose update failed. The store may have recorded them
  // nevertheless; the redelivered report is then announced in their place.
  const unsettled = new InsertionOrderedMap<true>(maxUnsettled)

  const unsettle = (key: string) =>
    Effect.sync(() => {
      unsettled.put(key, true)
      unsettled.trim()
    })

  const watched = <A>(effect: Effect.Effect<A, DeliveryStoreError>, provider: string, messageId: string) =>
    Effect.tapCause(
      Effect.retry(effect, retries),
      (cause) =>
        Effect.logError("Delivery tracking failed", cause).pipe(
          Effect.annotateLogs({ provider }),
          Effect.andThen(notify({ _tag: "TrackingFailed", provider, messageId, cause }))
        )
    )

  return {
    tracker,
    sent: (receipt) =>
      Effect.forEach(
        sentOf(receipt),
        (sent) => Effect.ignoreCause(watched(tracker.sent(sent), sent.provider, sent.messageId)),
        { discard: true }
      ),
    resume: (status) =>
      Effect.map(
        watched(tracker.update(status), status.provider, status.messageId),
        (update) => ({ changed: update.changed || moved(update, status), repeated: update.repeated })
      ),
    update: (status) => {
      const key = statusKey(status)
      const update = Effect.tapError(tracker.update(status), () => unsettle(key))
      return Effect.map(
        watched(update, status.provider, status.messageId),
        (update) =>
          unsettled.delete(key) && update.repeated ? { changed: moved(update, status), repeated: false } : update
      )
    }
  }
})
