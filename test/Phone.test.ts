import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result, Schema } from "effect"
import * as fc from "fast-check"
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  getExampleNumber,
  parsePhoneNumberFromString
} from "libphonenumber-js/max"
import examples from "libphonenumber-js/mobile/examples"
import * as Phone from "../src/Phone.ts"
import * as PhoneNumber from "../src/PhoneNumber.ts"

/** The number, or nothing. It fails on a defect. */
const normalize = (text: string, region?: string): string | undefined =>
  Effect.runSync(
    Effect.map(Effect.result(Phone.normalizePhone(text, region)), (result) =>
      Result.isSuccess(result) ? result.success : undefined)
  )

/** What the numbering plans say of an international number. */
const reference = (text: string): string | undefined => {
  const parsed = parsePhoneNumberFromString(text, { extract: false })
  return parsed?.isValid() === true && parsed.number.length <= 16 && parsed.number.length >= 8
    ? parsed.number
    : undefined
}

const digits = (count: number) =>
  fc.array(fc.nat(9), { minLength: count, maxLength: count }).map((list) => list.join(""))

/** Ten digits that the numbering plan of North America knows. */
const northAmerican = fc.tuple(fc.integer({ min: 201, max: 989 }), fc.integer({ min: 200, max: 999 }), digits(4))
  .map(([area, exchange, line]) => `${area}${exchange}${line}`)
  .filter((number) => reference(`+1${number}`) !== undefined)

