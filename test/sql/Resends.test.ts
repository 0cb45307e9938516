/** A server that is killed while it resends a message leaves the decision to others. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Address } from "../../src/Address.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { textContent } from "../rooms/kit.ts"

const message = new OutboundMessage({ to: Address.make("+15145550142"), content: textContent("hello") })

const layer = Layer.fresh(Layer.merge(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer))

const open = Effect.map(SqlStorage.make(), (context) => Context.get(context, IntentStore))

describe("a server that is killed while it resends", () => {
  it.effect("leaves both sends to be decided about, and no others", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const intents = yield* open
      for (const id of ["killed", "alive", "given up"]) {
        yield* intents.reserve({ id, hash: "h", message })
        yield* intents.settle(id, { state: "unknown" })
      }
      yield* intents.decide("given up", { resolvedBy: "operator: given up" })
      for (const id of ["killed", "alive"]) {
        yield* intents.reserve({ id: `second ${id}`, key: `resend of ${id}`, hash: "h", message })
        assert.isTrue(yield* intents.claimResend({ id, token: `second ${id}` }))
      }
      assert.deepStrictEqual(yield* intents.list({ state: "unknown", limit: 9 }), [])
      // One process cannot be two servers of the same machine.
      yield* sql`UPDATE sms_servers SET host = 'elsewhere'`
      yield* sql`UPDATE sms_intents SET owner = 'gone' WHERE id IN ('killed', 'second killed')`
      const others = yield* Effect.scoped(open)
      const listed = yield* others.list({ state: "unknown", limit: 9 })
      assert.deepStrictEqual(listed.map(({ id, resolvedBy }) => [id, resolvedBy]), [
        ["second killed", undefined],
        ["killed", undefined]
      ])
      // The same key tells what became of the resend, and sends nothing.
      const again = yield* others.reserve({ id: "third", key: "resend of killed", hash: "h", message })
      assert.deepStrictEqual(again._tag === "Known" && [again.intent.id, again.intent.state], [
        "second killed",
        "unknown"
      ])
      assert.isTrue(yield* others.decide("killed", { resolvedBy: "operator: given up" }))
      assert.isFalse(yield* others.decide("alive", { resolvedBy: "operator: given up" }))
      // What the killed one would release is not its own any more.
      assert.isFalse(yield* intents.releaseResend({ id: "killed", token: "second killed" }))
      assert.isTrue(yield* intents.releaseResend({ id: "alive", token: "second alive" }))
    }).pipe(Effect.scoped, Effect.provide(layer)))
})
