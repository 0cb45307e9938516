import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Consent from "../../src/consent/Consent.ts"
import * as ConsentLedger from "../../src/consent/ConsentLedger.ts"
import * as Content from "../../src/Content.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import * as SendLimits from "../../src/guards/SendLimits.ts"
import { OutboundMessage, type Purpose } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsError from "../../src/SmsError.ts"
import { StorageError } from "../../src/StorageError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"
import { message as inbound } from "../rooms/kit.ts"

const montreal = "+15145550142"

const to = (number: string, fields: Partial<ConstructorParameters<typeof OutboundMessage>[0]> = {}) =>
  new OutboundMessage({ to: Address.make(number), content: new Content.TextContent({ text: "hello" }), ...fields })

const layer = (options: SendLimits.Options, mock: Parameters<typeof MockSmsProvider.layer>[0] = {}) =>
  SendLimits.enforced(MockSmsProvider.layer(mock)).pipe(
    Layer.provideMerge(SendLimits.layer(options)),
    Layer.provideMerge(GuardStore.layerMemory()),
    Layer.provideMerge(EventLog.layerMemory()),
    Layer.provideMerge(NodeCrypto.layer)
  )

/** With a ledger, which knows what a message answers. */
const layerConsent = (options: SendLimits.Options) =>
  Consent.enforced(SendLimits.enforced(MockSmsProvider.layer())).pipe(
    Layer.provide(SendLimits.layer(options)),
    Layer.provide(Consent.layer()),
    Layer.provideMerge([ConsentLedger.layerMemory(), GuardStore.layerMemory()]),
    Layer.provideMerge(NodeCrypto.layer)
  )

/** Records what the person of a number writes. */
const says = (number: string, action: "stop" | "help") =>
  ConsentLedger.ConsentLedger.use((ledger) =>
    ledger.append([{ person: Address.make(number), action, source: "keyword" }])
  )

const send = (message: OutboundMessage, intentId?: string) =>
  SmsProvider.use((provider) => Effect.result(provider.send(message, { intentId }))).pipe(
    Effect.map((result) => Result.isSuccess(result) ? "sent" as const : result.failure.reason)
  )

/** The refusal of a guard. */
const refusal = (message: OutboundMessage) =>
  Effect.map(send(message), (result) => {
    assert.isTrue(result !== "sent" && result._tag === "GuardRefused")
    return result as SmsError.GuardRefused
  })

/** How many of so many messages go out. */
const sent = (times: number, message: (index: number) => OutboundMessage) =>
  Effect.map(
    Effect.forEach(Array.from({ length: times }, (_, index) => message(index)), (one) => send(one)),
    (results) => results.filter((result) => result === "sent").length
  )

const alarms = Effect.gen(function*() {
  const { entries } = yield* Effect.flatMap(EventLog.EventLog, (log) => log.read({ after: 0, limit: 100 }))
  return entries.flatMap(({ event }) =>
    event._tag === "AlarmRaised" ? [`${event.guard} ${event.level} ${event.prefix ?? event.country ?? ""}`.trim()] : []
  )
})

const at = (time: string) => TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(time)))

