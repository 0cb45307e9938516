import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  Deferred,
  type Duration,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Layer,
  Metric,
  Option,
  Schedule,
  Scope
} from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import type { InboundMessage } from "../../src/Message.ts"
import { MmsAggregator, type Service } from "../../src/mms/MmsAggregator.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { observe } from "../observe.ts"
import { model } from "../suites/MmsAggregatorModel.ts"
import { suite } from "../suites/MmsAggregatorSuite.ts"
import { collect, customer, media, offerAll, said, saidOf, second, wrapper } from "./parts.ts"

/** Lets time pass, and then what was started meanwhile: statements that share a commit wait for a turn of the event loop. */
const advance = (duration: Duration.Input) =>
  Effect.andThen(TestClock.adjust(duration), Effect.repeat(Effect.yieldNow, { times: 30 }))

const layerMemory = NodeSqliteClient.layer({ filename: ":memory:" })

/** A new file, which is removed with the scope. */
const layerFile = Layer.unwrap(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return NodeSqliteClient.layer({ filename: `${yield* fs.makeTempDirectoryScoped()}/sms.db` })
})).pipe(Layer.provide(NodeServices.layer))

for (const [name, client] of [["SQLite in memory", layerMemory], ["SQLite file", layerFile]] as const) {
  suite({
    name,
    // It is not to be late although it looks rarely.
    layer: (options) =>
      Layer.provide(MmsAggregatorSql.layer({ pollInterval: "10 seconds", ...options }), Layer.fresh(client)),
    advance: advance,
    durable: true
  })
}

model({
  name: "SQLite in memory",
  layer: (options) => Layer.provide(MmsAggregatorSql.layer({ startDelay: 0, ...options }), Layer.fresh(layerMemory)),
  advance: advance,
  durable: true
}, { runs: 20 })

/** A process: an aggregator with a scope of its own, on the database of the test. */
const open = Effect.fnUntraced(function*(options: MmsAggregatorSql.Options = {}) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const aggregator = yield* Effect.provideService(MmsAggregatorSql.make(options), Scope.Scope, scope)
  return { aggregator, end: Scope.close(scope, Exit.void) }
})

const tables = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const keys = yield* sql`SELECT * FROM sms_mms_keys`
  const outbox = yield* sql`SELECT * FROM sms_mms_outbox`
  return { keys, outbox }
})

const test = (title: string, body: Effect.Effect<void, unknown, SqlClient.SqlClient | Scope.Scope>) =>
  it.effect(title, () => Effect.provide(body, Layer.fresh(layerMemory)))

