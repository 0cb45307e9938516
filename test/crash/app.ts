/**
 * An application as a user would compose it, for the crash tests: Twilio, rooms
 * in a database, and a channel that takes a while to answer every message.
 */
import { NodeHttpClient, NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer, Random, Redacted } from "effect"
import {
  Address,
  Channel,
  Content,
  DeliveryTracker,
  MessagesServer,
  Outbox,
  RoomInbox,
  RoomKit,
  SmsChannel,
  SmsProviders,
  SmsRouter,
  Twilio
} from "effect-sms"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import * as NodeSqliteClient from "effect-sms/sql/NodeSqliteClient"
import * as SqlStorage from "effect-sms/sql/SqlStorage"
import { createServer } from "node:http"

const { DATABASE_URL = "", PORT, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_BASE_URL, TWILIO_FROM } = process.env

const Database = DATABASE_URL.startsWith("postgres")
  ? PgClient.layer({ url: Redacted.make(DATABASE_URL) })
  : NodeSqliteClient.layer({ filename: DATABASE_URL })

const Storage = Layer.provide(SqlStorage.layer({ beat: "200 millis", deadAfter: "1 second" }), Database)

const Providers = SmsProviders.layer(Twilio.layer({
  accountSid: TWILIO_ACCOUNT_SID!,
  authToken: Redacted.make(TWILIO_AUTH_TOKEN!),
  from: Address.Address.make(TWILIO_FROM!),
  baseUrl: TWILIO_BASE_URL,
  retry: { times: 0 }
}))

/** Answers each message once it has thought about it. */
const Bot = Layer.effectDiscard(Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  yield* kit.registerChannel(Channel.make({
    id: "bot",
    type: "ai",
    everyRoom: true,
    deliver: Effect.fnUntraced(function*(event) {
      yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 100)))
      yield* kit.post(event.roomId, {
        channelId: "bot",
        channelType: "ai",
        content: Content.fromParts(`re: ${Content.text(event.content)}`, [])
      })
    })
  }))
}))

const Server = MessagesServer.serve({ adminToken: Redacted.make("admin") }, { disableLogger: true }).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: Number(PORT) })),
  Layer.provide(RoomInbox.layer()),
  Layer.provide([Bot, SmsChannel.layerProviders]),
  Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
  Layer.provide(Outbox.layer()),
  Layer.provide(Providers),
  Layer.provide(DeliveryTracker.layer()),
  Layer.provide(Storage),
  Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
)

NodeRuntime.runMain(Layer.launch(Server))