describe("the frequency of messages to a person", () => {
  it.effect("is limited in sliding windows, for each person", () =>
    Effect.gen(function*() {
      yield* at("2026-01-14T23:00Z")
      assert.strictEqual(yield* sent(3, () => to(montreal)), 2)
      yield* TestClock.adjust("2 hours")
      assert.deepInclude({ ...(yield* refusal(to("15145550142"))) }, {
        _tag: "GuardRefused",
        guard: "frequency",
        rule: "2 messages per day to a person",
        retryAfter: Duration.hours(22)
      })
      assert.strictEqual(yield* send(to("+15145550143")), "sent")
      yield* TestClock.adjust("22 hours")
      // Three a week are reached by the third.
      assert.strictEqual(yield* sent(2, () => to(montreal)), 1)
      assert.deepStrictEqual(yield* alarms, [])
    }).pipe(Effect.provide(layer({ frequency: [{ limit: 2, per: "day" }, { limit: 3, per: "week" }] }))))

  it.effect("is limited for marketing and messages without a purpose, or for the purposes that are given", () =>
    Effect.gen(function*() {
      const purposes: ReadonlyArray<Purpose | undefined> = [
        undefined,
        "marketing",
        "transactional",
        "conversational",
        "oneTimeCode",
        "confirmation",
        "help"
      ]
      const refused = (options: SendLimits.Options) =>
        Effect.gen(function*() {
          yield* send(to(montreal, { purpose: options.frequencyPurposes?.[0] ?? "marketing" }))
          const results = yield* Effect.forEach(
            purposes,
            (purpose) => send(to(montreal, purpose === undefined ? {} : { purpose }))
          )
          return purposes.filter((_, index) => results[index] !== "sent")
        }).pipe(Effect.provide(layer(options)))
      const frequency = [{ limit: 1, per: "hour" }] as const
      // Nobody said STOP or HELP.
      assert.deepStrictEqual(yield* refused({ frequency }), [undefined, "marketing", "confirmation", "help"])
      assert.deepStrictEqual(
        yield* refused({ frequency, frequencyPurposes: ["conversational", "oneTimeCode"] }),
        ["conversational", "oneTimeCode"]
      )
    }))

  it.effect("holds a queued message until the window has room", () =>
    Effect.gen(function*() {
      const outbox = yield* Outbox.Outbox
      const { send: sendNow } = yield* SmsProvider
      yield* sendNow(to(montreal))
      const { intent } = yield* outbox.enqueue({ message: to(montreal), what: "" })
      yield* outbox.dispatch(({ id, message }) => sendNow(message, { intentId: id }))
      yield* TestClock.adjust("59 minutes")
      const held = yield* outbox.intents.get(intent.id)
      assert.deepStrictEqual([held?.state, held?.failures], ["queued", 0])
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* outbox.intents.get(intent.id))?.state, "accepted")
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Outbox.layer().pipe(
          Layer.provide(IntentStoreMemory.layer()),
          Layer.provideMerge(layer({ frequency: [{ limit: 1, per: "hour" }] }))
        )
      )
    ))

  it.effect("refuses for good where the options say so", () =>
    Effect.gen(function*() {
      yield* send(to(montreal))
      assert.isFalse((yield* refusal(to(montreal))).isRetryable)
    }).pipe(Effect.provide(layer({ frequency: [{ limit: 1, per: "hour" }], frequencyAction: "refuse" }))))
})

describe("what counts", () => {
  const frequency = [{ limit: 1, per: "hour" }] as const

  it.effect("is no message that the carrier refused", () =>
    Effect.gen(function*() {
      const first = yield* send(to(montreal))
      assert.strictEqual((first as SmsError.SmsErrorReason)._tag, "InvalidSender")
      assert.deepStrictEqual([yield* send(to(montreal)), (yield* send(to(montreal))) === "sent"], ["sent", false])
      // The budget of one segment is used up as well.
      assert.strictEqual((yield* refusal(to("+15145550143"))).guard, "budget")
    }).pipe(Effect.provide(layer({ frequency, budget: { limits: { CA: 1 } } }, {
      respond: (_, number) => number === 1 ? Effect.fail(new SmsError.InvalidSender({})) : Effect.void
    }))))

  it.effect("is a message whose outcome is unknown, once however often it is sent with its intent", () =>
    Effect.gen(function*() {
      for (const _ of [1, 2]) {
        const result = yield* send(to(montreal), "intent")
        assert.strictEqual((result as SmsError.SmsErrorReason)._tag, "OutcomeUnknown")
      }
      assert.strictEqual((yield* refusal(to(montreal))).guard, "frequency")
      assert.strictEqual(yield* send(to("+15145550143")), "sent")
      assert.strictEqual((yield* refusal(to("+15145550144"))).guard, "budget")
    }).pipe(Effect.provide(layer({ frequency, budget: { limits: { CA: 2 } } }, {
      respond: ({ to }) =>
        to === montreal ? Effect.fail(new SmsError.OutcomeUnknown({ because: "Timeout" })) : Effect.void
    }))))

  it.effect("is nothing that another limit refuses", () =>
    Effect.gen(function*() {
      yield* send(to(montreal))
      yield* send(to(montreal))
      assert.strictEqual(yield* send(to("+15145550143")), "sent")
    }).pipe(Effect.provide(layer({ frequency, budget: { limits: { CA: 2 } } }))))
})

