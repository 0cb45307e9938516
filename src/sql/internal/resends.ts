/**
 * The claims of intents that are being resent, in a database that any number of
 * servers can share.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import type { Resends } from "../../sending/IntentStore.ts"
import { resending } from "../../sending/internal/resends.ts"
import type { StorageError, UnreadableRow } from "../../StorageError.ts"
import * as ForgottenSends from "./forgottenSends.ts"
import type { Servers } from "./servers.ts"
import type { Transact } from "./storage.ts"

export interface Options {
  readonly asStored: <A, E>(
    effect: Effect.Effect<A, E | SqlError>
  ) => Effect.Effect<A, Exclude<E, SqlError | UnreadableRow> | StorageError>
  readonly sql: SqlClient.SqlClient
  readonly transact: Transact
  readonly servers: Servers
}

export const make = ({ asStored, servers, sql, transact }: Options): Resends => {
  /** Leaves the intent as it was before the claim, unless its recipient was forgotten meanwhile. */
  const release = (isClaimed: Fragment) =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        sql`UPDATE sms_intents SET owner = NULL, claim = NULL, updated_at = ${now},
        resolved_by = CASE WHEN forgotten = 'whole' THEN ${ForgottenSends.resolvedBy} END,
        ask_at = CASE WHEN forgotten = 'whole' THEN NULL ELSE CAST(${now} AS BIGINT) END
        WHERE state = 'unknown' AND ${isClaimed} RETURNING id`.withoutTransform
    )

  servers.onDead({
    owners: sql<{ owner: string }>`SELECT DISTINCT owner FROM sms_intents WHERE state = 'unknown' AND owner IS NOT NULL`
      .withoutTransform,
    takeOver: (server) => release(sql`owner = ${server}`)
  })

  return {
    claimResend: ({ id, token }) =>
      asStored(transact(Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const rows = yield* sql`UPDATE sms_intents SET resolved_by = ${resending}, owner = ${yield* servers.me},
          claim = ${token}, ask_at = NULL, updated_at = ${now} WHERE id = ${id} AND state = 'unknown'
          AND (resolved_by IS NULL OR resolved_by = ${resending}) RETURNING id`.withoutTransform
        return rows.length > 0
      }))),
    releaseResend: ({ id, token }) =>
      asStored(Effect.map(
        transact(release(sql`id = ${id} AND resolved_by = ${resending} AND claim = ${token}`)),
        (rows) => rows.length > 0
      ))
  }
}
