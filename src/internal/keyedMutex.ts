/**
 * A keyed mutex: runs one effect at a time per key, in order of arrival.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export type KeyedMutex = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Builds a keyed mutex. A key without waiters takes no memory. */
export const make = (): KeyedMutex => {
  /** By the keys whose effects run, the turns of those who wait, in order. */
  const lines = new Map<string, Array<Deferred.Deferred<void>>>()

  /** Gives the turn to the next one, which begins once this fiber has gone on: what it does next comes first. */
  const end = (key: string) =>
    Effect.withFiber((fiber) => {
      const next = lines.get(key)?.shift()
      if (next === undefined) lines.delete(key)
      else fiber.currentDispatcher.scheduleTask(() => Deferred.doneUnsafe(next, Effect.void), 0)
      return Effect.void
    })

  return (key) => (effect) =>
    Effect.uninterruptibleMask((restore) => {
      const own = Effect.onExit(restore(effect), () => end(key))
      const line = lines.get(key)
      if (line === undefined) {
        lines.set(key, [])
        return own
      }
      const turn = Deferred.makeUnsafe<void>()
      line.push(turn)
      const leave = Effect.suspend(() => {
        const place = line.indexOf(turn)
        // Without a place, it was this one's turn when it was interrupted.
        if (place === -1) return end(key)
        line.splice(place, 1)
        return Effect.void
      })
      return Effect.andThen(Effect.onInterrupt(restore(Deferred.await(turn)), () => leave), own)
    })
}
