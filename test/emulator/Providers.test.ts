/** The library's own providers against the emulator, for every carrier. */
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Context, DateTime, Effect, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Carriers from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Lazy } from "../../src/provider/Carrier.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, decodeMessage, file, message } from "../../src/testing/internal/sendSubject.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { sendFixtures } from "../fixtures.ts"

const services = Layer.mergeAll(NodeCrypto.layer, NodeHttpClient.layerUndici)

/** An emulator of one carrier, and the provider that its environment variables configure. */
const setUp = Effect.fnUntraced(function*(carrier: Lazy, { pace = 0, withExtras = false } = {}) {
  const app = yield* CarrierServer.serve(CarrierServer.answer(200, ""))
  // One connection, so that the webhooks arrive in order.
  const emulator = yield* Emulator.make({
    appUrl: app.url,
    carriers: [carrier],
    seed: "library",
    pace,
    maxConnections: 1
  })
  const { environment } = yield* carrier.load
  const { provider: read } = yield* environment
  const env = { ...emulator.env, ...(withExtras && emulator.extras) }
  const layer = yield* Effect.provide(read, ConfigProvider.layer(ConfigProvider.fromEnvRecord(env)))
  const provider = Context.get(yield* Layer.build(Layer.provide(layer!, services)), SmsProvider)
  let taken = 0
  /** Waits for what happens within a time, and returns the webhooks since the last call. */
  const webhooks = Effect.map(emulator.quiet(), () => {
    const requests = app.requests.slice(taken)
    taken = app.requests.length
    return requests.map(({ body, headers, method, path }) =>
      WebhookRequest.make({ method, url: `${app.url}${path}`, headers, body })
    )
  })
  /** The events in these webhooks, all of which the provider verifies. */
  const events = Effect.flatMap(
    webhooks,
    Effect.forEach((request) => Effect.flatMap(provider.verify(request), provider.decode))
  ).pipe(Effect.map((events): ReadonlyArray<WebhookEvent> => events.flat()))
  /** The reasons for which the provider refuses these webhooks. */
  const refusals = Effect.flatMap(
    webhooks,
    Effect.forEach((request) => Effect.map(Effect.flip(provider.verify(request)), ({ reason }) => reason._tag))
  )
  const send = (to: string, text = `Hello ${to}`) => provider.send(message(text, { to: Address.make(to) }))
  const reports = provider.capabilities.receive!.deliveryStatuses
  return { appUrl: app.url, emulator, events, ours: provider.from!, provider, refusals, reports, send }
})

const statusesOf = (events: ReadonlyArray<WebhookEvent>) =>
  events.flatMap((event) => event._tag === "DeliveryStatus" ? [event] : [])

const messageOf = (event: WebhookEvent) =>
  event._tag === "MessagePart" ? [event.message] : event._tag === "InboundMessage" ? [event] : []

const bytes = new TextEncoder().encode("a picture")

