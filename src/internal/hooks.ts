/**
 * The registered hooks, found without looking at those that do not match.
 */
import type { Hook } from "../rooms/Hook.ts"
import * as Hooks from "../rooms/Hook.ts"
import type { RoomEvent } from "../rooms/RoomEvent.ts"

type Trigger = Hook["trigger"]
type Triggered<T extends Trigger> = Extract<Hook, { readonly trigger: T }>

export interface Registry {
  readonly add: (hook: Hook) => Registry
  readonly remove: (hook: Hook) => Registry
  /** The hooks of a trigger that want this event, in the order in which they run. */
  readonly matching: <T extends Trigger>(trigger: T, event: RoomEvent) => ReadonlyArray<Triggered<T>>
}

const byPriority = (a: Hook, b: Hook): number => (a.priority ?? 0) - (b.priority ?? 0)

/** An immutable registry. `hooks` is in the order of registration, which a stable sort keeps among equals. */
export const make = (hooks: ReadonlyArray<Hook> = []): Registry => {
  const ordered = [...hooks].sort(byPriority)
  const global = ordered.filter((hook) => hook.roomId === undefined)
  const ofRoom = new Map<string, Array<Hook>>()
  for (const hook of ordered) {
    if (hook.roomId !== undefined) ofRoom.set(hook.roomId, [...ofRoom.get(hook.roomId) ?? [], hook])
  }
  const rank = new Map(ordered.map((hook, index) => [hook, index]))
  // What a filter can look at takes few values: channels and their types. So
  // each combination is filtered once, and an event costs one look-up.
  const found = new Map<string, ReadonlyArray<Hook>>()

  const globalFor = (trigger: Trigger, event: RoomEvent): ReadonlyArray<Hook> => {
    const { channelId, channelType, direction } = event.source
    const key = `${trigger} ${direction} ${channelType} ${channelId}`
    const earlier = found.get(key)
    if (earlier !== undefined) return earlier
    const matching = global.filter((hook) => hook.trigger === trigger && Hooks.matches(hook, event))
    found.set(key, matching)
    return matching
  }

  return {
    add: (hook) => make([...hooks, hook]),
    remove: (hook) => make(hooks.filter((other) => other !== hook)),
    matching: <T extends Trigger>(trigger: T, event: RoomEvent) => {
      const everywhere = globalFor(trigger, event)
      const here = (ofRoom.get(event.roomId) ?? []).filter((hook) =>
        hook.trigger === trigger && Hooks.matches(hook, event)
      )
      const all = here.length === 0
        ? everywhere
        : [...everywhere, ...here].sort((a, b) => rank.get(a)! - rank.get(b)!)
      // Both lists hold hooks of this trigger only.
      return all as ReadonlyArray<Triggered<T>>
    }
  }
}
