/**
 * The server of the library, as `npm start` composes it: verification,
 * decoding, recognition of repetitions, rooms, answer.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { RoomKit, SmsProviders, Twilio, WebhookServer } from "effect-sms"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:http"
import { authToken, listening, publicUrl } from "./listening.ts"

const layerListening = Layer.effectDiscard(Effect.map(HttpServer.HttpServer, ({ address }) => {
  if ("port" in address) listening(address.port)
}))

const layerServer = WebhookServer.serve({ publicUrl }, { disableLogger: true, disableListenLog: true })

Effect.runFork(
  Layer.launch(
    Layer.provideMerge(layerListening, layerServer).pipe(
      Layer.provide([
        RoomKit.layer(),
        SmsProviders.layer(Twilio.layerWebhook({ authToken: Redacted.make(authToken) })),
        NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })
      ]),
      Layer.provide(NodeCrypto.layer)
    )
  )
)
