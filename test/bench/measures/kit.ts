/**
 * The kit: messages through no, one, ten and a hundred hooks, of which one wants
 * them, and in many rooms.
 */
import { type Measure, row } from "../harness/Measure.ts"
import * as Thread from "../harness/thread.ts"
import type { Task } from "../workers/kit.ts"

const kits: ReadonlyArray<Omit<Task, "setting">> = [
  { name: "no hook", hooks: 0, rooms: 100 },
  { name: "no hook, 10,000 rooms", hooks: 0, rooms: 10_000 },
  { name: "1 hook", hooks: 1, rooms: 100 },
  { name: "10 hooks", hooks: 10, rooms: 100 },
  { name: "100 hooks", hooks: 100, rooms: 100 }
]

const aim = 6
const aimed = "6 µs"

export const measure: Measure = {
  title: "Kit",
  metrics: { CPU: { unit: "µs a message", better: "less", digits: 1 } },
  rows: [
    row("no hook, against 6 µs", "CPU", "no hook", aimed, 1),
    row("no hook, 10,000 rooms, against 6 µs", "CPU", "no hook, 10,000 rooms", aimed),
    row("one hook, against none", "CPU", "1 hook", "no hook"),
    row("ten hooks of which one matches, against that one", "CPU", "10 hooks", "1 hook", 0.9),
    row("a hundred of which one matches, against that one", "CPU", "100 hooks", "1 hook", 0.9)
  ],
  rounds: ({ quick }) => quick ? 7 : 41,
  prepare: async (setting) => {
    const prepared = await Thread.prepare("kit", kits.map((kit) => ({ ...kit, setting }) satisfies Task))
    return { ...prepared, contenders: { ...prepared.contenders, [aimed]: () => ({ CPU: aim }) } }
  }
}
