import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Content from "../../src/Content.ts"
import { MmsAggregator } from "../../src/mms/MmsAggregator.ts"
import { Patience } from "../../src/sql/internal/storage.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import { media, wrapper } from "../mms/parts.ts"
import { suite } from "../suites/MmsAggregatorSuite.ts"
import { database, hasPostgres } from "./database.ts"

/** The database of the test that runs. */
let current: SqlClient.SqlClient | undefined

/** Connections live by the real clock, or an hour that passes in the test would close them. */
const layerClient = Layer.effectContext(TestClock.withLive(Effect.gen(function*() {
  const url = yield* database
  return yield* Layer.build(Layer.fresh(PgClient.layer({ url: Redacted.make(url) })))
})))

/** Asks the database until it has had nothing to do for some round trips. */
const untilQuiet = Effect.gen(function*() {
  const now = yield* Clock.currentTimeMillis
  for (let quiet = 0, asked = 0; quiet < 5 && asked < 5000; asked++) {
    const busy = yield* current!`SELECT mms_key FROM sms_mms_keys WHERE due_at <= ${now}
      UNION ALL SELECT id FROM sms_mms_outbox WHERE available_at <= ${now}`
    quiet = busy.length === 0 ? quiet + 1 : 0
  }
})

describe.skipIf(!hasPostgres)("on Postgres", () => {
  suite({
    name: "Postgres",
    layer: (options) =>
      MmsAggregatorSql.layer(options).pipe(
        Layer.provide(Layer.effectDiscard(SqlClient.SqlClient.use((sql) => Effect.sync(() => current = sql)))),
        Layer.provide([layerClient, Layer.succeed(Patience, "1 day")])
      ),
    advance: (duration) => Effect.andThen(TestClock.adjust(duration), Effect.orDie(untilQuiet)),
    durable: true
  })

  it.effect("keeps texts that Postgres has no characters for", () =>
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator
      const text = "a\u0000b \ud800 é 🙂 \\u0000"
      yield* aggregator.offer(wrapper("w", { text, key: "a\u0000\udc00" }))
      const merged = yield* Effect.flatMap(
        aggregator.offer(media("m", { key: "a\u0000\udc00" })),
        Effect.fromOption
      )
      assert.strictEqual(Content.text(merged.content), text)
    }).pipe(Effect.provide(Layer.provide(MmsAggregatorSql.layer(), layerClient))))
})
