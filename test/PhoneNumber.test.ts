import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as PhoneNumber from "../src/PhoneNumber.ts"

describe("PhoneNumber", () => {
  it.effect.prop(
    "round-trips through JSON",
    { number: PhoneNumber.PhoneNumber },
    ({ number }) =>
      Effect.gen(function*() {
        const codec = Schema.fromJsonString(PhoneNumber.PhoneNumber)
        assert.strictEqual(yield* Schema.decodeEffect(codec)(yield* Schema.encodeEffect(codec)(number)), number)
      })
  )

  it.effect.each([
    "",
    "+",
    "14185551234",
    "+04185551234",
    "+123456",
    "+1234567890123456",
    "+1 418 555 1234",
    "+1418555123\n"
  ])(
    "is not %j",
    (text) => Effect.sync(() => assert.isFalse(Schema.is(PhoneNumber.PhoneNumber)(text)))
  )

  it.effect("says what was expected and not what was there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Schema.decodeEffect(PhoneNumber.PhoneNumber)("4185551234"))
      assert.include(String(error), "an E.164 phone number")
      assert.notInclude(String(error), "4185551234")
    }))
})

describe("PhoneNumber.fromDigits", () => {
  it.effect.prop("adds the + and nothing else", { number: PhoneNumber.PhoneNumber }, ({ number }) =>
    Effect.sync(() => {
      assert.deepStrictEqual(PhoneNumber.fromDigits(number.slice(1)), Option.some(number))
      assert.deepStrictEqual(PhoneNumber.fromDigits(number), Option.some(number))
    }))

  it("never guesses a country", () => {
    // A Vancouver number without its country code is a Malaysian one as digits: the carrier must send the code.
    assert.deepStrictEqual(
      PhoneNumber.fromDigits("6045551234"),
      Option.some(PhoneNumber.PhoneNumber.make("+6045551234"))
    )
  })

  it.effect.each([
    "",
    "+",
    "12345",
    "ACME",
    "++14185551234",
    "0014185551234",
    "1418-555-1234",
    " 14185551234",
    "1".repeat(16)
  ])(
    "is none for %j",
    (text) => Effect.sync(() => assert.isTrue(Option.isNone(PhoneNumber.fromDigits(text))))
  )

  it.effect.prop(
    "answers any text",
    { text: Schema.String },
    ({ text }) => Effect.sync(() => assert.isTrue(Option.isOption(PhoneNumber.fromDigits(text))))
  )
})
