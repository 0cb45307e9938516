/**
 * The windows of an in-memory aggregator and their timers. Every operation
 * takes constant time, regardless of how much is pending or remembered.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { MessagePart } from "../../WebhookEvent.ts"
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
  /** Returns the bytes of the windows and of what is remembered. */
  readonly bytes: () => number
}

export interface Options {
  readonly settings: MmsWindow.Settings
  readonly maxPending: number
  readonly maxRemembered: number
  /** The bytes of the parts in all open windows. */
  readonly maxBytes: number
  readonly maxRememberedBytes: number
}

interface Busy {
  readonly state: MmsWindow.State
  readonly windows: ReadonlyArray<LinkedList.Entry<Pending>>
  readonly bytes: number
}

const none: ReadonlyArray<LinkedList.Entry<Pending>> = []

/** What a key takes without its texts. */
const perKey = 512

const perWindow = 1024

export const make = (
  { maxBytes, maxPending, maxRemembered, maxRememberedBytes, settings }: Options
): Memory => {
  const busy = new Map<string, Busy>()
  /** The states without windows, the one without news the longest first. */
  const idle = new InsertionOrderedMap<MmsWindow.State>({ maxEntries: maxRemembered, maxBytes: maxRememberedBytes })
  const pending = LinkedList.make<Pending>()
  let busyBytes = 0

  // A part stays the same object in each state that it is part of.
  const sizes = new WeakMap<MessagePart, number>()

  const sizeOfPart = (part: MessagePart): number => {
    const known = sizes.get(part)
    if (known !== undefined) return known
    const bytes = sizeOf(part)
    sizes.set(part, bytes)
    return bytes
  }

  /** Without the messages that are due: those count as deliveries. */
  const bytesOf = (key: string, { open, seen, sent }: MmsWindow.State): number => {
    let bytes = perKey + 2 * key.length + sizeOf(seen) + sizeOf(sent)
    for (const { parts } of open) bytes += parts.reduce((sum, part) => sum + sizeOfPart(part), perWindow)
    return bytes
  }

  const forgetOld = (now: number) => {
    for (let oldest = idle.oldest(); oldest !== undefined; oldest = idle.oldest()) {
      if (oldest.value.forgetAt > now && idle.excess() === undefined) return
      idle.delete(oldest.key)
    }
  }

  const take = (key: string): Pick<Busy, "state" | "windows"> => {
    const known = busy.get(key)
    if (known !== undefined) return known
    const state = idle.get(key) ?? MmsWindow.empty
    idle.delete(key)
    return { state, windows: none }
  }

  const put = (key: string, { state, windows }: Pick<Busy, "state" | "windows">) => {
    busyBytes -= busy.get(key)?.bytes ?? 0
    const bytes = bytesOf(key, state)
    if (state.isIdle) {
      busy.delete(key)
      idle.put(key, state, bytes)
    } else {
      busy.set(key, { state, windows, bytes })
      busyBytes += bytes
    }
  }

  const excess = (): Pending | undefined =>
    pending.size() > maxPending || busyBytes > maxBytes ? pending.first()?.value : undefined

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
    for (let oldest = excess(); oldest !== undefined; oldest = excess()) {
      one(oldest.key, new MmsWindow.Closed({ window: oldest.id, cause: "evicted" }))
    }
    forgetOld(now)
    return { outputs, timed, opened, closed }
  }

  return { apply, oldest: () => pending.first()?.value, bytes: () => busyBytes + idle.bytes }
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
