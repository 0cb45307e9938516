import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Returns the effect that a function returns, or dies with what it throws. For code outside of any effect. */
export const attempt = <A, E, R>(build: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return build()
  } catch (defect) {
    return Exit.die(defect)
  }
}

/** Calls a function with the value of an effect: at once, if that is a result already. */
export const tapEager = <A, E, R>(effect: Effect.Effect<A, E, R>, f: (value: A) => void): Effect.Effect<A, E, R> => {
  if (!Exit.isExit(effect)) return Effect.tap(effect, (value) => Effect.sync(() => f(value)))
  const exit = effect as Exit.Exit<A, E>
  if (Exit.isSuccess(exit)) f(exit.value)
  return exit
}
