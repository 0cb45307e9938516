/**
 * The delivery tracker: messages and their receipts, with few and with many
 * messages in the store, and what a store holds when it is full.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Contender, Measure, Sample } from "../harness/Measure.ts"
import type { Task } from "../workers/tracker.ts"

interface Tracker {
  /** Of a store that is full, what it holds. */
  readonly full: Sample
  readonly calls: Contender
  readonly end: () => Promise<void>
}

const start = async (task: Task): Promise<Tracker> => {
  const worker = new Worker(new URL("../workers/tracker.ts", import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: 8192 }
  })
  const [full] = await once(worker, "message")
  return {
    full,
    calls: async (round) => {
      worker.postMessage(round)
      const [sample] = await once(worker, "message")
      return sample
    },
    end: async () => {
      const exit = once(worker, "exit")
      worker.postMessage(undefined)
      await exit
    }
  }
}

/** By name: how many messages are kept, and how many have been followed before. */
const sizes: Readonly<Record<string, Omit<Task, "setting">>> = {
  "1,000 kept": { capacity: 1000, followed: 1000 },
  "1,000,000 kept": { capacity: 1_000_000, followed: 1000 }
}
const histories: Readonly<Record<string, Omit<Task, "setting">>> = {
  "5,000 kept of 5,000": { capacity: 5000, followed: 5000 },
  "5,000 kept of 100,000": { capacity: 5000, followed: 100_000 }
}

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
    const contenders: Record<string, Contender> = {}
    const ends: Array<() => Promise<void>> = []
    for (const [name, task] of Object.entries(histories)) {
      const { end, full } = await start({ ...task, setting })
      contenders[name] = () => full
      await end()
    }
    for (const [name, task] of Object.entries(sizes)) {
      const { calls, end } = await start({ ...task, setting })
      contenders[name] = calls
      ends.push(end)
    }
    return {
      contenders,
      tearDown: async () => {
        for (const end of ends) await end()
      }
    }
  }
}
