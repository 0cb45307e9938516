/** A server that ends finishes what it has in hand, or leaves it to others at once. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { InboxProcessor } from "../../src/inbox/Inbox.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { message } from "../suites/InboxSuite.ts"

/** A server with a channel, whose deliveries this does. */
const server = Effect.fnUntraced(function*(deliver: Effect.Effect<void>) {
  const scope = yield* Scope.make()
  const channel = RoomKit.layerChannel(
    Channel.make({ id: "web", type: "web", everyRoom: true, deliver: () => deliver })
  )
  const layer = RoomInbox.layer().pipe(
    Layer.provideMerge(channel),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(Layer.fresh(SqlStorage.layer()))
  )
  const context = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
  return {
    accept: Context.get(context, InboxProcessor).accept,
    end: Scope.close(scope, Exit.void)
  }
})

const test = (title: string, body: Effect.Effect<void, unknown, Layer.Success<typeof layer> | Scope.Scope>) =>
  it.effect(title, () => Effect.provide(Effect.scoped(body), Layer.fresh(layer)))

const layer = Layer.merge(NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer)

/** What another server finds: the states of the entries, the owners of the lanes, and the servers that are alive. */
const left = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const entries = yield* sql<{ state: string }>`SELECT state FROM sms_inbox ORDER BY position`
  const lanes = yield* sql<{ owner: string | null }>`SELECT owner FROM sms_lanes`
  const servers = yield* sql`SELECT id FROM sms_servers`
  return [entries.map(({ state }) => state), lanes.map(({ owner }) => owner), servers.length]
})

/** Lets time pass until the server has ended, and returns how many seconds that took. */
const secondsOf = Effect.fnUntraced(function*(end: Effect.Effect<void>) {
  const ending = yield* Effect.forkChild(end, { startImmediately: true })
  let seconds = 0
  while (ending.pollUnsafe() === undefined) {
    yield* TestClock.adjust("1 second")
    seconds++
  }
  return seconds
})

describe("a server that ends", () => {
  test(
    "finishes an event that takes less than its time, and leaves the next one to others",
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const { accept, end } = yield* server(
        Effect.andThen(Deferred.succeed(begun, undefined), Effect.sleep("3 seconds"))
      )
      yield* accept([message("1"), message("2")])
      yield* Deferred.await(begun)
      assert.isAtMost(yield* secondsOf(end), 4)
      assert.deepStrictEqual(yield* left, [["done", "pending"], [null], 0])
    })
  )

  test(
    "leaves an event that takes longer to others, which need not wait for it to be declared dead",
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const { accept, end } = yield* server(Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
      yield* accept([message("1")])
      yield* Deferred.await(begun)
      // The processor, the channel and the kit give it five seconds, and its interruption as long.
      assert.isAtMost(yield* secondsOf(end), 30)
      assert.deepStrictEqual(yield* left, [["pending"], [null], 0])
    })
  )
})
