import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { TextContent } from "../../src/Content.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { MessagePart, Unrecognized, type WebhookEvent } from "../../src/WebhookEvent.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { observe } from "../observe.ts"
import { fork, history, makeKit, message, recording, status, watch } from "./kit.ts"

const authToken = Redacted.make("12345")
const url = "https://sms.example.com/webhooks/sms/twilio/inbound"

const form = {
  MessageSid: "SM1",
  SmsStatus: "received",
  From: "+15145550142",
  To: "+15145550100",
  Body: "hello",
  NumMedia: "0"
}

const provider = Effect.provide(SmsProvider, Twilio.layerWebhook({ authToken }).pipe(Layer.provide(NodeCrypto.layer)))

/** Signed for one form and sent with another, which is the same one unless it is forged. */
const request = Effect.fnUntraced(function*(signed: Record<string, string>, sent = signed) {
  const signature = yield* Effect.provide(Twilio.sign({ authToken, url, form: signed }), NodeCrypto.layer)
  return WebhookRequest.make({
    url,
    headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
    body: new URLSearchParams(sent).toString()
  })
})

describe("a webhook", () => {
  it.effect("that is signed is one room event, however often and at once it comes", () =>
    Effect.gen(function*() {
      const [kit, twilio] = [yield* makeKit(), yield* provider]
      const webhook = yield* request(form)
      const results = yield* Effect.replicateEffect(kit.processWebhook(twilio, webhook), 10, {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(results.flat().map(({ _tag }) => _tag).sort(), [
        "Broadcast",
        ...Array.from({ length: 9 }, () => "Repeated")
      ])
      assert.deepStrictEqual(yield* history(kit), ["hello"])
    }))

  it.effect("has one reading for each of its own keys, whatever it is decoded to", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const idempotencyKeys = ["signature"]
      const first = [
        message("hello", { idempotencyKey: "SM1" }),
        status("SM0"),
        new Unrecognized({ provider: "twilio", raw: {} })
      ]
      const results = yield* kit.processEvents(first, { idempotencyKeys })
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Broadcast", "StatusRecorded", "Ignored"])

      const again = yield* kit.processEvents([message("other"), status("SM2")], { idempotencyKeys })
      assert.deepStrictEqual(again.map(({ _tag }) => _tag), ["Repeated", "StatusRecorded"])
      assert.deepInclude(again[1], { repeated: true })
      const another = yield* kit.processEvents([message("third")], { idempotencyKeys: ["other", "signature"] })
      assert.deepStrictEqual(another.map(({ _tag }) => _tag), ["Repeated", "StatusRecorded"])
      assert.deepStrictEqual(yield* history(kit), ["hello"])

      // A provider may give a key twice.
      yield* kit.processEvents([message("fourth")], { idempotencyKeys: ["third key", "third key"] })
      assert.deepStrictEqual(yield* history(kit), ["hello", "fourth"])
    }))

  it.effect("is one room event, and its repetition gets a result, whenever its caller is interrupted", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.registerChannel(
        recording("web", { deliver: () => Effect.repeat(Effect.yieldNow, { times: 3 }) }).channel
      )
      const keys: Array<string> = []
      for (const opsBeforeYield of [9, 14, 33]) {
        for (let steps = 0; steps < 30; steps++) {
          const key = `${opsBeforeYield} ${steps}`
          keys.push(key)
          const call = Effect.suspend(() =>
            kit.processEvents([message(key, { idempotencyKey: key })], { idempotencyKeys: [`first ${key}`, key] })
          )
          const first = yield* Effect.provideService(fork(call), Scheduler.MaxOpsBeforeYield, opsBeforeYield)
          yield* Effect.repeat(Effect.yieldNow, { times: steps })
          yield* Fiber.interrupt(first)
          const [result] = yield* call
          assert.include(["Broadcast", "Repeated"], result?._tag)
        }
      }
      assert.deepStrictEqual(yield* history(kit), keys)
    }))

  it.effect("has one reading at a time, and another one only if that failed", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ keyTimeToLive: "1 hour" })
      const idempotencyKeys = ["signature"]
      const readings = yield* Effect.forEach(
        ["a", "b", "c"],
        (text) => kit.processEvents([message(text)], { idempotencyKeys }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(readings.flat().map(({ _tag }) => _tag).sort(), ["Broadcast", "Repeated", "Repeated"])
      yield* TestClock.adjust("1 hour")
      yield* kit.processEvents([message("d")], { idempotencyKeys })
      assert.lengthOf(yield* history(kit), 2)
    }))

  it.effect("of Twilio's that is cut anew is not processed again", () =>
    Effect.gen(function*() {
      const [kit, twilio] = [yield* makeKit(), yield* provider]
      // The one cut that cannot be told from a new field of Twilio's.
      const signed = { ...form, Body: "my iCloudDrive" }
      yield* kit.processWebhook(twilio, yield* request(signed))
      const cut = yield* request(signed, { ...form, Body: "my i", CloudDrive: "" })
      const results = yield* kit.processWebhook(twilio, cut)
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Repeated"])
      assert.deepStrictEqual(yield* history(kit), ["my iCloudDrive"])
    }))

  it.effect("that is not signed, or was changed after signing, is refused and leaves no trace", () =>
    Effect.gen(function*() {
      const [kit, twilio] = [yield* makeKit(), yield* provider]
      let asked = 0
      yield* kit.hook(Hook.beforeBroadcast({ name: "count", run: () => Effect.sync(() => (asked++, Hook.allow)) }))
      const signed = yield* request(form)
      const { "x-twilio-signature": _, ...headers } = signed.headers
      const refused = [
        [{ ...signed, headers }, "MissingSignature"],
        [yield* request(form, { ...form, Body: "forged" }), "InvalidSignature"],
        [{ ...signed, url: `${url}?forged` }, "InvalidSignature"]
      ] as const
      for (const [webhook, reason] of refused) {
        const error = yield* Effect.flip(kit.processWebhook(twilio, webhook))
        assert.strictEqual(error._tag === "WebhookError" && error.reason._tag, reason)
      }
      assert.deepStrictEqual([asked, yield* kit.rooms, yield* kit.statuses], [0, [], []])
      assert.lengthOf(yield* kit.processWebhook(twilio, signed), 1)
    }))

  it.effect("with a delivery report is never inbound", () =>
    Effect.gen(function*() {
      const [kit, twilio] = [yield* makeKit(), yield* provider]
      const report = {
        MessageSid: "SM2",
        MessageStatus: "delivered",
        SmsStatus: "delivered",
        To: form.From,
        From: form.To
      }
      const results = yield* Effect.replicateEffect(
        Effect.flatMap(request(report), (webhook) => kit.processWebhook(twilio, webhook)),
        2
      )
      assert.deepStrictEqual(results, [
        [{ _tag: "StatusRecorded", repeated: false }],
        [{ _tag: "StatusRecorded", repeated: true }]
      ])
      assert.deepStrictEqual(yield* kit.rooms, [])
      assert.deepStrictEqual((yield* kit.statuses).map(({ messageId, status }) => [messageId, status]), [
        ["SM2", "delivered"]
      ])
    }))

  it.effect("with every kind of event gets a result for each, in its order", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const part = (role: MessagePart["role"], text: string) =>
        new MessagePart({ provider: "voicemeup", role, message: message(text, { idempotencyKey: `${role} ${text}` }) })
      const unrecognized = new Unrecognized({ provider: "telnyx", eventType: "new", raw: { a: 1 } })
      const empty = part("wrapper", "")
      const events: ReadonlyArray<WebhookEvent> = [
        message("a message", { idempotencyKey: "SM1" }),
        status("SM2"),
        part("wrapper", "a text"),
        empty,
        new MessagePart({
          ...part("media", ""),
          message: message("", { content: new TextContent({ text: "media" }) })
        }),
        unrecognized,
        status("SM2"),
        message("a message", { idempotencyKey: "SM1" })
      ]
      const results = yield* kit.processEvents(events)
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), [
        "Broadcast",
        "StatusRecorded",
        "Broadcast",
        "Ignored",
        "Broadcast",
        "Ignored",
        "StatusRecorded",
        "Repeated"
      ])
      assert.deepStrictEqual(results[1], { _tag: "StatusRecorded", repeated: false })
      assert.deepStrictEqual(results[3], { _tag: "Ignored", event: empty })
      assert.deepStrictEqual(results[5], { _tag: "Ignored", event: unrecognized })
      assert.deepStrictEqual(results[6], { _tag: "StatusRecorded", repeated: true })
      assert.deepStrictEqual(yield* history(kit), ["a message", "a text", "media"])
      assert.deepStrictEqual(yield* changes("WebhookUnrecognized"), [
        { _tag: "WebhookUnrecognized", event: unrecognized }
      ])
      assert.deepStrictEqual(yield* kit.processEvents([]), [])
    }))

  it.effect("whose first event is blocked has its other events processed all the same", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.hook(Hook.beforeBroadcast({ name: "broken", run: () => Effect.die("broken") }))
      const results = yield* kit.processEvents([message("1"), status("SM2"), message("2")])
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Blocked", "StatusRecorded", "Blocked"])
    }))
})

describe("the log of an unrecognized event", () => {
  it.effect("has the beginning of its type, without numbers, and the kit's event all of it", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const eventType = `${"x".repeat(63)}😀${"y".repeat(100_000)}`
      const events = ["message.new", eventType, "click of +1 514-555-0142", "call.15145550142"].map((eventType) =>
        new Unrecognized({ provider: "telnyx", eventType, raw: {} })
      )
      const { layer, lines } = observe()
      const results = yield* Effect.provide(kit.processEvents(events), layer)
      assert.deepStrictEqual(results, events.map((event) => ({ _tag: "Ignored", event })))
      const logged = lines.filter(({ message }) => message.includes("Unrecognized webhook event"))
      assert.lengthOf(logged, 4)
      for (const { message } of logged.slice(2)) assert.match(message, /(?:click of \+|call\.)…/)
      assert.include(logged[0]!.message, "message.new")
      assert.include(logged[1]!.message, `${"x".repeat(63)}\ufffd…`)
      assert.notInclude(logged[1]!.message, "yy")
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
