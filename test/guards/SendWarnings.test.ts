import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import { rules, saysHowToOptOut, shortenerIn } from "../../src/guards/internal/carrierRules.ts"
import * as SendWarnings from "../../src/guards/SendWarnings.ts"
import { OutboundMessage, type Purpose } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsError from "../../src/SmsError.ts"
import { StorageError } from "../../src/StorageError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"

const miami = "+13055550142"
const stop = "Reply STOP to opt out"

const to = (number: string, text: string, fields: { readonly purpose?: Purpose; readonly from?: string } = {}) =>
  new OutboundMessage({
    to: Address.make(number),
    content: new Content.TextContent({ text }),
    ...(fields.purpose !== undefined && { purpose: fields.purpose }),
    ...(fields.from !== undefined && { from: Address.make(fields.from) })
  })

const layer = (options?: SendWarnings.Options, mock: Parameters<typeof MockSmsProvider.layer>[0] = {}) =>
  SendWarnings.warned(MockSmsProvider.layer(mock)).pipe(
    Layer.provide(SendWarnings.layer(options)),
    Layer.provide(GuardStore.layerMemory()),
    Layer.provide(NodeCrypto.layer)
  )

const warningsOf = (message: OutboundMessage) =>
  SmsProvider.use(({ send }) => Effect.map(send(message), ({ warnings = [] }) => warnings))

const codes = (message: OutboundMessage) => Effect.map(warningsOf(message), (all) => all.map(({ code }) => code))

describe("what a text costs", () => {
  it.effect("is told where it is much, or a few characters make it more", () =>
    Effect.gen(function*() {
      const details = (text: string) =>
        Effect.map(warningsOf(to("+33612345678", text)), (all) => all.map(({ detail }) => detail))
      assert.deepStrictEqual(yield* details("x".repeat(300)), [])
      assert.deepStrictEqual(yield* details("x".repeat(500)), ["The text takes 4 segments in GSM-7"])
      assert.deepStrictEqual(yield* details(`${"x".repeat(100)}’s`), [
        "The text takes 2 segments, and 1 without U+2019, first at index 100"
      ])
      assert.deepStrictEqual(yield* details(`${"x".repeat(250)}“y”`), [
        "The text takes 4 segments in UCS-2",
        "The text takes 4 segments, and 2 without U+201C and 1 more, first at index 250"
      ])
      assert.deepStrictEqual(yield* details(`${"x".repeat(100)}😀`), [
        "The text takes 2 segments, and 1 without U+1F600, first at index 100"
      ])
      // A text in another script, and one that costs the same without the character.
      assert.deepStrictEqual(yield* details("привет мир ".repeat(10)), [])
      assert.deepStrictEqual(yield* details(`x’`), [])
    }).pipe(Effect.provide(layer())))

  it.effect("is told from the number of segments that is given", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* codes(to("+33612345678", "x".repeat(170))), ["segments"])
    }).pipe(Effect.provide(layer({ maxSegments: 1 }))))
})

describe("a sender", () => {
  it.effect("is warned of where carriers of the country do not take its kind, or ask for its registration", () =>
    Effect.gen(function*() {
      const about = (from: string, number: string) => codes(to(number, stop, { from }))
      assert.deepStrictEqual(yield* about("+12125550100", miami), ["registration"])
      assert.deepStrictEqual(yield* about("+12125550100", "+15145550142"), [])
      assert.deepStrictEqual(yield* about("+18005550100", miami), ["registration"])
      assert.deepStrictEqual(yield* about("+18005550100", "+15145550142"), ["registration"])
      assert.deepStrictEqual(yield* about("+18005550100", "+33612345678"), ["sender"])
      assert.deepStrictEqual(yield* about("12345", miami), ["registration"])
      assert.deepStrictEqual(yield* about("1234", miami), ["registration", "sender"])
      assert.deepStrictEqual(yield* about("ACME", miami), ["sender"])
      assert.deepStrictEqual(yield* about("ACME", "+8613812345678"), ["sender"])
      assert.deepStrictEqual(yield* about("ACME", "+33612345678"), [])
      assert.deepStrictEqual(yield* about("whatsapp:+12125550100", `whatsapp:${miami}`), [])
    }).pipe(Effect.provide(layer())))

  it.effect("that is registered, however it is written, is not, nor the one that the carrier chooses", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* codes(to(miami, stop, { from: "+12125550100" })), [])
      assert.deepStrictEqual(yield* codes(to(miami, stop, { from: "+12125550101" })), ["registration"])
      assert.deepStrictEqual(yield* codes(to(miami, stop)), [])
    }).pipe(Effect.provide(layer({ registered: [Address.make("12125550100")] }))))

  it("has a source for each of its rules", () => {
    for (const { source } of rules) assert.match(source, /^https:\/\/[a-z.]+\/\S+$/)
  })
})

