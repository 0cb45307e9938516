/** What a server says about a lane that another has taken over. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Inbox } from "../../src/inbox/Inbox.ts"
import type { Claim } from "../../src/queue/Queue.ts"
import * as InboxSql from "../../src/sql/InboxSql.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import type { Work } from "../../src/sql/internal/servers.ts"
import { makeTransact, type Transact } from "../../src/sql/internal/storage.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { observe } from "../observe.ts"
import { message } from "../suites/InboxSuite.ts"

/** A server without heartbeats, which dies when it is told to. */
const makeServer = Effect.fnUntraced(function*(transact: Transact, id: string) {
  let [me, restarts] = [id, 0]
  const works: Array<Work> = []
  const inbox = yield* InboxSql.make(transact, {
    me: Effect.sync(() => me),
    onDead: (work) => void works.push(work)
  })
  /** Another server declares this one dead by mistake. It goes on with a new id. */
  const die = Effect.suspend(() => {
    const dead = me
    me = `${id}-${++restarts}`
    return Effect.forEach(works, ({ takeOver }) => takeOver(dead, () => Effect.void), { discard: true })
  })
  const claim = Effect.gen(function*() {
    const [claim] = yield* inbox.claim({ limit: 1 })
    return [claim as Claim, (yield* inbox.head(claim as Claim))!] as const
  })
  return { inbox, die, claim }
})

const test = (
  title: string,
  body: (servers: Record<"a" | "b", Effect.Success<ReturnType<typeof makeServer>>>) => Effect.Effect<void, unknown>
) =>
  it.effect(title, () =>
    Effect.gen(function*() {
      yield* migrate
      const transact = yield* makeTransact
      yield* body({ a: yield* makeServer(transact, "a"), b: yield* makeServer(transact, "b") })
    }).pipe(Effect.scoped, Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])))

const late = { delay: Duration.hours(1), error: "Late" }

describe("a server that was declared dead and goes on", () => {
  test("changes nothing about a lane that another has taken over", ({ a, b }) =>
    Effect.gen(function*() {
      yield* a.inbox.accept([message("1")])
      const [old, entry] = yield* a.claim
      yield* a.die
      const [current] = yield* b.claim
      yield* a.inbox.retry(old, entry, late)
      assert.strictEqual((yield* a.inbox.complete(old, entry))._tag, "Outdated")
      assert.isFalse(yield* a.inbox.bury(old, entry, "Late"))
      const [pending] = yield* a.inbox.list({ state: "pending", limit: 1 })
      assert.deepStrictEqual([pending!.failures, pending!.lastError], [0, undefined])
      // The lane is still the other's.
      assert.deepStrictEqual(yield* a.inbox.claim({ limit: 1 }), [])
      assert.notStrictEqual((yield* b.inbox.complete(current, entry))._tag, "Outdated")
    }))

  test("changes nothing about a lane that it has claimed again since", ({ a, b }) =>
    Effect.gen(function*() {
      yield* a.inbox.accept([message("1")])
      const [old, entry] = yield* a.claim
      yield* a.die
      // The other empties the lane, which makes it a new one for what comes next.
      const [current] = yield* b.claim
      assert.notStrictEqual((yield* b.inbox.complete(current, entry))._tag, "Outdated")
      yield* b.inbox.release(current)
      yield* a.inbox.accept([message("2")])
      const [mine, next] = yield* a.claim
      yield* a.inbox.retry(old, next, late)
      yield* a.inbox.release(old)
      assert.deepStrictEqual(yield* b.inbox.claim({ limit: 1 }), [])
      assert.isUndefined(yield* a.inbox.head(old))
      assert.notStrictEqual((yield* a.inbox.complete(mine, next))._tag, "Outdated")
    }))

  it.effect("gives up what it claimed before it noticed", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const build = Effect.map(
        Layer.build(Layer.fresh(SqlStorage.layer({ beat: "2 seconds", deadAfter: "10 seconds" }))),
        (context) => Context.get(context, Inbox)
      )
      const [one, other] = [yield* build, yield* build]
      yield* one.accept([message("1")])
      // Another server has just deleted the row of this one, and taken over what it had until then.
      yield* sql`DELETE FROM sms_servers`
      assert.lengthOf(yield* one.claim({ limit: 1 }), 1)
      assert.deepStrictEqual(yield* other.claim({ limit: 1 }), [])
      yield* TestClock.adjust("2 seconds")
      yield* Effect.repeat(Effect.yieldNow, { times: 30 })
      assert.lengthOf(yield* other.claim({ limit: 1 }), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer, observe().layer])
    ))
})
