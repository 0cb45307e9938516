/** Sends and receives through the library's own provider of each emulated carrier, configured by the variables alone. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, ConfigProvider, DateTime, Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { Address } from "../../src/Address.ts"
import * as Carriers from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import { OutboundMessage } from "../../src/Message.ts"
import type { Any } from "../../src/provider/Carrier.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"

const person = Address.make("+15145550142")

const carriers = await Effect.runPromise(Effect.forEach(Carriers.all, ({ load }) => load))
const emulated = carriers.filter(({ emulation }) => emulation !== undefined)

const setUp = Effect.fnUntraced(function*({ environment, name }: Any, { withExtras = false } = {}) {
  const app = yield* CarrierServer.serve(CarrierServer.answer(200, ""))
  // One connection, so that the webhooks arrive in order.
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: name, pace: 0, maxConnections: 1 })
  const env = { ...emulator.env, ...(withExtras && emulator.extras) }
  const configuration = ConfigProvider.layer(ConfigProvider.fromEnv({ env }))
  const found = yield* environment
  const provided = (yield* Effect.provide(found.provider, configuration))!
  const layer = Layer.provide(provided, [NodeCrypto.layer, FetchHttpClient.layer, configuration])
  const provider = yield* Effect.map(Layer.build(layer), (context) => context).pipe(
    Effect.flatMap((context) => Effect.provideContext(SmsProvider, context))
  )
  /** Verifies and decodes what the application received. */
  const events = Effect.suspend(() =>
    Effect.forEach(app.requests, ({ body, headers, method, path }) =>
      Effect.flatMap(
        provider.verify(WebhookRequest.make({ method, url: app.url + path, headers, body })),
        provider.decode
      ))
  ).pipe(Effect.map((events) => events.flat()))
  return { app, emulator, events, provider }
})

const documented = [["+15005551010", "OptedOut"], ["+15005551011", "InvalidRecipient"]] as const

/** The refusals of carriers that have no code of their own for them. */
const refusals: Readonly<Record<string, ReadonlyArray<readonly [number: string, reason: string]>>> = {
  // It only tells by a report that a person has opted out.
  sinch: [["+15005551011", "InvalidMessage"]],
  voicemeup: [["+15005551010", "UnexpectedResponse"], ["+15005551011", "UnexpectedResponse"]]
}

const message = (to: string, text = "Hello 👋", media: ReadonlyArray<string> = []) =>
  new OutboundMessage({
    to: Address.make(to),
    content: Content.fromParts(text, media.map((url) => new Content.MediaContent({ url })))
  })

it("some carriers are emulated", () => {
  assert.include(emulated.map(({ name }) => name), "twilio")
})

