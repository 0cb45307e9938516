/**
 * The registry of hooks, indexed so that a lookup does not scan hooks that
 * cannot match.
 */
import type { Hook, Subject } from "../Hook.ts"
import * as Hooks from "../Hook.ts"

export type Trigger = Hook["trigger"]
export type Triggered<T extends Trigger> = Extract<Hook, { readonly trigger: T }>

/** A hook and its position in the order of registration. */
interface Entry {
  readonly hook: Hook
  readonly place: number
}

const inOrder = (a: Entry, b: Entry): number => (a.hook.priority ?? 0) - (b.hook.priority ?? 0) || a.place - b.place

// The maximum number of cached filter combinations. There are normally few; the
// limit protects against an application with one channel per conversation.
const maxCombinations = 1000

const none: ReadonlyArray<never> = []

/** Mutated in place, only by the kit and always within one synchronous step. */
export class HookRegistry {
  readonly #entries = new Map<Hook, Entry>()
  /** Global hooks, sorted. Hooks with a `roomId` are in the sorted list of their room instead. */
  #global: ReadonlyArray<Entry> = []
  readonly #ofRoom = new Map<string, ReadonlyArray<Entry>>()
  /** Caches the global hooks per filter combination, so that finding them is one lookup. */
  readonly #found = new Map<string, ReadonlyArray<Entry>>()
  #places = 0

  add(hook: Hook): void {
    const entry = { hook, place: this.#places++ }
    this.#entries.set(hook, entry)
    this.#change(hook.roomId, (entries) => [...entries, entry].sort(inOrder))
  }

  remove(hook: Hook): void {
    if (this.#entries.delete(hook)) {
      this.#change(hook.roomId, (entries) => entries.filter((other) => other.hook !== hook))
    }
  }

  has(hook: Hook): boolean {
    return this.#entries.has(hook)
  }

  /** Returns the hooks of a trigger that match the subject, in execution order. */
  matching<T extends Trigger>(trigger: T, subject: Subject): ReadonlyArray<Triggered<T>> {
    if (this.#entries.size === 0) return none
    const everywhere = this.#globalFor(trigger, subject)
    const here = (this.#ofRoom.get(subject.roomId) ?? []).filter(({ hook }) =>
      hook.trigger === trigger && Hooks.matches(hook, subject)
    )
    const all = here.length === 0 ? everywhere : [...everywhere, ...here].sort(inOrder)
    // Both lists contain only hooks of this trigger.
    return all.map(({ hook }) => hook as Triggered<T>)
  }

  #globalFor(trigger: Trigger, subject: Subject): ReadonlyArray<Entry> {
    const { channelId, channelType, direction } = subject.source
    const combination = `${trigger} ${direction} ${channelType} ${channelId}`
    const earlier = this.#found.get(combination)
    if (earlier !== undefined) return earlier
    if (this.#found.size >= maxCombinations) this.#found.clear()
    const matching = this.#global.filter(({ hook }) => hook.trigger === trigger && Hooks.matches(hook, subject))
    this.#found.set(combination, matching)
    return matching
  }

  #change(roomId: string | undefined, change: (entries: ReadonlyArray<Entry>) => ReadonlyArray<Entry>): void {
    if (roomId === undefined) {
      this.#global = change(this.#global)
      this.#found.clear()
      return
    }
    const entries = change(this.#ofRoom.get(roomId) ?? [])
    if (entries.length === 0) this.#ofRoom.delete(roomId)
    else this.#ofRoom.set(roomId, entries)
  }
}