describe.each(Carriers.all)("$title", (carrier) => {
  it.live("delivers texts and files, and the reports are verified and belong to them", () =>
    Effect.gen(function*() {
      const { emulator, events, ours, provider, reports, send } = yield* setUp(carrier)
      const { messageIds: [text] } = yield* send(customer, "Hello")
      const { messageIds: [picture] } = yield* provider.send(message(file("cat")))
      const statuses = statusesOf(yield* events)
      for (const id of [text, picture]) {
        const own = statuses.filter(({ messageId }) => messageId === id)
        assert.strictEqual(own.at(-1)?.status, reports ? "delivered" : undefined)
        assert.isTrue(own.every(({ recipient }) => recipient === customer))
        assert.strictEqual((yield* emulator.message(id)).state, "delivered")
      }
      assert.deepStrictEqual(
        (yield* emulator.received(customer)).map(({ from, text, urls }) => ({ from, text, urls })),
        [
          { from: ours, text: "Hello", urls: [] },
          { from: ours, text: "", urls: ["https://media.example.com/cat.jpg"] }
        ]
      )
    }))

  it.live("fails as the number of the recipient says", () =>
    Effect.gen(function*() {
      const { emulator, events, reports, send } = yield* setUp(carrier)
      // Twilio has no status for an expired message but this one.
      const expired = carrier.name === "twilio" ? "undelivered" : "expired"
      const ends = {
        "+15005551000": "sent",
        "+15005551001": "undelivered",
        "+15005551002": "undelivered",
        "+15005551003": "undelivered",
        "+15005551004": "failed",
        "+15005551005": "undelivered",
        "+15005551006": expired
      } as const
      for (const [number, end] of Object.entries(ends)) {
        const { messageIds: [id] } = yield* send(number)
        const last = statusesOf(yield* events).findLast(({ messageId }) => messageId === id)
        if (reports) assert.deepInclude(last, { status: end, recipient: Address.make(number) })
        if (reports && end !== "sent") assert.isString(last?.errorCode)
        const { state } = yield* emulator.message(id)
        assert.strictEqual(state, number === "+15005551006" ? "expired" : end)
        assert.lengthOf(yield* emulator.received(number), end === "sent" ? 1 : 0)
      }
    }))

  it.live("is refused at once, or by a report", () =>
    Effect.gen(function*() {
      const { emulator, events, send } = yield* setUp(carrier)
      for (const number of ["+15005551010", "+15005551011", "+15005551012", "+15005551013", "+15005551014"]) {
        const sent = yield* Effect.result(send(number))
        const statuses = statusesOf(yield* events)
        if (Result.isFailure(sent)) {
          assert.notStrictEqual(sent.failure.reason._tag, "ProviderUnavailable")
          assert.deepStrictEqual(statuses, [])
        } else {
          assert.strictEqual(carrier.name, "sinch")
          assert.include(["failed", "undelivered"], statuses.at(-1)?.status)
        }
        assert.deepStrictEqual(yield* emulator.received(number), [])
      }
    }))

  it.live("receives texts and pictures, which are verified and decoded", () =>
    Effect.gen(function*() {
      const { emulator, events, ours } = yield* setUp(carrier)
      yield* emulator.text({ from: customer, text: "Hello 👋" })
      yield* emulator.text({ from: customer, text: "Our cat", files: [{ type: "image/png", bytes }] })
      yield* emulator.text({ from: customer, files: [{ type: "image/png", bytes }] })
      const received = yield* events
      const messages = received.flatMap(messageOf)
      for (const { recipient, sender } of messages) assert.deepStrictEqual([sender, recipient], [customer, ours])
      const texts = messages.map(({ content }) => Content.text(content)).filter((text) => text !== "")
      assert.deepStrictEqual(texts, ["Hello 👋", "Our cat"])
      const pictures = messages.flatMap(({ content }) => Content.media(content))
        .filter(({ mimeType }) => mimeType === "image/png")
      assert.lengthOf(pictures, 2)
      assert.strictEqual(new Set(messages.map(({ idempotencyKey }) => idempotencyKey)).size, messages.length)
      assert.strictEqual(received.some(({ _tag }) => _tag === "MessagePart"), carrier.name === "voicemeup")
    }))

  it.live("refuses a webhook with a wrong signature", () =>
    Effect.gen(function*() {
      const { emulator, events, refusals, reports, send } = yield* setUp(carrier)
      yield* send("+15005551033")
      const wrong = yield* refusals
      assert.deepStrictEqual(new Set(wrong), new Set(reports ? ["InvalidSignature"] : []))
      yield* emulator.addFault({ effect: { type: "wrongSignature" }, times: 1 })
      yield* emulator.text({ from: customer, text: "Let me in" })
      assert.deepStrictEqual(yield* refusals, ["InvalidSignature"])
      yield* emulator.text({ from: customer, text: "It is me" })
      assert.lengthOf(yield* events, 1)
    }))

  it.live("recognizes a report that comes twice, and one whose clock is wrong", () =>
    Effect.gen(function*() {
      const { events, refusals, reports, send } = yield* setUp(carrier)
      yield* send("+15005551030")
      const keys = statusesOf(yield* events).map(({ idempotencyKey }) => idempotencyKey)
      assert.strictEqual(keys.length > 0, reports)
      assert.lengthOf(keys, 2 * new Set(keys).size)
      yield* send("+15005551034")
      // Only Telnyx signs a time that must be recent: a callback of Sinch may be a day old.
      if (carrier.name === "telnyx") assert.deepStrictEqual(yield* refusals, ["StaleTimestamp", "StaleTimestamp"])
      else assert.strictEqual(statusesOf(yield* events).at(-1)?.status, reports ? "delivered" : undefined)
    }))
})

