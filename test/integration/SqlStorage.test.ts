/** Every store, on Postgres. */
import { NodeCrypto } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { suite as consentLedger } from "../suites/ConsentLedgerSuite.ts"
import { suite as deliveryStore } from "../suites/DeliveryStoreSuite.ts"
import { suite as eventLog } from "../suites/EventLogSuite.ts"
import { suite as forgottenSends } from "../suites/ForgottenSendsSuite.ts"
import { suite as forwardStore } from "../suites/ForwardStoreSuite.ts"
import { suite as handOver } from "../suites/HandOverSuite.ts"
import { suite as inbox } from "../suites/InboxSuite.ts"
import { suite as intentStore } from "../suites/IntentStoreSuite.ts"
import { suite as people } from "../suites/PeopleSuite.ts"
import { suite as roomStore } from "../suites/RoomStoreSuite.ts"
import { suite as search } from "../suites/SearchSuite.ts"
import { suite as sizes } from "../suites/SizesSuite.ts"
import { suite as tally } from "../suites/TallySuite.ts"
import { suite as unreadable } from "../suites/UnreadableSuite.ts"
import { database, hasPostgres } from "./database.ts"

const layer = Layer.unwrap(
  Effect.map(
    database,
    (url) =>
      SqlStorage.layer().pipe(Layer.provideMerge([PgClient.layer({ url: Redacted.make(url) }), NodeCrypto.layer]))
  )
).pipe(Layer.orDie)

inbox("Postgres", layer, !hasPostgres)
forwardStore("Postgres", layer, !hasPostgres)
intentStore("Postgres", layer, !hasPostgres)
consentLedger("Postgres", layer, !hasPostgres)
roomStore("Postgres", layer, !hasPostgres)
eventLog("Postgres", layer, !hasPostgres)
search("Postgres", layer, !hasPostgres)
tally("Postgres", layer, !hasPostgres)
deliveryStore({ name: "Postgres", layer: () => Layer.fresh(layer), bounded: false, skip: !hasPostgres })
unreadable("Postgres", layer, !hasPostgres)
handOver("Postgres", layer, !hasPostgres)
people("Postgres", layer, !hasPostgres)
forgottenSends("Postgres", layer, !hasPostgres)
sizes("Postgres", layer, !hasPostgres)
