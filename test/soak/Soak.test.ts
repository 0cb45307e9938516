/**
 * The memory of a server stays below its documented ceiling, whatever its
 * carriers send: a short flood in a usual run, a long one in `npm run soak`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { run } from "../main/process.ts"
import { env, flood } from "./flood.ts"

const count = Number(process.env["SOAK_WEBHOOKS"] ?? 4000)

const limit = 120_000 + count * 100

/** In mebibytes: see "Memory" in docs/server.md. */
const ceiling = 1280

const meanOf = (samples: ReadonlyArray<number>) => samples.reduce((sum, sample) => sum + sample, 0) / samples.length

const soak = Effect.fnUntraced(function*(databaseUrl: string, count: number) {
  const server = yield* run(["serve"], { ...env, PORT: "0", HOST: "127.0.0.1", DATABASE_URL: databaseUrl })
  const output = yield* server.until(/Listening on (http:\/\/\S+)/)
  const [, base] = /Listening on (http:\/\/\S+)/.exec(output)!
  const { samples, unexpected } = yield* Effect.promise(() =>
    flood(base!.replace("localhost", "127.0.0.1"), server.pid, count)
  )
  assert.deepStrictEqual(unexpected, [])
  const quarter = Math.floor(samples.length / 4)
  const [third, fourth] = [samples.slice(2 * quarter, 3 * quarter), samples.slice(3 * quarter)].map(meanOf) as [
    number,
    number
  ]
  const figures = `${databaseUrl.split(":")[0]}: ${Math.round(samples[0]!)} to ${Math.round(Math.max(...samples))} MiB`
  yield* Effect.log(`${figures}, means of the last quarters ${Math.round(third)} and ${Math.round(fourth)} MiB`)
  assert.isBelow(Math.max(...samples), ceiling)
  assert.isBelow(fourth, third * 1.15)
})

describe("a server under a flood of large authentic webhooks", () => {
  it.live("keeps its memory below the ceiling, and flat, in memory", () => soak("memory:", count), limit)

  it.live("keeps its memory below the ceiling, and flat, on SQLite", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-soak-`)),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      // Each takes longer, and what is kept is on the disk.
      yield* soak(`sqlite:${directory}/sms.db`, Math.ceil(count / 4))
    }), limit)
})
