/**
 * @title Hooks
 *
 * Three hooks between the carrier and the application's channel: one blocks,
 * one modifies, and one breaks. A broken hook blocks, unless it is declared as
 * harmless.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Console, Effect, Layer, Logger } from "effect"
import { Address, Channel, Content, Hook, Message, RoomKit } from "effect-sms"

const support = Channel.make({
  id: "support",
  type: "web",
  everyRoom: true,
  deliver: (event) => Console.log(`support reads: ${Content.text(event.content)}`)
})

const optOut = Hook.beforeBroadcast({
  name: "opt-out",
  priority: -10,
  channelTypes: ["sms", "mms"],
  directions: ["inbound"],
  run: ({ content }) =>
    Effect.succeed(Content.text(content).trim().toUpperCase() === "STOP" ? Hook.block("opted out") : Hook.allow)
})

const hideCards = Hook.beforeBroadcast({
  name: "hide-cards",
  run: (event) =>
    Effect.succeed(
      Hook.modify(
        event.withContent(
          new Content.TextContent({ text: Content.text(event.content).replaceAll(/\d{16}/g, "(card number)") })
        )
      )
    )
})

const translate = Hook.beforeBroadcast({
  name: "translate",
  onFailure: "allow",
  timeout: "2 seconds",
  run: () => Effect.fail("the translator is away")
})

const Kit = Layer.mergeAll(
  RoomKit.layerChannel(support),
  RoomKit.layerHook(optOut),
  RoomKit.layerHook(hideCards),
  RoomKit.layerHook(translate)
).pipe(
  Layer.provideMerge(RoomKit.layer()),
  Layer.provide(NodeCrypto.layer),
  Layer.provideMerge(Logger.layer([]))
)

const says = Effect.fnUntraced(function*(text: string) {
  const kit = yield* RoomKit.RoomKit
  const result = yield* kit.processInbound(
    new Message.InboundMessage({
      provider: "twilio",
      channelId: "sms-twilio",
      sender: Address.Address.make("+15145550142"),
      recipient: Address.Address.make("+15145550100"),
      content: new Content.TextContent({ text }),
      metadata: {},
      raw: {}
    })
  )
  yield* Console.log(result._tag === "Blocked" ? `blocked by ${result.hook}: ${result.reason}` : result._tag)
})

const program = Effect.gen(function*() {
  yield* says("My card is 4111111111111111")
  yield* says("stop")
})

await Effect.runPromise(program.pipe(Effect.provide(Kit)))

/* Prints:
support reads: My card is (card number)
Broadcast
blocked by opt-out: opted out
*/
