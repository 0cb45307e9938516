/**
 * Reads again what events have changed.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { useEffect, useRef } from "preact/hooks"
import { onEvent, onHeartbeat } from "../state/live.ts"

/** The shortest time between two reads, however much happens. */
const interval = "1 second"

/** Calls a function after events, at most once a second, and with each heartbeat if it is wanted. */
export const useRefresh = (refresh: () => void, { heartbeat = false }: { readonly heartbeat?: boolean } = {}): void => {
  const latest = useRef(refresh)
  latest.current = refresh
  useEffect(() => {
    let fiber: Fiber.Fiber<void> | undefined
    const schedule = () => {
      fiber ??= Effect.runFork(Effect.andThen(
        Effect.sleep(interval),
        Effect.sync(() => {
          fiber = undefined
          latest.current()
        })
      ))
    }
    const stops = [onEvent(schedule), ...(heartbeat ? [onHeartbeat(schedule)] : [])]
    return () => {
      for (const stop of stops) stop()
      if (fiber !== undefined) Effect.runFork(Fiber.interrupt(fiber))
    }
  }, [heartbeat])
}
