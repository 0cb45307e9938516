/**
 * The registered hooks, found without looking at those that do not match.
 */
import type { Hook, Subject } from "../Hook.ts"
import * as Hooks from "../Hook.ts"

export type Trigger = Hook["trigger"]
export type Triggered<T extends Trigger> = Extract<Hook, { readonly trigger: T }>

/** A hook and its place in the order of registration. */
interface Entry {
  readonly hook: Hook
  readonly place: number
}

const inOrder = (a: Entry, b: Entry): number => (a.hook.priority ?? 0) - (b.hook.priority ?? 0) || a.place - b.place

// Combinations of what a filter looks at. They are few; the bound is for an
// application that makes up a channel a conversation.
const maxCombinations = 1000

/** Changed in place, by the kit alone and always within one synchronous step. */
export class HookRegistry {
  readonly #entries = new Map<Hook, Entry>()
  /** Both sorted. A hook is global, or in the list of its room. */
  #global: ReadonlyArray<Entry> = []
  readonly #ofRoom = new Map<string, ReadonlyArray<Entry>>()
  /** The global hooks of each combination, so that finding them costs one look-up. */
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

  /** The hooks of a trigger that are for this, in the order in which they run. */
  matching<T extends Trigger>(trigger: T, subject: Subject): ReadonlyArray<Triggered<T>> {
    const everywhere = this.#globalFor(trigger, subject)
    const here = (this.#ofRoom.get(subject.roomId) ?? []).filter(({ hook }) =>
      hook.trigger === trigger && Hooks.matches(hook, subject)
    )
    const all = here.length === 0 ? everywhere : [...everywhere, ...here].sort(inOrder)
    // Both lists hold hooks of this trigger only.
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
