/** Which transactions share a commit on SQLite. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Inbox, layerMemory } from "../../src/inbox/Inbox.ts"
import { IsBackground } from "../../src/internal/background.ts"
import * as QueueProcessor from "../../src/queue/QueueProcessor.ts"
import { makeTransact } from "../../src/sql/internal/storage.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { message } from "../suites/InboxSuite.ts"

/** Transactions that do nothing but say in which commit they are. */
const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const transact = yield* makeTransact
  const commits: Array<ReadonlyArray<string>> = []
  let open: Array<string> = []
  const write = (name: string, body: Effect.Effect<void> = Effect.void) =>
    transact(Effect.gen(function*() {
      open.push(name)
      yield* sql`SELECT 1`
      yield* body
      yield* sql.afterCommit(Effect.sync(() => {
        if (open.length > 0) commits.push(open)
        open = []
      }))
    }))
  return {
    commits,
    request: write,
    background: (name: string, body?: Effect.Effect<void>) =>
      Effect.provideService(write(name, body), IsBackground, true)
  }
})

const names = (kind: string, count: number) => Array.from({ length: count }, (_, index) => `${kind}${index + 1}`)

const test = (title: string, body: Effect.Effect<void, unknown, SqlClient.SqlClient>) =>
  it.effect(title, () => Effect.provide(body, NodeSqliteClient.layer({ filename: ":memory:" })))

describe("transactions of requests and of background work", () => {
  test(
    "share a commit, one of background work for every four requests, which come first",
    Effect.gen(function*() {
      const { background, commits, request } = yield* make
      yield* Effect.all([
        ...names("b", 5).map((name) => background(name)),
        ...names("r", 8).map((name) => request(name))
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(commits, [[...names("r", 8), "b1", "b2"], ["b3", "b4", "b5"]])
    })
  )

  test(
    "of requests do not hold up those of background work, which have one in each commit",
    Effect.gen(function*() {
      const { background, commits, request } = yield* make
      const waiting = yield* Effect.forkChild(
        Effect.all(names("b", 3).map((name) => background(name)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      // As soon as one is answered, the next one is there.
      for (const name of names("r", 4)) yield* request(name)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(commits, [["r1", "b1"], ["r2", "b2"], ["r3", "b3"], ["r4"]])
    })
  )

  test(
    "of background work have a greater share where commits take long",
    Effect.gen(function*() {
      const { background, commits, request } = yield* make
      const clock = yield* Clock.Clock
      const sql = yield* SqlClient.SqlClient
      let millis = 1
      const pass = (duration: number) => Effect.sync(() => void (millis += duration))
      // A commit takes 10 milliseconds, and each transaction one.
      const slowly = (name: string) =>
        name.startsWith("r") ? Effect.andThen(pass(1), sql.afterCommit(pass(10))) : pass(1)
      const both = Effect.all([
        ...names("b", 10).map((name) => background(name, slowly(name))),
        ...names("r", 4).map((name) => request(name, slowly(name)))
      ], { concurrency: "unbounded" })
      const slow = Object.assign(Object.create(clock), {
        monotonicTimeNanosUnsafe: () => BigInt(millis * 1_000_000)
      })
      yield* Effect.provideService(Effect.andThen(request("r0", slowly("r0")), both), Clock.Clock, slow)
      assert.deepStrictEqual(commits, [["r0"], [...names("r", 4), ...names("b", 5)], names("b", 10).slice(5)])
    })
  )

  test(
    "of background work share all commits when there are no requests",
    Effect.gen(function*() {
      const { background, commits } = yield* make
      yield* Effect.all(names("b", 20).map((name) => background(name)), { concurrency: "unbounded" })
      assert.deepStrictEqual(commits, [names("b", 20)])
    })
  )
})

describe("the processor of a queue", () => {
  it.effect("is background work, and accepting is not", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox
      const found = yield* Deferred.make<boolean>()
      let accepting: boolean | undefined
      const { accept } = yield* QueueProcessor.make({
        name: "inbox",
        queue: {
          ...inbox,
          accept: (events) =>
            Effect.andThen(
              Effect.map(IsBackground, (is) => {
                accepting = is
              }),
              inbox.accept(events)
            )
        },
        kindOf: ({ _tag }) => _tag,
        process: () => Effect.flatMap(IsBackground, (is) => Deferred.succeed(found, is))
      })
      yield* accept([message("1")])
      assert.isTrue(yield* Deferred.await(found))
      assert.isFalse(accepting)
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(layerMemory(), NodeCrypto.layer))))
})
