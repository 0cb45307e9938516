import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Latch, Layer, Schema, type Scope, Stream } from "effect"
import { PersistedQueue } from "effect/persistence"
import { Migrator, SqlClient, type SqlError } from "effect/sql"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"

const layerMemory = NodeSqliteClient.layer({ filename: ":memory:" })

const numbers = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE numbers (n INTEGER PRIMARY KEY, name TEXT UNIQUE)`
  return {
    sql,
    add: (n: number, name: string | null = null) => sql`INSERT INTO numbers ${sql.insert({ n, name })}`,
    all: Effect.map(sql<{ n: number }>`SELECT n FROM numbers ORDER BY n`, (rows) => rows.map(({ n }) => n))
  }
})

const test = (title: string, body: Effect.Effect<void, unknown, SqlClient.SqlClient>) =>
  it.effect(title, () => Effect.provide(body, layerMemory))

/** A directory that is removed with the scope. */
const temporary = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())

const onFile = (
  title: string,
  body: (filename: string, directory: string) => Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>,
  run: typeof it.effect | typeof it.live = it.effect
) =>
  run(
    title,
    () =>
      Effect.scoped(Effect.flatMap(temporary, (directory) => body(`${directory}/data.sqlite`, directory))).pipe(
        Effect.provide(NodeServices.layer)
      )
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason)

describe("values", () => {
  test(
    "go in and come out as they are",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const bytes = new Uint8Array([0, 1, 255])
      yield* sql`CREATE TABLE things (t TEXT, i INTEGER, r REAL, b BLOB, z, yes, no, u)`
      yield* sql`INSERT INTO things ${
        sql.insert({ t: "é\u0000🙂", i: -7, r: 1.5, b: bytes, z: null, yes: true, no: false, u: undefined })
      }`
      const [row] = yield* sql`SELECT * FROM things`
      assert.deepStrictEqual({ ...row }, { t: "é\u0000🙂", i: -7, r: 1.5, b: bytes, z: null, yes: 1, no: 0, u: null })
      assert.deepStrictEqual(yield* sql`SELECT t, i FROM things`.values, [["é\u0000🙂", -7]])
      assert.deepStrictEqual({ ...(yield* sql<object>`SELECT i FROM things`)[0] }, { i: -7 })
    })
  )

  test(
    "are read as bigint on demand, and a number too large for one is an error and not a wrong number",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const large = 2n ** 53n + 1n
      const read = sql<{ n: number | bigint }>`SELECT ${large} AS n`
      assert.strictEqual((yield* reasonOf(read))._tag, "UnknownError")
      const [row] = yield* Effect.provideService(read, SqlClient.SafeIntegers, true)
      assert.strictEqual(row!.n, large)
      assert.strictEqual((yield* reasonOf(read))._tag, "UnknownError")
    })
  )

  test(
    "of another kind are refused, also in the first place",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      for (const value of [{ n: 1 }, new Date(0), () => 1, Symbol("x")]) {
        assert.strictEqual((yield* reasonOf(sql`SELECT ${value} AS n`))._tag, "UnknownError")
      }
    })
  )

  test(
    "come back from what changes them, and the counts are the raw result",
    Effect.gen(function*() {
      const { add, sql } = yield* numbers
      yield* add(1)
      const returned = yield* sql<{ n: number }>`UPDATE numbers SET n = n + 1 RETURNING n`
      assert.deepStrictEqual(returned.map(({ n }) => n), [2])
      assert.deepStrictEqual({ ...(yield* sql`DELETE FROM numbers`.raw as Effect.Effect<object>) }, {
        changes: 1,
        lastInsertRowid: 1
      })
    })
  )
})

describe("errors", () => {
  test(
    "say what went wrong, without the values",
    Effect.gen(function*() {
      const { add, sql } = yield* numbers
      yield* add(1, "secret")
      const syntax = yield* reasonOf(sql`SELEC 1`)
      const unknownTable = yield* reasonOf(sql`SELECT * FROM nowhere`)
      const unique = yield* reasonOf(add(2, "secret"))
      const key = yield* reasonOf(add(1))
      const few = yield* reasonOf(sql.unsafe("SELECT ?", [1, 2]))
      assert.deepStrictEqual(
        [syntax, unknownTable, unique, key, few].map(({ _tag }) => _tag),
        ["SqlSyntaxError", "SqlSyntaxError", "UniqueViolation", "ConstraintError", "UnknownError"]
      )
      assert.notInclude(String(unique.cause), "secret")
    })
  )

  it.effect("are typed when the database cannot be opened", () =>
    Effect.gen(function*() {
      const build = (options: NodeSqliteClient.Options) =>
        reasonOf(Effect.scoped(Layer.build(NodeSqliteClient.layer(options))))
      assert.strictEqual((yield* build({ filename: "/nowhere/at/all.sqlite" }))._tag, "ConnectionError")
    }))

  onFile("are typed when the file is no database", (filename) =>
    Effect.gen(function*() {
      yield* FileSystem.FileSystem.use((fs) => fs.writeFileString(filename, "no database ".repeat(100)))
      const build = Effect.scoped(Layer.build(NodeSqliteClient.layer({ filename })))
      assert.strictEqual((yield* reasonOf(build))._tag, "UnknownError")
    }))
})

describe("transactions", () => {
  test(
    "keep all or nothing, and so do those within",
    Effect.gen(function*() {
      const { add, all, sql } = yield* numbers
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* add(1)
        yield* Effect.ignore(sql.withTransaction(Effect.andThen(add(2), Effect.fail("no"))))
        yield* sql.withTransaction(add(3))
      }))
      assert.deepStrictEqual(yield* all, [1, 3])
      const failed = yield* Effect.exit(sql.withTransaction(Effect.andThen(add(4), Effect.die("no"))))
      assert.isTrue(Exit.isFailure(failed))
      assert.deepStrictEqual(yield* all, [1, 3])
    })
  )

  test(
    "are taken back when they are interrupted, and leave the database to the next",
    Effect.gen(function*() {
      const { add, all, sql } = yield* numbers
      const begun = yield* Latch.make()
      const fiber = yield* Effect.forkChild(
        sql.withTransaction(Effect.andThen(add(1), Effect.andThen(begun.open, Effect.never)))
      )
      yield* begun.await
      const waiting = yield* Effect.forkChild(add(2), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* all, [2])
    })
  )

  test(
    "come one after the other, however many begin at once",
    Effect.gen(function*() {
      const { add, all, sql } = yield* numbers
      yield* add(0)
      const increment = sql.withTransaction(Effect.gen(function*() {
        const [n] = yield* all
        yield* Effect.yieldNow
        yield* sql`UPDATE numbers SET n = ${n! + 1}`
      }))
      yield* Effect.all(Array.from({ length: 50 }, () => increment), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* all, [50])
    })
  )
})

describe("streams", () => {
  const many = Effect.tap(
    numbers,
    ({ sql }) =>
      sql`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) INSERT INTO numbers(n) SELECT n FROM c`
  )

  test(
    "give every row in order, and end early without holding the database",
    Effect.gen(function*() {
      const { add, all, sql } = yield* many
      const stream = Stream.map(sql<{ n: number }>`SELECT n FROM numbers ORDER BY n`.stream, ({ n }) => n)
      assert.deepStrictEqual(yield* Stream.runCollect(stream), yield* all)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(stream, 3)), [1, 2, 3])
      yield* sql.withTransaction(add(1001))
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 1001)
      assert.deepStrictEqual(yield* Stream.runCollect(sql`SELECT n FROM numbers WHERE n < 0`.stream), [])
    })
  )

  test(
    "fail with what fails on the way",
    Effect.gen(function*() {
      const { sql } = yield* many
      const overflow = Stream.runDrain(sql`SELECT abs(-9223372036854775807 - (n > 500)) AS n FROM numbers`.stream)
      assert.strictEqual((yield* reasonOf(overflow))._tag, "UnknownError")
      assert.strictEqual((yield* reasonOf(Stream.runDrain(sql`SELEC`.stream)))._tag, "SqlSyntaxError")
    })
  )

  test(
    "let other statements run inside a transaction",
    Effect.gen(function*() {
      const { sql } = yield* many
      yield* sql.withTransaction(
        sql<{ n: number }>`SELECT n FROM numbers WHERE n <= 200`.stream.pipe(
          Stream.runForEach(({ n }) => sql`UPDATE numbers SET name = ${`number ${n}`} WHERE n = ${n}`)
        )
      )
      const [named] = yield* sql<{ count: number }>`SELECT count(name) AS count FROM numbers`
      assert.strictEqual(named!.count, 200)
    })
  )
})

describe("files", () => {
  onFile(
    "keep what was committed, with the log written ahead and on the disk",
    (filename, directory) =>
      Effect.gen(function*() {
        const layer = NodeSqliteClient.layer({ filename })
        yield* Effect.provide(Effect.flatMap(numbers, ({ add }) => add(7)), layer)
        yield* Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          assert.deepStrictEqual(yield* sql`SELECT n FROM numbers`.values, [[7]])
          assert.deepStrictEqual(yield* sql`PRAGMA journal_mode`.values, [["wal"]])
          assert.deepStrictEqual(yield* sql`PRAGMA synchronous`.values, [[2]])
        }).pipe(Effect.provide(Layer.fresh(layer)))
        // The log is merged into the file when the last one closes it.
        const left = yield* FileSystem.FileSystem.use((fs) => fs.readDirectory(directory))
        assert.deepStrictEqual(left, ["data.sqlite"])
      })
  )

  onFile("that are only read are not written, and have to exist", (filename) =>
    Effect.gen(function*() {
      const readonly = NodeSqliteClient.layer({ filename, readonly: true })
      const missing = yield* reasonOf(Effect.scoped(Layer.build(readonly)))
      assert.strictEqual(missing._tag, "ConnectionError")
      yield* Effect.provide(Effect.flatMap(numbers, ({ add }) => add(7)), NodeSqliteClient.layer({ filename }))
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql.withTransaction(sql`SELECT n FROM numbers`.values), [[7]])
        assert.strictEqual((yield* reasonOf(sql`DELETE FROM numbers`))._tag, "UnknownError")
      }).pipe(Effect.provide(Layer.fresh(readonly)))
    }))

  onFile("that another one has are waited for as long as allowed", (filename) =>
    Effect.gen(function*() {
      const open = (busyTimeout: number) =>
        Effect.map(
          Layer.build(Layer.fresh(NodeSqliteClient.layer({ filename, busyTimeout }))),
          (context) => Effect.provide(SqlClient.SqlClient, context)
        )
      const one = yield* yield* open(0)
      const other = yield* yield* open(20)
      yield* one`CREATE TABLE numbers (n)`
      yield* one.withTransaction(Effect.gen(function*() {
        yield* one`INSERT INTO numbers VALUES (1)`
        const reason = yield* reasonOf(other.withTransaction(other`INSERT INTO numbers VALUES (2)`))
        assert.deepStrictEqual([reason._tag, reason.isRetryable], ["LockTimeoutError", true])
        // Who reads does not wait.
        assert.deepStrictEqual(yield* other`SELECT n FROM numbers`, [])
      }))
      yield* other`INSERT INTO numbers VALUES (2)`
      assert.deepStrictEqual(yield* one`SELECT n FROM numbers`.values, [[1], [2]])
    }), it.live)

  it.effect("are closed with the scope, and a statement after that is a typed error", () =>
    Effect.gen(function*() {
      const sql = yield* Effect.scoped(
        Effect.flatMap(Layer.build(layerMemory), (context) => Effect.provide(SqlClient.SqlClient, context))
      )
      assert.strictEqual((yield* reasonOf(sql`SELECT 1`))._tag, "UnknownError")
    }))
})

describe("prepared statements", () => {
  it.effect("are kept within the bound, and right when they are used again", () =>
    Effect.gen(function*() {
      const { add, all, sql } = yield* numbers
      for (const n of [1, 2, 3]) yield* add(n)
      for (let round = 0; round < 3; round++) {
        for (const n of [1, 2, 3]) {
          assert.deepStrictEqual(yield* sql.unsafe(`SELECT n + ${n} FROM numbers WHERE n = ?`, [n]).values, [[2 * n]])
        }
        assert.deepStrictEqual(yield* all, [1, 2, 3])
      }
      yield* sql`ALTER TABLE numbers ADD COLUMN more TEXT`
      assert.deepStrictEqual(yield* all, [1, 2, 3])
    }).pipe(Effect.provide(NodeSqliteClient.layer({ filename: ":memory:", preparedStatements: 2 }))))
})

describe("what Effect builds on it", () => {
  test(
    "migrations run once",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const migrate = Migrator.make({})({
        loader: Migrator.fromRecord({
          "0001_first": Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE first (n)`).pipe(Effect.asVoid)
        })
      })
      assert.deepStrictEqual(yield* migrate, [[1, "first"]])
      assert.deepStrictEqual(yield* migrate, [])
      assert.deepStrictEqual(yield* sql`SELECT n FROM first`, [])
    })
  )

  onFile("a persisted queue gives what was put in before a restart", (filename) =>
    Effect.gen(function*() {
      const queue = PersistedQueue.make({ name: "q", schema: Schema.String })
      const layer = PersistedQueue.layer.pipe(
        Layer.provide(PersistedQueue.layerStoreSql({ pollInterval: "10 millis" })),
        Layer.provide(NodeSqliteClient.layer({ filename }))
      )
      yield* Effect.provide(Effect.flatMap(queue, (queue) => queue.offer("hello", { id: "1" })), layer)
      const taken = Effect.flatMap(queue, (queue) => queue.take(Effect.succeed))
      assert.strictEqual(yield* Effect.provide(taken, Layer.fresh(layer)), "hello")
    }), it.live)
})

onFile(
  "a file that is made is its owner's alone, and one that was there keeps its mode",
  (filename, directory) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const modeOf = (name: string) =>
        Effect.map(fs.stat(`${directory}/${name}`), ({ mode }) => (mode & 0o777).toString(8))
      const written = Effect.scoped(
        Effect.gen(function*() {
          yield* SqlClient.SqlClient.use((sql) => sql`CREATE TABLE IF NOT EXISTS numbers (n)`)
          return yield* Effect.forEach(yield* fs.readDirectory(directory), modeOf)
        }).pipe(Effect.provide(NodeSqliteClient.layer({ filename })))
      )
      assert.deepStrictEqual(yield* written, ["600", "600", "600"])
      yield* fs.chmod(filename, 0o640)
      assert.deepStrictEqual(new Set(yield* written), new Set(["640"]))
    })
)
