/**
 * Waits until a value has rested.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { useEffect, useRef } from "preact/hooks"

/** Calls a function with a value that has not changed for a quarter of a second. */
export const useDelayed = <A>(value: A, f: (value: A) => void): void => {
  const first = useRef(true)
  useEffect(() => {
    if (first.current) {
      first.current = false
      return
    }
    const fiber = Effect.runFork(Effect.andThen(Effect.sleep("250 millis"), Effect.sync(() => f(value))))
    return () => void Effect.runFork(Fiber.interrupt(fiber))
  }, [value])
}
