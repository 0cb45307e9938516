import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Returns the effect that a function returns, or dies with what it throws. For code outside of any effect. */
export const attempt = <A, E, R>(build: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return build()
  } catch (defect) {
    return Exit.die(defect)
  }
}