describe("a budget of a day", () => {
  it.effect("is counted in segments by country and in all, with one alarm before and one at its end", () =>
    Effect.gen(function*() {
      const { layer: observed, lines, text } = observe()
      yield* Effect.gen(function*() {
        yield* at("2026-01-14T12:00Z")
        // Two segments each: one character makes the text UCS-2.
        const long = () => to("+14165550142", { content: new Content.TextContent({ text: `${"x".repeat(80)}’` }) })
        assert.strictEqual(yield* sent(7, long), 5)
        assert.strictEqual(yield* sent(4, () => to("+12125550142")), 3)
        assert.strictEqual(yield* sent(2, () => to("+447400123456")), 1)
        // The total of 15 is used up.
        assert.strictEqual(yield* sent(1, () => to("+33612345678")), 1)
        assert.strictEqual(yield* sent(1, () => to("+491711234567")), 0)
        assert.deepStrictEqual(yield* alarms, [
          "budget near CA",
          "budget reached CA",
          "budget near",
          "budget near US",
          "budget reached US",
          "budget near GB",
          "budget reached GB",
          "budget near FR",
          "budget reached"
        ])
        yield* at("2026-01-15T00:00Z")
        assert.strictEqual(yield* sent(6, () => to("+12125550142")), 3)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(layer({ budget: { limits: { CA: 10, US: 3, "*": 1, total: 15 } } }), observed)
        )
      )
      const warnings = lines.filter(({ level }) => level === "Warn")
      assert.lengthOf(warnings, 11)
      assert.deepInclude(warnings[1]!, {
        message: "Limit reached: 10 segments per day to CA",
        annotations: { guard: "budget", country: "CA", until: "2026-01-15T00:00:00.000Z" }
      })
      assert.notInclude(text(), "5550142")
    }))

  it.effect("is counted in money with prices, exactly, and an MMS as three segments", () =>
    Effect.gen(function*() {
      // 0.1 ten times is 1, which it is not in floating point.
      assert.strictEqual(yield* sent(11, () => to("+33612345678")), 10)
      const file = new Content.MediaContent({ url: "https://example.com/a.png", mimeType: "image/png" })
      assert.strictEqual(yield* sent(2, () => to("+12125550142", { content: file })), 1)
      assert.strictEqual((yield* refusal(to("+12125550142"))).rule, "0.05 USD per day to US")
    }).pipe(Effect.provide(
      layer({ budget: { limits: { US: 0.05, "*": 1 }, prices: { US: 0.015, "*": 0.1 }, currency: "USD" } })
    )))

  it.effect("holds messages until the next day where the options say so, and refuses them otherwise", () =>
    Effect.gen(function*() {
      yield* at("2026-01-14T20:00Z")
      const second = (action?: "hold") =>
        Effect.andThen(send(to(montreal)), refusal(to(montreal))).pipe(
          Effect.provide(layer({ budget: { limits: { CA: 1 }, action } }))
        )
      assert.isFalse((yield* second()).isRetryable)
      assert.deepStrictEqual((yield* second("hold")).retryAfter, Duration.hours(4))
    }))

  it.effect("lets the confirmation of an opt-out and answers to HELP pass, and counts them", () =>
    Effect.gen(function*() {
      yield* says(montreal, "help")
      assert.strictEqual(yield* send(to(montreal, { purpose: "help" })), "sent")
      assert.strictEqual((yield* refusal(to(montreal))).guard, "budget")
      yield* says(montreal, "stop")
      assert.strictEqual(yield* send(to(montreal, { purpose: "confirmation" })), "sent")
    }).pipe(Effect.provide(layerConsent({ budget: { limits: { "*": 1 } } }))))

  it.effect("lets each pass all limits once, to a person who asked for it", () =>
    Effect.gen(function*() {
      const tallinn = "+37253456789"
      const guardOf = (purpose: Purpose, number = tallinn) =>
        Effect.map(send(to(number, { purpose })), (result) =>
          result !== "sent" && result._tag === "GuardRefused" ? result.guard : result)
      assert.deepStrictEqual([yield* guardOf("help"), yield* guardOf("confirmation")], ["country", "country"])
      yield* says(tallinn, "help")
      assert.deepStrictEqual([yield* guardOf("confirmation"), yield* guardOf("help")], ["country", "sent"])
      assert.strictEqual(yield* guardOf("help"), "country")
      // Not in time.
      yield* says(tallinn, "help")
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(yield* guardOf("help"), "country")
      yield* says(tallinn, "stop")
      assert.strictEqual(yield* guardOf("confirmation"), "sent")
      // Frequency, and numbers that begin alike.
      assert.strictEqual(yield* send(to(montreal)), "sent")
      assert.strictEqual(yield* guardOf("help", montreal), "velocity")
      yield* says(montreal, "help")
      assert.strictEqual(yield* guardOf("help", montreal), "sent")
    }).pipe(Effect.provide(layerConsent({
      countries: ["CA"],
      frequency: [{ limit: 1, per: "day" }],
      velocity: { limit: 1, per: "day" }
    }))))

  it.effect("counts each recipient of a group", () =>
    Effect.gen(function*() {
      const group = to(montreal, { participants: [Address.make("+14165550143"), Address.make("+12125550142")] })
      assert.strictEqual(yield* send(group), "sent")
      assert.strictEqual((yield* refusal(to(montreal))).guard, "budget")
      assert.strictEqual(yield* sent(4, () => to("+12125550142")), 3)
    }).pipe(Effect.provide(layer({ budget: { limits: { "*": 6 } } }))))
})