/** Takes a part, and never ends with what comes out of it. */
const hang = (aggregator: Service, part: ReturnType<typeof media>) =>
  Effect.gen(function*() {
    const begun = yield* Deferred.make<void>()
    yield* Effect.forkScoped(
      aggregator.process(part, () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
    )
    yield* Deferred.await(begun)
  })

describe("what is in the database", () => {
  test(
    "goes on in the next process: the windows, and the memory of what was",
    Effect.gen(function*() {
      const first = yield* open()
      yield* offerAll(first.aggregator, wrapper("w"), wrapper("x", { key: "2" }), media("1", { key: "2" }))
      yield* first.end
      const { aggregator } = yield* open()
      assert.deepStrictEqual(
        yield* offerAll(
          aggregator,
          wrapper("w"),
          media("m"),
          wrapper("x", { key: "2" }),
          media("2", { key: "2" })
        ),
        ["", "w + m", "", "2 of x"]
      )
    })
  )

  test(
    "comes out by time in whatever process is there",
    Effect.gen(function*() {
      const first = yield* open()
      const second = yield* open()
      yield* first.aggregator.offer(wrapper("w"))
      yield* first.end
      const messages = yield* collect(second.aggregator)
      yield* advance("4999 millis")
      assert.deepStrictEqual(messages, [])
      yield* advance("1 millis")
      assert.deepStrictEqual(messages, [wrapper("w").message])
    })
  )

  test(
    "comes out when it is due, however rarely the process looks",
    Effect.gen(function*() {
      const { aggregator } = yield* open({ pollInterval: "10 seconds" })
      const messages = yield* collect(aggregator)
      yield* advance("1 second")
      yield* aggregator.offer(wrapper("w"))
      yield* advance("4999 millis")
      assert.deepStrictEqual(messages, [])
      yield* advance("1 millis")
      assert.deepStrictEqual(messages.map(said), ["w"])
    })
  )

  test(
    "is made one message of by several processes, in any order, each part once",
    Effect.gen(function*() {
      const processes = yield* Effect.all([open(), open(), open()])
      const messages: Array<InboundMessage> = []
      for (const { aggregator } of processes) {
        yield* aggregator.onDue((message) => Effect.sync(() => void messages.push(message)))
      }
      const keys = Array.from({ length: 20 }, (_, index) => `key ${index};`)
      const parts = keys.flatMap((key) => [
        wrapper(`text of ${key}`, { key }),
        media(`file of ${key}`, { key }),
        media(`file of ${key}`, { key }),
        wrapper(`text of ${key}`, { key })
      ])
      yield* Effect.forEach(
        parts,
        (part, index) =>
          Effect.map(
            processes[(index * 7) % 3]!.aggregator.offer(part),
            (message) => messages.push(...Option.toArray(message))
          ),
        { concurrency: "unbounded", discard: true }
      )
      yield* advance("5 seconds")
      const all = messages.map(saidOf)
      for (const key of keys) {
        assert.deepInclude([
          [`text of ${key} + file of ${key}`],
          [`file of ${key}`, `text of ${key} of file of ${key}`]
        ], all.filter((said) => said.includes(key)).sort())
      }
    })
  )

  test(
    "is deleted when it was handled, and the memory of it after a while",
    Effect.gen(function*() {
      const { aggregator } = yield* open({ rememberFor: "1 minute" })
      const messages = yield* collect(aggregator)
      yield* offerAll(aggregator, wrapper("w"), wrapper("secret text", { key: "2", id: "x" }))
      yield* offerAll(aggregator, media("m"))
      yield* advance("5 seconds")
      assert.deepStrictEqual(messages.map(said), ["secret text"])
      const { keys, outbox } = yield* tables
      assert.deepStrictEqual([keys.length, outbox.length], [2, 0])
      assert.notInclude(JSON.stringify(keys), "secret text")
      yield* advance("1 minute")
      assert.deepStrictEqual(yield* tables, { keys: [], outbox: [] })
      assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w"), media("m")), ["", "w + m"])
    })
  )
})

describe("a message that came out", () => {
  test(
    "is handed to nobody else while its process lives, however long that takes",
    Effect.gen(function*() {
      const one = yield* open()
      const other = yield* open()
      const messages = yield* collect(other.aggregator)
      yield* hang(one.aggregator, media("m"))
      yield* advance("10 minutes")
      assert.deepStrictEqual(messages, [])
    })
  )

  test(
    "is taken over from a process that is gone, when its lease ends, also one that names no second",
    Effect.gen(function*() {
      const one = yield* open()
      const other = yield* open()
      const messages = yield* collect(other.aggregator)
      yield* one.aggregator.offer(wrapper("w"))
      yield* hang(one.aggregator, media("m"))
      yield* hang(one.aggregator, media("n", { key: null }))
      // The scope closes while messages are handled: nothing is written, as when it is killed.
      yield* one.end
      yield* advance("29 seconds")
      assert.deepStrictEqual(messages, [])
      yield* advance("2 seconds")
      assert.deepStrictEqual(messages.map((message) => [message.idempotencyKey, said(message)]), [["w", "w + m"], [
        "n",
        "n"
      ]])
      assert.lengthOf((yield* tables).outbox, 0)
    })
  )

  test(
    "waits for a handler, which gets it after what is set up beside it",
    Effect.gen(function*() {
      const first = yield* open()
      yield* first.aggregator.offer(wrapper("w"))
      yield* advance("1 hour")
      yield* first.end
      const { aggregator } = yield* open()
      const messages = yield* collect(aggregator)
      yield* advance("999 millis")
      assert.deepStrictEqual(messages, [])
      yield* advance("1 millis")
      assert.deepStrictEqual(messages.map(said), ["w"])
    })
  )

  test(
    "stays when the process ends before its handler succeeded, and goes to the next",
    Effect.gen(function*() {
      const first = yield* open({ onTimeout: () => Effect.fail("not now") })
      yield* first.aggregator.offer(wrapper("w"))
      yield* advance("5 seconds")
      const ending = yield* Effect.forkChild(first.end)
      // It gives its handler the time that the end may take.
      yield* advance("5 seconds")
      yield* Fiber.join(ending)
      const { aggregator } = yield* open()
      const messages = yield* collect(aggregator)
      yield* advance("1 second")
      assert.deepStrictEqual(messages.map(said), ["w"])
    })
  )

  test(
    "is tried again later when no attempt succeeded",
    Effect.gen(function*() {
      let attempts = 0
      const { aggregator } = yield* open({
        retry: Schedule.recurs(1),
        onTimeout: () => Effect.suspend(() => ++attempts < 4 ? Effect.fail("not now") : Effect.void)
      })
      yield* aggregator.offer(wrapper("w"))
      yield* advance("5 seconds")
      assert.strictEqual(attempts, 2)
      yield* advance("599 seconds")
      assert.strictEqual(attempts, 2)
      yield* advance("1 second")
      assert.strictEqual(attempts, 4)
      yield* advance("1 hour")
      assert.strictEqual(attempts, 4)
    })
  )

  test(
    "comes out in this process no more after a drain, and in the next one",
    Effect.gen(function*() {
      const first = yield* open()
      const before = yield* collect(first.aggregator)
      yield* first.aggregator.offer(wrapper("w"))
      yield* first.aggregator.drain
      yield* advance("1 minute")
      assert.deepStrictEqual(before, [])
      yield* first.end
      const after = yield* collect((yield* open()).aggregator)
      yield* advance("1 second")
      assert.deepStrictEqual(after.map(said), ["w"])
    })
  )
})

describe("a database that cannot be used", () => {
  test(
    "fails the part, which comes out once when it is repeated",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { aggregator } = yield* open()
      yield* aggregator.offer(wrapper("w"))
      yield* sql`ALTER TABLE sms_mms_outbox RENAME TO away`
      const calls: Array<string> = []
      const process = aggregator.process(media("m"), (message) => Effect.sync(() => calls.push(said(message))))
      assert.strictEqual((yield* Effect.flip(process))._tag, "MmsAggregatorError")
      assert.deepStrictEqual(calls, [])
      yield* sql`ALTER TABLE away RENAME TO sms_mms_outbox`
      assert.strictEqual((yield* process)._tag, "Due")
      assert.deepStrictEqual(calls, ["w + m"])
    })
  )

  test(
    "stops what comes out by time only for as long as it cannot",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { aggregator } = yield* open()
      const messages = yield* collect(aggregator)
      yield* aggregator.offer(wrapper("w"))
      yield* sql`ALTER TABLE sms_mms_keys RENAME TO away`
      yield* advance("1 minute")
      assert.deepStrictEqual(messages, [])
      yield* sql`ALTER TABLE away RENAME TO sms_mms_keys`
      yield* advance("1 second")
      assert.deepStrictEqual(messages.map(said), ["w"])
    })
  )

  test(
    "does not let a message come twice that was handled, when that could not be written at once",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const one = yield* open()
      const messages = yield* collect((yield* open()).aggregator)
      yield* one.aggregator.process(media("m"), () => sql`ALTER TABLE sms_mms_outbox RENAME TO away`)
      yield* advance("20 seconds")
      yield* sql`ALTER TABLE away RENAME TO sms_mms_outbox`
      yield* advance("1 minute")
      assert.deepStrictEqual(messages, [])
      assert.lengthOf((yield* tables).outbox, 0)
    })
  )

  test(
    "has rows that cannot be read: they stay, and hold nothing up",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const { aggregator } = yield* open()
      const messages = yield* collect(aggregator)
      yield* sql`INSERT INTO sms_mms_keys (mms_key, provider, state, open_windows, due_at) VALUES
        (${JSON.stringify(["voicemeup", second])}, ${"voicemeup"}, ${"{}"}, 0, 0)`
      yield* sql`INSERT INTO sms_mms_outbox (id, message, created_at, available_at) VALUES (${"unreadable"}, ${"{}"}, 0, 0)`
      yield* aggregator.offer(wrapper("x", { key: "2" }))
      const error = yield* Effect.flip(aggregator.offer(wrapper("w")))
      assert.include(String(error.cause), "sms_mms_keys")
      yield* advance("5 seconds")
      assert.deepStrictEqual(messages.map(said), ["x"])
      const { keys, outbox } = yield* tables
      assert.deepStrictEqual([keys.length, outbox.length], [2, 1])
    })
  )
})

