/** Statements whose text is built once. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { makeCompiler } from "effect/sql/Statement"
import { compileOnce } from "../../src/sql/internal/compileOnce.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"

const test = (title: string, body: (sql: SqlClient.SqlClient) => Effect.Effect<void, unknown>) =>
  it.effect(title, () =>
    Effect.provide(
      Effect.flatMap(SqlClient.SqlClient, (sql) => body(compileOnce(sql))),
      NodeSqliteClient.layer({ filename: ":memory:" })
    ))

describe("a template that is compiled once", () => {
  test("has the parameters of each call, also when the first ones were the same", (sql) =>
    Effect.gen(function*() {
      const pair = (a: unknown, b: unknown) => sql`SELECT ${a} AS a, ${b} AS b`
      for (const [a, b] of [[1, 1], [1, 2], ["x", null], [true, "y"]]) {
        const expected = [{ a: a === true ? 1 : a, b }]
        assert.deepStrictEqual((yield* pair(a, b)).map((row) => ({ ...row })), expected)
      }
    }))

  test("has the fragments of each call", (sql) =>
    Effect.gen(function*() {
      const select = (column: string, value: number) =>
        sql<{ value: number }>`SELECT ${sql.literal(column)} AS value WHERE ${value} > 0`
      assert.strictEqual((yield* select("1", 5))[0]!.value, 1)
      assert.strictEqual((yield* select("2", 5))[0]!.value, 2)
      assert.lengthOf(yield* select("2", 0), 0)
    }))

  test("may have fragments with parameters of their own, and identifiers", (sql) =>
    Effect.gen(function*() {
      const among = (name: string, values: ReadonlyArray<number>) =>
        sql`SELECT ${sql(name)} AS found FROM (SELECT 2 AS one, 3 AS two) WHERE ${sql.in(name, values)}`
      assert.lengthOf(yield* among("one", [1, 2]), 1)
      assert.lengthOf(yield* among("two", [1, 2]), 0)
      assert.lengthOf(yield* among("two", [1, 2, 3]), 1)
    }))

  test("may have a fragment where it had a value", (sql) =>
    Effect.gen(function*() {
      const select = (value: unknown) => sql<{ value: number }>`SELECT ${value} AS value`
      assert.strictEqual((yield* select(1))[0]!.value, 1)
      assert.strictEqual((yield* select(sql.literal("1 + 1")))[0]!.value, 2)
      assert.strictEqual((yield* select(3))[0]!.value, 3)
    }))

  test("is compiled no more for the same fragments", (sql) =>
    Effect.sync(() => {
      const one = sql.literal("1")
      const select = (value: number) => sql`SELECT ${one} WHERE ${value} > 0`
      const [first, second] = [select(1), select(2)]
      assert.deepStrictEqual(first.compile(), ["SELECT 1 WHERE ? > 0", [1]])
      assert.deepStrictEqual(second.compile(), ["SELECT 1 WHERE ? > 0", [2]])
    }))

  test("can be a part of another statement, whose parameters are numbered as a whole", (sql) =>
    Effect.sync(() => {
      const numbered = makeCompiler({
        dialect: "pg",
        placeholder: (index) => `$${index}`,
        onIdentifier: (name) => name,
        onRecordUpdate: () => ["", []],
        onCustom: () => ["", []]
      })
      const isAbove = (value: number) => sql`one > ${value}`
      const select = (value: number) => sql`SELECT 1 WHERE two = ${0} AND ${isAbove(value)}`
      for (const value of [1, 2]) {
        const expected = ["SELECT 1 WHERE two = $1 AND one > $2", [0, value]]
        assert.deepStrictEqual<unknown>(numbered.compile(select(value), false), expected)
      }
    }))
})
