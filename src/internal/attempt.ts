/**
 * Effects that are often results by the time they are returned. See
 * `Effect.flatMapEager`.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Returns the effect that a function returns, or dies with what it throws. For code outside of any effect. */
export const attempt: {
  <A, E, R>(build: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
  <A, E, R, I>(build: (input: I) => Effect.Effect<A, E, R>, input: I): Effect.Effect<A, E, R>
} = <A, E, R>(build: (input?: unknown) => Effect.Effect<A, E, R>, input?: unknown): Effect.Effect<A, E, R> => {
  try {
    return build(input)
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** Calls a function with the value of an effect, and with another: at once, if the effect is a result already. */
export const tapEager = <A, E, R, I>(
  effect: Effect.Effect<A, E, R>,
  input: I,
  f: (value: A, input: I) => void
): Effect.Effect<A, E, R> => {
  if (!Exit.isExit(effect)) return Effect.tap(effect, (value) => Effect.sync(() => f(value, input)))
  const exit = effect as Exit.Exit<A, E>
  if (Exit.isSuccess(exit)) f(exit.value, input)
  return exit
}
