/**
 * @title Answering through the carrier
 *
 * A customer writes, an agent answers in the room, and the SMS channel takes
 * the answer to the customer, from the number that was written to. A hook
 * before each send keeps the opted-out from getting anything. The tracker
 * follows what was sent to its end. Replace the mock by `Twilio.layerConfig`
 * and nothing else changes.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Console, Effect, Layer, Logger } from "effect"
import { Address, Content, Hook, RoomKit, SmsChannel, SmsProvider, WebhookRequest } from "effect-sms"
import { MockSmsProvider } from "effect-sms/testing"

const optedOut = new Set(["+15145550143"])

const consent = RoomKit.layerHook(Hook.beforeSend({
  name: "consent",
  run: ({ to }) => Effect.succeed(optedOut.has(to) ? Hook.block("opted out") : Hook.allow)
}))

const reports = RoomKit.layerOnDeliveryStatus(({ messageId, status }) => Console.log(`${messageId} is ${status}`))

const Kit = Layer.mergeAll(SmsChannel.layer(), consent, reports).pipe(
  Layer.provideMerge(RoomKit.layer()),
  Layer.provideMerge(MockSmsProvider.layer()),
  Layer.provide(NodeCrypto.layer),
  Layer.provideMerge(Logger.layer([]))
)

/** Brings a webhook of the carrier to the kit, as `WebhookServer` does. */
const webhook = Effect.fnUntraced(function*(body: Record<string, string>) {
  const kit = yield* RoomKit.RoomKit
  return yield* kit.processWebhook(
    yield* SmsProvider.SmsProvider,
    WebhookRequest.make({
      url: "https://sms.example.com/webhooks/sms/mock/inbound",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
  )
})

const says = Effect.fnUntraced(function*(roomId: string, text: string) {
  const kit = yield* RoomKit.RoomKit
  const content = new Content.TextContent({ text })
  const result = yield* kit.post(roomId, { channelId: "agent", channelType: "web", content })
  if (result._tag !== "Broadcast") return
  for (const { channelId, outcome, sends = [] } of result.deliveries) {
    yield* Console.log(`${channelId}: ${outcome} (${sends.map(({ outcome }) => outcome).join(", ")})`)
  }
})

const program = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const mock = yield* MockSmsProvider.MockSmsProvider
  yield* webhook({ id: "1", from: "+15145550142", to: "+15145550100", text: "Is my order on its way?" })
  const [room] = yield* kit.rooms
  yield* says(room!.id, "It is.")
  yield* kit.attachChannel(room!.id, { channelId: "sms-mock", participant: Address.Address.make("+15145550143") })
  yield* says(room!.id, "It has arrived.")
  for (const { content, from, to } of yield* mock.sent) yield* Console.log(`${from} to ${to}: ${Content.text(content)}`)

  // The carrier repeats a delivery report, and sends another one late.
  for (const status of ["sent", "delivered", "delivered", "sent"]) {
    yield* webhook({ id: "mock-1", to: "+15145550142", status })
  }
  const message = { provider: "mock", messageId: "mock-1", recipient: "+15145550142" }
  const { history, status } = yield* kit.tracker.awaitDelivery(message, "1 minute")
  yield* Console.log(`It went from ${history[0]?.status} to ${status}.`)
})

await Effect.runPromise(program.pipe(Effect.provide(Kit)))

/* Prints:
sms-mock: delivered (sent)
sms-mock: partial (sent, blocked)
+15145550100 to +15145550142: It is.
+15145550100 to +15145550142: It has arrived.
mock-1 is sent
mock-1 is delivered
It went from queued to delivered.
*/
