/**
 * Sends the queued messages of the outbox through the hooks of the kit and the
 * router, like every other send.
 *
 * **Example** (Sending what is queued)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Outbox, RoomKit, RoomOutbox, SmsRouter } from "effect-sms"
 *
 * export const App = RoomOutbox.layer().pipe(
 *   Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
 *   Layer.provide(Outbox.layer())
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Outbox from "../sending/Outbox.ts"
import { SmsRouter } from "../sending/SmsRouter.ts"
import { RoomKit } from "./RoomKit.ts"

/**
 * How long a queued message waits for a rate limit before it returns to the
 * queue. Shorter than a shutdown, which so ends no send that waits.
 */
const maxWait = "2 seconds"

/**
 * Sends queued messages when they are ready, until the scope closes.
 * `MessagesServer` does so itself.
 *
 * **Example** (Sending what is queued for the lifetime of a layer)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { RoomOutbox } from "effect-sms"
 *
 * export const Sending = Layer.effectDiscard(RoomOutbox.dispatch())
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const dispatch = Effect.fnUntraced(function*(
  options?: Outbox.DispatchOptions
): Effect.fn.Return<void, never, Outbox.Outbox | RoomKit | SmsRouter | Scope.Scope> {
  const kit = yield* RoomKit
  const outbox = yield* Outbox.Outbox
  const router = yield* SmsRouter
  yield* outbox.dispatch(
    ({ id, message, priority, provider }) =>
      kit.guardSend(
        message,
        { provider },
        (message) => router.send(message, { provider, intentId: id, priority, maxWait })
      ),
    options
  )
})

/**
 * Sends queued messages for the lifetime of the layer: see {@link dispatch}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Outbox.DispatchOptions
): Layer.Layer<never, never, Outbox.Outbox | RoomKit | SmsRouter> => Layer.effectDiscard(dispatch(options))
