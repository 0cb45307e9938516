/**
 * Delivery statuses of a kit: records each report once, and runs the handlers
 * when it changes the tracked delivery.
 */
import * as Effect from "effect/Effect"
import type { DeliveryStoreError } from "../../delivery/DeliveryStore.ts"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import type { SupervisedFibers } from "../../internal/supervisedFibers.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Handler, Registry } from "./registration.ts"
import * as RingBuffer from "./ringBuffer.ts"
import type { Tracking } from "./tracking.ts"

export interface Options {
  readonly maxStatuses: number
  readonly tracking: Tracking
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  /** The fibers that process statuses and run handlers. */
  readonly runs: SupervisedFibers
}

export interface Statuses {
  readonly handlers: Registry<Handler>
  /** Returns the latest statuses, oldest first. */
  readonly latest: Effect.Effect<ReadonlyArray<DeliveryStatus>>
  readonly process: (status: DeliveryStatus) => Effect.Effect<{ readonly repeated: boolean }, DeliveryStoreError>
}

export const make = ({ maxStatuses, notify, runs, tracking }: Options): Statuses => {
  const latest = RingBuffer.make<DeliveryStatus>(maxStatuses)
  const handlers = new Set<Handler>()

  const handle = (status: DeliveryStatus, handler: Handler) =>
    runs.start(Effect.catchCause(handler(status), (cause) =>
      Effect.andThen(
        Effect.logError("Delivery status handler failed", cause),
        notify({ _tag: "HandlerFailed", messageId: status.messageId, cause })
      )))

  const record = Effect.fnUntraced(function*(status: DeliveryStatus) {
    const { changed, repeated } = yield* tracking.update(status)
    if (!repeated) latest.add(status)
    if (changed) yield* Effect.forEach([...handlers], (handler) => handle(status, handler), { discard: true })
    return { repeated }
  })

  return {
    handlers: {
      add: (handler) => handlers.add(handler),
      remove: (handler) => handlers.delete(handler)
    },
    latest: Effect.sync(() => latest.toArray()),
    process: (status) => runs.run(record(status))
  }
}
