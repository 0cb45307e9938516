/** The Postgres client. A separate module, because its package is an optional dependency. */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/** How long the end of the server waits for the connections to close: those of a database that hangs never do. */
const closeTimeout = "2 seconds"

const close = Effect.fnUntraced(function*(scope: Scope.Closeable, exit: Parameters<typeof Scope.close>[1]) {
  const closing = yield* Effect.forkDetach(Scope.close(scope, exit))
  yield* Effect.timeoutOption(Fiber.await(closing), closeTimeout)
})

const layerClient = (url: Redacted.Redacted): Layer.Layer<SqlClient.SqlClient, SqlError> =>
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

export const layer = (url: Redacted.Redacted): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  Layer.effectContext(Effect.gen(function*() {
    const scope = yield* Effect.acquireRelease(Scope.make(), close)
    return yield* Layer.buildWithScope(layerClient(url), scope)
  }))
