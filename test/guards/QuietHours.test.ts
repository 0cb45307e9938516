import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { areas } from "../../src/guards/internal/areaCodes.ts"
import { parse } from "../../src/guards/internal/windows.ts"
import { placeOf } from "../../src/guards/internal/zones.ts"
import * as QuietHours from "../../src/guards/QuietHours.ts"
import { OutboundMessage, type Purpose } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { ours, textContent } from "../rooms/kit.ts"

const to = (number: string, purpose?: Purpose, participants: ReadonlyArray<string> = []) =>
  new OutboundMessage({
    to: Address.make(number),
    from: ours,
    content: textContent("hello"),
    ...(purpose !== undefined && { purpose }),
    ...(participants.length > 0 && { participants: participants.map((other) => Address.make(other)) })
  })

const [newYork, miami, austin, chicago, toronto, london] = [
  "+12125550142",
  "+13055550142",
  "+15125550142",
  "+13125550142",
  "+14165550142",
  "+447400123456"
] as const

/** The opening as a time of UTC, seen from another one. */
const opens = Effect.fnUntraced(function*(message: OutboundMessage, time: string, options?: QuietHours.Options) {
  const { opening } = yield* QuietHours.make(options)
  const { at } = yield* opening(message, DateTime.toEpochMillis(DateTime.makeUnsafe(time)))
  return at === undefined ? undefined : DateTime.formatIso(DateTime.makeUnsafe(at)).replace(":00.000Z", "Z")
})

/** The local time by Intl, independent of the implementation. */
const local = (zone: string, time: number) => {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23"
  }).formatToParts(time)
  const of = (type: string) => parts.find((part) => part.type === type)!.value
  return { day: of("weekday"), minute: Number(of("hour")) * 60 + Number(of("minute")) }
}

const isInside = (zone: string, rule: string, time: number) => {
  const window = parse(QuietHours.windows[rule]!)!
  const { day, minute } = local(zone, time)
  const hours = day === "Sun" ? window.sunday : day === "Sat" ? window.saturday : window.weekdays
  return hours !== "none" && minute >= hours.from && minute < hours.to
}

describe("quiet hours", () => {
  it.effect("end at eight in the zone of the recipient, and are stricter in some states", () =>
    Effect.gen(function*() {
      // A Wednesday, in winter.
      assert.strictEqual(yield* opens(to(newYork), "2026-01-14T03:00Z"), "2026-01-14T13:00Z")
      assert.strictEqual(yield* opens(to(newYork), "2026-01-14T01:59Z"), "2026-01-14T01:59Z")
      assert.strictEqual(yield* opens(to(newYork), "2026-01-14T02:00Z"), "2026-01-14T13:00Z")
      assert.strictEqual(yield* opens(to(chicago), "2026-01-14T03:00Z"), "2026-01-14T14:00Z")
      assert.strictEqual(yield* opens(to(london), "2026-01-14T03:00Z"), "2026-01-14T08:00Z")
      // Florida until 20:00.
      assert.strictEqual(yield* opens(to(miami), "2026-01-14T01:30Z"), "2026-01-14T13:00Z")
      assert.strictEqual(yield* opens(to(miami), "2026-01-14T01:30Z", { states: false }), "2026-01-14T01:30Z")
      // Texas from noon on Sunday, from nine otherwise.
      assert.strictEqual(yield* opens(to(austin), "2026-01-18T13:00Z"), "2026-01-18T18:00Z")
      assert.strictEqual(yield* opens(to(austin), "2026-01-17T13:00Z"), "2026-01-17T15:00Z")
    }))

  it.effect("take the strictest of several zones, people and unknown states", () =>
    Effect.gen(function*() {
      // Pensacola or the rest of 850: eight in Chicago, and until 20:00 in New York.
      assert.strictEqual(yield* opens(to("+18505550142"), "2026-01-14T13:00Z"), "2026-01-14T14:00Z")
      assert.strictEqual(yield* opens(to("+18505550142"), "2026-01-15T01:00Z"), "2026-01-15T14:00Z")
      const group = to(newYork, undefined, ["+13105550142"])
      assert.strictEqual(yield* opens(group, "2026-01-14T13:00Z"), "2026-01-14T16:00Z")
      // Of no state: all zones and all states. Ten in Honolulu is half past four in Newfoundland.
      assert.strictEqual(yield* opens(to("+12995550142"), "2026-01-14T12:00Z"), "2026-01-14T19:00Z")
      assert.strictEqual(yield* opens(to("12345"), "2026-01-14T15:00Z"), undefined)
      const zoneOf = () => Effect.succeed("America/New_York")
      assert.strictEqual(yield* opens(to("12345"), "2026-01-14T03:00Z", { zoneOf }), "2026-01-14T13:00Z")
      assert.strictEqual(yield* opens(to("+18505550142"), "2026-01-14T13:00Z", { zoneOf }), "2026-01-14T13:00Z")
    }))

  it.effect("follow the clock when it is set forward and back", () =>
    Effect.gen(function*() {
      // In New York on March 8 and November 1, 2026.
      assert.strictEqual(yield* opens(to(newYork), "2026-03-08T05:00Z"), "2026-03-08T12:00Z")
      assert.strictEqual(yield* opens(to(newYork), "2026-03-07T05:00Z"), "2026-03-07T13:00Z")
      assert.strictEqual(yield* opens(to(newYork), "2026-11-01T04:30Z"), "2026-11-01T13:00Z")
      assert.strictEqual(yield* opens(to(newYork), "2026-10-31T04:30Z"), "2026-10-31T12:00Z")
      // Half past two does not exist on one day, and half past one twice on another.
      const gap = { windows: { US: "02:30-21:00" } }
      assert.strictEqual(yield* opens(to(newYork), "2026-03-08T05:00Z", gap), "2026-03-08T07:00Z")
      const fold = { windows: { US: "01:30-21:00" } }
      assert.strictEqual(yield* opens(to(newYork), "2026-11-01T04:30Z", fold), "2026-11-01T05:30Z")
    }))

  it.effect("have windows of one's own, by country and state, and name the one that is wrong", () =>
    Effect.gen(function*() {
      const options = { windows: { CA: "09:00-21:00, 10:00-18:00, none", "*": "10:00-20:00" } }
      assert.strictEqual(yield* opens(to(toronto), "2026-01-16T13:00Z", options), "2026-01-16T14:00Z")
      assert.strictEqual(yield* opens(to(toronto), "2026-01-18T15:00Z", options), "2026-01-19T14:00Z")
      assert.strictEqual(yield* opens(to(london), "2026-01-16T03:00Z", options), "2026-01-16T10:00Z")
      const never = { windows: { GB: "none" } }
      assert.strictEqual(yield* opens(to(london), "2026-01-16T12:00Z", never), undefined)
      for (const text of ["", "8-21", "21:00-08:00", "08:00-25:00", "08:60-21:00", "08:00-21:00, none"]) {
        const error = yield* Effect.flip(QuietHours.make({ windows: { "US-FL": text } }))
        assert.include(error.message, "US-FL", text)
      }
    }))

  it.effect(
    "never let a message out in the quiet hours of any candidate zone, and wait for no longer than needed",
    () =>
      Effect.gen(function*() {
        const { opening } = yield* QuietHours.make()
        const numbers = fc.oneof(
          fc.constantFrom(...areas.keys()).map((area) => `+1${area}5550142`),
          fc.constantFrom("+79161234567", "+5511987654321", "+61412345678", "+525512345678", "+12995550142", london)
        )
        // Five years, most of them near the changes of the clock.
        const start = Date.UTC(2025, 0, 1)
        const times = fc.integer({ min: 0, max: 5 * 365 * 24 * 60 }).map((minute) => start + minute * 60_000)
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(numbers, times, (number, time) =>
              Effect.runPromise(Effect.gen(function*() {
                const { at, rules } = yield* opening(to(number), time)
                const { zones } = placeOf(Address.make(number))
                const isAllowed = (moment: number) =>
                  zones.every((zone) => rules.every((rule) => isInside(zone, rule, moment)))
                assert.isDefined(at)
                assert.isTrue(isAllowed(at!))
                for (let moment = time; moment < at!; moment += 5 * 60_000) assert.isFalse(isAllowed(moment))
              }))),
            { numRuns: 150 }
          )
        )
      }),
    60_000
  )
})

