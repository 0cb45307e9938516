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
    { text: "00 1 418 555 1234", region: "FR" }
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

  it.effect.each([
    { text: "  +15145550142", region: "FR" },
    { text: "+15145550142\n", region: "FR" },
    { text: "+15145550142\t", region: "FR" },
    { text: "\r\n\u0085 514 555 0142 \u2028", region: "CA" },
    { text: "\u202A+1 (514) 555-0142\u202C", region: "FR" },
    { text: "\u2068514-555-0142\u2069", region: "CA" },
    { text: "\uFEFF+15145550142", region: "FR" },
    { text: "514\u200B555\u20600142", region: "CA" },
    { text: "(+1) 514 555 0142", region: "FR" },
    { text: "\"+1 514 555 0142\"", region: "FR" },
    { text: "<+15145550142>;", region: "FR" },
    { text: "• (514) 555-0142.", region: "CA" },
    { text: "☎\uFE0F 514-555-0142", region: "CA" },
    { text: "=\"+15145550142\"", region: "FR" },
    { text: "514\u202F555\u202F0142", region: "CA" },
    { text: "514\u2013555\u22120142", region: "CA" },
    { text: "\uFF0B1 514 555 0142", region: "DE" },
    { text: "\uFF08\uFF15\uFF11\uFF14\uFF09\u3000\uFF15\uFF15\uFF15\uFF0D\uFF10\uFF11\uFF14\uFF12", region: "CA" },
    { text: "\u0665\u0661\u0664 \u06F5\u06F5\u06F5 0142", region: "CA" },
    { text: "tel:+1-514-555-0142", region: "FR" },
    { text: "TEL: +1 514 555 0142", region: "FR" },
    { text: "tel://+15145550142", region: "FR" },
    { text: "tel:514-555-0142", region: "CA" },
    { text: "tel:514-555-0142;phone-context=+1", region: "FR" },
    { text: "tel:1-514-555-0142;phone-context=+1", region: "FR" },
    { text: "tel:555-0142;phone-context=+1-514", region: "FR" },
    { text: "514-555-0142;phone-context=+1;isub=2", region: "FR" },
    { text: "tel:514-555-0142;isub=2", region: "CA" },
    { text: "tel:514-555-0142;phone-context=sms.example.com", region: "CA" },
    { text: "tel:+1-514-555-0142;ext=12", region: "FR" },
    { text: "514-555-0142 ext. 12", region: "CA" },
    { text: "514-555-0142, extension 12", region: "CA" },
    { text: "514-555-0142x12", region: "CA" },
    { text: "514-555-0142 #12", region: "CA" },
    { text: "514-555-0142 доб. 12", region: "CA" },
    { text: "514-555-0142,12", region: "CA" },
    { text: "514-555-0142 12#", region: "CA" }
  ])("reads $text in $region as +15145550142, every time", ({ region, text }) =>
    Effect.sync(() => {
      // A regular expression that keeps its place would answer every second call only.
      assert.deepStrictEqual(
        [normalize(text, region), normalize(text, region), normalize(text, region)],
        ["+15145550142", "+15145550142", "+15145550142"]
      )
    }))

  it.effect.each([
    { text: "1-800-FLOWERS", region: "US", right: "+18003569377" },
    { text: "(800) flowers", region: "CA", right: "+18003569377" },
    { text: "+1 800 FLOWERS", region: "DE", right: "+18003569377" },
    { text: "1-800-\uFF26\uFF2C\uFF2F\uFF37\uFF25\uFF32\uFF33", region: "US", right: "+18003569377" },
    { text: "1-800-GO-FEDEX", region: "US", right: "+18004633339" },
    { text: "1-800-5-GOLDEN", region: "US", right: "+18005465336" },
    { text: "tel:1-800-FLOWERS;phone-context=+1", region: "DE", right: "+18003569377" },
    { text: "0800 REVERSE", region: "GB", right: "+448007383773" }
  ])(
    "reads the letters of $text in $region as $right",
    ({ region, right, text }) => Effect.sync(() => assert.strictEqual(normalize(text, region), right))
  )

  it.effect.each([
    { text: "14185551234", region: "FR", country: "the United States" },
    { text: "1 (418) 555-1234", region: "DE", country: "the United States" },
    { text: "447400123456", region: "US", country: "the United Kingdom" },
    { text: "33612345678", region: "CA", country: "France" },
    { text: "4930901820", region: "US", country: "Germany" }
  ])("does not guess that $text in $region begins with the code of $country", ({ region, text }) =>
    Effect.sync(() => {
      assert.isString(reference(`+${text.replaceAll(/\D/g, "")}`))
      assert.isUndefined(normalize(text, region))
    }))

  it("never makes a number of another country of a US number with one digit typed twice", () => {
    const doubled = fc.tuple(northAmerican, fc.nat(9))
      .map(([number, at]) => `${number.slice(0, at)}${number[at]}${number.slice(at)}`)
    fc.assert(
      fc.property(doubled, fc.constantFrom("US", "CA"), (text, region) => {
        assert.match(normalize(text, region) ?? "+1", /^\+1/, text)
      }),
      { numRuns: 5_000 }
    )
  })

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
    // Two numbers.
    "514-555-0142 514-555-0143",
    "514-555-0142\n514-555-0143",
    "514-555-0142\t514-555-0143",
    "5145550142/5145550143",
    "5145550142,5145550143",
    "5145550142;5145550143",
    "514-555-0142, 5550143",
    "514-555-0142 or 514-555-0143",
    "+15145550142 +15145550143",
    "+15145550142/+15145550143",
    "514-555-0142 x12 x13",
    // Words, and letters that are not a word on the keypad.
    "514-555-0142 please call",
    "call 514-555-0142",
    "514-555-O142",
    "514-555-0142 pm",
    "FLOWERS",
    "18-FLOWERS",
    // Digits that somebody else would not dial.
    "514-555-0142\u00B2",
    "514-555-01\u2463\u2461",
    "514-555-0\u{1D7CF}42",
    "\uFE6215145550142",
    "\u207A15145550142",
    "\u279515145550142",
    "15145550142+",
    "*67 514-555-0142",
    "514*555*0142",
    // Contexts that are neither a number nor a domain.
    "tel:514-555-0142;phone-context=",
    "tel:514-555-0142;phone-context=1",
    "tel:514-555-0142;phone-context=+",
    "tel:514-555-0142;phone-context=-a.example.com",
    "tel:514-555-0142;phone-context=a_b",
    "tel:+1-514-555-0142;phone-context=+1",
    "tel:+1-514-555-0142;npdi",
    "tel:",
    "sms:+15145550142?body=hi",
    // Too long.
    `+15145550142${" ".repeat(53)}`,
    ",".repeat(64),
    "x,".repeat(32),
    " -".repeat(32),
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
