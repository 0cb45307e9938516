import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Emulator from "../../src/emulator/Emulator.ts"
import type { Fault } from "../../src/emulator/Fault.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"

const person = "+15145550142"

const setUp = Effect.fnUntraced(function*(fault?: Fault, options: Emulator.Options = {}) {
  const app = yield* CarrierServer.serve(CarrierServer.answer(204, ""))
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "faults", pace: 0, ...options })
  if (fault !== undefined) yield* emulator.addFault(fault)
  const { TWILIO_ACCOUNT_SID: sid, TWILIO_AUTH_TOKEN: token, TWILIO_BASE_URL, TWILIO_FROM: From = "" } = emulator.env
  /** Sends without the SDK, which would hide what happens to the connection. */
  const send = (To = person, body: Record<string, string> = {}) =>
    Effect.tryPromise(() =>
      fetch(`${TWILIO_BASE_URL}/2010-04-01/Accounts/${sid}/Messages.json`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${sid}:${token}`)}` },
        body: new URLSearchParams({ To, From, Body: "Hello", StatusCallback: `${app.url}/status`, ...body })
      })
    )
  const statuses = () => app.requests.map(({ body }) => new URLSearchParams(body).get("MessageStatus"))
  const outbound = Effect.map(emulator.messages(), (messages) => messages.map(({ state }) => state))
  return { app, emulator, outbound, send, statuses }
})

describe("a request", () => {
  it.live("is refused for too many, and has no effect", () =>
    Effect.gen(function*() {
      const { outbound, send } = yield* setUp({ effect: { type: "rateLimit", retryAfter: 7 } })
      const response = yield* send()
      assert.deepStrictEqual([response.status, response.headers.get("retry-after")], [429, "7"])
      assert.strictEqual((yield* Effect.promise(() => response.json()) as Effect.Effect<{ code: number }>).code, 20429)
      assert.deepStrictEqual(yield* outbound, [])
    }))

  it.live("fails, with or without effect", () =>
    Effect.gen(function*() {
      const { emulator, outbound, send } = yield* setUp({ effect: { type: "serverError", status: 503 }, times: 1 })
      assert.strictEqual((yield* send()).status, 503)
      assert.lengthOf(yield* outbound, 0)
      yield* emulator.addFault({ effect: { type: "serverError", status: 500, taken: true } })
      assert.strictEqual((yield* send()).status, 500)
      assert.lengthOf(yield* outbound, 1)
    }))

  it.live("is cut after it had its effect, or reset before", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp()
      yield* Effect.flip(send("+15005551021"))
      yield* Effect.flip(send("+15005551022"))
      yield* emulator.quiet()
      assert.lengthOf(yield* emulator.received("+15005551021"), 1)
      assert.lengthOf(yield* emulator.received("+15005551022"), 0)
      const { faults, status } = (yield* emulator.exchanges)[0]!
      assert.deepStrictEqual([faults.map(({ type }) => type), status], [["cut"], undefined])
    }))

  it.effect("is answered later", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp({ effect: { type: "delay", millis: 60_000 } })
      const fiber = yield* Effect.forkChild(send())
      // The request has arrived when it is in the log.
      while ((yield* emulator.exchanges).length === 0) yield* Effect.promise(() => new Promise(setImmediate))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber)).status, 201)
    }))

  it.live("drips, and arrives whole", () =>
    Effect.gen(function*() {
      const { send } = yield* setUp({ kind: "send", effect: { type: "drip", bytesPerSecond: 10_000 } })
      const response = yield* send()
      assert.match(((yield* Effect.promise(() => response.json())) as { sid: string }).sid, /^SM/)
    }))

  it.live("is answered with a body that is corrupt", () =>
    Effect.gen(function*() {
      const { send } = yield* setUp()
      const body = (number: string) => Effect.flatMap(send(number), (response) => Effect.promise(() => response.text()))
      assert.include(yield* body(person), "\"api_version\":\"2010-04-01\"")
      const corrupt = yield* body("+15005551025")
      assert.strictEqual([...corrupt].filter((character) => character === "x").length, 1)
    }))

  it.live("of another kind, carrier or number is not affected", () =>
    Effect.gen(function*() {
      const { emulator, send } = yield* setUp({ carrier: "another", effect: { type: "rateLimit" } })
      yield* emulator.addFault({ kind: "request", effect: { type: "rateLimit" } })
      yield* emulator.addFault({ number: "+15145550143", effect: { type: "rateLimit" } })
      assert.strictEqual((yield* send()).status, 201)
      assert.strictEqual((yield* send("+15145550143")).status, 429)
    }))
})

