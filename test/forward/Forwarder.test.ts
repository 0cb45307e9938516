import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Layer } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { Webhook } from "standardwebhooks"
import { Address } from "../../src/Address.ts"
import * as ConsentLedger from "../../src/consent/ConsentLedger.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import { Forwarder } from "../../src/forward/Forwarder.ts"
import * as ForwardStore from "../../src/forward/ForwardStore.ts"
import * as Schedule from "../../src/forward/internal/schedule.ts"
import { RateLimited } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"
import { customer } from "../rooms/kit.ts"
import { type Answer, app, endpointOf, layerOf, makeApp, type Posted, receive, secret, settle } from "./app.ts"

const texts = (posted: ReadonlyArray<Posted>) => posted.map(({ text }) => text)

describe("an opt-out", () => {
  it.effect("is posted, and before the opt-in of the same person", () => {
    const { layer, posted } = makeApp((_, number) => number === 1 ? "down" : { status: 200 })
    return Effect.gen(function*() {
      const { append } = yield* ConsentLedger.ConsentLedger
      const say = (action: "stop" | "start") =>
        append([{ person: Address.make(customer), action, source: "keyword", words: action }])
      yield* settle
      yield* say("stop")
      yield* TestClock.adjust("1 second")
      yield* say("start")
      yield* settle
      assert.deepStrictEqual(texts(posted), ["stop"])
      const { data, type } = JSON.parse(posted[0]!.body)
      assert.strictEqual(type, "consent.changed")
      assert.deepInclude(data, { person: customer, action: "stop", source: "keyword", words: "stop" })
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.deepStrictEqual(texts(posted), ["stop", "stop", "start"])
    }).pipe(Effect.provide(layerOf(layer)))
  })
})