for (const carrier of emulated) {
  describe(`the provider of ${carrier.title}`, () => {
    it.live("sends a text, which the person gets", () =>
      Effect.gen(function*() {
        const { emulator, events, provider } = yield* setUp(carrier)
        const { messageIds, provider: name } = yield* provider.send(message(person))
        assert.strictEqual(name, carrier.name)
        assert.lengthOf(messageIds, 1)
        yield* emulator.quiet()
        const [received] = yield* emulator.received(person)
        assert.deepStrictEqual([received!.text, received!.id], ["Hello 👋", messageIds[0]])
        for (const event of yield* events) {
          assert.strictEqual(event._tag, "DeliveryStatus")
          if (event._tag === "DeliveryStatus") assert.strictEqual(event.messageId, messageIds[0])
        }
      }))

    if (carrier.media.hosts.length > 0) {
      it.live("sends files", () =>
        Effect.gen(function*() {
          const { emulator, provider } = yield* setUp(carrier)
          const url = "https://example.com/a.png"
          yield* provider.send(message(person, "Look", [url]))
          yield* emulator.quiet()
          assert.deepStrictEqual((yield* emulator.received(person))[0]!.urls, [url])
        }))
    }

    it.live("gets reports that end with the fate of the message", () =>
      Effect.gen(function*() {
        const { emulator, events, provider } = yield* setUp(carrier)
        if (provider.capabilities.receive?.deliveryStatuses !== true) return
        for (const [number, status] of [[person, "delivered"], ["+15005551001", "undelivered"]] as const) {
          const { messageIds } = yield* provider.send(message(number))
          yield* emulator.quiet()
          const reports = (yield* events).flatMap((event) =>
            event._tag === "DeliveryStatus" && event.messageId === messageIds[0] ? [event] : []
          )
          assert.isAbove(reports.length, 0)
          const last = reports.at(-1)!
          if (status === "delivered") assert.strictEqual(last.status, "delivered")
          else {
            assert.include(["undelivered", "failed"], last.status)
            assert.isDefined(last.errorCode)
          }
        }
      }))

    it.live("receives a text and a file", () =>
      Effect.gen(function*() {
        const { app, emulator, events } = yield* setUp(carrier)
        const bytes = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)
        yield* emulator.text({ carrier: carrier.name, from: person, text: "Hi, a+b & c" })
        yield* emulator.quiet()
        const [text] = yield* events
        assert.strictEqual(text!._tag, "InboundMessage")
        if (text?._tag === "InboundMessage") {
          assert.deepStrictEqual([text.sender, Content.text(text.content)], [person, "Hi, a+b & c"])
        }
        const before = app.requests.length
        const files = [{ type: "image/png", bytes }]
        yield* emulator.text({ carrier: carrier.name, from: person, text: "Look", files })
        yield* emulator.quiet()
        assert.isAbove(app.requests.length, before)
        const received = (yield* events).slice(1)
        const media = received.flatMap((event) =>
          event._tag === "InboundMessage"
            ? Content.media(event.content)
            : event._tag === "MessagePart"
            ? Content.media(event.message.content)
            : []
        )
        assert.isAtLeast(media.length, 1)
      }))

    it.live("does not take a webhook with a wrong signature", () =>
      Effect.gen(function*() {
        const { app, emulator, events } = yield* setUp(carrier)
        yield* emulator.addFault({ effect: { type: "wrongSignature" } })
        yield* emulator.text({ carrier: carrier.name, from: person, text: "Hi" })
        yield* emulator.quiet()
        assert.isAbove(app.requests.length, 0)
        assert.strictEqual((yield* Effect.flip(events))._tag, "WebhookError")
      }))

    it.live.each(refusals[carrier.name] ?? documented)(
      "is refused for the number %s",
      ([number, reason]) =>
        Effect.gen(function*() {
          const { emulator, provider } = yield* setUp(carrier)
          const error = yield* Effect.flip(provider.send(message(number)))
          assert.strictEqual(error.reason._tag, reason)
          assert.deepStrictEqual(yield* emulator.received(number), [])
        })
    )

    it.live("has an unknown outcome where the answer is lost, and finds the message again", () =>
      Effect.gen(function*() {
        const { emulator, provider } = yield* setUp(carrier)
        const since = DateTime.makeUnsafe(yield* Clock.currentTimeMillis)
        const sent = message("+15005551021")
        const error = yield* Effect.flip(provider.send(sent, { intentId: "01K6ZJ8X5T0000000000000000" }))
        assert.strictEqual(error.reason._tag, "OutcomeUnknown")
        yield* emulator.quiet()
        const [received] = yield* emulator.received("+15005551021")
        assert.strictEqual(received!.text, "Hello 👋")
        if (provider.lookUp === undefined) return
        const until = DateTime.makeUnsafe(yield* Clock.currentTimeMillis)
        const found = yield* provider.lookUp({ intentId: "01K6ZJ8X5T0000000000000000", message: sent, since, until })
        assert.deepStrictEqual(found.map(({ messageId }) => messageId), [received!.id!])
      }))

    it.live("does not send what was reset before it was taken", () =>
      Effect.gen(function*() {
        const { emulator, provider } = yield* setUp(carrier)
        yield* Effect.flip(provider.send(message("+15005551022")))
        yield* emulator.quiet()
        assert.deepStrictEqual(yield* emulator.received("+15005551022"), [])
      }))

    it.live("asks for the status of a message", () =>
      Effect.gen(function*() {
        const { emulator, provider } = yield* setUp(carrier)
        if (provider.fetchStatus === undefined) return
        const { messageIds: [messageId] } = yield* provider.send(message(person))
        yield* emulator.quiet()
        const [status] = yield* provider.fetchStatus({ messageId: messageId!, recipient: person })
        assert.deepStrictEqual([status!.status, status!.messageId], ["delivered", messageId!])
      }))

    it.live("asks where messages are posted", () =>
      Effect.gen(function*() {
        // Telnyx has the URL on a messaging profile.
        const { app, provider } = yield* setUp(carrier, { withExtras: carrier.name === "telnyx" })
        if (provider.fetchCallbacks === undefined) return
        const urls = (yield* provider.fetchCallbacks).map((callback) => "url" in callback ? callback.url : undefined)
        assert.deepStrictEqual(urls, [`${app.url}/webhooks/sms/${carrier.name}/inbound`])
      }))
  })
}
