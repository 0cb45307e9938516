import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { RoomKit } from "../../src/rooms/index.ts"
import { SmsProvider } from "../../src/SmsProvider.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as SmsProviderSuite from "../suites/SmsProviderSuite.ts"

const to = Address.make("+15145550142")
const message = (text: string) => new OutboundMessage({ to, content: new TextContent({ text }) })

it.effect("records what it sends, and forgets it when told", () =>
  Effect.gen(function*() {
    const mock = yield* MockSmsProvider.MockSmsProvider
    const first = yield* mock.send(message("a"))
    const second = yield* mock.send(message("b"))
    assert.deepStrictEqual([first.messageIds, second.messageIds], [["mock-1"], ["mock-2"]])
    assert.deepStrictEqual(yield* mock.sent, [message("a"), message("b")])
    yield* mock.clear
    assert.deepStrictEqual(yield* mock.sent, [])
  }).pipe(Effect.provide(MockSmsProvider.layer())))

it.effect("is the SmsProvider too", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* SmsProvider).name, "other")
  }).pipe(Effect.provide(MockSmsProvider.layer({ name: "other" }))))

it.effect("is a channel that sends what is said in its room", () =>
  Effect.gen(function*() {
    const mock = yield* MockSmsProvider.MockSmsProvider
    const kit = yield* RoomKit.RoomKit
    yield* kit.registerChannel(mock.channel({ id: "sms-out", to }))
    const room = yield* kit.createRoom()
    yield* kit.attachChannel(room.id, { channelId: "sms-out" })
    yield* kit.post(room.id, { channelId: "web", channelType: "web", content: new TextContent({ text: "hi" }) })
    assert.deepStrictEqual(yield* mock.sent, [message("hi")])
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.mergeAll(MockSmsProvider.layer(), RoomKit.layer().pipe(Layer.provide(NodeCrypto.layer))))
  ))

SmsProviderSuite.suite({
  name: "mock",
  layer: MockSmsProvider.layer(),
  sign: ({ body, contentType, method, url }) =>
    Effect.succeed(WebhookRequest.make({ method, url, headers: { "content-type": contentType }, body })),
  covers: { body: false, url: false, headers: [] }
}, it)
