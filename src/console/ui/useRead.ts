/**
 * One thing that the server is asked for.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { useEffect, useState } from "preact/hooks"
import { type Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { expired } from "../state/session.ts"

export interface Read<A> {
  readonly value: A | undefined
  readonly problem: string | undefined
  readonly refresh: () => void
}

/** Reads something, anew when the key changes. What was read stays while it is read again. */
export const useRead = <A, E extends Parameters<typeof messageOf>[0]>(
  key: string,
  read: Effect.Effect<A, E, Api>
): Read<A> => {
  const [state, setState] = useState<{
    readonly key: string
    readonly value: A | undefined
    readonly problem: string | undefined
  }>({ key, value: undefined, problem: undefined })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const fiber = run(read.pipe(
      Effect.tapError((error) => error._tag === "Unauthorized" ? expired : Effect.void),
      Effect.match({
        onSuccess: (value) => setState({ key, value, problem: undefined }),
        onFailure: (error) =>
          setState((state) => ({
            key,
            value: state.key === key ? state.value : undefined,
            problem: messageOf(error)
          }))
      })
    ))
    return () => void run(Fiber.interrupt(fiber))
  }, [key, turn])
  return {
    value: state.key === key ? state.value : undefined,
    problem: state.key === key ? state.problem : undefined,
    refresh: () => setTurn((turn) => turn + 1)
  }
}