test(
  "what the database says about a row is in no error and no log",
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const observed = observe()
    const error = yield* Effect.gen(function*() {
      const { aggregator } = yield* open()
      yield* collect(aggregator)
      yield* sql`CREATE TRIGGER told BEFORE INSERT ON sms_mms_keys
        BEGIN SELECT RAISE(ABORT, 'row: ' || NEW.mms_key); END`
      yield* sql`INSERT INTO sms_mms_outbox (id, message, created_at, available_at) VALUES ('1', ${customer}, 0, 0)`
      yield* sql`CREATE TRIGGER held BEFORE UPDATE ON sms_mms_outbox
        BEGIN SELECT RAISE(ABORT, 'row: ' || OLD.message); END`
      yield* advance("5 seconds")
      return yield* Effect.flip(aggregator.offer(wrapper("w", { text: "my PIN is 1234" })))
    }).pipe(Effect.scoped, Effect.provide(observed.layer))
    assert.strictEqual(String(error.cause), "DatabaseFailure: ConstraintError, 1811")
    assert.include(observed.text(), "MMS store failed")
    for (const told of [inspect(error, { depth: Infinity }), observed.text()]) {
      assert.notInclude(told, customer)
      assert.notInclude(told, "1234")
    }
  })
)

test(
  "a key that is too long for an index belongs to nothing",
  Effect.gen(function*() {
    const { aggregator } = yield* open()
    const key = "1".repeat(1000)
    assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w", { key }), media("m", { key })), ["w", "m"])
    assert.deepStrictEqual(yield* tables, { keys: [], outbox: [] })
  })
)

