import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "./twilio.ts"

const person = "+15145550142"

const start = (appUrl: string, options: Emulator.Options = {}) =>
  Emulator.make({ appUrl, seed: "webhooks", pace: 0, ...options })

const setUp = Effect.fnUntraced(function*(behaviour: CarrierServer.Behaviour, options?: Emulator.Options) {
  const app = yield* CarrierServer.serve(behaviour)
  const emulator = yield* start(app.url, options)
  const client = sdk(emulator)
  const from = emulator.env["TWILIO_FROM"]!
  const [number] = yield* Effect.promise(() => client.incomingPhoneNumbers.list({ phoneNumber: from }))
  /** Sets where the number receives messages. */
  const receiveAt = (smsUrl: string, smsFallbackUrl = "") =>
    Effect.promise(() => client.incomingPhoneNumbers(number!.sid).update({ smsUrl, smsFallbackUrl }))
  const send = (statusCallback: string) =>
    Effect.promise(() => client.messages.create({ to: person, from, body: "Hello", statusCallback }))
  return { app, client, emulator, from, receiveAt, send }
})

const twiml = (xml: string) => CarrierServer.answer(200, xml, { "content-type": "text/xml" })

describe("the answer to a received message", () => {
  it.live("is sent to the person, where it is TwiML", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp(twiml(`<?xml version="1.0"?>
        <Response>
          <Message>Fish &amp; chips <![CDATA[<3]]></Message>
          <Message to="+15145550143"><Body>Look</Body><Media>https://example.com/a.png</Media></Message>
        </Response>`))
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual(
        (yield* emulator.received(person)).map(({ from, text }) => [from, text]),
        [[from, "Fish & chips <3"]]
      )
      const [other] = yield* emulator.received("+15145550143")
      assert.deepStrictEqual([other!.text, other!.urls], ["Look", ["https://example.com/a.png"]])
      const [newest] = yield* Effect.promise(() => client.messages.list())
      assert.strictEqual(newest!.direction, "outbound-reply")
    }))

  it.live("is nothing where the response is empty", () =>
    Effect.gen(function*() {
      const { emulator } = yield* setUp(twiml("<Response/>"))
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual(yield* emulator.received(person), [])
    }))

  it.live("is sent to the person, where it is plain text, with a warning", () =>
    Effect.gen(function*() {
      const { emulator } = yield* setUp(CarrierServer.answer(200, "OK", { "content-type": "text/plain" }))
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual((yield* emulator.received(person)).map(({ text }) => text), ["OK"])
      const { warnings } = (yield* emulator.exchanges).findLast(({ operation }) => operation === "inbound")!
      assert.match(warnings[0]!, /text\/plain/)
    }))
})

