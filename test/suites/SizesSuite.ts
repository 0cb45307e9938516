/** What monitoring sees of a database. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as Sizes from "../../src/sql/internal/sizes.ts"
import type { Stores } from "../../src/sql/SqlStorage.ts"
import { observe } from "../observe.ts"
import { customer, textContent } from "../rooms/kit.ts"
import { message } from "./InboxSuite.ts"

/** The layer gives empty tables each time, and the client below the stores. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>,
  skip = false
) =>
  describe.skipIf(skip)(`the metrics of a database (${name})`, () => {
    it.effect("are the backlog of the inbox, the open sends, and the sizes of the tables, and name nobody", () => {
      const observed = observe()
      const { gauge } = observed
      return Effect.gen(function*() {
        const [inbox, intents, sql] = [yield* Inbox, yield* IntentStore, yield* SqlClient.SqlClient]
        const sizes = yield* Sizes.make
        const backlog = Effect.map(sizes.measureBacklog, () => [
          gauge("sms_queue_entries", { queue: "inbox", state: "pending" }),
          gauge("sms_queue_entries", { queue: "inbox", state: "dead" }),
          gauge("sms_queue_oldest_seconds", { queue: "inbox" }),
          ...["queued", "sending", "unknown"].map((state) => gauge("sms_intents", { state }))
        ])
        assert.deepStrictEqual(yield* backlog, [0, 0, 0, 0, 0, 0])

        yield* inbox.accept([message("1"), message("2"), message("3", "+15145550177")])
        for (const id of ["1", "2"]) {
          yield* intents.reserve({
            id,
            hash: "h",
            message: new OutboundMessage({ to: customer, content: textContent("hello") })
          })
        }
        yield* intents.settle("1", { state: "unknown" })
        const [claim] = yield* inbox.claim({ limit: 1 })
        yield* inbox.bury(claim!, (yield* inbox.head(claim!))!, "Poison")
        yield* TestClock.adjust("90 seconds")
        assert.deepStrictEqual(yield* backlog, [2, 1, 90, 0, 1, 1])
        // A clock that is set back gives no negative age.
        yield* TestClock.setTime(0)
        yield* intents.settle("1", { state: "unknown", resolvedBy: "operator" })
        assert.deepStrictEqual(yield* backlog, [2, 1, 0, 0, 1, 0])

        // Postgres counts when it analyzes a table. Rows that a connection reports only after that count twice.
        yield* sql.onDialectOrElse({ pg: () => sql`ANALYZE sms_inbox`, orElse: () => Effect.void })
        yield* sizes.measureTables
        const rows = gauge("sms_storage_rows", { table: "sms_inbox" })
        assert.include(name === "Postgres" ? [3, 6] : [3], rows)
        assert.isDefined(gauge("sms_storage_rows", { table: "sms_mms_keys" }))
        assert.isAbove(gauge("sms_storage_database_bytes") ?? 0, 4096)
        if (name === "Postgres") assert.isAbove(gauge("sms_storage_bytes", { table: "sms_inbox" }) ?? 0, 4096)
        assert.notInclude(observed.text(), customer.slice(1))
      }).pipe(Effect.provide(Layer.merge(layer, observed.layer), { local: true }))
    })
  })