describe("a message", () => {
  it.effect("is posted to the application, signed, with its query and under the id of its event", () => {
    const { layer, posted } = makeApp(() => ({ status: 204 }))
    return Effect.gen(function*() {
      yield* settle
      yield* receive("hello")
      yield* settle
      assert.deepStrictEqual(texts(posted), ["hello"])
      const [{ body, headers, id, url }] = posted as [Posted]
      assert.strictEqual(url, "https://app.example.com/sms?token=hidden")
      // The test clock begins in 1970, which the library refuses.
      const webhook = new Webhook(secret)
      const signed = webhook.sign(id, new Date(Number(headers["webhook-timestamp"]) * 1000), body)
      assert.strictEqual(headers["webhook-signature"], signed)
      const { data, timestamp, type } = JSON.parse(body)
      assert.deepStrictEqual([type, data.message.sender], ["message.received", customer])
      assert.notProperty(data.message, "raw")
      assert.match(timestamp, /^1970-01-01T/)
      const log = yield* EventLog.EventLog
      assert.strictEqual((yield* log.get(id))?.event._tag, "MessageReceived")
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.effect("is posted again until the application takes it, and later ones of its room wait", () => {
    const { layer, posted } = makeApp((_, number) => number === 1 ? "down" : { status: 200 })
    return Effect.gen(function*() {
      yield* settle
      yield* receive("1")
      yield* settle
      yield* receive("2")
      yield* receive("other", "+15145550143")
      yield* settle
      assert.deepStrictEqual(texts(posted), ["1", "other"])
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.deepStrictEqual(texts(posted), ["1", "other", "1", "2"])
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.effect("is a dead letter after the last attempt, is listed with why, and can be posted again", () => {
    let answer: Answer = { status: 500 }
    const { layer, posted } = makeApp(() => answer)
    return Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* settle
      yield* receive("1")
      yield* TestClock.adjust("1 minute")
      assert.lengthOf(posted, 3)
      assert.strictEqual(new Set(posted.map(({ id }) => id)).size, 1)
      const [dead, ...others] = yield* forwarder.list({ state: "dead", limit: 10 })
      assert.lengthOf(others, 0)
      assert.deepInclude(dead, { lastError: "Status500", failures: 3 })
      answer = { status: 200 }
      assert.isTrue(yield* forwarder.replay(dead!.id))
      yield* settle
      assert.lengthOf(posted, 4)
      assert.deepStrictEqual(yield* forwarder.list({ state: "dead", limit: 10 }), [])
      // Also by the id that the application knows.
      assert.isTrue(yield* forwarder.replay(posted[0]!.id))
      yield* settle
      assert.deepStrictEqual(posted.map(({ id }) => id), Array(5).fill(posted[0]!.id))
      assert.isFalse(yield* forwarder.replay("none"))
    }).pipe(Effect.provide(layerOf(layer, { waits: ["5 seconds", "10 seconds"] })))
  })

  it.effect("is posted for three days, with waits that vary", () =>
    Effect.gen(function*() {
      const total = Schedule.waits.reduce((sum, wait) => sum + Duration.toHours(wait), 0)
      assert.isAbove(total, 71)
      assert.isBelow(total, 75)
      for (const [failures, wait] of Schedule.waits.entries()) {
        const varied = yield* Effect.all(Array.from({ length: 20 }, () => Schedule.waitAfter(Schedule.waits, failures)))
        const millis = varied.map((each) => Duration.toMillis(each!) / Duration.toMillis(wait))
        assert.isAbove(new Set(millis).size, 10)
        assert.isAtLeast(Math.min(...millis), 0.9)
        assert.isAtMost(Math.max(...millis), 1.1)
      }
      assert.isUndefined(yield* Schedule.waitAfter(Schedule.waits, Schedule.waits.length))
    }))

  it("is posted on the schedule that the documentation has", () => {
    const text = readFileSync("docs/forwarding.md", "utf8")
    const pairs = Array.from(text.matchAll(/\| (\d+) +\| (\d+ \w+) +(?=\|)/g), ([, attempt, wait]) => [
      Number(attempt),
      Duration.toMillis(Duration.fromInputUnsafe(wait as Duration.Input))
    ])
    assert.deepStrictEqual(
      pairs.toSorted(([one], [other]) => one! - other!),
      Schedule.waits.map((wait, index) => [index + 2, Duration.toMillis(wait)])
    )
  })

  it.effect.each(["600", "Thu, 01 Jan 1970 00:10:00 GMT"])(
    "waits as long as the application asks: %s",
    (retryAfter) => {
      const { layer, posted } = makeApp((_, number) => number === 1 ? { status: 429, retryAfter } : { status: 200 })
      return Effect.gen(function*() {
        yield* settle
        yield* receive("1")
        yield* TestClock.adjust("590 seconds")
        assert.lengthOf(posted, 1)
        yield* TestClock.adjust("20 seconds")
        yield* settle
        assert.lengthOf(posted, 2)
      }).pipe(Effect.provide(layerOf(layer)))
    }
  )
})

describe("an endpoint", () => {
  it.effect("is paused after it took nothing for too long, and gets everything in order once it is resumed", () => {
    let answer: Answer = "down"
    const { layer, posted } = makeApp(() => answer)
    const other = "+15145550143"
    // A database takes a while for each dead letter, in which servers go on.
    const store = Layer.effect(
      ForwardStore.ForwardStore,
      Effect.map(ForwardStore.makeMemory, ({ queue, ...store }) => ({
        ...store,
        queue: { ...queue, replay: (id: string) => Effect.delay(queue.replay(id), "2 seconds") }
      }))
    )
    return Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* settle
      // Dead letters after 30 and 60 seconds, before the pause.
      for (const text of ["1", "2"]) yield* receive(text)
      yield* TestClock.adjust("50 seconds")
      for (const text of ["a", "b"]) yield* receive(text, other)
      yield* TestClock.adjust("90 seconds")
      const [paused] = yield* forwarder.endpoints
      assert.strictEqual(paused?.name, "https://app.example.com/sms")
      assert.isDefined(paused?.pausedAt)
      const dead = Effect.map(forwarder.list({ state: "dead", limit: 10 }), (all) => all.length)
      assert.isAbove(yield* dead, 1)
      const lost = yield* dead
      const before = posted.length
      yield* receive("3")
      yield* receive("c", other)
      yield* TestClock.adjust("20 minutes")
      assert.lengthOf(posted, before)
      // What waits while it is paused does not become a dead letter.
      assert.strictEqual(yield* dead, lost)

      answer = { status: 200 }
      const resuming = yield* Effect.forkChild(forwarder.resume(paused!.name))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* Fiber.join(resuming), lost)
      yield* settle
      const since = texts(posted.slice(before))
      assert.deepStrictEqual(since.filter((text) => /\d/.test(text)), ["1", "2", "3"])
      assert.deepStrictEqual(since.filter((text) => /\D/.test(text)), ["a", "b", "c"])
      assert.isUndefined((yield* forwarder.endpoints)[0]?.failingSince)
      assert.isUndefined(yield* forwarder.resume("https://other.example"))
    }).pipe(Effect.provide(layerOf(layer, { pauseAfter: "80 seconds", waits: ["10 seconds", "20 seconds"] }, store)))
  })

  it.effect("that only another server has waits for it, and its events are dead letters once their time is over", () => {
    const { layer, posted } = makeApp(() => ({ status: 200 }))
    return Effect.gen(function*() {
      const { queue } = yield* ForwardStore.ForwardStore
      yield* settle
      yield* queue.accept([
        new ForwardStore.Forward({
          endpoint: "https://other.example/",
          eventId: "1",
          kind: "MessageReceived",
          sequence: "a"
        })
      ])
      yield* TestClock.adjust("8 minutes")
      assert.deepStrictEqual(yield* Effect.map(queue.backlog(), ({ dead, pending }) => [pending, dead]), [1, 0])
      yield* TestClock.adjust("8 minutes")
      assert.deepStrictEqual(
        (yield* queue.list({ state: "dead", limit: 10 })).map(({ lastError }) => lastError),
        ["NoSuchEndpoint"]
      )
      assert.lengthOf(posted, 0)
    }).pipe(Effect.provide(layerOf(layer, { waits: ["10 minutes"] })))
  })

  it.effect("that answers 410 is paused at once", () => {
    const { layer, posted } = makeApp(() => ({ status: 410 }))
    return Effect.gen(function*() {
      yield* settle
      yield* receive("1")
      yield* receive("2", "+15145550143")
      yield* TestClock.adjust("1 hour")
      assert.isAtMost(posted.length, 2)
      assert.isDefined((yield* (yield* Forwarder).endpoints)[0]?.pausedAt)
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.effect("gets what is after its first start, and a span of time again when it is asked for", () => {
    const other = endpointOf("https://other.example/")
    const { layer, posted } = makeApp(() => ({ status: 200 }))
    return Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* settle
      yield* receive("1")
      yield* settle
      yield* TestClock.adjust("1 hour")
      yield* receive("2")
      yield* settle
      assert.deepStrictEqual(texts(posted).sort(), ["1", "1", "2", "2"])
      const now = yield* DateTime.now
      const span = { since: DateTime.subtract(now, { minutes: 30 }), until: DateTime.add(now, { seconds: 1 }) }
      assert.strictEqual(yield* forwarder.replaySpan({ ...span, endpoint: other.name }), 1)
      yield* settle
      assert.deepStrictEqual(posted.slice(4).map(({ text, url }) => [text, url]), [["2", other.url.href]])
      assert.strictEqual(yield* forwarder.replaySpan({ ...span, since: DateTime.makeUnsafe(0) }), 4)
      yield* settle
      assert.lengthOf(posted, 9)
    }).pipe(Effect.provide(layerOf(layer, { endpoints: [app, other] })))
  })
})

describe("the metrics of forwarding", () => {
  it.effect("are what waits, for how long, and what is lost, by endpoint, and have nothing of a path or a person", () => {
    const observed = observe()
    const hook = endpointOf("https://hooks.example.com/services/T0/s3cret?token=hidden")
    let answer: Answer = { status: 500 }
    const { layer, posted } = makeApp(({ url }) => url.includes("hooks") ? answer : { status: 204 })
    const waits = ["30 seconds", "10 minutes"] as const
    return Effect.gen(function*() {
      const gauges = (endpoint: string, host: string) => [
        observed.gauge("sms_forward_entries", { endpoint, host, state: "pending" }),
        observed.gauge("sms_forward_entries", { endpoint, host, state: "dead" }),
        observed.gauge("sms_forward_oldest_seconds", { endpoint, host }),
        observed.gauge("sms_forward_failing_seconds", { endpoint, host }),
        observed.gauge("sms_forward_paused", { endpoint, host })
      ]
      yield* settle
      assert.deepStrictEqual(gauges("1", "app.example.com"), [0, 0, 0, 0, 0])
      yield* receive("one")
      yield* receive("two")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(gauges("1", "app.example.com"), [0, 0, 0, 0, 0])
      const [pending, dead, oldest, failing, paused] = gauges("2", "hooks.example.com") as Array<number>
      assert.deepStrictEqual([pending, dead, paused], [2, 0, 0])
      for (const age of [oldest!, failing!]) {
        assert.isAbove(age, 40)
        assert.isAtMost(age, 60)
      }
      yield* TestClock.adjust("11 minutes")
      assert.deepStrictEqual(gauges("2", "hooks.example.com").slice(0, 2), [1, 1])
      answer = { status: 410 }
      yield* receive("three", "+15145550143")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(gauges("2", "hooks.example.com")[4], 1)
      answer = { status: 204 }
      assert.strictEqual(yield* (yield* Forwarder).resume(hook.name), 1)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(gauges("2", "hooks.example.com"), [0, 0, 0, 0, 0])
      assert.isAbove(posted.length, 5)
      const metrics = yield* PrometheusMetrics.format()
      assert.include(metrics, "sms_forward_paused")
      for (const hidden of ["hidden", "s3cret", customer.slice(1)]) assert.notInclude(metrics, hidden)
    }).pipe(Effect.provide(Layer.provideMerge(layerOf(layer, { endpoints: [app, hook], waits }), observed.layer)))
  })
})

describe("an answer", () => {
  const sent = Effect.flatMap(MockSmsProvider.MockSmsProvider, ({ sent }) => sent)

  it.effect("is sent to the person once, however often the event is posted", () => {
    const { layer, posted } = makeApp(({ text }) => ({
      status: 200,
      body: JSON.stringify({ reply: { text: `You said ${text}`, media: ["https://media.example.com/a.png"] } })
    }))
    return Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* settle
      yield* receive("hello")
      yield* settle
      const [one, ...others] = yield* sent
      assert.lengthOf(others, 0)
      assert.strictEqual(one?.to, customer)
      assert.include(JSON.stringify(one?.content), "You said hello")
      assert.include(JSON.stringify(one?.content), "https://media.example.com/a.png")
      const done = yield* forwarder.list({ state: "done", limit: 10 })
      assert.isTrue(yield* forwarder.replay(done.find(({ event }) => event.kind === "MessageReceived")!.id))
      yield* settle
      // The status of the answer's own delivery is an event too.
      assert.deepStrictEqual(texts(posted), ["hello", "queued", "hello"])
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.effect("goes out later where the carrier refuses it for now, and once for an event of two endpoints", () => {
    const { layer, posted } = makeApp(() => ({ status: 200, body: JSON.stringify({ reply: { text: "Thanks" } }) }))
    const respond = (_: unknown, number: number) =>
      number <= 2 ? Effect.fail(new RateLimited({ status: 429 })) : Effect.void
    return Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* settle
      yield* receive("hello")
      yield* settle
      assert.deepStrictEqual(texts(posted).slice(0, 2), ["hello", "hello"])
      yield* TestClock.adjust("3 minutes")
      yield* settle
      assert.lengthOf(yield* sent, 1)
      assert.deepStrictEqual(yield* forwarder.list({ state: "dead", limit: 10 }), [])
    }).pipe(
      Effect.provide(
        layerOf(layer, { endpoints: [app, endpointOf("https://other.example.com/sms")] }, undefined, respond)
      )
    )
  })

  it.effect("that is none, or cannot be read, is no reason to post again", () => {
    const bodies = [
      "",
      "ok",
      "[]",
      "{\"reply\":{}}",
      "{\"reply\":{\"text\":1}}",
      "{\"reply\":null}",
      "{}",
      "x".repeat(70_000)
    ]
    const { layer, posted } = makeApp((_, number) => ({ status: 200, body: bodies[number - 1] ?? "" }))
    return Effect.gen(function*() {
      yield* settle
      for (const [index] of bodies.entries()) yield* receive(String(index), `+1514555014${index}`)
      yield* TestClock.adjust(Duration.minutes(10))
      assert.lengthOf(posted, bodies.length)
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerOf(layer)))
  })
})
