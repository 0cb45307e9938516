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
/** How many bytes the messages of a person may have, on the average of all people. */
const bytesOfPerson = 5000

const sizeOf = ({ from, text, urls }: Received): number => {
  let bytes = 250 + 2 * from.length + 2 * text.length
  for (const url of urls) bytes += 24 + 2 * url.length
  return bytes
}

interface Inbox {
  readonly messages: Array<Received>
  bytes: number
}

export class People {
  readonly #inboxes: InsertionOrderedMap<Inbox>
  readonly #optOuts = new InsertionOrderedMap<true>({ maxEntries: 100_000 })

  constructor(maxPeople: number) {
    this.#inboxes = new InsertionOrderedMap({ maxEntries: maxPeople, maxBytes: maxPeople * bytesOfPerson })
  }

  deliver(number: string, message: Received): void {
    const inbox = this.#inboxes.get(number) ?? { messages: [], bytes: 0 }
    inbox.messages.push(message)
    inbox.bytes += sizeOf(message)
    if (inbox.messages.length > perPerson) inbox.bytes -= sizeOf(inbox.messages.shift()!)
    // The people who got something lately are kept.
    this.#put(number, inbox)
  }

  #put(number: string, inbox: Inbox): void {
    this.#inboxes.put(number, inbox, inbox.bytes)
    this.#inboxes.trim()
  }

  /** What the person received, oldest first. */
  inbox(number: string): ReadonlyArray<Received> {
    return this.#inboxes.get(number)?.messages ?? []
  }

  hasOptedOut(carrier: string, sender: string, number: string): boolean {
    return this.#optOuts.size > 0 && this.#optOuts.has(`${carrier} ${sender} ${number}`)
  }

  setOptedOut(carrier: string, sender: string, number: string, isOut: boolean): void {
    const key = `${carrier} ${sender} ${number}`
    if (!isOut) this.#optOuts.delete(key)
    else {
      this.#optOuts.put(key, true)
      this.#optOuts.trim()
    }
  }

  save(): Saved {
    const inboxes = [...this.#inboxes.entries()].map(([number, { messages }]) => [number, messages] as const)
    return { inboxes, optOuts: [...this.#optOuts.entries()].map(([key]) => key) }
  }

  restore({ inboxes, optOuts }: Saved): void {
    this.clear()
    for (const [number, messages] of inboxes) {
      this.#put(number, { messages: [...messages], bytes: messages.reduce((sum, message) => sum + sizeOf(message), 0) })
    }
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
