/**
 * The delivery tracker: messages and their receipts, with few and with many
 * messages in the store, and what a store holds when it is full.
 */
import type { Measure } from "../harness/Measure.ts"
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
    {
      name: "speed with 1,000,000 kept, against 1,000",
      metric: "calls",
      ours: "1,000,000 kept",
      theirs: "1,000 kept",
      aim: 0.67
    },
    {
      name: "memory when 20 times as many have passed",
      metric: "heap",
      ours: "5,000 kept of 100,000",
      theirs: "5,000 kept of 5,000",
      aim: 0.67
    }
  ],
  rounds: ({ quick }) => quick ? 5 : 21,
  prepare: async (setting) => {
    const threads: Array<Thread.Thread> = []
    for (const tracker of trackers) threads.push(await Thread.start("tracker", { ...tracker, setting } satisfies Task))
    return Thread.together(threads)
  }
}
