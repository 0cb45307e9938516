/**
 * Signals to requests that the server is about to shut down, and then that it
 * does.
 *
 * **Example** (Ending behind a load balancer)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { Draining, WebhookServer } from "effect-sms"
 *
 * export const Server = Draining.layer(WebhookServer.serve({ publicUrl: "https://sms.example.com" }), {
 *   grace: "5 seconds"
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * An effect that completes when the server begins to shut down. Without {@link
 * layer}, it never completes.
 *
 * @category services
 * @since 0.1.0
 */
export const Draining: Context.Reference<Effect.Effect<void>> = Context.Reference("effect-sms/http/Draining", {
  defaultValue: (): Effect.Effect<void> => Effect.never
})

/**
 * An effect that completes when the server asks load balancers for no more
 * requests: it is not ready, but serves everything until {@link Draining}.
 * Without {@link layer}, it never completes.
 *
 * @category services
 * @since 0.1.0
 */
export const Leaving: Context.Reference<Effect.Effect<void>> = Context.Reference("effect-sms/http/Leaving", {
  defaultValue: (): Effect.Effect<void> => Effect.never
})

/**
 * Options of {@link layer}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How long the server is not ready and serves everything, before it closes. 0 by default. */
  readonly grace?: Duration.Input | undefined
}

/**
 * Provides {@link Leaving} and {@link Draining} to routes. Completes the first
 * one when they are to close, and the second one after `grace`, before they
 * close.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <A, E, R>(
  routes: Layer.Layer<A, E, R>,
  { grace = 0 }: Options = {}
): Layer.Layer<A, E, R> =>
  Layer.unwrap(Effect.sync(() => {
    const leaving = Deferred.makeUnsafe<void>()
    const draining = Deferred.makeUnsafe<void>()
    const wait = Duration.fromInputUnsafe(grace)
    const signals = Layer.merge(
      Layer.succeed(Leaving, Deferred.await(leaving)),
      Layer.succeed(Draining, Deferred.await(draining))
    )
    // Built last, so its finalizer runs first.
    const end = Layer.effectDiscard(Effect.addFinalizer(() =>
      Deferred.succeed(leaving, undefined).pipe(
        Effect.andThen(Duration.isZero(wait) ? Effect.void : Effect.sleep(wait)),
        Effect.andThen(Deferred.succeed(draining, undefined))
      )
    ))
    return Layer.provideMerge(end, Layer.provide(routes, signals))
  }))
