/** A new, empty database in the Postgres of this run. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { inject } from "vitest"

const server = inject("postgres")

export const hasPostgres = server !== undefined

let count = 0

/** Its URL. It is removed with the scope. */
export const database = Effect.gen(function*() {
  const name = `test_${process.pid}_${++count}`
  const onServer = (statement: string) =>
    SqlClient.SqlClient.use((sql) => sql.unsafe(statement)).pipe(
      Effect.provide(Layer.fresh(PgClient.layer({ url: Redacted.make(server!) }))),
      Effect.orDie
    )
  yield* Effect.acquireRelease(
    onServer(`CREATE DATABASE ${name}`),
    () => onServer(`DROP DATABASE ${name} WITH (FORCE)`)
  )
  const url = new URL(server!)
  url.pathname = `/${name}`
  return url.href
})
