import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Result } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import type * as SmsProvider from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as SendPolicy from "../../src/sending/SendPolicy.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as SmsError from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"
import { makeMocks, onlyReceives, route } from "./routing.ts"

const to = Address.make("+15145550142")
const ours = Address.make("+15145550100")
const message = new OutboundMessage({ to, from: ours, content: new TextContent({ text: "swordfish" }) })

const unavailable = new SmsError.ProviderUnavailable({})
const optedOut = new SmsError.OptedOut({ code: "21610", status: 400 })
const unknown = new SmsError.OutcomeUnknown({ because: "Timeout" })

/** A provider that accepts two parts of a message, and no more. */
const partly = Effect.fnUntraced(function*(name: string, reason: SmsError.SmsErrorReason) {
  const receipt = new SendReceipt({
    provider: name,
    messageIds: ["1", "2"],
    recipient: to,
    status: "queued",
    carrierStatus: "enqueued"
  })
  const mock = yield* MockSmsProvider.make({ name })
  const error = new SmsError.SmsError({ provider: name, reason, part: { number: 3, of: 3 }, accepted: receipt })
  const provider: SmsProvider.Service = { ...mock, send: () => Effect.fail(error) }
  return { provider, receipt }
})

const failed = (error: SmsError.SmsError | SmsRouter.SmsRouterError): SmsError.SmsError => {
  assert.instanceOf(error, SmsError.SmsError)
  return error as SmsError.SmsError
}

