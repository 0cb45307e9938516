/**
 * Nothing goes out to a person whose last word was STOP, except one confirmation, wherever the server is killed: by
 * keywords, free text, the API, an import or a refusal of the carrier. In a usual run there are a fifth as many kills as in
 * the other crash tests.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { database, hasPostgres } from "../integration/database.ts"
import { makeCarrier } from "./load.ts"
import { judge, live } from "./people.ts"
import { makeServer, pause } from "./servers.ts"

const kills = Math.ceil(Number(process.env["CRASH_KILLS"] ?? 50) / 5)
const minutes = Number(process.env["CRASH_MINUTES"] ?? kills)
const limit = (minutes + 10) * 60_000

const run = async (options: { readonly servers: number; readonly databaseUrl: string }) => {
  const carrier = await makeCarrier()
  // The other emulated carriers would be tried where this one refuses a message.
  const twilio = Object.fromEntries(Object.entries(carrier.env).filter(([name]) => name.startsWith("TWILIO_")))
  const start = () =>
    makeServer(`${import.meta.dirname}/../../src/main.ts`, ["serve"], {
      ...twilio,
      DATABASE_URL: options.databaseUrl,
      ADMIN_TOKEN: "admin",
      CONSOLE: "off",
      HOST: "127.0.0.1",
      // The carrier of this test answers no keyword.
      CONSENT_ANSWER: "always"
    })
  const servers = [await start()]
  while (servers.length < options.servers) servers.push(await start())
  const people = live(() => servers.map(({ base }) => base), carrier)
  const end = performance.now() + minutes * 60_000
  let killed = 0
  try {
    for (; killed < kills && performance.now() < end; killed++) {
      // Once somebody else has opted out, at any instant.
      const before = people.lives.filter(({ stoppedAt }) => stoppedAt !== undefined).length
      while (people.lives.filter(({ stoppedAt }) => stoppedAt !== undefined).length <= before) await pause(10)
      await pause(Math.random() * 1000)
      const server = servers[killed % servers.length]!
      await server.kill("SIGKILL")
      await server.begin()
    }
    await people.stop()
  } finally {
    await Promise.all(servers.map(({ kill }) => kill("SIGTERM")))
    await carrier.close()
  }
  return { kills: killed, ...judge(people.lives, carrier.sent()) }
}

const check = ({ confirmations, delivered, kills, notAccepted, notRefused, people, violations }: Awaited<
  ReturnType<typeof run>
>) => {
  process.stderr.write(
    `${kills} kills, ${people} people, ${delivered} queued messages and ${confirmations} confirmations went out\n`
  )
  assert.deepStrictEqual({ violations, notRefused, notAccepted }, { violations: [], notRefused: [], notAccepted: [] })
  // Messages go out to those who have not opted out, and opt-outs are confirmed.
  assert.isAbove(Math.min(people, delivered, confirmations), 0)
}

describe("people who have opted out get nothing, wherever a server is killed", () => {
  it.live("on SQLite", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-consent-`)),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      check(yield* Effect.promise(() => run({ servers: 1, databaseUrl: `sqlite:${directory}/sms.db` })))
    }), limit)

  it.live.skipIf(!hasPostgres)("of two servers on Postgres", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      check(yield* Effect.promise(() => run({ servers: 2, databaseUrl })))
    }), limit)
})
