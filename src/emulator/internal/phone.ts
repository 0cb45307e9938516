/**
 * The phone of a person: what it shows, and when that changes.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Saved as SavedFault } from "./faults.ts"
import type { Simulation } from "./simulation.ts"

/** A message on the phone. */
export interface PhoneMessage {
  /** The carrier's id. Absent for a text of the carrier itself, such as the confirmation of a STOP. */
  readonly id?: string | undefined
  readonly carrier: string
  readonly direction: "written" | "received"
  /** The number of the application. */
  readonly number: string
  readonly text: string
  /** A file that the person sent has an id, and one that the person received a URL. */
  readonly files: ReadonlyArray<{ readonly id: string; readonly type: string } | { readonly url: string }>
  /** In epoch milliseconds. */
  readonly at: number
}

/** What a phone shows, oldest first, and the rules of faults. */
export interface Phone {
  readonly messages: ReadonlyArray<PhoneMessage>
  readonly faults: ReadonlyArray<Omit<SavedFault, "random">>
}

/** The messages that a phone shows, of each direction and carrier. */
const shown = 50

/** The messages of a carrier that are looked through for those of a person. */
const looked = 2000

const writtenBy = ({ accounts, files }: Simulation, person: string): ReadonlyArray<PhoneMessage> => {
  const written: Array<PhoneMessage> = []
  for (const { messages, name } of accounts.values()) {
    let [seen, found] = [0, 0]
    for (const { createdAt, direction, files: ids, from, id, text, to } of messages.newestFirst()) {
      if (seen++ === looked || found === shown) break
      if (direction !== "inbound" || from !== person) continue
      found++
      written.push({
        id,
        carrier: name,
        direction: "written",
        number: to,
        text,
        files: ids.flatMap((id) => {
          const file = files.get(id)
          return file === undefined ? [] : [{ id, type: file.type }]
        }),
        at: createdAt
      })
    }
  }
  return written
}

/** Reads what the phone of a person shows. */
export const read = (simulation: Simulation, person: string): Phone => {
  const received = simulation.people.inbox(person).map(({ from, urls, ...message }): PhoneMessage => ({
    ...message,
    direction: "received",
    number: from,
    files: urls.map((url) => ({ url }))
  }))
  return {
    // The sort is stable: what a carrier answers at once stays after what the person wrote.
    messages: [...writtenBy(simulation, person), ...received].sort((one, other) => one.at - other.at),
    faults: simulation.faults.list().map(({ fault, happened, id, seen }) => ({ id, fault, seen, happened }))
  }
}

/** Streams what the phone of a person shows: at once, and after each change, of which `watch` tells. */
export const follow = (
  simulation: Simulation,
  watch: (listener: () => void) => () => void,
  person: string
): Stream.Stream<Phone> =>
  Stream.callback<void>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => watch(() => Queue.offerUnsafe(queue, undefined))),
      (stop) => Effect.sync(stop)
    ), { bufferSize: 1, strategy: "sliding" }).pipe(
      Stream.map(() => read(simulation, person)),
      Stream.changes
    )