describe("a router", () => {
  it.effect("asks the next provider when one refuses for a reason of its own", () =>
    Effect.gen(function*() {
      const { asked, mocks } = yield* makeMocks({
        a: unavailable,
        b: new SmsError.NotEnabled({}),
        c: "accepts",
        d: "accepts"
      })
      const { provider } = yield* (yield* route(mocks)).send(message)
      assert.strictEqual(provider, "c")
      assert.deepStrictEqual(asked, ["a", "b", "c"])
    }))

  it.effect("ends with the last refusal, and tells the earlier ones", () =>
    Effect.gen(function*() {
      const { mocks } = yield* makeMocks({ a: unavailable, b: new SmsError.NotEnabled({ code: "1" }), c: optedOut })
      const error = failed(yield* Effect.flip((yield* route(mocks)).send(message)))
      assert.deepStrictEqual([error.provider, error.reason], ["c", optedOut])
      assert.deepStrictEqual(error.earlier, [
        { provider: "a", reason: unavailable },
        { provider: "b", reason: new SmsError.NotEnabled({ code: "1" }) }
      ])
    }))

  it.effect("passes on the error of the only provider as it is", () =>
    Effect.gen(function*() {
      const { mocks } = yield* makeMocks({ a: unavailable })
      const error = failed(yield* Effect.flip((yield* route(mocks)).send(message)))
      assert.deepStrictEqual(error.reason, unavailable)
      assert.isUndefined(error.earlier)
    }))

  it.effect.each([optedOut, unknown, new SmsError.InvalidRecipient({}), new SmsError.UnexpectedResponse({})])(
    "asks nobody else after $_tag",
    (reason) =>
      Effect.gen(function*() {
        const { asked, mocks } = yield* makeMocks({ a: reason, b: "accepts" })
        const error = failed(yield* Effect.flip((yield* route(mocks)).send(message)))
        assert.deepStrictEqual([error.provider, error.reason], ["a", reason])
        assert.deepStrictEqual(asked, ["a"])
      })
  )

  it.effect("asks nobody else when a part went out", () =>
    Effect.gen(function*() {
      const { asked, mocks: [mock] } = yield* makeMocks({ b: "accepts" })
      const { receipt, provider } = yield* partly("a", unavailable)
      const error = failed(yield* Effect.flip((yield* route([provider, mock!])).send(message)))
      assert.deepStrictEqual(error.accepted, receipt)
      assert.deepStrictEqual(error.part, { number: 3, of: 3 })
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("keeps what went out of a message that an earlier provider refused", () =>
    Effect.gen(function*() {
      const { mocks: [mock] } = yield* makeMocks({ a: unavailable })
      const { provider, receipt } = yield* partly("b", unknown)
      const error = failed(yield* Effect.flip((yield* route([mock!, provider])).send(message)))
      assert.deepStrictEqual([error.provider, error.reason, error.accepted, error.part], [
        "b",
        unknown,
        receipt,
        { number: 3, of: 3 }
      ])
      assert.deepStrictEqual(error.earlier, [{ provider: "a", reason: unavailable }])
    }))

  it.effect("asks in the order of the options, each once, and may be told the order by message", () =>
    Effect.gen(function*() {
      const { asked, mocks } = yield* makeMocks({ a: unavailable, b: unavailable, c: unavailable })
      yield* Effect.flip((yield* route(mocks, { order: ["c", "a", "c"] })).send(message))
      const byMessage = yield* route(mocks, { order: ({ from }) => from === ours ? ["b"] : ["a", "b"] })
      yield* Effect.flip(byMessage.send(message))
      yield* Effect.flip(byMessage.send(new OutboundMessage({ to, content: message.content })))
      assert.deepStrictEqual(asked, ["c", "a", "b", "a", "b"])
    }))

  it.effect("asks the named provider alone, also one that is not in the order", () =>
    Effect.gen(function*() {
      const { asked, mocks } = yield* makeMocks({ a: "accepts", b: unavailable, c: "accepts" })
      const router = yield* route(mocks, { order: ["a", "b"] })
      const error = failed(yield* Effect.flip(router.send(message, { provider: "b" })))
      assert.strictEqual(error.provider, "b")
      assert.strictEqual((yield* router.send(message, { provider: "c" })).provider, "c")
      assert.deepStrictEqual(asked, ["b", "c"])
    }))

  it.effect("leaves out providers that only receive", () =>
    Effect.gen(function*() {
      const { asked, mocks: [a, b] } = yield* makeMocks({ a: "accepts", b: "accepts" })
      assert.strictEqual((yield* (yield* route([onlyReceives(a!), b!])).send(message)).provider, "b")
      assert.deepStrictEqual(asked, ["b"])
    }))

  const reasonOf = (error: SmsError.SmsError | SmsRouter.SmsRouterError) => {
    assert.strictEqual(error._tag, "SmsRouterError")
    return error.reason
  }

  it.effect("refuses names that are not registered or only receive, and asks nobody", () =>
    Effect.gen(function*() {
      const { asked, mocks: [a, b] } = yield* makeMocks({ a: "accepts", b: "accepts" })
      const providers = [a!, onlyReceives(b!)]
      const notRegistered = new SmsRouter.NotRegistered({ sending: ["a"] })
      const receives = new SmsRouter.OnlyReceives({ provider: "b", sending: ["a"] })
      const router = yield* route(providers)
      assert.deepStrictEqual(reasonOf(yield* Effect.flip(router.send(message, { provider: to }))), notRegistered)
      assert.deepStrictEqual(reasonOf(yield* Effect.flip(router.send(message, { provider: "b" }))), receives)
      for (const [name, reason] of [["constructor", notRegistered], ["b", receives]] as const) {
        const byMessage = yield* route(providers, { order: () => ["a", name] })
        assert.deepStrictEqual(reasonOf(yield* Effect.flip(byMessage.send(message))), reason)
        const made = yield* Effect.flip(route(providers, { order: ["a", name] }))
        assert.deepStrictEqual(made._tag === "SmsRouterError" ? made.reason : made, reason)
      }
      assert.deepStrictEqual(asked, [])
      assert.strictEqual(notRegistered.message, "No provider has this name; providers that can send: a")
      assert.strictEqual(receives.message, "b only receives; providers that can send: a")
      assert.strictEqual(
        new SmsRouter.NotRegistered({ sending: [] }).message,
        "No provider has this name; providers that can send: none"
      )
    }))

  it.effect("says so when there is nobody to ask", () =>
    Effect.gen(function*() {
      const { mocks: [mock] } = yield* makeMocks({ a: "accepts" })
      const routers = [yield* route([]), yield* route([onlyReceives(mock!)]), yield* route([mock!], { order: [] })]
      for (const router of [...routers, yield* route([mock!], { order: () => [] })]) {
        assert.deepStrictEqual(reasonOf(yield* Effect.flip(router.send(message))), new SmsRouter.NoProvider({}))
      }
    }))

  it.effect("offers a sender to each provider, until one owns it", () =>
    Effect.gen(function*() {
      const seen: Array<Address | undefined> = []
      const owner = (name: string, own: Address) =>
        MockSmsProvider.make({
          name,
          from: own,
          respond: ({ from }) => {
            seen.push(from)
            return from === own ? Effect.void : Effect.fail(new SmsError.InvalidSender({ status: 400 }))
          }
        })
      const router = yield* route([yield* owner("a", Address.make("+15145550101")), yield* owner("b", ours)])
      assert.strictEqual((yield* router.send(message)).provider, "b")
      assert.deepStrictEqual(seen, [ours, ours])
    }))

  it.effect("goes on at once where a circuit is open", () =>
    Effect.gen(function*() {
      const { asked, mocks: [a, b] } = yield* makeMocks({ a: unavailable, b: "accepts" })
      const router = yield* route([yield* SendPolicy.makeCircuitBroken(a!), b!])
      for (let i = 0; i < 3; i++) assert.strictEqual((yield* router.send(message)).provider, "b")
      assert.deepStrictEqual(asked, ["a", "b", "b", "b"])
    }).pipe(Effect.provide(
      CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(1), openDuration: "1 minute" }).pipe(
        Layer.provide(CircuitBreaker.layerStoreMemory())
      )
    )))

  it.effect("is a layer on the registered providers", () =>
    Effect.gen(function*() {
      const router = yield* SmsRouter.SmsRouter
      assert.strictEqual((yield* router.send(message)).provider, "backup")
    }).pipe(Effect.provide(
      SmsRouter.layer({ order: ["main", "backup"] }).pipe(Layer.provide(SmsProviders.layer(
        MockSmsProvider.layer({ name: "backup" }),
        MockSmsProvider.layer({ name: "main", respond: () => Effect.fail(unavailable) })
      )))
    )))
})

const Tracker = DeliveryTracker.layer().pipe(Layer.provide(DeliveryStore.layerStoreMemory()))

const trackerOf = (sent: DeliveryTracker.DeliveryTracker["Service"]["sent"]) =>
  Effect.map(
    Effect.map(Layer.build(Tracker), Context.get(DeliveryTracker.DeliveryTracker)),
    (tracker) => DeliveryTracker.DeliveryTracker.of({ ...tracker, sent })
  )

describe("a router with a tracker", () => {
  const statusOf = Effect.fnUntraced(function*(provider: string, messageId: string) {
    const tracker = yield* DeliveryTracker.DeliveryTracker
    const delivery = yield* tracker.get({ provider, messageId, recipient: to })
    return delivery?.history.map(({ carrierStatus, status }) => [status, carrierStatus])
  })

  it.effect("tells it what was accepted, by whom", () =>
    Effect.gen(function*() {
      const { mocks } = yield* makeMocks({ a: unavailable, b: "accepts" })
      yield* (yield* route(mocks)).send(message)
      assert.deepStrictEqual(yield* statusOf("b", "mock-1"), [["queued", "queued"]])
      assert.isUndefined(yield* statusOf("a", "mock-1"))
    }).pipe(Effect.provide(Tracker)))

  it.effect("tells it the parts that went out of a message that failed", () =>
    Effect.gen(function*() {
      yield* Effect.flip((yield* route([(yield* partly("a", unknown)).provider])).send(message))
      // The receipt's status is that of the last part.
      assert.deepStrictEqual(yield* statusOf("a", "1"), [["accepted", "accepted"]])
      assert.deepStrictEqual(yield* statusOf("a", "2"), [["queued", "enqueued"]])
    }).pipe(Effect.provide(Tracker)))

  it.effect("tells it of a message that is accepted as its sender goes away", () =>
    Effect.gen(function*() {
      const told = yield* Deferred.make<string>()
      const telling = yield* Deferred.make<void>()
      const tracker = yield* trackerOf(({ messageId }) =>
        Deferred.succeed(telling, undefined).pipe(
          Effect.andThen(Effect.yieldNow),
          Effect.andThen(Deferred.succeed(told, messageId)),
          Effect.as({ changed: true, repeated: false, delivery: undefined })
        )
      )
      const { mocks } = yield* makeMocks({ a: "accepts" })
      const router = yield* Effect.provideService(route(mocks), DeliveryTracker.DeliveryTracker, tracker)
      const sending = yield* Effect.forkChild(router.send(message))
      yield* Deferred.await(telling)
      yield* Fiber.interrupt(sending)
      assert.strictEqual((yield* Deferred.poll(told))._tag, "Some")
    }))

  const ill = [
    { name: "fails", sent: () => Effect.fail(new DeliveryStore.DeliveryStoreError({ cause: new Error(`no ${to}`) })) },
    { name: "dies", sent: () => Effect.die(new Error(`no ${to}`)) },
    {
      name: "throws",
      sent: () => {
        throw new Error(`no ${to}`)
      }
    }
  ]

  it.effect("tells it again after it has failed", () =>
    Effect.gen(function*() {
      let calls = 0
      const tracker = yield* trackerOf(() =>
        Effect.suspend(() =>
          ++calls < 3
            ? Effect.fail(new DeliveryStore.DeliveryStoreError({ cause: new Error("the database is busy") }))
            : Effect.succeed({ changed: true, repeated: false, delivery: undefined })
        )
      )
      const { mocks } = yield* makeMocks({ a: "accepts" })
      const router = yield* Effect.provideService(route(mocks), DeliveryTracker.DeliveryTracker, tracker)
      const observed = observe()
      const sending = yield* Effect.forkChild(Effect.provide(router.send(message), observed.layer))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(sending)).provider, "a")
      assert.strictEqual(calls, 3)
      assert.deepStrictEqual(observed.lines.filter(({ level }) => level === "Warn"), [])
    }))

  it.effect.each(ill)("that $name sends all the same, with a warning", ({ sent }) =>
    Effect.gen(function*() {
      const tracker = yield* trackerOf(sent)
      const { mocks } = yield* makeMocks({ a: "accepts" })
      const router = yield* Effect.provideService(route(mocks), DeliveryTracker.DeliveryTracker, tracker)
      const observed = observe()
      const sending = yield* Effect.forkChild(Effect.provide(router.send(message), observed.layer))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(sending)).provider, "a")
      const warnings = observed.lines.filter(({ level }) => level === "Warn")
      assert.lengthOf(warnings, 1)
      assert.include(warnings[0]?.message, "Delivery tracking failed")
      assert.notInclude(observed.text(), to.slice(1))
    }))
})

