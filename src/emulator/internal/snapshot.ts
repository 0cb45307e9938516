/**
 * Writes everything on the network as JSON, and reads it back.
 */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type * as Faults from "./faults.ts"
import type { Kept } from "./messages.ts"
import type * as People from "./people.ts"
import type { Post } from "./postQueue.ts"
import type { State } from "./random.ts"
import type * as Records from "./records.ts"
import type { Simulation, Step } from "./simulation.ts"

export interface Snapshot {
  readonly version: 1
  readonly random: State
  readonly carriers: ReadonlyArray<{
    readonly name: string
    readonly messages: ReadonlyArray<Kept>
    readonly records: Records.Saved
  }>
  readonly people: People.Saved
  readonly files: ReadonlyArray<{ readonly id: string; readonly type: string; readonly base64: string }>
  readonly steps: ReadonlyArray<readonly [due: number, step: Step]>
  readonly posts: ReadonlyArray<Post>
  readonly faults: ReadonlyArray<Faults.Saved>
}

/** A webhook that is on its way during the snapshot is not in it. */
export const save = (simulation: Simulation): Snapshot => ({
  version: 1,
  random: simulation.random.state(),
  carriers: [...simulation.accounts.values()].map(({ messages, name, records }) => ({
    name,
    messages: [...messages.oldestFirst()].map((message) => ({ ...message })),
    records: records.save()
  })),
  people: simulation.people.save(),
  files: [...simulation.files.values()].map(({ bytes, id, type }) => ({ id, type, base64: Base64.encode(bytes) })),
  steps: simulation.schedule.entries(),
  posts: simulation.posts.all(),
  faults: simulation.faults.save()
})

export const restore = (simulation: Simulation, snapshot: Snapshot): void => {
  simulation.reset()
  simulation.random.restore(snapshot.random)
  for (const { messages, name, records } of snapshot.carriers) {
    const account = simulation.accounts.get(name)
    if (account === undefined) continue
    for (const message of messages) account.messages.add({ ...message })
    account.records.restore(records)
  }
  simulation.people.restore(snapshot.people)
  for (const { base64, id, type } of snapshot.files) {
    const bytes = Result.getOrElse(Base64.decode(base64), () => new Uint8Array())
    simulation.files.add({ id, type, bytes })
  }
  simulation.faults.restore(snapshot.faults)
  simulation.restore(snapshot.steps, snapshot.posts)
}