test(
  "the metric of pending windows is that of the database",
  Effect.gen(function*() {
    const provider = "counted"
    const pending = Effect.map(
      Metric.snapshot,
      (metrics) =>
        metrics.flatMap(({ attributes, id, state }) =>
          id === "sms_mms_pending_windows" && attributes?.["provider"] === provider && "count" in state
            ? [state.count]
            : []
        )
    )
    const first = yield* open({ timeout: "1 minute" })
    yield* offerAll(first.aggregator, wrapper("w", { provider }), wrapper("x", { provider, key: "2" }))
    yield* advance("10 seconds")
    assert.deepStrictEqual(yield* pending, [2])
    yield* first.end
    assert.deepStrictEqual(yield* pending, [0])
    const { aggregator } = yield* open({ timeout: "1 minute" })
    yield* advance("1 second")
    assert.deepStrictEqual(yield* pending, [2])
    yield* offerAll(aggregator, media("m", { provider }))
    yield* advance("10 seconds")
    assert.deepStrictEqual(yield* pending, [1])
    yield* advance("1 minute")
    assert.deepStrictEqual(yield* pending, [0])
  })
)

it.effect("the layer fails when its tables cannot be made", () =>
  Effect.gen(function*() {
    const readonly = NodeSqliteClient.layer({ filename: ":memory:", readonly: true })
    const error = yield* Effect.flip(
      Effect.provide(Effect.asVoid(MmsAggregator), Layer.provide(MmsAggregatorSql.layer(), readonly))
    )
    assert.strictEqual(error._tag, "MmsAggregatorError")
  }))
