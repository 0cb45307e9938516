import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Terminal } from "../../src/DeliveryStatus.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import type * as EmulatorApi from "../../src/emulator/EmulatorApi.ts"
import * as EmulatorClient from "../../src/emulator/EmulatorClient.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "./twilio.ts"

const person = "+15145550142"

/** An emulator, a client that controls it, and an application that takes every webhook. */
const setUp = Effect.gen(function*() {
  const app = yield* CarrierServer.serve(CarrierServer.answer(204, ""))
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "control", pace: 0 })
  const client = yield* EmulatorClient.make({ baseUrl: emulator.url })
  const send = (to = person) =>
    Effect.promise(() =>
      sdk(emulator).messages.create({
        to,
        from: emulator.env["TWILIO_FROM"]!,
        body: "Hello",
        statusCallback: `${app.url}/status`
      })
    )
  return { app, client, emulator, send }
}).pipe(Effect.provide(FetchHttpClient.layer))

it.live("tells the variables and the magic numbers", () =>
  Effect.gen(function*() {
    const { client, emulator } = yield* setUp
    const info = yield* client.info()
    assert.deepStrictEqual(info.env, emulator.env)
    assert.include(info.magicNumbers.map(({ number }) => number), "+15005551010")
    const [twilio] = info.carriers
    assert.include(twilio!.magicNumbers.map(({ number }) => number), "+15005550009")
  }))

it.live("writes as a person, and shows what a person received", () =>
  Effect.gen(function*() {
    const { app, client, emulator, send } = yield* setUp
    const written = yield* client.text({ params: { number: person }, payload: { text: "Hi", media: [{}] } })
    assert.strictEqual(written.state, "received")
    yield* send()
    assert.deepStrictEqual(yield* client.quiet({ payload: {} }), { quiet: true })
    assert.deepStrictEqual(
      (yield* client.received({ params: { number: person } })).map(({ from, text }) => [from, text]),
      [[emulator.env["TWILIO_FROM"], "Hello"]]
    )
    const form = new URLSearchParams(app.requests[0]!.body)
    assert.strictEqual(form.get("NumMedia"), "1")
    assert.strictEqual(form.get("MediaContentType0"), "image/png")
    assert.deepStrictEqual(
      yield* Effect.flip(client.text({ params: { number: person }, payload: { to: "+19999999999" } })).pipe(
        Effect.map((error) => error._tag)
      ),
      "NotFound"
    )
  }))

it.live("sets a state, which the carrier reports", () =>
  Effect.gen(function*() {
    const { app, client, send } = yield* setUp
    const { sid } = yield* send()
    yield* client.quiet({ payload: {} })
    yield* client.setState({ params: { id: sid }, payload: { state: "undelivered", reason: "Unreachable" } })
    yield* client.quiet({ payload: {} })
    const form = new URLSearchParams(app.requests.at(-1)!.body)
    assert.deepStrictEqual([form.get("MessageStatus"), form.get("ErrorCode")], ["undelivered", "30003"])
    const { code, state } = yield* client.message({ params: { id: sid } })
    assert.deepStrictEqual([state, code], ["undelivered", "30003"])
    const missing = yield* Effect.flip(client.message({ params: { id: "SMnone" } }))
    assert.strictEqual(missing._tag, "NotFound")
  }))

it.live("sets every final state, which the carrier then has", () =>
  Effect.gen(function*() {
    const { client, send } = yield* setUp
    for (const state of Terminal.literals) {
      const { sid } = yield* send()
      assert.strictEqual((yield* client.setState({ params: { id: sid }, payload: { state } })).state, state)
      yield* client.quiet({ payload: {} })
      assert.strictEqual((yield* client.message({ params: { id: sid } })).state, state)
    }
  }))

it.live("logs every exchange with its bodies, and without credentials", () =>
  Effect.gen(function*() {
    const { client, emulator, send } = yield* setUp
    yield* send()
    yield* client.quiet({ payload: {} })
    const exchanges = yield* client.exchanges({ query: {} })
    assert.deepStrictEqual(
      exchanges.map(({ direction, operation, status }) => [direction, operation, status]),
      [["request", "messages.create", 201], ["webhook", "status", 204], ["webhook", "status", 204]]
    )
    const [request, report] = exchanges
    assert.include(request!.requestBody, "Body=Hello")
    assert.include(request!.responseBody!, "\"sid\":\"SM")
    assert.include(report!.requestBody, "MessageStatus=sent")
    assert.strictEqual(request!.requestHeaders["authorization"], "Basic …")
    assert.notInclude(JSON.stringify(exchanges), emulator.env["TWILIO_AUTH_TOKEN"]!)
    assert.lengthOf(yield* client.exchanges({ query: { direction: "webhook", after: report!.id } }), 1)
  }))

