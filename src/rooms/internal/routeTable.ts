/**
 * Where routes lead, in memory.
 */
import type { Route } from "./routes.ts"

/** Where the messages to one of our numbers lead. */
interface OfNumber<A> {
  anybody: A | undefined
  readonly people: Map<string, A>
  readonly groups: Map<string, A>
}

/** Levels of maps, because a text of all parts of a route would have to be made for each message. */
export class RouteTable<A> {
  readonly #channels = new Map<string, Map<string | undefined, OfNumber<A>>>()

  get({ channelId, party, recipient }: Route): A | undefined {
    const found = this.#channels.get(channelId)?.get(recipient)
    if (found === undefined) return undefined
    if (typeof party === "string") return found.people.get(party)
    return party === undefined ? found.anybody : found.groups.get(JSON.stringify(party))
  }

  set({ channelId, party, recipient }: Route, value: A): void {
    const numbers = this.#channels.get(channelId) ?? new Map<string | undefined, OfNumber<A>>()
    const found = numbers.get(recipient) ?? { anybody: undefined, people: new Map(), groups: new Map() }
    this.#channels.set(channelId, numbers)
    numbers.set(recipient, found)
    if (typeof party === "string") found.people.set(party, value)
    else if (party === undefined) found.anybody = value
    else found.groups.set(JSON.stringify(party), value)
  }

  delete({ channelId, party, recipient }: Route): void {
    const numbers = this.#channels.get(channelId)
    const found = numbers?.get(recipient)
    if (numbers === undefined || found === undefined) return
    if (typeof party === "string") found.people.delete(party)
    else if (party === undefined) found.anybody = undefined
    else found.groups.delete(JSON.stringify(party))
    if (found.anybody !== undefined || found.people.size > 0 || found.groups.size > 0) return
    numbers.delete(recipient)
    if (numbers.size === 0) this.#channels.delete(channelId)
  }
}
