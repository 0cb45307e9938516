/**
 * @title All carriers
 *
 * Four dialects, one vocabulary: a form, two kinds of JSON and a row become
 * the same events. Each webhook is verified first; there is no other way.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Console, Effect, Redacted } from "effect"
import {
  Content,
  Sinch,
  SmsProviders,
  Telnyx,
  Twilio,
  VoiceMeUp,
  type WebhookEvent,
  type WebhookRequest
} from "effect-sms"

const secret = Redacted.make("a secret of at least sixteen characters")
const url = (carrier: string) => `https://sms.example.com/webhooks/sms/${carrier}/inbound`

const describe = (event: WebhookEvent.WebhookEvent): string => {
  switch (event._tag) {
    case "InboundMessage":
      return `${event.channelType} from ${event.sender}: ${Content.text(event.content)}`
    case "MessagePart":
      return `${event.role} of an MMS from ${event.message.sender}: ${Content.text(event.message.content)}`
    case "DeliveryStatus":
      return `message ${event.messageId} is ${event.status}`
    case "Unrecognized":
      return "something new"
  }
}

const receive = Effect.fnUntraced(function*(name: string, request: WebhookRequest.WebhookRequest) {
  const { find } = yield* SmsProviders.SmsProviders
  const provider = yield* Effect.fromOption(find(name))
  const events = yield* provider.decode(yield* provider.verify(request))
  for (const event of events) yield* Console.log(`${name}: ${describe(event)}`)
})

const program = Effect.gen(function*() {
  const { privateKey, publicKey } = yield* Telnyx.generateKeyPair
  const Carriers = SmsProviders.layer(
    Twilio.layerWebhook({ authToken: secret }),
    Sinch.layerWebhook({ verification: Sinch.hmacSha256(secret) }),
    Telnyx.layerWebhook({ publicKey }),
    VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token: secret } })
  )
  yield* Effect.gen(function*() {
    const form = { MessageSid: "SM1", From: "+15145550142", To: "+15145550100" }
    yield* receive(
      "twilio",
      yield* Twilio.signWebhook({
        authToken: secret,
        url: url("twilio"),
        form: {
          ...form,
          SmsStatus: "received",
          Body: "Two pictures",
          MediaUrl0: "https://a/0",
          MediaUrl1: "https://a/1"
        }
      })
    )
    yield* receive(
      "sinch",
      yield* Sinch.signWebhook({
        secret,
        url: url("sinch"),
        payload: { type: "mo_text", id: "01", from: "15145550142", to: "15145550100", body: "Hi" }
      })
    )
    yield* receive(
      "telnyx",
      yield* Telnyx.signWebhook({
        privateKey,
        url: url("telnyx"),
        payload: {
          data: {
            event_type: "message.finalized",
            payload: { id: "M1", direction: "outbound", to: [{ phone_number: "+15145550142", status: "delivered" }] }
          }
        }
      })
    )
    yield* receive(
      "voicemeup",
      yield* VoiceMeUp.signWebhook({
        token: secret,
        url: url("voicemeup"),
        payload: {
          source_number: "15145550142",
          destination_number: "15145550100",
          message: "Notre chat",
          attachment: "https://clients.voicemeup.com/file/c3efc8a3.mms.html"
        }
      })
    )
  }).pipe(Effect.provide(Carriers))
})

await Effect.runPromise(program.pipe(Effect.provide(NodeCrypto.layer)))

/* Prints:
twilio: mms from +15145550142: Two pictures
sinch: sms from +15145550142: Hi
telnyx: message M1 is delivered
voicemeup: wrapper of an MMS from +15145550142: Notre chat
*/
