/**
 * The emulator: messages in a second through the API of Twilio, each of which has two callbacks, under a load that
 * comes from another process and takes the callbacks.
 */
import { type Contender, type Measure, row } from "../harness/Measure.ts"
import { ask, messageOf, startServer, stop, usageOf } from "../harness/server.ts"
import type { Done, Task } from "../servers/emulator-load.ts"

/** By name, the program. */
const servers: Readonly<Record<string, string>> = {
  "effect-sms emulate": "emulator.ts",
  "node:http and undici": "emulator-bare.ts"
}

const aim = 5000
const aimed = "5,000 a second"

export const measure: Measure = {
  title: "Emulator",
  metrics: {
    sends: { unit: "/s", better: "more", digits: 0 },
    CPU: { unit: "µs a send", better: "less", digits: 0 }
  },
  rows: [
    row("sends, against 5,000 a second", "sends", "effect-sms emulate", aimed, 1),
    row("sends, against node:http and undici alone", "sends", "effect-sms emulate", "node:http and undici"),
    row("CPU, against node:http and undici alone", "CPU", "effect-sms emulate", "node:http and undici")
  ],
  rounds: ({ quick }) => quick ? 5 : 21,
  prepare: async ({ quick }) => {
    const load = startServer("emulator-load.ts")
    const appUrl = `http://127.0.0.1:${await messageOf<number>(load)}`
    const children = Object.entries(servers).map(([name, file]) => ({ name, child: startServer(file, [appUrl]) }))
    const contenders: Record<string, Contender> = { [aimed]: () => ({ sends: aim }) }
    for (const { child, name } of children) {
      const port = await messageOf<number>(child)
      const env = await ask<Task["env"]>(child, "Which variables?")
      const run = (sends: number): Promise<Done> => {
        load.send({ port, env, connections: 32, sends } satisfies Task)
        return messageOf<Done>(load)
      }
      // So many that the engine has compiled all of it, and that the emulator keeps as many messages as it ever does.
      await run(30_000)
      const sends = quick ? 10_000 : 20_000
      contenders[name] = async () => {
        const before = await usageOf(child)
        const done = await run(sends)
        return { ...done, CPU: (await usageOf(child) - before) / sends }
      }
    }
    return {
      contenders,
      tearDown: () => stop([load, ...children.map(({ child }) => child)])
    }
  }
}
