/**
 * The people with phones: what they received, and whom they opted out of.
 */
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"

/** A message on a person's phone. */
export interface Received {
  readonly carrier: string
  /** The carrier's id. Absent for a reply of the carrier itself, such as the confirmation of a STOP. */
  readonly id?: string | undefined
  readonly from: string
  readonly text: string
  readonly urls: ReadonlyArray<string>
  /** In epoch milliseconds. */
  readonly at: number
}

const perPerson = 50

export class People {
  readonly #inboxes: InsertionOrderedMap<Array<Received>>
  readonly #optOuts = new InsertionOrderedMap<true>({ maxEntries: 100_000 })

  constructor(maxPeople: number) {
    this.#inboxes = new InsertionOrderedMap({ maxEntries: maxPeople })
  }

  deliver(number: string, message: Received): void {
    const inbox = this.#inboxes.get(number) ?? []
    inbox.push(message)
    if (inbox.length > perPerson) inbox.shift()
    // The people who got something lately are kept.
    this.#inboxes.put(number, inbox)
    const excess = this.#inboxes.excess()
    if (excess !== undefined) this.#inboxes.delete(excess[0])
  }

  /** What the person received, oldest first. */
  inbox(number: string): ReadonlyArray<Received> {
    return this.#inboxes.get(number) ?? []
  }

  hasOptedOut(carrier: string, sender: string, number: string): boolean {
    return this.#optOuts.size > 0 && this.#optOuts.has(`${carrier} ${sender} ${number}`)
  }

  setOptedOut(carrier: string, sender: string, number: string, isOut: boolean): void {
    const key = `${carrier} ${sender} ${number}`
    if (!isOut) this.#optOuts.delete(key)
    else {
      this.#optOuts.put(key, true)
      const excess = this.#optOuts.excess()
      if (excess !== undefined) this.#optOuts.delete(excess[0])
    }
  }

  save(): Saved {
    return { inboxes: [...this.#inboxes.entries()], optOuts: [...this.#optOuts.entries()].map(([key]) => key) }
  }

  restore({ inboxes, optOuts }: Saved): void {
    this.clear()
    for (const [number, inbox] of inboxes) this.#inboxes.put(number, [...inbox])
    for (const key of optOuts) this.#optOuts.put(key, true)
  }

  clear(): void {
    this.#inboxes.clear()
    this.#optOuts.clear()
  }
}

/** What is kept of the people in a snapshot. */
export interface Saved {
  readonly inboxes: ReadonlyArray<readonly [number: string, inbox: ReadonlyArray<Received>]>
  readonly optOuts: ReadonlyArray<string>
}
