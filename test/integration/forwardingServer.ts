/** A server that forwards, as `effect-sms serve` builds it, with little patience: a test cannot wait for hours. */
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Layer, Redacted } from "effect"
import { createServer } from "node:http"
import { Address } from "../../src/Address.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import * as Endpoint from "../../src/forward/Endpoint.ts"
import * as Forwarder from "../../src/forward/Forwarder.ts"
import * as MessagesServer from "../../src/http/MessagesServer.ts"
import * as NodeGuardedClient from "../../src/media/NodeGuardedClient.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import * as Twilio from "../../src/twilio/index.ts"

const { DATABASE_URL = "", FORWARD_SECRET = "", FORWARD_URL = "" } = process.env
const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_BASE_URL, TWILIO_FROM } = process.env

const Database = DATABASE_URL.startsWith("postgres")
  ? PgClient.layer({ url: Redacted.make(DATABASE_URL) })
  : NodeSqliteClient.layer({ filename: DATABASE_URL })

const Forwarding = Forwarder.layer({
  endpoints: [Endpoint.make(new URL(FORWARD_URL), [Redacted.make(FORWARD_SECRET)])],
  timeout: "500 millis",
  waits: Array.from({ length: 200 }, () => "200 millis" as const)
}).pipe(Layer.provide(NodeGuardedClient.layer({ allowPrivate: true })))

const Server = MessagesServer.serve({ adminToken: Redacted.make("admin") }, { disableLogger: true }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
  Layer.provide([Forwarding, RoomInbox.layer()]),
  Layer.provide(SmsChannel.layerProviders),
  Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
  Layer.provide(Outbox.layer()),
  Layer.provide(SmsProviders.layer(Twilio.layer({
    accountSid: TWILIO_ACCOUNT_SID!,
    authToken: Redacted.make(TWILIO_AUTH_TOKEN!),
    from: Address.make(TWILIO_FROM!),
    baseUrl: TWILIO_BASE_URL,
    retry: { times: 0 }
  }))),
  Layer.provide(DeliveryTracker.layer()),
  Layer.provide(Layer.provide(SqlStorage.layer({ beat: "200 millis", deadAfter: "1 second" }), Database)),
  Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
)

NodeRuntime.runMain(Layer.launch(Server))
