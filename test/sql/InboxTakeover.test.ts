/** What a server says about a lane that another has taken over. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Claim } from "../../src/queue/Queue.ts"
import type { RecordEvent } from "../../src/sql/EventLogSql.ts"
import * as InboxSql from "../../src/sql/InboxSql.ts"
import { migrate } from "../../src/sql/internal/migrations.ts"
import { makeTransact, type Transact } from "../../src/sql/internal/storage.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { message } from "../suites/InboxSuite.ts"

/** A server without heartbeats, which dies when it is told to. */
const makeServer = Effect.fnUntraced(function*(transact: Transact, id: string) {
  let [me, restarts] = [id, 0]
  const takeOvers: Array<(server: string, record: RecordEvent) => Effect.Effect<unknown, SqlError>> = []
  const inbox = yield* InboxSql.make(transact, {
    me: Effect.sync(() => me),
    onDead: (takeOver) => void takeOvers.push(takeOver)
  })
  /** Another server declares this one dead by mistake. It goes on with a new id. */
  const die = Effect.suspend(() => {
    const dead = me
    me = `${id}-${++restarts}`
    return Effect.forEach(takeOvers, (take) => take(dead, () => Effect.void), { discard: true })
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
      assert.isFalse(yield* a.inbox.complete(old, entry))
      assert.isFalse(yield* a.inbox.bury(old, entry, "Late"))
      const [pending] = yield* a.inbox.list({ state: "pending", limit: 1 })
      assert.deepStrictEqual([pending!.failures, pending!.lastError], [0, undefined])
      // The lane is still the other's.
      assert.deepStrictEqual(yield* a.inbox.claim({ limit: 1 }), [])
      assert.isTrue(yield* b.inbox.complete(current, entry))
    }))

  test("changes nothing about a lane that it has claimed again since", ({ a, b }) =>
    Effect.gen(function*() {
      yield* a.inbox.accept([message("1")])
      const [old, entry] = yield* a.claim
      yield* a.die
      // The other empties the lane, which makes it a new one for what comes next.
      const [current] = yield* b.claim
      assert.isTrue(yield* b.inbox.complete(current, entry))
      yield* b.inbox.release(current)
      yield* a.inbox.accept([message("2")])
      const [mine, next] = yield* a.claim
      yield* a.inbox.retry(old, next, late)
      yield* a.inbox.release(old)
      assert.deepStrictEqual(yield* b.inbox.claim({ limit: 1 }), [])
      assert.isUndefined(yield* a.inbox.head(old))
      assert.isTrue(yield* a.inbox.complete(mine, next))
    }))
})