describe("a webhook is posted again", () => {
  const paths = ({ requests }: CarrierServer.CarrierServer) => requests.map(({ path }) => path)

  it.live("as the URL says, and otherwise not after a failure", () =>
    Effect.gen(function*() {
      const { app, emulator, send } = yield* setUp(CarrierServer.answer(500, ""))
      yield* send(`${app.url}/once`)
      yield* emulator.quiet()
      assert.deepStrictEqual(paths(app), ["/once", "/once"])
      yield* send(`${app.url}/again#rc=2&rp=5xx`)
      yield* emulator.quiet()
      // Two reports, of which each is posted three times.
      assert.deepStrictEqual(paths(app).slice(2), Array.from({ length: 6 }, () => "/again"))
      const tokens = app.requests.map(({ headers }) => headers["i-twilio-idempotency-token"])
      assert.strictEqual(new Set(tokens.slice(2)).size, 2)
    }))

  it.live("once where no connection can be made", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp(CarrierServer.answer(204, ""))
      yield* send(`${yield* CarrierServer.closedUrl}/status`)
      yield* emulator.quiet()
      const posted = (yield* emulator.exchanges).filter(({ operation }) => operation === "status")
      assert.deepStrictEqual(posted.map(({ attempt }) => attempt).sort(), [1, 1, 2, 2])
      assert.strictEqual(posted[0]!.problem, "unreachable")
    }))

  it.live("with the credentials of its URL once they are asked for", () =>
    Effect.gen(function*() {
      const challenge = CarrierServer.answer(401, "", { "www-authenticate": "Basic realm=\"app\"" })
      const { app, emulator, receiveAt } = yield* setUp(({ headers }) =>
        headers["authorization"] === undefined ? challenge : twiml("<Response/>") as CarrierServer.Reply
      )
      yield* receiveAt(app.url.replace("http://", "http://user:p%40ss@") + "/sms")
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual(
        app.requests.map(({ headers }) => headers["authorization"]),
        [undefined, `Basic ${btoa("user:p@ss")}`]
      )
    }))

  it.live("to the place that it is redirected to", () =>
    Effect.gen(function*() {
      const { app, emulator, receiveAt } = yield* setUp(({ path }) =>
        path === "/old"
          ? CarrierServer.answer(307, "", { location: "/new" })
          : twiml("<Response/>") as CarrierServer.Reply
      )
      yield* receiveAt(`${app.url}/old`)
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual(paths(app), ["/old", "/new"])
      assert.strictEqual(app.requests[1]!.body, app.requests[0]!.body)
    }))

  it.live("to the fallback, with the error", () =>
    Effect.gen(function*() {
      const { app, emulator, receiveAt } = yield* setUp(({ path }) =>
        path === "/sms" ? CarrierServer.answer(500, "") : twiml("<Response/>") as CarrierServer.Reply
      )
      yield* receiveAt(`${app.url}/sms`, `${app.url}/fallback`)
      yield* emulator.text({ from: person, text: "Hi" })
      yield* emulator.quiet()
      assert.deepStrictEqual(paths(app), ["/sms", "/fallback"])
      const form = new URLSearchParams(app.requests[1]!.body)
      assert.deepStrictEqual([form.get("ErrorCode"), form.get("ErrorUrl")], ["11200", `${app.url}/sms`])
    }))
})

it.live("tells of opt-outs where the number belongs to a service", () =>
  Effect.gen(function*() {
    const { app, emulator } = yield* setUp(twiml("<Response/>"))
    const pool = emulator.carriers[0]!.numbers[1]!
    yield* emulator.text({ from: person, to: pool, text: "stop" })
    yield* emulator.quiet()
    const form = new URLSearchParams(app.requests[0]!.body)
    assert.deepStrictEqual(
      [form.get("OptOutType"), form.get("MessagingServiceSid")],
      ["STOP", emulator.extras["TWILIO_MESSAGING_SERVICE_SID"]]
    )
  }))

it.effect("walks through the states by the clock", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))
    const { emulator, send } = yield* setUp(CarrierServer.answer(204, ""), { pace: 1 })
    const { sid } = yield* send("")
    const state = Effect.map(emulator.message(sid), ({ state }) => state)
    const seen = [yield* state]
    for (const wait of ["50 millis", "50 millis", "100 millis", "300 millis", "1 hour"] as const) {
      yield* TestClock.adjust(wait)
      seen.push(yield* state)
    }
    assert.deepStrictEqual(seen, ["queued", "sending", "sending", "sent", "delivered", "delivered"])
    const { createdAt, sentAt, updatedAt } = yield* emulator.message(sid)
    assert.deepStrictEqual([sentAt! - createdAt, updatedAt - createdAt], [150, 450])
  }))

it.effect("sends what is scheduled at its time", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))
    const { client, emulator } = yield* setUp(CarrierServer.answer(204, ""), { pace: 1 })
    const { sid } = yield* Effect.promise(() =>
      client.messages.create({
        to: person,
        messagingServiceSid: emulator.extras["TWILIO_MESSAGING_SERVICE_SID"]!,
        body: "Later",
        scheduleType: "fixed",
        sendAt: new Date("2026-01-01T01:00:00Z")
      })
    )
    // What is scheduled does not keep the network from being quiet.
    yield* emulator.quiet()
    yield* TestClock.adjust("59 minutes")
    assert.strictEqual((yield* emulator.message(sid)).state, "scheduled")
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual((yield* emulator.message(sid)).state, "delivered")
  }))
