/**
 * The kit: room events through no, one, ten and a hundred hooks, of which one
 * wants the event.
 */
import { type Measure, row } from "../harness/Measure.ts"
import * as Thread from "../harness/thread.ts"
import type { Task } from "../workers/kit.ts"

const kits: ReadonlyArray<Omit<Task, "setting">> = [
  { name: "no hook", hooks: 0 },
  { name: "1 hook", hooks: 1 },
  { name: "10 hooks", hooks: 10 },
  { name: "100 hooks", hooks: 100 }
]

export const measure: Measure = {
  title: "Kit",
  metrics: { calls: { unit: "room events/s", better: "more", digits: 0 } },
  rows: [
    row("one hook, against none", "calls", "1 hook", "no hook"),
    row("ten hooks of which one matches, against that one", "calls", "10 hooks", "1 hook", 0.9),
    row("a hundred of which one matches, against that one", "calls", "100 hooks", "1 hook", 0.9)
  ],
  rounds: ({ quick }) => quick ? 7 : 41,
  prepare: (setting) => Thread.prepare("kit", kits.map((kit) => ({ ...kit, setting }) satisfies Task))
}