describe("the list of countries", () => {
  it.effect("refuses messages to others, and to numbers that may be in others, with one alarm a day", () =>
    Effect.gen(function*() {
      yield* at("2026-01-14T20:00Z")
      assert.strictEqual(yield* send(to(montreal)), "sent")
      for (const number of ["+37253456789", "+37253456780", "12345", "+12995550142"]) {
        const refused = yield* refusal(to(number))
        assert.deepStrictEqual([refused.guard, refused.isRetryable], ["country", false])
      }
      // A new area code may be one of the United States.
      assert.deepStrictEqual(yield* alarms, ["country reached EE", "country reached", "country reached US"])
      yield* TestClock.adjust("1 day")
      yield* send(to("+37253456789"))
      assert.lengthOf(yield* alarms, 4)
      assert.strictEqual((yield* refusal(to("+37253456789", { purpose: "confirmation" }))).guard, "country")
    }).pipe(Effect.provide(layer({ countries: ["CA"] }))))
})

describe("messages to numbers that begin alike", () => {
  it.effect("are limited, whatever their purpose, with the prefix in the alarm", () =>
    Effect.gen(function*() {
      const code = (index: number) => to(`+3725345${6000 + index}`, { purpose: "oneTimeCode" })
      assert.strictEqual(yield* sent(30, code), 10)
      assert.strictEqual(yield* send(to("+37253466000", { purpose: "oneTimeCode" })), "sent")
      assert.deepStrictEqual(yield* alarms, ["velocity reached 3725345"])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* sent(30, code), 10)
      assert.lengthOf(yield* alarms, 2)
    }).pipe(Effect.provide(layer({ velocity: { limit: 10, per: "hour" } }))))
})

