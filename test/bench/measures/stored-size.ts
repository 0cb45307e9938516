/**
 * What a webhook costs with few and with many events and rooms in the database,
 * of rooms that are known.
 */
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Contender, type Measure, row } from "../harness/Measure.ts"
import { ask, messageOf, startServer, stop, usageOf } from "../harness/server.ts"
import { multiplyHistory } from "../inputs/history.ts"
import type { Task } from "../servers/load.ts"

const few = "1,000 events"
const many = "1,000,000 events"
const quickly = "100,000 events"

const isQuick = process.argv.some((argument) => argument.includes("\"quick\":true"))
const large = isQuick ? quickly : many

export const measure: Measure = {
  title: "Size of the database",
  metrics: {
    CPU: { unit: "µs a webhook, with its processing", better: "less", digits: 0 },
    acknowledged: { unit: "/s at 32 connections", better: "more", digits: 0 },
    memory: { unit: "MiB resident", better: "less", digits: 0 }
  },
  rows: [
    row(`cost of a webhook with ${large}, against ${few}`, "CPU", large, few, 0.77),
    row(`memory with ${large}, against ${few}`, "memory", large, few, 0.9)
  ],
  rounds: ({ quick }) => quick ? 7 : 21,
  prepare: async () => {
    const directory = mkdtempSync(join(tmpdir(), "effect-sms-bench-"))
    const load = startServer("load.ts")
    const run = async (task: Task) => {
      load.send(task)
      return messageOf<{ readonly requests: number }>(load)
    }
    const sizes = isQuick
      ? { [few]: { events: 1000, rooms: 100 }, [quickly]: { events: 100_000, rooms: 10_000 } }
      : { [few]: { events: 1000, rooms: 100 }, [many]: { events: 1_000_000, rooms: 100_000 } }
    const children: Array<ChildProcess> = []
    const contenders: Record<string, Contender> = {}
    for (const [name, size] of Object.entries(sizes)) {
      const filename = join(directory, `${size.events}.db`)
      const first = startServer("stored.ts", [filename])
      await run({ port: await messageOf<number>(first), requests: 1, connections: 1 })
      await ask(first, "Settled?")
      await stop([first])
      multiplyHistory(filename, size)
      const child = startServer("stored.ts", [filename], ["--expose-gc"])
      children.push(child)
      const port = await messageOf<number>(child)
      const webhooks = async (requests: number) => {
        const before = await usageOf(child)
        const { requests: acknowledged } = await run({ port, requests, connections: 32, people: size.rooms })
        await ask(child, "Settled?")
        return { acknowledged, CPU: (await usageOf(child) - before) / requests }
      }
      await webhooks(isQuick ? 2000 : 10_000)
      contenders[name] = async () => {
        const sample = await webhooks(500)
        const { rss } = await ask<NodeJS.MemoryUsage>(child, "How much memory?")
        return { ...sample, memory: rss / 2 ** 20 }
      }
    }
    return {
      contenders,
      tearDown: async () => {
        await stop([load, ...children])
        rmSync(directory, { recursive: true })
      }
    }
  }
}
