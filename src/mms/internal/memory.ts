/**
 * The windows of an in-memory aggregator and their timers. Every operation
 * takes constant time, regardless of how much is pending or remembered.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import * as LinkedList from "./linkedList.ts"
import * as MmsWindow from "./window.ts"

export interface Key {
  readonly provider: string
  /** Unique per provider and correlation key. */
  readonly text: string
}

export const keyOf = (provider: string, correlationKey: string): Key => ({
  provider,
  text: JSON.stringify([provider, correlationKey])
})

/** An open window and its timer. */
export interface Pending {
  readonly key: Key
  readonly id: number
  closesAt: number
  isOpen: boolean
  timer: Fiber.Fiber<unknown> | undefined
}

/** The windows affected by a change. */
export interface Windows {
  /** The windows that need a new timer: new ones, and those whose closing time changed. */
  readonly timed: ReadonlyArray<Pending>
  readonly opened: ReadonlyArray<Pending>
  readonly closed: ReadonlyArray<Pending>
}

export interface Change extends Windows {
  readonly outputs: ReadonlyArray<{ readonly key: Key; readonly output: MmsWindow.Output }>
}

export interface Memory {
  readonly apply: (key: Key, input: MmsWindow.Input, now: number) => Change
  /** Returns the window that has been open the longest. */
  readonly oldest: () => Pending | undefined
}

export interface Options {
  readonly settings: MmsWindow.Settings
  readonly maxPending: number
  readonly maxRemembered: number
}

interface Busy {
  readonly state: MmsWindow.State
  readonly windows: ReadonlyArray<LinkedList.Entry<Pending>>
}

interface Idle {
  readonly key: string
  readonly state: MmsWindow.State
}

const none: ReadonlyArray<LinkedList.Entry<Pending>> = []

export const make = ({ maxPending, maxRemembered, settings }: Options): Memory => {
  const busy = new Map<string, Busy>()
  const idle = new Map<string, LinkedList.Entry<Idle>>()
  const pending = LinkedList.make<Pending>()
  const remembered = LinkedList.make<Idle>()

  const forget = (entry: LinkedList.Entry<Idle>) => {
    remembered.remove(entry)
    idle.delete(entry.value.key)
  }

  const forgetOld = (now: number) => {
    for (let entry = remembered.first(); entry !== undefined; entry = remembered.first()) {
      if (entry.value.state.forgetAt > now && remembered.size() <= maxRemembered) return
      forget(entry)
    }
  }

  const take = (key: string): Busy => {
    const known = busy.get(key)
    if (known !== undefined) return known
    const entry = idle.get(key)
    if (entry === undefined) return { state: MmsWindow.empty, windows: none }
    forget(entry)
    return { state: entry.value.state, windows: none }
  }

  const put = (key: string, next: Busy) => {
    if (!next.state.isIdle) return void busy.set(key, next)
    busy.delete(key)
    idle.set(key, remembered.add({ key, state: next.state }))
  }

  const apply: Memory["apply"] = (key, input, now) => {
    const outputs: Array<Change["outputs"][number]> = []
    const timed: Array<Pending> = []
    const opened: Array<Pending> = []
    const closed: Array<Pending> = []

    const one = (key: Key, input: MmsWindow.Input) => {
      const before = take(key.text)
      const [put_, state] = MmsWindow.step(before.state, input, now, settings)
      for (const output of put_) outputs.push({ key, output })
      const windows = state.open.map(({ closesAt, id }) => {
        const known = before.windows.find(({ value }) => value.id === id)
        if (known?.value.closesAt === closesAt) return known
        if (known !== undefined) {
          known.value.closesAt = closesAt
          timed.push(known.value)
          return known
        }
        const window: Pending = { key, id, closesAt, isOpen: true, timer: undefined }
        opened.push(window)
        timed.push(window)
        return pending.add(window)
      })
      for (const entry of before.windows) {
        if (windows.includes(entry)) continue
        pending.remove(entry)
        entry.value.isOpen = false
        closed.push(entry.value)
      }
      put(key.text, { state, windows })
    }

    forgetOld(now)
    one(key, input)
    while (pending.size() > maxPending) {
      const { id, key } = pending.first()!.value
      one(key, new MmsWindow.Closed({ window: id, cause: "evicted" }))
    }
    forgetOld(now)
    return { outputs, timed, opened, closed }
  }

  return { apply, oldest: () => pending.first()?.value }
}

export interface Timers {
  readonly set: (windows: Windows) => void
}

/**
 * Builds the timers: one fiber per window, which sleeps until the window
 * closes. The fiber ends with its window, so it cannot affect a later window of
 * the same key.
 */
export const makeTimers = (onElapsed: (window: Pending, closesAt: number) => Effect.Effect<unknown>) =>
  Effect.map(Effect.context<never>(), (services): Timers => {
    // A timer outlives the webhook that sets it, so it must not inherit its span.
    const fork = Effect.runForkWith(Context.omit(Tracer.ParentSpan)(services))

    const sleep = Effect.fnUntraced(function*(window: Pending, closesAt: number) {
      yield* Effect.sleep(Math.max(0, closesAt - (yield* Clock.currentTimeMillis)))
      // Cleared first, so that closing the window does not interrupt this fiber.
      window.timer = undefined
      yield* onElapsed(window, closesAt)
    })

    return {
      set: ({ closed, timed }) => {
        for (const window of timed) {
          window.timer?.interruptUnsafe()
          // Another fiber may have closed the window in the meantime.
          window.timer = window.isOpen ? fork(sleep(window, window.closesAt)) : undefined
        }
        for (const { timer } of closed) timer?.interruptUnsafe()
      }
    }
  })
