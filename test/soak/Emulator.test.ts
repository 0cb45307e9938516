/**
 * The memory of the emulator stays flat, whatever is sent: a short run usually,
 * and a million messages in `npm run soak`.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { fork } from "node:child_process"
import { once } from "node:events"
import { ask, messageOf, stop } from "../bench/harness/server.ts"
import { portOf } from "../bench/servers/listening.ts"
import { sendAll, taker } from "../bench/servers/wire.ts"
import { sendsOf } from "./sends.ts"

const count = Number(process.env["SOAK_SENDS"] ?? 15_000)

const limit = 60_000 + count * 3

/** Of a million messages all that is kept has been replaced several times; of a few thousand, with these bounds. */
const bounds = count >= 1_000_000 ? {} : { maxMessages: count / 100, maxPeople: count / 100, maxExchanges: count / 100 }

/** The cap of the heap, in mebibytes. */
const cap = 256

const parts = 5

it.live("the memory of an emulator stays flat, below a capped heap", () =>
  Effect.promise(async () => {
    let called = 0
    let expected = 0
    let onCallback = () => {}
    const callbacks = taker(() => {
      called++
      onCallback()
    })
    callbacks.listen(0, "127.0.0.1")
    await once(callbacks, "listening")
    const emulator = fork(new URL("emulated.ts", import.meta.url), [JSON.stringify({ seed: "soak", ...bounds })], {
      execArgv: ["--conditions=effect-sms/source", "--expose-gc", `--max-old-space-size=${cap}`]
    })
    try {
      const port = await messageOf<number>(emulator)
      const env = await ask<Record<string, string>>(emulator, "Which variables?")
      const sendOf = sendsOf({ port, env, callbackUrl: `http://127.0.0.1:${portOf(callbacks.address())}/status` })
      const heaps: Array<number> = []
      let sent = 0
      for (let part = 1; part <= parts; part++) {
        const end = count * part / parts
        const next = () => {
          if (sent >= end) return undefined
          const { callbacks, request } = sendOf(sent++)
          expected += callbacks
          return request
        }
        await sendAll(port, 32, next, (line) => assert.match(line, /^HTTP\/1\.1 20[01] /))
        await new Promise<void>((resolve) => {
          onCallback = () => {
            if (called === expected) resolve()
          }
          onCallback()
        })
        const { arrayBuffers, heapUsed } = await ask<NodeJS.MemoryUsage>(emulator, "How much memory?")
        heaps.push((heapUsed + arrayBuffers) / 2 ** 20)
      }
      const shown = heaps.map((heap) => heap.toFixed(1)).join(", ")
      await Effect.runPromise(Effect.log(`emulator: ${shown} MiB after each fifth of ${count} messages`))
      const [first = 0, ...others] = heaps
      for (const heap of others) assert.isBelow(heap, first * 1.1 + 2, shown)
    } finally {
      await stop([emulator])
      callbacks.close()
    }
  }), limit)
