/** The counters of guards on Postgres, which several servers share. */
import { NodeCrypto } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Layer, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { GuardStore } from "../../src/guards/GuardStore.ts"
import * as SendLimits from "../../src/guards/SendLimits.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as EventLogSql from "../../src/sql/EventLogSql.ts"
import * as GuardStoreSql from "../../src/sql/GuardStoreSql.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { textContent } from "../rooms/kit.ts"
import { suite } from "../suites/GuardStoreSuite.ts"
import { suite as loopGuard } from "../suites/LoopGuardSuite.ts"
import { database, hasPostgres } from "./database.ts"

const layer = Layer.effectContext(Effect.gen(function*() {
  yield* migrate
  const { log, recorded } = yield* EventLogSql.make(yield* makeTransact)
  const store = yield* GuardStoreSql.make(recorded, Clock.currentTimeMillis)
  return Context.make(GuardStore, store).pipe(Context.add(EventLog, log))
})).pipe(
  Layer.provide([
    Layer.unwrap(Effect.map(database, (url) => PgClient.layer({ url: Redacted.make(url) }))),
    NodeCrypto.layer
  ]),
  Layer.orDie
)

suite("Postgres", layer, { runs: 5, skip: !hasPostgres })
loopGuard("Postgres", layer, { runs: 5, skip: !hasPostgres })

const message = (digits: number) =>
  new OutboundMessage({
    to: Address.make(`+1514555${digits}`),
    content: textContent("hello"),
    purpose: "transactional"
  })

/** A server that sends at most seven segments a day, and a message a minute to a person, with all the others. */
const makeServer = Effect.fnUntraced(function*(url: string) {
  const context = yield* Layer.build(Layer.fresh(
    SendLimits.enforced(MockSmsProvider.layer()).pipe(
      Layer.provide(SendLimits.layer({
        frequency: [{ limit: 1, per: "minute" }],
        frequencyPurposes: ["transactional"],
        budget: { limits: { CA: 7 } },
        velocity: { limit: 20, per: "hour" }
      })),
      Layer.provideMerge(SqlStorage.layer()),
      Layer.provide([PgClient.layer({ url: Redacted.make(url) }), NodeCrypto.layer])
    )
  ))
  return { provider: Context.get(context, SmsProvider), log: Context.get(context, EventLog) }
})

describe.skipIf(!hasPostgres)("servers that share a Postgres", () => {
  it.live("exceed no budget together, however many messages come at once, and raise one alarm", () =>
    Effect.gen(function*() {
      const url = yield* database
      const servers = [yield* makeServer(url), yield* makeServer(url), yield* makeServer(url)]
      const exits = yield* Effect.forEach(
        Array.from({ length: 30 }, (_, index) => ({ ...servers[index % servers.length]!, index })),
        ({ index, provider }) => Effect.exit(provider.send(message(1000 + index))),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(exits.filter(Exit.isSuccess), 7)
      const { entries } = yield* servers[0]!.log.read({ after: 0, limit: 100 })
      assert.deepStrictEqual(
        entries.map(({ event }) => event._tag === "AlarmRaised" ? `${event.guard} ${event.level}` : event._tag),
        ["budget near", "budget reached"]
      )
    }))

  it.effect("do not depend on how well their clocks agree", () =>
    Effect.gen(function*() {
      const url = yield* database
      const [one, other] = [yield* makeServer(url), yield* makeServer(url)]
      yield* one.provider.send(message(1000))
      // A server whose clock is ahead by more than the window.
      yield* TestClock.setTime(61_000)
      const result = yield* Effect.result(other.provider.send(message(1000)))
      assert.isTrue(Result.isFailure(result) && result.failure.reason._tag === "GuardRefused")
    }))
})
