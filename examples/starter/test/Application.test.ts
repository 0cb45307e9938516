import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Content, RoomKit, SmsChannel, SmsError, SmsProvider, WebhookRequest } from "effect-sms"
import * as NodeCrypto from "effect-sms/NodeCrypto"
import { MockSmsProvider } from "effect-sms/testing"
import { Application } from "../src/Application.ts"

const closed = "+15145550199"

/** The application with a mock in the place of the carriers, which refuses one number. */
const Test = Layer.merge(Application, SmsChannel.layer()).pipe(
  Layer.provideMerge(RoomKit.layer()),
  Layer.provideMerge(MockSmsProvider.layer({
    respond: ({ to }) => to === closed ? Effect.fail(new SmsError.InvalidRecipient({})) : Effect.void
  })),
  Layer.provide(NodeCrypto.layer)
)

let messages = 0

/** Posts the webhook of a message, as a carrier does. */
const receive = Effect.fnUntraced(function*(text: string, from = "+15145550142") {
  const kit = yield* RoomKit.RoomKit
  messages++
  yield* kit.processWebhook(
    yield* SmsProvider.SmsProvider,
    WebhookRequest.make({
      url: "https://sms.example.com/webhooks/sms/mock/inbound",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: `${messages}`, from, to: "+15145550100", text })
    })
  )
})

const sentTexts = Effect.gen(function*() {
  const { sent } = yield* MockSmsProvider.MockSmsProvider
  return (yield* sent).map(({ content, to }) => `${to}: ${Content.text(content)}`)
})

it.effect("answers a question, and the next one", () =>
  Effect.gen(function*() {
    yield* receive("When are you open?")
    yield* receive("And where are you?")
    assert.deepStrictEqual(yield* sentTexts, [
      "+15145550142: We are open from 9 am to 6 pm, Monday to Saturday.",
      "+15145550142: You find us at 100 Main Street."
    ])
  }).pipe(Effect.provide(Test)))

it.effect("hides a card number before it is stored", () =>
  Effect.gen(function*() {
    const kit = yield* RoomKit.RoomKit
    yield* receive("Pay with 4111 1111 1111 1111 please")
    const [room] = yield* kit.rooms
    const [received] = yield* kit.events(room!.id)
    assert.strictEqual(Content.text(received!.content), "Pay with (card number) please")
  }).pipe(Effect.provide(Test)))

it.effect("goes on after an answer that the carrier refuses", () =>
  Effect.gen(function*() {
    yield* receive("Hello", closed)
    yield* receive("Hello")
    assert.deepStrictEqual(yield* sentTexts, ["+15145550142: Hello. How can we help?"])
  }).pipe(Effect.provide(Test)))
