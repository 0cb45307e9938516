/**
 * @title One carrier behind a plain server
 *
 * A webhook server for Twilio and nothing else. To show that it works, the
 * program then calls it as Twilio would, and ends.
 */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { Console, Effect, Layer, Redacted } from "effect"
import { Content, RoomKit, SmsProviders, Twilio, WebhookServer } from "effect-sms"
import { HttpBody, HttpClient } from "effect/http"

const authToken = Redacted.make("the auth token of the account")
const publicUrl = "https://sms.example.com"

const Server = WebhookServer.serve({ publicUrl }, { disableLogger: true, disableListenLog: true })
  .pipe(
    Layer.provideMerge(RoomKit.layer()),
    Layer.provide(SmsProviders.layer(Twilio.layerWebhook({ authToken }))),
    Layer.provideMerge(NodeCrypto.layer),
    // A port that is free, and a client for it. In production: NodeHttpServer.layer(createServer, { port: 3000 })
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

const program = Effect.gen(function*() {
  const { body, headers } = yield* Twilio.signWebhook({
    authToken,
    url: `${publicUrl}/webhooks/sms/twilio/inbound`,
    form: { MessageSid: "SM1", SmsStatus: "received", From: "+15145550142", To: "+15145550100", Body: "Hello!" }
  })
  const response = yield* HttpClient.post("/webhooks/sms/twilio/inbound", {
    headers,
    body: HttpBody.uint8Array(body, headers["content-type"])
  })
  yield* Console.log(`Twilio is answered ${response.status} ${yield* response.text}`)

  const kit = yield* RoomKit.RoomKit
  for (const room of yield* kit.rooms) {
    for (const event of yield* kit.events(room.id)) {
      yield* Console.log(`${event.source.participant} says ${JSON.stringify(Content.text(event.content))}`)
    }
  }
})

await Effect.runPromise(program.pipe(Effect.provide(Server)))

/* Prints:
Twilio is answered 200 <Response/>
+15145550142 says "Hello!"
*/
