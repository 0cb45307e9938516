/** What was deleted is not in the bytes of the file either. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { DatabaseSync } from "node:sqlite"
import type { Address } from "../../src/Address.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { InboundMessage } from "../../src/Message.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { ours } from "../mms/parts.ts"
import { observe } from "../observe.ts"
import { textContent } from "../rooms/kit.ts"
import { ann, attachment, bob, event, room } from "../suites/RoomStoreSuite.ts"

const secret = "a text that nobody may find"

const from = (sender: Address, key: string, text: string) =>
  new InboundMessage({
    provider: "mock",
    channelId: "sms",
    idempotencyKey: key,
    sender,
    recipient: ours,
    content: textContent(text),
    metadata: {},
    raw: { text }
  })

describe("a file", () => {
  it.live("has nothing of a person who was forgotten, nor has its write-ahead log, while another process uses it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const filename = `${yield* fs.makeTempDirectoryScoped()}/sms.db`
      const bytes = Effect.map(
        Effect.forEach([filename, `${filename}-wal`], (path) => fs.readFile(path)),
        (files) => Buffer.concat(files).toString("latin1")
      )
      const Client = NodeSqliteClient.layer({ filename })
      const Storage = SqlStorage.layer().pipe(Layer.provideMerge(Client), Layer.provide(NodeCrypto.layer))
      yield* Effect.gen(function*() {
        const [inbox, people, rooms, sql] = [
          yield* Inbox,
          yield* People,
          yield* RoomStore,
          yield* SqlClient.SqlClient
        ]
        yield* rooms.create(room("a", attachment("sms", ours, ann)))
        for (let index = 0; index < 50; index++) {
          // Every fifth text takes several pages.
          const text = `${secret} ${index} `.repeat(index % 5 === 0 ? 1000 : 1)
          yield* inbox.accept([from(ann, `a${index}`, text), from(bob, `b${index}`, "hello")])
          yield* rooms.append(event(`${index}`, "a", text))
        }
        // Another process, which has the file open.
        yield* Effect.gen(function*() {
          const other = yield* SqlClient.SqlClient
          yield* other`SELECT COUNT(*) FROM sms_inbox`
          assert.include(yield* bytes, secret)
          assert.include(yield* bytes, ann)
          yield* people.forget(ann)
          assert.notInclude(yield* bytes, secret)
          assert.notInclude(yield* bytes, ann)
        }).pipe(Effect.provide(Layer.fresh(Client)))
        const [row] = yield* sql<{ n: number }>`SELECT COUNT(*) AS n FROM sms_inbox`
        assert.strictEqual(row!.n, 50)
      }).pipe(Effect.provide(Storage))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  for (
    const [title, seconds] of [
      ["is emptied once nobody reads an earlier state", 2],
      ["is left, with a warning, when somebody does for long", 60]
    ] as const
  ) {
    it.effect(`has a write-ahead log that ${title}`, () => {
      const observed = observe()
      return Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const filename = `${yield* fs.makeTempDirectoryScoped()}/sms.db`
        const log = Effect.map(fs.stat(`${filename}-wal`), ({ size }) => Number(size))
        const Storage = SqlStorage.layer().pipe(
          Layer.provide([NodeSqliteClient.layer({ filename }), NodeCrypto.layer])
        )
        yield* Effect.gen(function*() {
          const [inbox, people] = [yield* Inbox, yield* People]
          yield* inbox.accept([from(ann, "a", secret)])
          const reader = yield* Effect.acquireRelease(
            Effect.sync(() => new DatabaseSync(filename)),
            (database) => Effect.sync(() => database.close())
          )
          reader.exec("BEGIN; SELECT COUNT(*) FROM sms_inbox")
          const fiber = yield* Effect.forkChild(people.forget(ann), { startImmediately: true })
          // The rows are deleted first, in turns of the event loop that the clock does not count.
          for (let second = 0; second < seconds && fiber.pollUnsafe() === undefined; second++) {
            yield* TestClock.adjust("1 second")
          }
          assert.isAbove(yield* log, 0)
          assert.strictEqual(fiber.pollUnsafe() === undefined, seconds === 2)
          reader.exec("ROLLBACK")
          yield* TestClock.adjust("1 second")
          assert.strictEqual((yield* Fiber.join(fiber)).webhooks, 1)
          assert.strictEqual((yield* log) === 0, seconds === 2)
          const warned = observed.lines.some(({ message }) => message.startsWith("The write-ahead log could not"))
          assert.strictEqual(warned, seconds === 60)
        }).pipe(Effect.provide(Storage))
      }).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeServices.layer, observed.layer)))
    })
  }
})
