/**
 * @title Composing Layers in an application
 *
 * The application has a service of its own, an answering machine, that is a
 * channel of every room. The provider is chosen by configuration. Replace the
 * mock by `Twilio.layerWebhookConfig` and nothing else changes.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Config, ConfigProvider, Console, Context, Effect, Layer } from "effect"
import { Channel, Content, RoomKit, SmsChannel, SmsProvider, WebhookRequest } from "effect-sms"
import { MockSmsProvider } from "effect-sms/testing"

class Answers extends Context.Service<Answers, {
  readonly answer: (question: string) => Effect.Effect<string>
}>()("example/Answers") {
  static readonly layer = Layer.effect(
    Answers,
    Effect.map(
      Config.String("GREETING"),
      (greeting) => Answers.of({ answer: (question) => Effect.succeed(`${greeting} You asked: ${question}`) })
    )
  )
}

/** The machine answers what it hears in every room, and the carrier takes the answer to the customer. */
const Channels = Layer.effectDiscard(Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const answers = yield* Answers
  yield* kit.registerChannel(SmsChannel.make({ provider: yield* SmsProvider.SmsProvider }))
  yield* kit.registerChannel(Channel.make({
    id: "machine",
    type: "ai",
    everyRoom: true,
    deliver: Effect.fnUntraced(function*(event) {
      const text = yield* answers.answer(Content.text(event.content))
      const content = new Content.TextContent({ text })
      yield* kit.post(event.roomId, { channelId: "machine", channelType: "ai", content })
    })
  }))
}))

const App = Channels.pipe(
  Layer.provideMerge(RoomKit.layer()),
  Layer.provide(Answers.layer),
  Layer.provideMerge(MockSmsProvider.layer()),
  Layer.provide(NodeCrypto.layer),
  Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ GREETING: "Good evening." })))
)

const program = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const provider = yield* SmsProvider.SmsProvider
  yield* kit.processWebhook(
    provider,
    WebhookRequest.make({
      url: "https://sms.example.com/webhooks/sms/mock/inbound",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "1", from: "+15145550142", to: "+15145550100", text: "Are you open?" })
    })
  )
  const mock = yield* MockSmsProvider.MockSmsProvider
  for (const { content, to } of yield* mock.sent) yield* Console.log(`to ${to}: ${Content.text(content)}`)
})

await Effect.runPromise(program.pipe(Effect.provide(App)))

/* Prints:
to +15145550142: Good evening. You asked: Are you open?
*/
