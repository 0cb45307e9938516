/**
 * Fibers that belong to a scope instead of to the caller that started them.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { attempt } from "./attempt.ts"

export interface SupervisedFibers {
  /**
   * Starts the effect in its own fiber, which outlives an interruption of the
   * caller. After the scope is closed, starting interrupts immediately.
   */
  readonly start: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<Fiber.Fiber<A, E>, never, R>
  /** Starts the effect and waits for it. An interruption of the caller only ends the waiting. */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * As `run`, but builds the effect at once, in the fiber of the caller. If that is
   * a result already, because all of its steps are done by then, no other fiber is
   * started. Otherwise its own fiber begins with it at once: nothing can interrupt
   * between a step that is done and the effect that follows it.
   */
  readonly begin: <A, E, R>(
    fiber: Fiber.Fiber<unknown, unknown>,
    build: () => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
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

  const started = <A, E, R>(
    parent: Fiber.Fiber<unknown, unknown>,
    effect: Effect.Effect<A, E, R>
  ): Fiber.Fiber<A, E> => {
    const context = parent.context as Context.Context<R>
    const fiber = Effect.runForkWith(context)(open ? effect : Effect.interrupt)
    // One that waits for nothing has ended by now.
    if (fiber.pollUnsafe() === undefined) {
      running.add(fiber)
      fiber.addObserver(() => running.delete(fiber))
    }
    return fiber
  }

  const start: SupervisedFibers["start"] = (effect) =>
    Effect.withFiber((parent) => Effect.succeed(started(parent, effect)))

  const run = <A, E, R>(
    parent: Fiber.Fiber<unknown, unknown>,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> => {
    const fiber = started(parent, effect)
    return fiber.pollUnsafe() ?? Fiber.join(fiber)
  }

  return {
    start,
    run: (effect) => Effect.withFiber((parent) => run(parent, effect)),
    begin: (fiber, build) => {
      if (!open) return run(fiber, Effect.interrupt)
      const effect = attempt(build)
      return Exit.isExit(effect) ? effect : run(fiber, effect)
    },
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
