/**
 * A keyed mutex: runs one effect at a time per key, in order of arrival.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import { attempt } from "./attempt.ts"

type Turn = Deferred.Deferred<void>

export interface KeyedMutex {
  (key: string): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Builds the effect at once if the key is free, in this fiber. The result of one
   * that is done by then is returned. The fiber must not be interrupted before it
   * begins with the effect that this returns: see `SupervisedFibers.begin`.
   */
  readonly begin: <A, E, R>(
    fiber: Fiber.Fiber<unknown, unknown>,
    key: string,
    build: () => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/** Builds a keyed mutex. A key without waiters takes no memory. */
export const make = (): KeyedMutex => {
  /** By the keys whose effects run, the turns of those who wait, in order. */
  const lines = new Map<string, Array<Turn>>()
  /** The key whose effect is being built. It gets a line when somebody waits, or when the effect is no result yet. */
  let building: string | undefined

  const lineOf = (key: string): Array<Turn> => {
    const line = lines.get(key) ?? []
    lines.set(key, line)
    return line
  }

  const isTaken = (key: string): boolean => key === building || lines.has(key)

  /** Gives the turn to the next one, which begins once this fiber has gone on: what it does next comes first. */
  const endIn = (fiber: Fiber.Fiber<unknown, unknown>, key: string): void => {
    const next = lines.get(key)?.shift()
    if (next === undefined) lines.delete(key)
    else fiber.currentDispatcher.scheduleTask(() => Deferred.doneUnsafe(next, Effect.void), 0)
  }

  const end = (key: string) =>
    Effect.withFiber((fiber) => {
      endIn(fiber, key)
      return Effect.void
    })

  const inTurn = (key: string) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) => {
      const own = Effect.onExit(restore(effect), () => end(key))
      const isFree = !isTaken(key)
      const line = lineOf(key)
      if (isFree) return own
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

  const begin: KeyedMutex["begin"] = (fiber, key, build) => {
    if (isTaken(key)) return inTurn(key)(Effect.suspend(build))
    if (building !== undefined) lineOf(building)
    building = key
    const effect = attempt(build)
    building = undefined
    if (!Exit.isExit(effect)) {
      lineOf(key)
      return Effect.onExit(effect, () => end(key))
    }
    if (lines.has(key)) endIn(fiber, key)
    return effect
  }

  return Object.assign(inTurn, { begin })
}
