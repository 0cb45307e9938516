import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import * as fc from "fast-check"
import { Address, kind } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import { PhoneNumber } from "../../src/PhoneNumber.ts"
import * as Arbitraries from "../../src/testing/Arbitraries.ts"

const cases = [
  { name: "phoneNumber", is: Schema.is(PhoneNumber), arbitrary: Arbitraries.phoneNumber },
  { name: "address", is: Schema.is(Address), arbitrary: Arbitraries.address },
  { name: "text", is: Schema.is(Schema.String), arbitrary: Arbitraries.text },
  { name: "media", is: Schema.is(Content.MediaContent), arbitrary: Arbitraries.media },
  { name: "file", is: Schema.is(Content.FileContent), arbitrary: Arbitraries.file },
  { name: "location", is: Schema.is(Content.LocationContent), arbitrary: Arbitraries.location },
  { name: "reply", is: Schema.is(Content.ReplyContent), arbitrary: Arbitraries.reply },
  { name: "contact", is: Schema.is(Content.ContactContent), arbitrary: Arbitraries.contact },
  { name: "binary", is: Schema.is(Content.BinaryContent), arbitrary: Arbitraries.binary },
  { name: "textAndMedia", is: Schema.is(Content.Content), arbitrary: Arbitraries.textAndMedia },
  { name: "content", is: Schema.is(Content.Content), arbitrary: Arbitraries.content },
  { name: "inboundMessage", is: Schema.is(InboundMessage), arbitrary: Arbitraries.inboundMessage },
  { name: "deliveryStatus", is: Schema.is(DeliveryStatus), arbitrary: Arbitraries.deliveryStatus }
] as const

/** Values of both libraries. */
const sample = <A>(arbitrary: Arbitraries.Generator<A>, count: number) =>
  Effect.map(Arbitrary.sampleEffect(arbitrary, { count, size: 100, seed: 1 }), (values) => ({
    effect: values,
    fastCheck: fc.sample(arbitrary, { numRuns: count, seed: 1 })
  }))

describe("every generator", () => {
  it("is tested here", () => {
    assert.sameMembers(cases.map(({ name }) => name), Object.keys(Arbitraries) as never)
  })

  for (const { arbitrary, is, name } of cases) {
    it.prop(
      `${name} generates values of its schema for Effect`,
      [arbitrary as Arbitrary.Arbitrary<unknown>],
      ([value]) => is(value)
    )

    it(`${name} generates values of its schema for fast-check`, () => {
      fc.assert(fc.property(arbitrary as fc.Arbitrary<unknown>, (value) => is(value)), { numRuns: 200 })
    })

    it.effect(`${name} varies in both`, () =>
      Effect.gen(function*() {
        for (const values of Object.values(yield* sample<unknown>(arbitrary, 100))) {
          assert.isAbove(new Set(values.map((value) => JSON.stringify(value))).size, 30)
        }
      }))
  }
})

it.effect.prop(
  "a generator is an argument of it.effect.prop, by its position and by its name",
  { message: Arbitraries.inboundMessage, status: Arbitraries.deliveryStatus },
  ({ message, status }) =>
    Effect.sync(() => {
      assert.strictEqual(message.idempotencyKey, message.externalId)
      assert.isTrue(status.idempotencyKey.startsWith(status.messageId))
    })
)

describe("text", () => {
  it.effect("is sometimes empty, sometimes in another script, and never half a character", () =>
    Effect.gen(function*() {
      for (const texts of Object.values(yield* sample(Arbitraries.text, 300))) {
        assert.isTrue(texts.some((text) => text === ""))
        assert.isTrue(texts.some((text) => /\p{Script=Han}|\p{Script=Arabic}|\p{Script=Thai}/u.test(text)))
        assert.isTrue(texts.some((text) => /\p{Extended_Pictographic}/u.test(text)))
        assert.isTrue(texts.some((text) => text.includes("\n")))
        assert.isTrue(texts.every((text) => text.isWellFormed()))
      }
    }))
})

const optionalKeys = ["senderAliases", "sentAt", "reference", "segments", "cost", "spam"]

describe("address", () => {
  it.effect("is of every kind", () =>
    Effect.gen(function*() {
      for (const addresses of Object.values(yield* sample(Arbitraries.address, 200))) {
        assert.sameMembers([...new Set(addresses.map(kind))], [
          "PhoneNumber",
          "ShortCode",
          "SenderId",
          "ChannelAddress"
        ])
      }
    }))
})

describe("content", () => {
  it.effect("is of every kind, and several kinds together", () =>
    Effect.gen(function*() {
      const tags = [...Content.Part.members.map(({ identifier }) => identifier), "CompositeContent"]
      for (const contents of Object.values(yield* sample(Arbitraries.content, 500))) {
        assert.sameMembers([...new Set(contents.map(({ _tag }) => _tag as string))], tags)
      }
    }))
})

describe("inboundMessage", () => {
  it.effect("has every optional field in some messages and not in others, and survives its schema", () =>
    Effect.gen(function*() {
      for (const messages of Object.values(yield* sample(Arbitraries.inboundMessage, 100))) {
        for (const key of optionalKeys) {
          const count = messages.filter((message) => Object.hasOwn(message, key)).length
          assert.isTrue(count > 0 && count < messages.length, key)
        }
        for (const message of messages) {
          const json = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(InboundMessage)(message)))
          assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(InboundMessage)(json), message)
        }
      }
    }))
})

describe("textAndMedia", () => {
  it.effect("is text, media, or both", () =>
    Effect.gen(function*() {
      for (const contents of Object.values(yield* sample(Arbitraries.textAndMedia, 200))) {
        const kinds = contents.map((content) => `${Content.text(content) !== ""} ${Content.media(content).length > 0}`)
        assert.sameMembers([...new Set(kinds)].filter((kind) => kind !== "false false"), [
          "true false",
          "false true",
          "true true"
        ])
        for (const { url } of contents.flatMap((content) => Content.media(content))) {
          assert.strictEqual(new URL(url).protocol, "https:")
        }
      }
    }))
})

describe("a counterexample", () => {
  const isShort = (text: string) => text.length < 5

  it.effect("is made small by either library", () =>
    Effect.gen(function*() {
      const effect = yield* Arbitrary.checkEffect(Arbitraries.text, isShort, { seed: 1 })
      assert.strictEqual(effect._tag, "Falsified")
      if (effect._tag === "Falsified") assert.strictEqual(effect.shrunkInput.length, 5)
      const fastCheck = fc.check(fc.property(Arbitraries.text, isShort), { seed: 1 })
      assert.isTrue(fastCheck.failed)
      assert.strictEqual(fastCheck.counterexample?.[0].length, 5)
    }))
})
