/**
 * Webhooks that are acknowledged once they are stored: how many in a second,
 * how late the slow ones are, and for how long the server does nothing else.
 */
import type { ChildProcess } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start as startPostgres } from "../../integration/postgres.ts"
import { type Contender, type Measure, row, type Sample } from "../harness/Measure.ts"
import { ask, messageOf, startServer, stop, usageOf } from "../harness/server.ts"
import type { Task } from "../servers/load.ts"

const sqlite = "effect-sms, SQLite"
const postgres = "effect-sms, Postgres"
const memory = "effect-sms, memory"
const peer = "fastify + twilio + INSERT"

/** Undefined where none is installed. */
const database = await startPostgres({ sync: true }).catch(() => undefined)

export const measure: Measure = {
  title: "Storage",
  metrics: {
    acknowledged: { unit: "/s at 32 connections", better: "more", digits: 0 },
    processed: { unit: "/s", better: "more", digits: 0 },
    CPU: { unit: "µs a webhook, with its processing", better: "less", digits: 0 },
    p99: { unit: "ms at 300/s", better: "less", digits: 1 },
    delay: { unit: "ms of the event loop at 300/s, the longest", better: "less", digits: 1 }
  },
  rows: [
    row("acknowledged, SQLite, against fastify + twilio + INSERT", "acknowledged", sqlite, peer, 1),
    row("acknowledged, SQLite, against memory", "acknowledged", sqlite, memory),
    ...database === undefined ? [] : [row("acknowledged, Postgres, against memory", "acknowledged", postgres, memory)],
    row("p99, SQLite, against fastify + twilio + INSERT", "p99", sqlite, peer)
  ],
  rounds: ({ quick }) => quick ? 5 : 15,
  prepare: async ({ quick }) => {
    const directory = mkdtempSync(join(tmpdir(), "effect-sms-bench-"))
    const load = startServer("load.ts")
    const children: Readonly<Record<string, ChildProcess>> = {
      [sqlite]: startServer("stored.ts", [join(directory, "sms.db")]),
      [memory]: startServer("stored.ts", ["memory:"]),
      ...database !== undefined && { [postgres]: startServer("stored.ts", [database.url]) },
      [peer]: startServer("fastify-stored.ts", [join(directory, "peer.db")])
    }
    const run = (task: Task): Promise<Sample> => {
      load.send(task)
      return messageOf<Sample>(load)
    }
    const throughput = async (child: ChildProcess, port: number, requests: number): Promise<Sample> => {
      const before = await usageOf(child)
      const start = performance.now()
      const { requests: acknowledged = NaN } = await run({ port, requests, connections: 32 })
      await ask(child, "Settled?")
      const processed = requests / (performance.now() - start) * 1000
      return { acknowledged, processed, CPU: (await usageOf(child) - before) / requests }
    }
    const contenders: Record<string, Contender> = {}
    for (const [name, child] of Object.entries(children)) {
      const port = await messageOf<number>(child)
      await throughput(child, port, quick ? 4000 : 10_000)
      contenders[name] = async () => {
        const sample = await throughput(child, port, 1000)
        await ask(child, "Watch the event loop")
        const { p99 = NaN } = await run({ port, perSecond: 300, seconds: 1 })
        const { max } = await ask<{ readonly max: number }>(child, "How late?")
        await ask(child, "Settled?")
        return { ...sample, p99, delay: max }
      }
    }
    return {
      contenders,
      tearDown: async () => {
        await stop([load, ...Object.values(children)])
        await database?.stop()
        rmSync(directory, { recursive: true })
      }
    }
  }
}