describe("a link of a public shortener", () => {
  it("is found in a text, and a domain of one's own is none", () => {
    for (
      const text of ["https://bit.ly/a1", "see bit.ly/a1", "(BIT.LY/a1)", "http://www.tinyurl.com/x", "now: t.co/x."]
    ) {
      assert.isDefined(shortenerIn(text), text)
    }
    for (
      const text of ["bit.ly", "https://example.com/bit.ly/a", "rabbit.ly/a1", "a@bit.ly/x", "https://acme.co/t.co", ""]
    ) {
      assert.isUndefined(shortenerIn(text), text)
    }
  })

  it.effect("is warned of where carriers filter it", () =>
    Effect.gen(function*() {
      const text = `bit.ly/a1 ${stop}`
      const [warning] = yield* warningsOf(to(miami, text))
      assert.deepInclude(warning, { code: "linkShortener" })
      assert.include(warning?.detail, "such as bit.ly")
      assert.deepStrictEqual(yield* codes(to("+33612345678", text)), [])
    }).pipe(Effect.provide(layer())))
})

describe("the first message to a person", () => {
  it("says how to opt out in English, French or Spanish", () => {
    const texts = [
      "Reply STOP to end",
      "text stop",
      "Répondez ARRÊT pour",
      "ARRET",
      "to unsubscribe",
      "opt-out: 1",
      "ALTO para no recibir"
    ]
    for (const text of texts) assert.isTrue(saysHowToOptOut(text), text)
    for (const text of ["Your order", "nonstop", "stopped", "unstoppable", ""]) {
      assert.isFalse(saysHowToOptOut(text), text)
    }
  })

  it.effect("has to say how to opt out, and the others need not", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* codes(to(miami, "news")), ["optOutWords"])
      assert.deepStrictEqual(yield* codes(to(miami, "news")), [])
      assert.deepStrictEqual(yield* codes(to("+13055550143", stop)), [])
      assert.deepStrictEqual(yield* codes(to("+13055550143", "news")), [])
      assert.deepStrictEqual(yield* codes(to("+33612345678", "news")), [])
      for (const purpose of ["conversational", "oneTimeCode", "confirmation", "help"] as const) {
        assert.deepStrictEqual(yield* codes(to(`+13055550${100 + purpose.length}`, "news", { purpose })), [])
      }
      yield* TestClock.adjust("91 days")
      assert.deepStrictEqual(yield* codes(to(miami, "news", { purpose: "transactional" })), ["optOutWords"])
    }).pipe(Effect.provide(layer())))

  it.effect("is still the first when the carrier has refused it", () =>
    Effect.gen(function*() {
      yield* Effect.flip(codes(to(miami, "news")))
      assert.deepStrictEqual(yield* codes(to(miami, "news")), ["optOutWords"])
    }).pipe(Effect.provide(layer({}, {
      respond: (_, number) => number === 1 ? Effect.fail(new SmsError.InvalidSender({})) : Effect.void
    }))))
})

describe("warnings", () => {
  it.effect("are logged with their source, at most once an hour, without the person and the text", () =>
    Effect.gen(function*() {
      const { layer: observed, lines, text } = observe()
      yield* Effect.gen(function*() {
        const send = (number: string) => codes(to(number, "secret bit.ly/x"))
        yield* Effect.forEach([miami, "+13055550143"], send)
        assert.lengthOf(lines, 2)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* send("+13055550144"), ["linkShortener", "optOutWords"])
      }).pipe(Effect.provide(Layer.provideMerge(layer(), observed)))
      assert.lengthOf(lines, 4)
      assert.deepInclude(lines[1]!, { level: "Warn" })
      assert.deepStrictEqual(lines[1]?.annotations, {
        provider: "mock",
        code: "optOutWords",
        source: "https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms"
      })
      for (const hidden of ["secret", "555014"]) assert.notInclude(text(), hidden)
    }))

  it.effect("do not hold a message up while their store fails", () =>
    Effect.gen(function*() {
      const { layer: observed, lines } = observe()
      const broken = Layer.succeed(GuardStore.GuardStore, {
        modify: () => () => Effect.fail(new StorageError({ store: "guards", cause: new Error("down") }))
      })
      const found = yield* codes(to(miami, "news")).pipe(Effect.provide(
        SendWarnings.warned(MockSmsProvider.layer()).pipe(
          Layer.provide(SendWarnings.layer()),
          Layer.provide(broken),
          Layer.provideMerge(observed)
        )
      ))
      assert.deepStrictEqual(found, [])
      assert.isAbove(lines.length, 0)
      for (const { message } of lines) assert.strictEqual(message, "A message could not be looked at for warnings")
    }))
})