const isToNumber = ({ message }: { readonly message: unknown }) =>
  !String((message as { to: unknown }).to).includes(":")

/** The reasons of the refusals, where a carrier has not a code for each. */
const refusals: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // It only tells by a report that a person has opted out.
  sinch: { "+15005551011": "InvalidMessage" },
  voicemeup: { "+15005551010": "UnexpectedResponse", "+15005551011": "UnexpectedResponse" }
}

describe.each(Carriers.all)("the provider of $title", (carrier) => {
  it.live("knows the reason of a refusal", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp(carrier)
      const documented = { "+15005551010": "OptedOut", "+15005551011": "InvalidRecipient" }
      for (const [number, reason] of Object.entries(refusals[carrier.name] ?? documented)) {
        assert.strictEqual((yield* Effect.flip(send(number))).reason._tag, reason)
        assert.deepStrictEqual(yield* emulator.received(number), [])
      }
    }))

  it.live("has an unknown outcome where the answer is lost, and finds the message again", () =>
    Effect.gen(function*() {
      const { emulator, provider } = yield* setUp(carrier)
      const since = yield* DateTime.now
      const intentId = "01K6ZJ8X5T0000000000000000"
      const sent = message("Hello 👋", { to: Address.make("+15005551021") })
      const error = yield* Effect.flip(provider.send(sent, { intentId }))
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      yield* emulator.quiet()
      const [received] = yield* emulator.received("+15005551021")
      assert.strictEqual(received!.text, "Hello 👋")
      if (provider.lookUp === undefined) return
      const found = yield* provider.lookUp({ intentId, message: sent, since, until: yield* DateTime.now })
      assert.deepStrictEqual(found.map(({ messageId }) => messageId), [received!.id!])
    }))

  it.live("does not send what was reset before it was taken", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp(carrier)
      yield* Effect.flip(send("+15005551022"))
      yield* emulator.quiet()
      assert.deepStrictEqual(yield* emulator.received("+15005551022"), [])
    }))

  it.live("asks for the status of a message", () =>
    Effect.gen(function*() {
      const { emulator, provider, send } = yield* setUp(carrier)
      if (provider.fetchStatus === undefined) return
      const { messageIds: [messageId] } = yield* send(customer)
      yield* emulator.quiet()
      const [status] = yield* provider.fetchStatus({ messageId, recipient: customer })
      assert.deepStrictEqual([status!.status, status!.messageId], ["delivered", messageId])
    }))

  it.live("asks where messages are posted", () =>
    Effect.gen(function*() {
      // Telnyx has the URL on a messaging profile.
      const { appUrl, provider } = yield* setUp(carrier, { withExtras: carrier.name === "telnyx" })
      if (provider.fetchCallbacks === undefined) return
      const urls = (yield* provider.fetchCallbacks).map((callback) => "url" in callback ? callback.url : undefined)
      assert.deepStrictEqual(urls, [`${appUrl}/webhooks/sms/${carrier.name}/inbound`])
    }))
})

describe.each(Carriers.all)("$title takes", (carrier) => {
  it.effect.each(sendFixtures(carrier.name).filter(isToNumber))(
    "$name of the sending suite, without a warning",
    (fixture) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))
        // Nothing is posted to the callbacks of these messages, because time stands still.
        const { emulator, ours, provider } = yield* setUp(carrier, { pace: 1, withExtras: true })
        const sent = yield* decodeMessage({ ...(fixture.message as object), from: ours })
        const receipt = yield* provider.send(sent)
        assert.isNotEmpty(receipt.messageIds)
        assert.deepStrictEqual((yield* emulator.exchanges).flatMap(({ warnings }) => warnings), [])
      })
  )
})