it.live("goes back to a snapshot, and forgets everything on request", () =>
  Effect.gen(function*() {
    const { client, send } = yield* setUp
    const { sid } = yield* send()
    yield* client.text({ params: { number: person }, payload: { text: "Hi", media: [{}] } })
    yield* client.addFault({ payload: { number: person, effect: { type: "lose" } } })
    yield* client.quiet({ payload: {} })
    const snapshot = yield* client.snapshot()
    yield* client.reset()
    assert.deepStrictEqual(yield* client.messages({ query: {} }), [])
    assert.deepStrictEqual(yield* client.faults(), [])
    assert.deepStrictEqual(yield* client.received({ params: { number: person } }), [])
    yield* client.restore({ payload: snapshot })
    assert.deepStrictEqual(yield* client.snapshot(), snapshot)
    assert.strictEqual((yield* client.message({ params: { id: sid } })).state, "delivered")
    assert.lengthOf(yield* client.received({ params: { number: person } }), 1)
  }))

it.live("adds, counts and removes rules of faults", () =>
  Effect.gen(function*() {
    const { app, client, send } = yield* setUp
    const { id } = yield* client.addFault({ payload: { kind: "status", nth: 1, effect: { type: "lose" } } })
    yield* send()
    yield* client.quiet({ payload: {} })
    const statuses = app.requests.map(({ body }) => new URLSearchParams(body).get("MessageStatus"))
    assert.deepStrictEqual(statuses, ["delivered"])
    const [rule] = yield* client.faults()
    assert.deepStrictEqual([rule!.seen, rule!.happened], [2, 1])
    yield* client.removeFault({ params: { id } })
    assert.deepStrictEqual(yield* client.faults(), [])
    assert.strictEqual((yield* Effect.flip(client.removeFault({ params: { id } })))._tag, "NotFound")
  }))

it.live("streams what a phone shows, at once and after each change", () =>
  Effect.gen(function*() {
    const { client, emulator, send } = yield* setUp
    yield* send("+15145550143")
    yield* send()
    yield* client.quiet({ payload: {} })
    const views = yield* client.follow({ params: { number: person } })
    const seen: Array<EmulatorApi.PhoneView> = []
    const steps = [
      client.text({ params: { number: person }, payload: { text: "STOP" } }),
      client.text({ params: { number: person }, payload: { text: "Look", carrier: "telnyx", media: [{}] } }),
      client.addFault({ payload: { probability: 0.5, effect: { type: "lose" } } })
    ]
    yield* views.pipe(
      Stream.tap((view) => {
        seen.push(view)
        return seen.length > steps.length ? Effect.void : steps[seen.length - 1]!
      }),
      Stream.takeUntil(({ faults }) => faults.length > 0),
      Stream.runDrain
    )
    assert.deepStrictEqual(
      seen[0]!.messages.map(({ direction, text }) => [direction, text]),
      [["received", "Hello"]]
    )
    const { faults, messages } = seen.at(-1)!
    const [, written, confirmed, picture] = messages
    const number = emulator.env["TWILIO_FROM"]!
    assert.deepInclude(written, { direction: "written", carrier: "twilio", number, text: "STOP" })
    assert.deepInclude(confirmed, { direction: "received", carrier: "twilio", number, files: [] })
    assert.deepInclude(picture, { direction: "written", carrier: "telnyx", text: "Look" })
    assert.deepStrictEqual(faults.map(({ happened, id }) => [id, happened]), [["1", 0]])

    const [file] = picture!.files
    const response = yield* Effect.promise(() => fetch(file!.url))
    assert.strictEqual(response.headers.get("content-type"), "image/png")
    assert.include(response.headers.get("content-security-policy")!, "sandbox")
    assert.deepStrictEqual([...yield* Effect.promise(() => response.bytes())].slice(1, 4), [0x50, 0x4e, 0x47])
    const missing = yield* Effect.promise(() => fetch(`${emulator.url}/_emulator/files/none`))
    assert.strictEqual(missing.status, 404)
  }))

it.live("refuses a rule that is none", () =>
  Effect.gen(function*() {
    const { emulator } = yield* setUp
    const response = yield* Effect.promise(() =>
      fetch(`${emulator.url}/_emulator/faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ effect: { type: "explode" } })
      })
    )
    assert.strictEqual(response.status, 400)
  }))