describe("normalizePhone", () => {
  it.effect.each([
    { text: "418-555-1234", region: "CA" },
    { text: "+1 (418) 555-1234", region: undefined },
    { text: "14185551234", region: undefined },
    { text: "+14185551234", region: "FR" },
    { text: "(418) 555-1234", region: "US" },
    { text: "1-418-555-1234", region: "CA" },
    { text: "418.555.1234", region: undefined },
    { text: "  418 555 1234  ", region: "CA" },
    { text: "418\u2011555\u20111234", region: "CA" },
    { text: "14185551234", region: "FR" },
    { text: "1 (418) 555-1234", region: "DE" }
  ])("reads $text in $region as +14185551234", ({ region, text }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Phone.normalizePhone(text, region), "+14185551234")
    }))

  it.effect.each([
    { text: "6045551234", region: "CA", right: "+16045551234", city: "Vancouver", wrong: "Malaysia" },
    { text: "604-555-1234", region: "CA", right: "+16045551234", city: "Vancouver", wrong: "Malaysia" },
    { text: "4315551234", region: "CA", right: "+14315551234", city: "Manitoba", wrong: "Austria" },
    { text: "3685551234", region: "CA", right: "+13685551234", city: "Alberta", wrong: "Hungary" },
    { text: "6474161234", region: "CA", right: "+16474161234", city: "Toronto", wrong: "New Zealand" },
    { text: "6465551234", region: "US", right: "+16465551234", city: "New York", wrong: "New Zealand" },
    { text: "5142345678", region: "CA", right: "+15142345678", city: "Montréal", wrong: "Peru" },
    { text: "2034561234", region: "US", right: "+12034561234", city: "Connecticut", wrong: "Egypt" },
    { text: "(604) 555-1234", region: "CA", right: "+16045551234", city: "Vancouver", wrong: "Malaysia" },
    { text: "+16045551234", region: "CA", right: "+16045551234", city: "Vancouver", wrong: "Malaysia" },
    { text: "14188050723", region: "CA", right: "+14188050723", city: "Québec", wrong: "elsewhere" }
  ])("$text in $region is $city, not $wrong", ({ region, right, text }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Phone.normalizePhone(text, region), right)
    }))

  it("reads every valid North American number the same in all its spellings", () => {
    fc.assert(
      fc.property(northAmerican, fc.constantFrom("US", "CA"), (number, region) => {
        const [area, exchange, line] = [number.slice(0, 3), number.slice(3, 6), number.slice(6)]
        for (
          const text of [
            number,
            `${area}-${exchange}-${line}`,
            `(${area}) ${exchange}-${line}`,
            `1${number}`,
            `1-${area}-${exchange}-${line}`,
            `+1${number}`,
            `+1 ${area} ${exchange} ${line}`
          ]
        ) assert.strictEqual(normalize(text, region), `+1${number}`, text)
      }),
      { numRuns: 2_000 }
    )
  })

  it("reads an example of every country, as written there and abroad", () => {
    const read = getCountries().flatMap((country) => getExampleNumber(country, examples) ?? [])
    assert.isAbove(read.length, 200)
    for (const example of read) {
      for (const text of [example.formatNational(), example.nationalNumber, example.formatInternational()]) {
        assert.strictEqual(normalize(text, example.country), example.number, `${example.country} ${text}`)
      }
    }
  })

  it("agrees with libphonenumber on every international number", () => {
    const callingCodes = [...new Set(getCountries().map((country) => getCountryCallingCode(country)))]
    const international = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(...callingCodes), fc.integer({ min: 3, max: 16 }).chain(digits))
      },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom("", "0", "00", "999"), fc.integer({ min: 0, max: 30 }).chain(digits))
      }
    ).map(([code, rest]) => `+${code}${rest}`)
    fc.assert(
      fc.property(international, fc.constantFrom<CountryCode>("US", "CA", "FR", "JP"), (text, region) => {
        assert.strictEqual(normalize(text, region), reference(text))
      }),
      { numRuns: 5_000 }
    )
  })

  it.effect("refuses numbers that a national plan knows and E.164 does not", () =>
    Effect.gen(function*() {
      // Germany has numbers of sixteen digits and more with the country code.
      const tooLong = "+49552165399344618"
      assert.isTrue(parsePhoneNumberFromString(tooLong)?.isValid())
      assert.strictEqual((yield* Effect.flip(Phone.normalizePhone(tooLong)))._tag, "InvalidPhoneNumber")
      assert.isFalse(Phone.isValidPhone(tooLong))
    }))

  it.effect.each([
    "",
    "   ",
    "+",
    "911",
    "555-1234",
    "4185551",
    "+1418555123",
    "+99912345678",
    "141855512345678901",
    "my number is 14185551234",
    "order 14185551234",
    "1+4185551234",
    "+++14185551234",
    "14185551234\u0000",
    "ACME",
    "1".repeat(10_000),
    "(".repeat(64)
  ])("refuses %j", (text) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Phone.normalizePhone(text, "CA"))
      assert.deepInclude(error, { region: "CA", expected: "a phone number valid in the region" })
      assert.isFalse(Phone.isValidPhone(text, "CA"))
    }))

  it.effect.each(["", "ca", "XX", "001", "USA", "__proto__", "constructor", "toString"])(
    "refuses the region %j, whatever the number",
    (region) =>
      Effect.gen(function*() {
        for (const text of ["4185551234", "+14185551234"]) {
          const error = yield* Effect.flip(Phone.normalizePhone(text, region))
          assert.deepInclude(error, {
            region: /^[A-Za-z]{2}$/.test(region) ? region : "",
            expected: "an ISO 3166-1 alpha-2 region code"
          })
          assert.isFalse(Phone.isValidPhone(text, region))
        }
      })
  )

  it("answers any text in any region, and never repeats the text", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(..."0123456789+ ()-.,/x;ext=tel:\u{FF0B}\u0661"), maxLength: 80 }),
      fc.integer({ min: 5, max: 70 }).chain(digits)
    )
    fc.assert(
      fc.property(texts, fc.oneof(fc.constantFrom(...getCountries()), fc.string()), (text, region) => {
        const exit = Effect.runSyncExit(Effect.result(Phone.normalizePhone(text, region)))
        assert.isTrue(Exit.isSuccess(exit))
        if (Exit.isFailure(exit)) return
        assert.strictEqual(Phone.isValidPhone(text, region), Result.isSuccess(exit.value))
        if (Result.isSuccess(exit.value)) {
          assert.isTrue(Schema.is(PhoneNumber.PhoneNumber)(exit.value.success))
        } else if (text.trim().length > 4 && !region.includes(text)) {
          const { failure } = exit.value
          assert.isFalse(`${failure.message} ${JSON.stringify(failure)}`.includes(text))
        }
      }),
      { numRuns: 5_000 }
    )
  })

  it("changes nothing about a number that it has normalized", () => {
    fc.assert(fc.property(northAmerican, fc.constantFrom(...getCountries()), (number, region) => {
      assert.strictEqual(normalize(`+1${number}`, region), `+1${number}`)
    }))
  })
})
