/**
 * The server of the library, as `npm start` composes it: verification,
 * decoding, recognition of repetitions, rooms, answer.
 *
 * With `without-rooms` it answers once a webhook is decoded, with `route-alone`
 * once its body is read: the differences are what the parts take.
 */
import { RoomKit, SmsProvider, SmsProviders, Twilio, WebhookServer } from "effect-sms"
import * as NodeServer from "effect-sms/http/NodeServer"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { authToken, listening, publicUrl } from "./listening.ts"

const [part] = process.argv.slice(2)

const layerListening = Layer.effectDiscard(Effect.map(HttpServer.HttpServer, ({ address }) => {
  if ("port" in address) listening(address.port)
}))

const layerServer = WebhookServer.serve({ publicUrl }, { disableLogger: true, disableListenLog: true })

const layerNoRooms = Layer.effect(
  RoomKit.RoomKit,
  Effect.map(RoomKit.make(), (kit) => RoomKit.RoomKit.of({ ...kit, processEvents: () => Effect.succeed([]) }))
)

const layerTwilio = Twilio.layerWebhook({ authToken: Redacted.make(authToken) })

const layerUnverified = Layer.effect(
  SmsProvider.SmsProvider,
  Effect.map(
    Twilio.makeWebhook({ authToken: Redacted.make(authToken) }),
    ({ acknowledgement, capabilities }) =>
      SmsProvider.make({
        name: "twilio",
        receiver: {
          capabilities: capabilities.receive!,
          methods: ["POST"],
          contentTypes: ["application/x-www-form-urlencoded"],
          verify: () => Effect.void,
          parse: () => Effect.succeed({}),
          decodePayload: () => Effect.succeed([]),
          acknowledgement
        }
      })
  )
)

Effect.runFork(
  Layer.launch(
    Layer.provideMerge(layerListening, layerServer).pipe(
      Layer.provide([
        part === undefined ? RoomKit.layer() : layerNoRooms,
        SmsProviders.layer(part === "route-alone" ? layerUnverified : layerTwilio),
        NodeServer.layer({ host: "127.0.0.1", port: 0 })
      ]),
      Layer.provide(NodeCrypto.layer)
    )
  )
)
