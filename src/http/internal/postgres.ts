/** The Postgres client. A separate module, because its package is an optional dependency. */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

export const layer = (url: Redacted.Redacted): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  PgClient.layer({
    url,
    applicationName: "effect-sms",
    // A statement that takes longer is waiting for a lock of a dead client, or for an overloaded server.
    startupParameters: {
      statement_timeout: "5000",
      lock_timeout: "3000",
      idle_in_transaction_session_timeout: "10000"
    }
  })
