/**
 * Work that belongs to a scope and not to the one who asked for it.
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"

export interface SupervisedFibers {
  /**
   * Starts it in a fiber of its own, which goes on when the caller is
   * interrupted. Once the scope is closed nothing starts any more.
   */
  readonly start: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Fiber.Fiber<A, E>, never, R>
  /** Starts it and waits for it, while the caller does. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Runs it with a time limit, and interrupts it when the caller is. Neither
   * waits for the end of what was interrupted: it may be in a part that cannot
   * be interrupted, such as the acquisition of a resource, for ever.
   */
  readonly runWithin: <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    limit: Duration.Input
  ) => Effect.Effect<A, E | Cause.TimeoutError, R>
}

/**
 * The end of the scope waits for what is running, then interrupts it, each
 * for the time limit at most.
 */
export const make = Effect.fnUntraced(function*(
  shutdownTimeout: Duration.Input
): Effect.fn.Return<SupervisedFibers, never, Scope.Scope> {
  const running = new Set<Fiber.Fiber<unknown, unknown>>()
  let open = true

  yield* Effect.addFinalizer(() =>
    Effect.withFiber((closing) => {
      open = false
      // A run may close the scope that it is in: it cannot wait for itself.
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