describe("a report", () => {
  it.effect("comes later", () =>
    Effect.gen(function*() {
      const { emulator, send, statuses } = yield* setUp({
        kind: "status",
        nth: 2,
        effect: { type: "delay", millis: 60_000 }
      })
      yield* send()
      const adjust = Effect.fnUntraced(function*(time: Duration.Input) {
        yield* TestClock.adjust(time)
        yield* emulator.quiet({ within: 0 })
      })
      yield* adjust("1 second")
      assert.deepStrictEqual(statuses(), ["sent"])
      yield* adjust("58 seconds")
      assert.deepStrictEqual(statuses(), ["sent"])
      yield* adjust("2 seconds")
      assert.deepStrictEqual(statuses(), ["sent", "delivered"])
    }))

  it.live("comes twice", () =>
    Effect.gen(function*() {
      const { emulator, send, statuses } = yield* setUp({ effect: { type: "duplicate", after: 0 } })
      yield* send()
      yield* emulator.quiet()
      assert.deepStrictEqual(statuses().sort(), ["delivered", "delivered", "sent", "sent"])
    }))

  it.live("is overtaken by the next one", () =>
    Effect.gen(function*() {
      const { emulator, send, statuses } = yield* setUp()
      yield* send("+15005551031")
      yield* emulator.quiet()
      assert.deepStrictEqual(statuses(), ["delivered", "sent"])
    }))

  it.live("is lost", () =>
    Effect.gen(function*() {
      const { emulator, outbound, send, statuses } = yield* setUp()
      yield* send("+15005551032")
      yield* emulator.quiet()
      assert.deepStrictEqual(statuses(), [])
      assert.deepStrictEqual(yield* outbound, ["delivered"])
      const lost = (yield* emulator.exchanges).filter(({ direction }) => direction === "webhook")
      assert.deepStrictEqual(lost.map(({ problem }) => problem), ["lost", "lost"])
    }))

  it.live("is corrupt, so that its signature does not fit", () =>
    Effect.gen(function*() {
      const { app, emulator, send } = yield* setUp({ kind: "status", effect: { type: "corrupt" } })
      yield* send()
      yield* emulator.quiet()
      const posted = (yield* emulator.exchanges).filter(({ direction }) => direction === "webhook")
      for (const [index, { body }] of app.requests.entries()) {
        assert.strictEqual(body, posted[index]!.requestBody)
        assert.match(body, /x|y/)
      }
      assert.lengthOf(app.requests, 2)
    }))
})

describe("the fate of a message", () => {
  const fates: ReadonlyArray<readonly [number: string, state: string, code: string | undefined]> = [
    ["+15005551000", "sent", undefined],
    ["+15005551001", "undelivered", "30003"],
    ["+15005551002", "undelivered", "30005"],
    ["+15005551003", "undelivered", "30007"],
    ["+15005551004", "failed", "30034"],
    ["+15005551005", "undelivered", "30008"],
    ["+15005551006", "expired", "30036"]
  ]
  it.live.each(fates)("is that of the number %s", ([number, state, code]) =>
    Effect.gen(function*() {
      const { app, emulator, send } = yield* setUp()
      yield* send(number)
      yield* emulator.quiet()
      const [message] = yield* emulator.messages()
      assert.deepStrictEqual([message!.state, message!.code], [state, code])
      const last = new URLSearchParams(app.requests.at(-1)!.body)
      assert.strictEqual(last.get("ErrorCode"), code ?? null)
      assert.lengthOf(yield* emulator.received(number), state === "sent" ? 1 : 0)
    }))
})

it.live("a person answers, and opts out", () =>
  Effect.gen(function*() {
    const { app, emulator, send } = yield* setUp()
    yield* send("+15005551040", { StatusCallback: "" })
    yield* emulator.quiet()
    assert.strictEqual(new URLSearchParams(app.requests[0]!.body).get("Body"), "Thank you!")
    yield* send("+15005551041", { StatusCallback: "" })
    yield* emulator.quiet()
    assert.strictEqual(new URLSearchParams(app.requests[1]!.body).get("Body"), "STOP")
    const refused = yield* send("+15005551041")
    assert.strictEqual((yield* Effect.promise(() => refused.json()) as Effect.Effect<{ code: number }>).code, 21610)
    const replies = (yield* emulator.received("+15005551041")).map(({ text }) => text)
    assert.match(replies[1]!, /^You have successfully been unsubscribed/)
    yield* emulator.text({ from: "+15005551041", text: "yes" })
    assert.strictEqual((yield* send("+15005551041")).status, 201)
  }))

it.live("rules with a probability do the same again with the same seed", () =>
  Effect.gen(function*() {
    const outcomes = (seed: string) =>
      Effect.scoped(Effect.gen(function*() {
        const { send } = yield* setUp({ probability: 0.3, effect: { type: "rateLimit" } }, { seed })
        const statuses: Array<number> = []
        for (let count = 0; count < 30; count++) statuses.push((yield* send()).status)
        return statuses
      }))
    const first = yield* outcomes("one")
    assert.deepStrictEqual(yield* outcomes("one"), first)
    assert.notDeepEqual(yield* outcomes("two"), first)
    const refused = first.filter((status) => status === 429).length
    assert.isTrue(refused > 2 && refused < 20, String(refused))
  }))
