/**
 * The delivery statuses of a kit: each is recorded once and handed to the
 * handlers.
 */
import * as Effect from "effect/Effect"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import * as Latest from "../../internal/latest.ts"
import * as Once from "../../internal/once.ts"
import type { Runs } from "../../internal/runs.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Handler, Registry } from "./registration.ts"

export interface Options {
  readonly maxStatuses: number
  readonly remembered: Once.Options
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  /** Where statuses are processed, and handlers waited for. */
  readonly runs: Runs
}

export interface Statuses {
  readonly handlers: Registry<Handler>
  /** Oldest first. */
  readonly latest: Effect.Effect<ReadonlyArray<DeliveryStatus>>
  readonly process: (status: DeliveryStatus) => Effect.Effect<{ readonly repeated: boolean }>
}

export const make = Effect.fnUntraced(function*(
  { maxStatuses, notify, remembered, runs }: Options
): Effect.fn.Return<Statuses> {
  const latest = Latest.make<DeliveryStatus>(maxStatuses)
  const handlers = new Set<Handler>()
  const seen = yield* Once.make<void>(remembered)

  const handle = (status: DeliveryStatus, handler: Handler) =>
    runs.start(Effect.catchCause(handler(status), (cause) =>
      Effect.andThen(
        Effect.logError("A delivery status handler failed", cause),
        notify({ _tag: "HandlerFailed", messageId: status.messageId, cause })
      )))

  const record = (status: DeliveryStatus) =>
    Effect.suspend(() => {
      latest.add(status)
      return Effect.forEach([...handlers], (handler) => handle(status, handler), { discard: true })
    })

  return {
    handlers: {
      add: (handler) => handlers.add(handler),
      remove: (handler) => handlers.delete(handler)
    },
    latest: Effect.sync(() => latest.toArray()),
    process: (status) =>
      Effect.map(
        runs.run(seen.run(JSON.stringify([status.provider, status.idempotencyKey]), record(status), () => undefined)),
        ({ _tag }) => ({ repeated: _tag === "Repeated" })
      )
  }
})
