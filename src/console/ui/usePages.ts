/**
 * A list that the server gives in pages.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { useEffect, useRef, useState } from "preact/hooks"
import { type Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { expired } from "../state/session.ts"

interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next?: string | undefined
}

type Problem = Parameters<typeof messageOf>[0]

interface List<A> {
  readonly items: ReadonlyArray<A>
  readonly next: string | undefined
  /** The number of pages that were read. */
  readonly pages: number
  readonly isLoading: boolean
  readonly problem: string | undefined
}

const empty = { items: [], next: undefined, pages: 0, isLoading: true, problem: undefined }

export interface Pages<A> extends List<A> {
  readonly hasMore: boolean
  readonly more: () => void
  /** Reads the first page again. */
  readonly refresh: () => void
}

/**
 * Reads a list. It begins anew when the key changes, which tells what is asked
 * for. `idOf` tells items apart, so that one that moved is not there twice.
 */
export const usePages = <A, E extends Problem>(
  key: string,
  read: (cursor: string | undefined) => Effect.Effect<Page<A>, E, Api>,
  idOf: (item: A) => string
): Pages<A> => {
  const [list, setList] = useState<List<A>>(empty)
  /** Changes with the key, so that a late answer to an earlier question is not shown. */
  const turn = useRef(0)

  const load = (cursor: string | undefined) => {
    const mine = turn.current
    const show = (f: (list: List<A>) => List<A>) => {
      if (turn.current === mine) setList(f)
    }
    return run(
      read(cursor).pipe(
        Effect.tapError((error) => error._tag === "Unauthorized" ? expired : Effect.void),
        Effect.match({
          onSuccess: ({ items, next }) =>
            show((list) => {
              const fresh = new Set(items.map(idOf))
              const others = list.items.filter((item) => !fresh.has(idOf(item)))
              const done = { isLoading: false, problem: undefined }
              if (cursor !== undefined) return { ...done, items: [...others, ...items], next, pages: list.pages + 1 }
              // What is on later pages stays where it is.
              return list.pages > 1
                ? { ...list, ...done, items: [...items, ...others] }
                : { ...done, items, next, pages: 1 }
            }),
          onFailure: (error) => show((list) => ({ ...list, isLoading: false, problem: messageOf(error) }))
        })
      )
    )
  }

  useEffect(() => {
    turn.current++
    setList(empty)
    const fiber = load(undefined)
    return () => void run(Fiber.interrupt(fiber))
  }, [key])

  return {
    ...list,
    hasMore: list.next !== undefined,
    more: () => {
      if (list.isLoading || list.next === undefined) return
      setList({ ...list, isLoading: true })
      load(list.next)
    },
    refresh: () => void load(undefined)
  }
}
