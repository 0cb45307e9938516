/**
 * Fibers that belong to a scope instead of to the caller that started them.
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

export interface SupervisedFibers {
  /**
   * Starts the effect in its own fiber, which outlives an interruption of the
   * caller. After the scope is closed, starting interrupts immediately.
   */
  readonly start: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Fiber.Fiber<A, E>, never, R>
  /** Starts the effect and waits for it. An interruption of the caller only ends the waiting. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Runs the effect with a timeout and interrupts it together with the caller.
   * Neither waits for the interruption to complete: the effect may be in an
   * uninterruptible region, such as the acquisition of a resource, that never
   * ends.
   */
  readonly runWithin: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    limit: Duration.Input
  ) => Effect.Effect<A, E | Cause.TimeoutError, R>
}

/**
 * Builds a set of fibers bound to the scope. Closing the scope waits for the
 * running fibers and then interrupts them, each for at most `shutdownTimeout`.
 */
export const make = Effect.fnUntraced(function*(
  shutdownTimeout: Duration.Input
): Effect.fn.Return<SupervisedFibers, never, Scope.Scope> {
  const running = new Set<Fiber.Fiber<unknown, unknown>>()
  let open = true

  yield* Effect.addFinalizer(() =>
    Effect.withFiber((closing) => {
      open = false
      // A fiber may close its own scope; it must not wait for itself.
      const others = [...running].filter((fiber) => fiber !== closing)
      if (others.length === 0) return Effect.void
      return Fiber.awaitAll(others).pipe(
        Effect.timeoutOption(shutdownTimeout),
        Effect.andThen(Effect.timeoutOption(Fiber.interruptAll(others), shutdownTimeout))
      )
    })
  )

  const start: SupervisedFibers["start"] = (effect) =>
    Effect.suspend(() => Effect.forkDetach(open ? effect : Effect.interrupt, { startImmediately: true })).pipe(
      Effect.tap((fiber) =>
        Effect.sync(() => {
          running.add(fiber)
          fiber.addObserver(() => running.delete(fiber))
        })
      ),
      Effect.uninterruptible
    )

  return {
    start,
    run: (effect) => Effect.flatMap(start(effect), Fiber.join),
    runWithin: (effect, limit) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(start(effect), (fiber) =>
          Effect.ensuring(
            restore(Effect.timeout(Fiber.join(fiber), limit)),
            Effect.sync(() => fiber.interruptUnsafe())
          ))
      )
  }
})