describe("messages to a country that are not replied to", () => {
  it.effect("stop, and each reply allows for more", () =>
    Effect.gen(function*() {
      const { replied } = yield* SendLimits.SendLimits
      const code = (index: number) => to(`+3725345${6000 + index}`, { purpose: "oneTimeCode" })
      // Nothing to reply to yet.
      yield* replied(Address.make("+37253456001"))
      assert.strictEqual(yield* sent(30, code), 20)
      assert.strictEqual(yield* send(to("+37253456001")), "sent")
      assert.strictEqual(yield* send(to(montreal, { purpose: "oneTimeCode" })), "sent")
      yield* replied(Address.make("+37253456001"))
      yield* replied(Address.make("37253456002"))
      assert.strictEqual(yield* sent(30, code), 8)
      assert.deepStrictEqual(yield* alarms, ["replies reached EE"])
      yield* at("1970-01-02T00:00Z")
      assert.strictEqual(yield* sent(30, code), 20)
    }).pipe(Effect.provide(layer({ replies: { limit: 20, per: "day", share: 0.25 } }))))

  it.effect("are replied to by messages in rooms", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      assert.strictEqual(yield* sent(3, () => to(montreal, { purpose: "oneTimeCode" })), 1)
      yield* kit.processInbound(inbound("thanks"))
      assert.strictEqual(yield* sent(3, () => to(montreal, { purpose: "oneTimeCode" })), 2)
    }).pipe(Effect.provide(
      SendLimits.layerReplies.pipe(
        Layer.provideMerge(RoomKit.layer()),
        Layer.provideMerge(layer({ replies: { limit: 1, per: "day", share: 0.5 } }))
      )
    )))
})

describe("limits", () => {
  it.effect("are never exceeded by messages that come at once", () =>
    Effect.gen(function*() {
      const fibers = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, index) => index),
        (index) => Effect.forkChild(send(to(index % 2 === 0 ? montreal : "+15145550143")))
      )
      const results = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      assert.lengthOf(results.filter((result) => result === "sent"), 7)
    }).pipe(Effect.provide(layer({ frequency: [{ limit: 5, per: "hour" }], budget: { limits: { CA: 7 } } }))))

  it.effect("refuse messages for the time being while their store fails, and say so", () =>
    Effect.gen(function*() {
      const { layer: observed, lines } = observe()
      const broken = Layer.succeed(GuardStore.GuardStore, {
        modify: () => () => Effect.fail(new StorageError({ store: "guards", cause: new Error("down") }))
      })
      const refused = yield* send(to(montreal)).pipe(
        Effect.provide(
          SendLimits.enforced(MockSmsProvider.layer()).pipe(
            Layer.provide(SendLimits.layer({ frequency: [{ limit: 1, per: "day" }] })),
            Layer.provide([broken, NodeCrypto.layer]),
            Layer.provideMerge(observed)
          )
        )
      )
      assert.deepInclude({ ...(refused as SmsError.ProviderUnavailable) }, {
        _tag: "ProviderUnavailable",
        detail: "The store of the limits failed"
      })
      assert.deepStrictEqual(lines.map(({ level, message }) => [level, message]), [
        ["Error", "The store of the limits failed; message refused"]
      ])
    }))

  it.effect("that are written wrong fail the layer", () =>
    Effect.gen(function*() {
      const flaw = (options: SendLimits.Options) =>
        Effect.map(
          Effect.flip(Effect.provide(SendLimits.make(options), GuardStore.layerMemory())),
          ({ message }) => message
        )
      const wrong: ReadonlyArray<SendLimits.Options> = [
        { frequency: [{ limit: 0, per: "day" }] },
        { velocity: { limit: 1.5, per: "day" } },
        { replies: { limit: 1, per: "day", share: 20 } },
        { budget: { limits: { CA: -1 } } },
        { budget: { limits: { CA: 1 }, prices: { CA: Number.NaN } } }
      ]
      assert.deepStrictEqual(yield* Effect.forEach(wrong, flaw), [
        "frequency: expected a limit that is a whole number from 1 to 1000",
        "velocity: expected a limit that is a whole number from 1 to 1000",
        "replies.share: expected a number above 0, and 1 at most",
        "budget.limits: expected amounts of at least 0",
        "budget.prices: expected amounts of at least 0"
      ])
    }))
})
