/**
 * The server: requests in a second, and how long the slow ones take, under a
 * load that comes from another process.
 */
import type { ChildProcess } from "node:child_process"
import type { Contender, Measure, Sample } from "../harness/Measure.ts"
import { messageOf, startServer, stop, usageOf } from "../harness/server.ts"
import type { Task } from "../servers/load.ts"

/** By name, the program. */
const servers: Readonly<Record<string, readonly [file: string, ...args: ReadonlyArray<string>]>> = {
  "effect-sms": ["effect-sms.ts"],
  "express + twilio": ["express.ts"],
  "fastify + twilio": ["fastify.ts"],
  "hono + twilio": ["hono.ts"],
  "node:http": ["http.ts"],
  "Effect's HttpRouter alone": ["effect-http.ts"],
  "effect-sms without rooms": ["effect-sms.ts", "without-rooms"],
  "effect-sms without verification and rooms": ["effect-sms.ts", "route-alone"]
}

/** Those of which it is also told how long the slow requests take. */
const timed: ReadonlySet<string> = new Set(["effect-sms", "fastify + twilio", "node:http"])

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
    { name: "CPU, against fastify + twilio", metric: "CPU", theirs: "fastify + twilio", aim: 0.9 },
    { name: "CPU, against bare node:http", metric: "CPU", theirs: "node:http" },
    {
      name: "CPU, without rooms, against fastify + twilio",
      metric: "CPU",
      ours: "effect-sms without rooms",
      theirs: "fastify + twilio",
      aim: 1.2
    },
    { name: "p99, against fastify + twilio", metric: "p99", theirs: "fastify + twilio" },
    { name: "p99, against bare node:http", metric: "p99", theirs: "node:http" },
    { name: "CPU, against itself without rooms", metric: "CPU", theirs: "effect-sms without rooms" },
    {
      name: "CPU, against itself without verification and rooms",
      metric: "CPU",
      theirs: "effect-sms without verification and rooms"
    }
  ].map((row) => ({ ours: "effect-sms", ...row })),
  rounds: ({ quick }) => quick ? 5 : 21,
  prepare: async ({ quick }) => {
    const load = startServer("load.ts")
    const children = Object.entries(servers).map(([name, [file, ...args]]) => ({
      name,
      child: startServer(file, args)
    }))
    const run = (task: Task): Promise<Sample> => {
      load.send(task)
      return messageOf<Sample>(load)
    }
    const throughput = async (child: ChildProcess, port: number, requests: number): Promise<Sample> => {
      const before = await usageOf(child)
      const sample = await run({ port, requests, connections: 16 })
      return { ...sample, CPU: (await usageOf(child) - before) / requests }
    }
    const contenders: Record<string, Contender> = {}
    for (const { child, name } of children) {
      const port = await messageOf<number>(child)
      // So many that the engine has compiled all of it.
      await throughput(child, port, 30_000)
      contenders[name] = async () => ({
        ...await throughput(child, port, quick ? 2000 : 4000),
        ...timed.has(name) && await run({ port, perSecond: 300, seconds: 1 })
      })
    }
    return {
      contenders,
      tearDown: () => stop([load, ...children.map(({ child }) => child)])
    }
  }
}