describe("an operator", () => {
  const cases = [
    { answers: { a: "accepts" }, level: "Debug", asked: "a accepted" },
    { answers: { a: unavailable, b: "accepts" }, level: "Warn", asked: "a ProviderUnavailable, b accepted" },
    {
      answers: { a: unavailable, b: unavailable },
      level: "Warn",
      asked: "a ProviderUnavailable, b ProviderUnavailable"
    },
    { answers: { a: unknown }, level: "Warn", asked: "a OutcomeUnknown" },
    { answers: { a: unavailable, b: optedOut }, level: "Info", asked: "a ProviderUnavailable, b OptedOut" }
  ] as const

  it.effect.each(cases)(
    "sees who was asked in one line: $asked",
    ({ answers, asked, level }) =>
      Effect.gen(function*() {
        const { mocks } = yield* makeMocks(answers)
        const observed = observe()
        const exit = yield* Effect.flatMap(route(mocks), ({ send }) => send(message)).pipe(
          Effect.exit,
          Effect.provide(observed.layer)
        )
        const lines = observed.all.filter(({ annotations }) => "asked" in annotations)
        assert.deepStrictEqual(lines.map((line) => [line.level, line.annotations["asked"]]), [[level, asked]])

        const names = Object.keys(answers)
        const span = observed.spans.find(({ name }) => name === "SmsRouter.send")
        assert.strictEqual(span?.attributes.get("sms.provider"), names.at(-1))
        assert.strictEqual(span?.attributes.get("sms.providers_asked"), names.length)
        const moved = observed.count("sms_failovers_total", { provider: "a", outcome: "ProviderUnavailable" })
        assert.strictEqual(moved, names.length - 1)
        assert.strictEqual(observed.count("sms_failovers_total", { provider: "b" }), 0)

        const error = Exit.isFailure(exit) ? String(exit.cause) : ""
        for (const secret of [to.slice(1), ours.slice(1), "swordfish"]) {
          assert.notInclude(observed.text() + error, secret)
        }
      })
  )

  it.effect("sees that a part went out", () =>
    Effect.gen(function*() {
      const router = yield* route([(yield* partly("a", optedOut)).provider])
      const observed = observe()
      const value = yield* Effect.provide(Effect.result(router.send(message)), observed.layer)
      assert.isTrue(Result.isFailure(value))
      const line = observed.lines.find(({ message }) => message.includes("Message partially accepted"))
      assert.deepStrictEqual([line?.level, line?.annotations["asked"]], ["Warn", "a OptedOut"])
      assert.notInclude(observed.text(), to.slice(1))
    }))
})
