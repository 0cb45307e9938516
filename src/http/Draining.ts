/**
 * Signals to requests that the server is shutting down.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
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
 * Provides {@link Draining} to routes, and completes it before they close.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <A, E, R>(routes: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
  Layer.unwrap(Effect.sync(() => {
    const begun = Deferred.makeUnsafe<void>()
    // Built last, so its finalizer runs first.
    const signal = Layer.effectDiscard(Effect.addFinalizer(() => Deferred.succeed(begun, undefined)))
    return Layer.provideMerge(signal, Layer.provide(routes, Layer.succeed(Draining, Deferred.await(begun))))
  }))
