/** What the API tells of sends with an unknown outcome, and of messages of several parts. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { DeliveryStore, DeliveryTracker } from "../../src/delivery/index.ts"
import * as MessagesServer from "../../src/http/MessagesServer.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import type { Match } from "../../src/provider/Query.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as IntentStore from "../../src/sending/IntentStore.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as UnknownSends from "../../src/sending/UnknownSends.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import * as MockSmsProvider from "../../src/testing/MockSmsProvider.ts"
import { textContent } from "../rooms/kit.ts"

const to = Address.make("+15145550142")
const message = new OutboundMessage({ to, content: textContent("hello") })
const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })

const makeLayer = (matches: ReadonlyArray<Match>, sent: Array<OutboundMessage>) => {
  const layerProvider = Layer.effect(
    SmsProvider,
    Effect.map(
      MockSmsProvider.make({ respond: (message) => Effect.sync(() => void sent.push(message)) }),
      (mock) => SmsProvider.of({ ...mock, lookUp: () => Effect.succeed(matches) })
    )
  )
  return MessagesServer.serve({ adminToken: Redacted.make("admin") }, { disableLogger: true, disableListenLog: true })
    .pipe(
      Layer.provide(UnknownSends.layer({ pollInterval: "1 day" })),
      Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
      Layer.provide(Outbox.layer()),
      Layer.provide(SmsProviders.layer(layerProvider)),
      Layer.provideMerge(DeliveryTracker.layer()),
      Layer.provideMerge([DeliveryStore.layerStoreMemory(), IntentStoreMemory.layer()]),
      Layer.provide(NodeCrypto.layer),
      Layer.provideMerge(NodeHttpServer.layerTest)
    )
}

interface Body {
  readonly state?: string
  readonly resolvedBy?: string
  readonly asked?: number
  readonly messageIds?: ReadonlyArray<string>
  readonly delivery?: { readonly status: string; readonly parts: ReadonlyArray<Record<string, string>> }
}

const call = Effect.fnUntraced(function*(method: "get" | "post", path: string) {
  const client = yield* HttpClient.HttpClient
  const response = yield* client[method](path, { headers: { authorization: "Bearer admin" } })
  return { status: response.status, body: (yield* response.json) as Body }
})

const settle = (id: string, outcome: IntentStore.Outcome) =>
  IntentStore.IntentStore.use((store) =>
    Effect.andThen(store.reserve({ id, hash: "h", message }), store.settle(id, outcome))
  )

describe("a resend", () => {
  it.effect("sends nothing when the carrier has the message after all", () => {
    const sent: Array<OutboundMessage> = []
    const matches: Array<Match> = []
    return Effect.gen(function*() {
      yield* settle("1", { state: "unknown", error })
      // It was asked for, and there was nothing yet.
      yield* TestClock.adjust("1 second")
      matches.push({ part: 1, of: 1, messageId: "7", by: "reference" })
      const { body, status } = yield* call("post", "/intents/1/resend")
      assert.deepStrictEqual([status, body.messageIds], [200, ["7"]])
      const { body: intent } = yield* call("get", "/intents/1")
      assert.deepStrictEqual([intent.state, intent.resolvedBy], ["accepted", "carrier"])
      assert.lengthOf(sent, 0)
      // It is decided, and stays so.
      const again = yield* call("post", "/intents/1/resend")
      assert.deepStrictEqual([again.status, again.body.messageIds, sent.length], [200, ["7"], 0])
    }).pipe(Effect.provide(makeLayer(matches, sent)))
  })

  it.effect("sends the message when the carrier does not list it", () => {
    const sent: Array<OutboundMessage> = []
    return Effect.gen(function*() {
      yield* settle("1", { state: "unknown", error })
      assert.strictEqual((yield* call("post", "/intents/1/resend")).status, 200)
      assert.lengthOf(sent, 1)
    }).pipe(Effect.provide(makeLayer([], sent)))
  })
})

describe("a message of several parts", () => {
  const receipt = new SendReceipt({
    provider: "mock",
    messageIds: ["1", "2"],
    recipient: to,
    status: "queued",
    carrierStatus: "queued"
  })
  const key = (messageId: string) => ({ provider: "mock", messageId, recipient: to })

  it.effect("has a status of its own, beside those of the parts", () =>
    Effect.gen(function*() {
      yield* settle("1", { state: "accepted", receipt })
      const tracker = yield* DeliveryTracker.DeliveryTracker
      const parts = (first: string, second: string) => [
        { messageId: "1", recipient: to, status: first },
        { messageId: "2", recipient: to, status: second }
      ]
      const delivery = Effect.map(call("get", "/intents/1"), ({ body }) => body.delivery)
      assert.deepStrictEqual(yield* delivery, { status: "accepted", parts: parts("accepted", "accepted") })
      yield* tracker.sent({ ...key("1"), status: "delivered" })
      yield* tracker.sent({ ...key("2"), status: "sent" })
      assert.deepStrictEqual(yield* delivery, { status: "sent", parts: parts("delivered", "sent") })
      yield* tracker.sent({ ...key("2"), status: "undelivered" })
      assert.deepStrictEqual(yield* delivery, { status: "undelivered", parts: parts("delivered", "undelivered") })
    }).pipe(Effect.provide(makeLayer([], []))))

  it.effect("has none before it is accepted", () =>
    Effect.gen(function*() {
      yield* settle("1", { state: "unknown", error })
      assert.isUndefined((yield* call("get", "/intents/1")).body.delivery)
    }).pipe(Effect.provide(makeLayer([], []))))
})
