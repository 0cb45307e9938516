/**
 * The aggregator of split messages on SQLite, with so many parts at a time that
 * they share commits, beside statements that do the least of it.
 */
import { MmsAggregator } from "effect-sms/mms"
import * as MmsAggregatorSql from "effect-sms/sql/MmsAggregatorSql"
import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
import type { MessagePart } from "effect-sms/WebhookEvent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { type Measure, row } from "../harness/Measure.ts"
import { correlationKey, part } from "../inputs/parts.ts"

/** How many parts come at a time. */
const atATime = 32

/** The wrappers of so many messages, then their files, which give the messages. */
const offerAll = Effect.fnUntraced(function*(aggregator: MmsAggregator.Service, first: number, messages: number) {
  const each = (role: MessagePart["role"]) =>
    Effect.forEach(
      Array.from({ length: messages }, (_, i) => first + i),
      (i) => aggregator.offer(part(role, i)),
      { concurrency: atATime }
    )
  yield* each("wrapper")
  const whole = yield* each("media")
  if (!whole.every(Option.isSome)) throw new Error("The parts are no messages")
})

/** The statements that an offer cannot do without, so many offers in a commit. */
const makeRaw = (filename: string) => {
  const database = new DatabaseSync(filename)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE keys (key TEXT NOT NULL PRIMARY KEY, state TEXT NOT NULL, due_at INTEGER NOT NULL);
    CREATE INDEX keys_due ON keys (due_at);
    CREATE TABLE outbox (id INTEGER PRIMARY KEY, message TEXT NOT NULL)`)
  const read = database.prepare(
    "INSERT INTO keys VALUES (?, '', 0) ON CONFLICT (key) DO UPDATE SET due_at = due_at RETURNING state"
  )
  const write = database.prepare("UPDATE keys SET state = ?, due_at = ? WHERE key = ?")
  const put = database.prepare("INSERT INTO outbox (message) VALUES (?)")
  const remove = database.prepare("DELETE FROM outbox WHERE id = ?")
  const offer = (role: MessagePart["role"], i: number) => {
    const key = correlationKey(i)
    const { state } = read.get(key) as { readonly state: string }
    const parts: Array<unknown> = state === "" ? [] : JSON.parse(state)
    write.run(JSON.stringify([...parts, part(role, i)]), Date.now(), key)
    if (role === "media") remove.run(put.run(JSON.stringify(part(role, i))).lastInsertRowid)
  }
  return {
    offerAll: (first: number, messages: number) => {
      for (const role of ["wrapper", "media"] as const) {
        for (let i = 0; i < messages; i += atATime) {
          database.exec("BEGIN IMMEDIATE")
          for (let j = i; j < Math.min(i + atATime, messages); j++) offer(role, first + j)
          database.exec("COMMIT")
        }
      }
    },
    close: () => database.close()
  }
}

export const measure: Measure = {
  title: "Split MMS on SQLite",
  metrics: {
    offers: { unit: `offers/s, ${atATime} at a time`, better: "more", digits: 0 },
    CPU: { unit: "µs an offer", better: "less", digits: 0 }
  },
  rows: [
    // 8,000 offers a second where these statements alone reached 25,000.
    row("offers on SQLite, against bare node:sqlite", "offers", "SQLite", "bare node:sqlite", 0.32)
  ],
  rounds: ({ quick }) => quick ? 9 : 31,
  prepare: async ({ quick }) => {
    const directory = mkdtempSync(join(tmpdir(), "effect-sms-bench-"))
    const scope = Scope.makeUnsafe()
    const layer = Layer.provide(
      MmsAggregatorSql.layer({ timeout: "1 day" }),
      NodeSqliteClient.layer({ filename: join(directory, "sms.db") })
    )
    const aggregator = await Effect.runPromise(
      Effect.map(Layer.buildWithScope(layer, scope), Context.get(MmsAggregator.MmsAggregator))
    )
    const raw = makeRaw(join(directory, "raw.db"))
    let next = 0
    const messages = 320
    const timed = async (work: (first: number) => void | Promise<void>) => {
      const first = next
      next += messages
      const [cpu, start] = [process.cpuUsage(), performance.now()]
      await work(first)
      const { system, user } = process.cpuUsage(cpu)
      const offers = messages * 2
      return { offers: offers / (performance.now() - start) * 1000, CPU: (user + system) / offers }
    }
    const ours = () => timed((first) => Effect.runPromise(offerAll(aggregator, first, messages)))
    const theirs = () => timed((first) => raw.offerAll(first, messages))
    for (let round = 0; round < (quick ? 10 : 20); round++) {
      await ours()
      await theirs()
    }
    return {
      contenders: { SQLite: ours, "bare node:sqlite": theirs },
      tearDown: async () => {
        await Effect.runPromise(Scope.close(scope, Exit.void))
        raw.close()
        rmSync(directory, { recursive: true })
      }
    }
  }
}
