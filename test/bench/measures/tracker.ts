/**
 * The delivery tracker: messages and their receipts, with few and with many
 * messages in the store, and what a store holds when it is full.
 */
import { type Measure, row } from "../harness/Measure.ts"
import * as Thread from "../harness/thread.ts"
import type { Task } from "../workers/tracker.ts"

const trackers: ReadonlyArray<Omit<Task, "setting">> = [
  { name: "5,000 kept of 5,000", capacity: 5000, followed: 5000, speed: false },
  { name: "5,000 kept of 100,000", capacity: 5000, followed: 100_000, speed: false },
  { name: "1,000 kept", capacity: 1000, followed: 1000, speed: true },
  { name: "1,000,000 kept", capacity: 1_000_000, followed: 1000, speed: true }
]

export const measure: Measure = {
  title: "Delivery tracker",
  metrics: {
    calls: { unit: "messages/s", better: "more", digits: 0 },
    heap: { unit: "MiB", better: "less", digits: 1 }
  },
  rows: [
    row("speed with 1,000,000 kept, against 1,000", "calls", "1,000,000 kept", "1,000 kept", 0.67),
    row("memory when 20 times as many have passed", "heap", "5,000 kept of 100,000", "5,000 kept of 5,000", 0.67)
  ],
  rounds: ({ quick }) => quick ? 5 : 21,
  prepare: (setting) => Thread.prepare("tracker", trackers.map((tracker) => ({ ...tracker, setting }) satisfies Task))
}