const layer = (options?: QuietHours.Options) =>
  Outbox.layer().pipe(
    Layer.provide(IntentStoreMemory.layer()),
    Layer.provideMerge(
      QuietHours.enforced(MockSmsProvider.layer({ name: "mock" })).pipe(
        Layer.provideMerge(QuietHours.layer(options))
      )
    ),
    Layer.provideMerge(NodeCrypto.layer)
  )

describe("a send outside the hours", () => {
  it.effect("is refused before any request, with the rule, by purpose", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-14T05:00Z")))
      const { send } = yield* SmsProvider
      const refusal = yield* Effect.flip(send(to(miami)))
      assert.deepInclude({ ...refusal.reason }, {
        _tag: "GuardRefused",
        guard: "quietHours",
        rule: "the hours of US, US-FL",
        retryAfter: Duration.hours(8)
      })
      assert.deepStrictEqual([refusal.isRetryable, refusal.canFailOver], [true, false])
      for (const purpose of ["oneTimeCode", "transactional", "conversational", "confirmation", "help"] as const) {
        yield* send(to(miami, purpose))
      }
    }).pipe(Effect.provide(layer())))

  it.effect("is refused for good, or sent, where the options say so", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-14T05:00Z")))
      const { send } = yield* SmsProvider
      const refusal = yield* Effect.flip(send(to(miami, "transactional")))
      assert.deepStrictEqual([refusal.reason._tag, refusal.isRetryable], ["GuardRefused", false])
      yield* send(to(miami))
    }).pipe(Effect.provide(layer({ actions: { marketing: "send", transactional: "refuse" } }))))

  it.effect("waits in the queue until the hours begin", () =>
    Effect.gen(function*() {
      const begin = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-14T05:00Z"))
      yield* TestClock.setTime(begin)
      const { send } = yield* SmsProvider
      const outbox = yield* Outbox.Outbox
      const sent: Array<number> = []
      yield* outbox.dispatch(({ message }) =>
        Effect.tap(send(message), () => Effect.map(Clock.currentTimeMillis, (time) => sent.push(time)))
      )
      const { intent } = yield* outbox.enqueue({ message: to(miami), what: "1" })
      yield* TestClock.adjust("7 hours")
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(sent, [])
      const held = yield* outbox.intents.get(intent.id)
      assert.deepStrictEqual([held?.state, held?.failures, held?.error?.reason._tag], ["queued", 0, "GuardRefused"])
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(sent, 1)
      assert.isAtLeast(sent[0]!, begin + 8 * 3_600_000)
      assert.strictEqual((yield* outbox.intents.get(intent.id))?.state, "accepted")
    }).pipe(Effect.scoped, Effect.provide(layer())))
})
