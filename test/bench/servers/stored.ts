/**
 * The server of the library with a database, as `effect-sms serve` composes it:
 * a webhook is acknowledged once it is in the inbox, and processed from there.
 *
 * Takes the URL of a Postgres, the path of an SQLite file, or `memory:`.
 */
import { PgClient } from "@effect/sql-pg"
import { RoomInbox, RoomKit, SmsProviders, Twilio, WebhookServer } from "effect-sms"
import * as NodeServer from "effect-sms/http/NodeServer"
import { Inbox } from "effect-sms/inbox"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
import * as SqlStorage from "effect-sms/sql/SqlStorage"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { authToken, listening, publicUrl } from "./listening.ts"

const [database = ""] = process.argv.slice(2)

const layerListening = Layer.effectDiscard(Effect.gen(function*() {
  const { address } = yield* HttpServer.HttpServer
  const inbox = yield* Inbox.Inbox
  const settled = inbox.backlog().pipe(
    Effect.repeat({ until: ({ pending }) => pending === 0, schedule: Schedule.spaced("20 millis") }),
    Effect.map(({ dead }) => {
      if (dead > 0) throw new Error("There are dead letters")
      return {}
    })
  )
  if ("port" in address) listening(address.port, { "Settled?": () => Effect.runPromise(settled) })
}))

const layerClient = database.startsWith("postgres")
  ? PgClient.layer({ url: Redacted.make(database) })
  : NodeSqliteClient.layer({ filename: database })

const layerStorage = database === "memory:"
  ? Inbox.layerMemory()
  : Layer.provide(SqlStorage.layer(), layerClient)

Effect.runFork(
  Layer.launch(
    Layer.provideMerge(
      layerListening,
      WebhookServer.serve({ publicUrl }, { disableLogger: true, disableListenLog: true })
    ).pipe(
      Layer.provide(NodeServer.layer({ host: "127.0.0.1", port: 0 })),
      Layer.provide(RoomInbox.layer()),
      Layer.provide(RoomKit.layer()),
      Layer.provide(SmsProviders.layer(Twilio.layerWebhook({ authToken: Redacted.make(authToken) }))),
      Layer.provide(layerStorage),
      Layer.provide(NodeCrypto.layer)
    )
  )
)
