/** An SQLite file that another process has locked: nothing blocks the thread, and nothing waits for ever. */
import { NodeCrypto, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, Fiber, FileSystem, Latch, Layer, Redacted } from "effect"
import { HttpBody, HttpClient } from "effect/http"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as Readiness from "../../src/http/Readiness.ts"
import * as StorageConfig from "../../src/http/StorageConfig.ts"
import * as WebhookServer from "../../src/http/WebhookServer.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { SmsProviders } from "../../src/provider/index.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import * as MockSmsProvider from "../../src/testing/MockSmsProvider.ts"
import { observe } from "../observe.ts"
import { message } from "../suites/InboxSuite.ts"

const temporaryFile = Effect.map(
  FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()),
  (directory) => `${directory}/sms.db`
)

/** Takes the lock as another process would, with a connection of its own. Gives what releases it. */
const lock = Effect.fnUntraced(function*(filename: string) {
  const context = yield* Layer.build(Layer.fresh(NodeSqliteClient.layer({ filename })))
  const [locked, over] = [yield* Latch.make(), yield* Latch.make()]
  const fiber = yield* Effect.provideContext(
    SqlClient.SqlClient.use((sql) => sql.withTransaction(Effect.andThen(locked.open, over.await))),
    context
  ).pipe(Effect.forkScoped({ startImmediately: true }))
  yield* locked.await
  return Effect.andThen(over.open, Fiber.join(fiber))
})

/** Lets everything run that waits for no time. */
const settle = Effect.repeat(Effect.yieldNow, { times: 20 })

describe("a locked SQLite file", () => {
  const test = (title: string, body: (filename: string) => Effect.Effect<void, unknown, never>) =>
    it.effect(title, () => Effect.scoped(Effect.flatMap(temporaryFile, body)).pipe(Effect.provide(NodeServices.layer)))

  test("is waited for between statements of others, and written as soon as it is free", (filename) =>
    Effect.scoped(Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      // SQLite itself must not wait, because it would block the thread.
      assert.deepStrictEqual(yield* sql`PRAGMA busy_timeout`.values, [[0]])
      yield* sql`CREATE TABLE numbers (n)`
      const release = yield* lock(filename)
      const transaction = yield* Effect.forkChild(sql.withTransaction(sql`INSERT INTO numbers VALUES (1)`))
      const statement = yield* Effect.forkChild(sql`INSERT INTO numbers VALUES (2)`)
      yield* settle
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* sql`SELECT n FROM numbers`, [])
      assert.isUndefined(transaction.pollUnsafe())
      yield* release
      yield* TestClock.adjust("20 millis")
      yield* Fiber.join(transaction)
      yield* Fiber.join(statement)
      assert.deepStrictEqual(yield* sql`SELECT n FROM numbers ORDER BY n`.values, [[1], [2]])
    })).pipe(Effect.provide(NodeSqliteClient.layer({ filename }))))

  test("fails the check of the server while nothing can be written", (filename) =>
    Effect.scoped(Effect.gen(function*() {
      const { check } = (yield* Readiness.Readiness)[0]!
      yield* check
      const release = yield* lock(filename)
      const checked = yield* Effect.forkChild(Effect.exit(check))
      yield* settle
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(checked.pollUnsafe())
      yield* TestClock.adjust("6 seconds")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(checked)))
      yield* release
      yield* check
    })).pipe(
      Effect.provide(Layer.unwrap(Effect.map(
        StorageConfig.load(true).pipe(
          Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: `sqlite:${filename}` })))
        ),
        ({ layer }) => Layer.provide(layer({ shutdownTimeout: 0 }), NodeCrypto.layer)
      )))
    ))

  test("runs a transaction once, whatever fails within it", (filename) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const locked = yield* Effect.scoped(Effect.gen(function*() {
        void (yield* lock(filename))
        const fiber = yield* Effect.forkChild(Effect.flip(sql.withTransaction(Effect.void)))
        yield* settle
        yield* TestClock.adjust("6 seconds")
        return yield* Fiber.join(fiber)
      }))
      let runs = 0
      const failure = yield* Effect.flip(sql.withTransaction(Effect.suspend(() => {
        runs++
        return Effect.fail(locked)
      })))
      assert.deepStrictEqual([runs, failure.reason._tag], [1, "LockTimeoutError"])
    }).pipe(Effect.provide(NodeSqliteClient.layer({ filename }))))

  test("fails all that waits for it at once, after 5 seconds", (filename) =>
    Effect.gen(function*() {
      const inbox = yield* Inbox
      const accept = (id: string) => Effect.forkChild(Effect.exit(inbox.accept([message(id)])))
      yield* Effect.scoped(Effect.gen(function*() {
        void (yield* lock(filename))
        const early = yield* Effect.forEach(Array.from({ length: 200 }, (_, i) => `early ${i}`), accept)
        yield* settle
        yield* TestClock.adjust("3 seconds")
        const late = yield* accept("late")
        yield* settle
        yield* TestClock.adjust("2100 millis")
        const exits = yield* Fiber.joinAll([...early, late])
        assert.isTrue(exits.every(Exit.isFailure))
      }))
      // Nothing of it is left behind, and the next ones pass.
      assert.strictEqual((yield* inbox.backlog()).pending, 0)
      const after = yield* accept("after")
      yield* settle
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(after)))
    }).pipe(
      Effect.provide(Layer.provide(SqlStorage.layer({ beat: "1 hour", deadAfter: "1 day" }), [
        NodeSqliteClient.layer({ filename }),
        NodeCrypto.layer
      ]))
    ))

  it.live("does not keep a server from other requests, and makes it answer 503 to webhooks", () =>
    Effect.gen(function*() {
      const filename = yield* temporaryFile
      const layer = WebhookServer.serve({ adminToken: Redacted.make("admin") }, {
        disableLogger: true,
        disableListenLog: true
      }).pipe(
        Layer.provide(RoomInbox.layer()),
        Layer.provide(RoomKit.layer()),
        Layer.provide(SmsProviders.layer(MockSmsProvider.layer())),
        Layer.provide(SqlStorage.layer()),
        Layer.provide(NodeSqliteClient.layer({ filename, busyTimeout: "2 seconds" })),
        Layer.provide(NodeCrypto.layer),
        Layer.provideMerge(NodeHttpServer.layerTest)
      )
      yield* Effect.gen(function*() {
        const client = yield* HttpClient.HttpClient
        const post = Effect.map(
          client.post("/webhooks/sms/mock/inbound", {
            body: HttpBody.jsonUnsafe({ id: "1", from: "+15145550142", to: "+15145550100", text: "hello" })
          }),
          ({ status }) => status
        )
        yield* Effect.scoped(Effect.gen(function*() {
          void (yield* lock(filename))
          const webhook = yield* Effect.forkChild(post, { startImmediately: true })
          for (const path of ["/health/live", "/rooms"]) {
            const { status } = yield* client.get(path, { headers: { authorization: "Bearer admin" } })
            assert.strictEqual(status, 200)
          }
          assert.isUndefined(webhook.pollUnsafe())
          assert.strictEqual(yield* Fiber.join(webhook), 503)
        }))
        assert.strictEqual(yield* post, 200)
      }).pipe(Effect.provide(layer))
    }).pipe(Effect.provide([NodeServices.layer, observe().layer])))
})
