/**
 * The server: requests in a second, and how long the slow ones take, under a
 * load that comes from another process.
 */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { Contender, Measure, Sample } from "../harness/Measure.ts"
import type { Task } from "../servers/load.ts"

/** By name, the file. */
const servers: Readonly<Record<string, string>> = {
  "effect-sms": "effect-sms.ts",
  "express + twilio": "express.ts",
  "fastify + twilio": "fastify.ts",
  "hono + twilio": "hono.ts",
  "node:http": "http.ts",
  "Effect's HttpRouter alone": "effect-http.ts"
}

const start = (file: string): ChildProcess => fork(join(import.meta.dirname, "../servers", file), { execArgv: [] })

const message = async <A>(child: ChildProcess): Promise<A> => {
  const ended = new AbortController()
  const exit = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new Error("A server or its load ended early")
  })
  try {
    const [answer] = await Promise.race([once(child, "message"), exit])
    return answer
  } finally {
    exit.catch(() => undefined)
    ended.abort()
  }
}

export const measure: Measure = {
  title: "Server",
  metrics: {
    requests: { unit: "/s", better: "more", digits: 0 },
    CPU: { unit: "µs a request", better: "less", digits: 0 },
    p99: { unit: "ms at 300/s", better: "less", digits: 1 }
  },
  rows: [
    { name: "requests, against fastify + twilio", metric: "requests", theirs: "fastify + twilio", aim: 1 },
    { name: "requests, against express + twilio", metric: "requests", theirs: "express + twilio", aim: 1 },
    { name: "requests, against hono + twilio", metric: "requests", theirs: "hono + twilio", aim: 1 },
    { name: "requests, against bare node:http", metric: "requests", theirs: "node:http", aim: 0.8 },
    { name: "requests, against Effect's HttpRouter alone", metric: "requests", theirs: "Effect's HttpRouter alone" },
    { name: "CPU, against Effect's HttpRouter alone", metric: "CPU", theirs: "Effect's HttpRouter alone" },
    { name: "CPU, against fastify + twilio", metric: "CPU", theirs: "fastify + twilio" },
    { name: "CPU, against bare node:http", metric: "CPU", theirs: "node:http" },
    { name: "p99, against fastify + twilio", metric: "p99", theirs: "fastify + twilio" },
    { name: "p99, against bare node:http", metric: "p99", theirs: "node:http" }
  ].map((row) => ({ ...row, ours: "effect-sms" })),
  rounds: ({ quick }) => quick ? 5 : 21,
  prepare: async ({ quick }) => {
    const load = start("load.ts")
    const children = Object.entries(servers).map(([name, file]) => ({ name, child: start(file) }))
    /** In microseconds. Unlike the time, it does not depend on what else the cores do. */
    const cpuOf = async (child: ChildProcess): Promise<number> => {
      child.send("How much?")
      const { system, user } = await message<NodeJS.CpuUsage>(child)
      return user + system
    }
    const run = async (child: ChildProcess, task: Task): Promise<Sample> => {
      const before = await cpuOf(child)
      load.send(task)
      const sample = await message<Sample>(load)
      const count = task.requests + task.perSecond * task.seconds
      return { ...sample, CPU: (await cpuOf(child) - before) / count }
    }
    const contenders: Record<string, Contender> = {}
    for (const { child, name } of children) {
      const port = await message<number>(child)
      const task = { port, connections: 16, perSecond: 300, seconds: 1 }
      // So many that the engine has compiled all of it.
      await run(child, { ...task, requests: quick ? 10_000 : 20_000 })
      contenders[name] = () => run(child, { ...task, requests: quick ? 2000 : 4000 })
    }
    return {
      contenders,
      tearDown: async () => {
        for (const child of [load, ...children.map(({ child }) => child)]) {
          const exit = once(child, "exit")
          child.disconnect()
          await exit
        }
      }
    }
  }
}
