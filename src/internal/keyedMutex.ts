/**
 * A keyed mutex: runs one effect at a time per key, in order of arrival.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

export type KeyedMutex = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Builds a keyed mutex. A key without waiters takes no memory. */
export const make = (): KeyedMutex => {
  const lines = new Map<string, { readonly turn: Semaphore.Semaphore; length: number }>()
  return (key) => (effect) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const line = lines.get(key) ?? { turn: Semaphore.makeUnsafe(1), length: 0 }
        line.length++
        lines.set(key, line)
        return line
      }),
      ({ turn }) => turn.withPermit(effect),
      (line) =>
        Effect.sync(() => {
          line.length--
          if (line.length === 0) lines.delete(key)
        })
    )
}
