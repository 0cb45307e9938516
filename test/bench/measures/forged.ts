/**
 * What somebody without the secret can cost: the processor that a forged
 * webhook takes, against a genuine one, and how long genuine ones wait among
 * callers who forge.
 */
import type { Contender, Measure } from "../harness/Measure.ts"
import { messageOf, startServer, stop, usageOf } from "../harness/server.ts"
import type { Kind, Task } from "../servers/forged.ts"

const kinds: ReadonlyArray<Exclude<Kind, "genuine">> = [
  "small fields",
  "1 MB of small fields",
  "one large field",
  "many fields",
  "long query",
  "chunks of one byte"
]

/** Those that many callers send at once. To write chunks of one byte takes the callers longer than the server. */
const floods: ReadonlyArray<Kind> = ["small fields", "many fields"]

const forgers = 30

export const measure: Measure = {
  title: "Forged webhooks",
  metrics: {
    CPU: { unit: "µs a request", better: "less", digits: 0 },
    median: { unit: "ms", better: "less", digits: 1 }
  },
  rows: [
    ...kinds.map((kind) => ({ name: `CPU, ${kind}`, metric: "CPU", ours: kind, theirs: "genuine", aim: 0.5 })),
    ...floods.map((kind) => ({
      name: `a genuine webhook among ${forgers} who send ${kind}, against bare node:http`,
      metric: "median",
      ours: kind,
      theirs: "node:http",
      aim: 0.5
    }))
  ],
  rounds: ({ quick }) => quick ? 5 : 15,
  prepare: async ({ quick }) => {
    const callers = startServer("forged.ts")
    const ours = startServer("effect-sms.ts")
    const bare = startServer("http.ts")
    const [port, barePort] = [await messageOf<number>(ours), await messageOf<number>(bare)]
    const run = <A>(task: Task): Promise<A> => {
      callers.send(task)
      return messageOf<A>(callers)
    }
    const requests = quick ? 200 : 500
    const cpu = async (kind: Kind, requests: number) => {
      const before = await usageOf(ours)
      await run({ port, kind, requests })
      return (await usageOf(ours) - before) / requests
    }
    const contenders: Record<string, Contender> = { genuine: async () => ({ CPU: await cpu("genuine", requests) }) }
    for (const kind of kinds) {
      contenders[kind] = async () => ({
        CPU: await cpu(kind, requests),
        ...floods.includes(kind) && await run<{ readonly median: number }>({ port, kind, forgers, genuine: 50 })
      })
    }
    contenders["node:http"] = () => run({ port: barePort, kind: "small fields", forgers, genuine: 50 })
    // So many that the engine has compiled all of it.
    await cpu("genuine", 5000)
    for (const kind of kinds) await cpu(kind, 100)
    return { contenders, tearDown: () => stop([callers, ours, bare]) }
  }
}
