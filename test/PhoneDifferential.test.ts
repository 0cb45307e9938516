/**
 * `Phone` against Google's libphonenumber, whose reading of a text is the one
 * that people know from their telephones. Where the two differ is listed here,
 * with the reason.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import * as fc from "fast-check"
import * as Address from "../src/Address.ts"
import * as Phone from "../src/Phone.ts"
import { google } from "./google.ts"

const util = google.PhoneNumberUtil.getInstance()

const theirs = (text: string, region: string): string | undefined => {
  try {
    const number = util.parse(text, region)
    return util.isValidNumber(number) ? util.format(number, google.PhoneNumberFormat.E164) : undefined
  } catch {
    return undefined
  }
}

const ours = (text: string, region: string): string | undefined => {
  const result = Effect.runSync(Effect.result(Phone.normalizePhone(text, region)))
  return Result.isSuccess(result) ? result.success : undefined
}

const regions = util.getSupportedRegions()

interface Written {
  readonly text: string
  readonly region: string
  readonly number: string
}

/** The example numbers of a region, one of each type, in the four forms that Google has. */
const writtenIn = (region: string): ReadonlyArray<Written> =>
  [...new Set(Object.values(google.PhoneNumberType))].flatMap((type) => {
    const number = util.getExampleNumberForType(region, type)
    if (number === null) return []
    const { E164, ...others } = google.PhoneNumberFormat
    const e164 = util.format(number, E164)
    return [e164, ...Object.values(others).map((format) => util.format(number, format))]
      .map((text) => ({ text, region, number: e164 }))
  })

const written = regions.flatMap(writtenIn)

/** The four forms of one number of each region. */
const firsts = regions.flatMap((region) => writtenIn(region).slice(0, 4))

/** The numbers that Google's library knows and `Phone` refuses, however they are written. */
const unknown: ReadonlyArray<readonly [reason: string, number: RegExp]> = [
  ["six digits with the country code, which is less than any number that receives messages", /^\+\d{1,6}$/],
  ["Benin: eight digits, which the edition of the numbering plan that Phone reads has no more", /^\+229(81|85)\d{6}$/],
  ["Zimbabwe: an area code, of which the same is true", /^\+26313\d{5}$/]
]

const isUnknown = (number: string) => unknown.some(([, pattern]) => pattern.test(number))

const toFullWidth = (text: string) =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xFEE0))
    .replaceAll(" ", "\u3000")

const fullWidth: Readonly<Record<string, (text: string) => string>> = {
  "as it is": (text) => text,
  "all of it full-width": toFullWidth,
  "full-width digits": (text) => text.replaceAll(/\d/g, toFullWidth),
  "full-width punctuation": (text) => text.replaceAll(/[^\da-z:;=]/g, toFullWidth),
  "a full-width sign": (text) => text.replace("+", "\uFF0B"),
  "Arabic digits": (text) => text.replaceAll(/\d/g, (digit) => String.fromCharCode(0x0660 + Number(digit))),
  "Persian digits": (text) => text.replaceAll(/\d/g, (digit) => String.fromCharCode(0x06F0 + Number(digit)))
}

const noises: ReadonlyArray<readonly [before: string, behind: string]> = [
  ["  ", " "],
  ["\t", "\t"],
  ["", "\n"],
  ["", "\r\n"],
  ["\r\n\r\n", ""],
  ["\v\f", "\v\f"],
  ["\u00A0", "\u00A0"],
  ["\u2002\u2009", "\u202F"],
  ["\u3000", "\u3000"],
  ["\u2028", "\u2029"],
  ["\u0085", "\u0085"],
  ["\u202A", "\u202C"],
  ["\u202D", "\u202C"],
  ["\u2066", "\u2069"],
  ["\u2068", "\u2069"],
  ["\u200E", "\u200E"],
  ["\u200F", "\u061C"],
  ["\uFEFF", ""],
  ["\u200B\u200D", "\u2060"],
  ["\u00AD", "\u00AD"],
  [" \u202A\uFEFF\t", "\u202C\u200E \n"],
  ["\"", "\""],
  ["'", ""],
  ["\u201C", "\u201D"],
  ["\u00AB\u00A0", "\u00A0\u00BB"],
  ["(", ")"],
  ["[", "]"],
  ["<", ">"],
  ["=\"", "\""],
  ["- ", ""],
  ["\u2022\u00A0", ""],
  ["\u260E\uFE0F ", ""],
  ["| ", " |"],
  [": ", ""],
  ["", "."],
  ["", ","],
  ["", ";"],
  ["", "?!"],
  ["\uFFFC", "\uFFFC"],
  ["\uFFF9", "\uFFFA\uFFFB"],
  ["\u2800", "\u2800"],
  ["tel:", ""],
  ["TEL: ", ""],
  ["tel://", ""],
  // RFC 5724, and what telephones write for it.
  ["sms:", ""],
  ["SMSTO:", ""],
  ["mms:", ""],
  ["callto:", ""]
]

/** What is typed by mistake: whole labels, and characters. */
const typed = [
  ..."ext|ext. | x|доб|anexo|int|tel:|TEL:|;ext=|00|011|(0)|+1|+49".split("|"),
  ..."0123456789+-()[]./~ ,;:#*xXabcABC&%$@_|\"'<>=\t\n\r\0é",
  ..."\uFF0B\uFF0D\uFF08\uFF09\uFF11\uFF19\uFF41\uFF58\uFF5E\u3000\u00A0\u202F\u200B\u200E\u202A\u202C\u2069\uFEFF",
  ..."\u00AD\u2060\u0661\u06F2\u0967\u00B2\u2460\u2212\u2010\u2014\u30FC\uFF70\u2053\u223C\u301C\u2795\uFE62\u207A",
  ..."\u{1D7D3}\u00BD\u2116\uD800"
]

/** Separators that Google's library knows, in the place of typography of which it knows a part. */
const withoutTypography = (text: string) =>
  text.replaceAll(/(?![- \u00A0])[\p{Default_Ignorable_Code_Point}\p{Pd}\p{Zs}\u2053\u2212\u223C\u30FC\uFF70]/gu, ")")
    .normalize("NFKC")

/** What `Phone` takes and Google's library refuses, by the number read. */
const isAccepted = (our: string, text: string, region: string) =>
  theirs(withoutTypography(text), region) === our
  // A number of another edition of the plan.
  || theirs(our, region) === undefined
  // A number that is shorter than the others of its country code, behind a trunk prefix.
  || /^\+(?:44800\d{6}|1310\d{4})$/.test(our)

/** What Google's library takes and `Phone` refuses, by the text or by the number read. */
const refusals: ReadonlyArray<
  readonly [reason: string, isRefused: (text: string, number: string, region: string) => boolean]
> = [
  ["a number that Phone does not know, however it is written", (_, number) => ours(number, "US") === undefined],
  [
    "letters: prose, or less than a word on the keypad",
    (text) => /\p{L}/u.test(text.replace(/^[^\p{L}\p{N}+]*(?:tel:[\s/]*)+/iu, ""))
  ],
  [
    "a digit, fraction or sign that is not one of a number",
    (text) => /[\p{No}\u2795\uFE62\u207A\u{1D7D3}\u0967]/u.test(text)
  ],
  ["a second sign, or one behind the number", (text) => /[+\uFF0B].*[+\uFF0B]|[+\uFF0B]\D*$/s.test(text)],
  ["a sign in front of a trunk or international prefix", (text) => /[+\uFF0B]\P{Nd}*0/u.test(text)],
  ["a symbol that is dialled, or has another meaning", (text) => /[*#&%$@\u2116]/.test(text)],
  [
    "a tilde that is no separator, since at most two digits are before it",
    (text) => /^\P{Nd}*\p{Nd}\P{Nd}*\p{Nd}?\P{Nd}*[~\uFF5E]/u.test(text)
  ],
  ["a control character", (text) => text.includes("\0")],
  ["half of a character", (text) => /\p{Cs}/u.test(text)],
  [
    "two numbers: seven digits and more after a comma, semicolon or tilde",
    (text) => /[,;~\uFF5E]\P{Nd}*(?:\p{Nd}\P{Nd}*){7}/u.test(text)
  ],
  [
    "two numbers: what is behind those is a number of the region",
    (text, _, region) =>
      ours(/[,;~\uFF5E]([^,;~\uFF5E]*\p{Nd}[^,;~\uFF5E]*)\P{Nd}*$/u.exec(text)?.[1] ?? "", region) !== undefined
  ]
]

interface Difference extends Written {
  readonly reason: string
}

const refused: ReadonlyArray<Difference> = [
  { text: "my number is 514-555-0142", region: "US", number: "+15145550142", reason: "prose" },
  { text: "514-555-0142 pm", region: "US", number: "+15145550142", reason: "prose" },
  { text: "030 901820 abc", region: "DE", number: "+4930901820222", reason: "prose, not letters on the keypad" },
  { text: "John 514-555-0142", region: "US", number: "+15145550142", reason: "prose" },
  { text: "~0;phone-context=+49800-123-4567", region: "AR", number: "+498001234567", reason: "an extension alone" },
  { text: "https://wa.me/15145550142", region: "US", number: "+15145550142", reason: "a web address" },
  { text: "5145550142;5145550143", region: "US", number: "+15145550142", reason: "two numbers" },
  { text: "5145550142, 5550143", region: "US", number: "+15145550142", reason: "two numbers" },
  { text: "321000,321001", region: "GL", number: "+299321000", reason: "two numbers" },
  { text: "514-555-0142\u00B2", region: "US", number: "+15145550142", reason: "a digit that is not one of a number" },
  { text: "\u279549 30 901820", region: "DE", number: "+4930901820", reason: "a sign that is dropped" },
  { text: "++15145550142", region: "US", number: "+15145550142", reason: "two signs" },
  { text: "+0049 30 901820", region: "DE", number: "+4930901820", reason: "a sign in front of no country code" },
  { text: "*15145550142", region: "US", number: "+15145550142", reason: "a star is dialled" },
  { text: "15145550142\0", region: "US", number: "+15145550142", reason: "a control character" },
  { text: `${" ".repeat(64)}5145550142`, region: "US", number: "+15145550142", reason: "more than 64 characters" },
  { text: "+4955216539934461", region: "DE", number: "+4955216539934461", reason: "more digits than E.164 has" },
  { text: "13588028", region: "BB", number: "+12463588028", reason: "a local number behind the trunk prefix" }
]

const accepted: ReadonlyArray<Difference> = [
  { text: "514\u202F555\u202F0142", region: "US", number: "+15145550142", reason: "blanks of typography" },
  { text: "514\u2068555\u20690142", region: "US", number: "+15145550142", reason: "invisible characters inside" },
  { text: "514\u301C555\u301C0142", region: "US", number: "+15145550142", reason: "dashes of typography" },
  {
    text: "1-800-\uFF26\uFF2C\uFF2F\uFF37\uFF25\uFF32\uFF33",
    region: "US",
    number: "+18003569377",
    reason: "full-width letters"
  },
  {
    text: "tel:514-555-0142;PHONE-CONTEXT=+1",
    region: "DE",
    number: "+15145550142",
    reason: "RFC 3966 ignores the case"
  },
  { text: "0800735567", region: "JE", number: "+44800735567", reason: "a shorter number behind a trunk prefix" },
  { text: "4726154138", region: "BS", number: "+14726154138", reason: "a newer edition of the numbering plan" }
]

const agree = (text: string, { number, region }: Written) => {
  // Typed twice: an answer must not depend on the call before.
  const [first, second] = [ours(text, region), ours(text, region)]
  assert.strictEqual(second, first, JSON.stringify(text))
  if (isUnknown(number)) assert.isUndefined(first, JSON.stringify(text))
  else assert.strictEqual(first, theirs(text, region), `${region} ${JSON.stringify(text)}`)
  return first
}

describe("Phone, against Google's libphonenumber", () => {
  it("knows an example number of each type in every region", () => {
    assert.isAbove(regions.length, 240)
    assert.isAbove(written.length, 5_000)
    for (const [reason, pattern] of unknown) {
      assert.isTrue(written.some(({ number }) => pattern.test(number)), `no longer needed: ${reason}`)
    }
  })

  for (const [name, widen] of Object.entries(fullWidth)) {
    it(`reads the examples of every region the same: ${name}`, () => {
      for (const example of written) {
        const read = agree(widen(example.text), example)
        if (!isUnknown(example.number)) assert.strictEqual(read, example.number)
      }
    })
  }

  for (const noise of noises) {
    it(`reads an example of every region the same, with ${JSON.stringify(noise)} around it`, () => {
      const [before, behind] = noise
      for (const example of firsts) {
        agree(`${before}${example.text}${behind}`, example)
        agree(`${before}${toFullWidth(example.text)}${behind}`, example)
      }
    })
  }

  const insertion = fc.tuple(fc.nat(), fc.constantFrom(...typed))
  const mistyped = fc.tuple(fc.constantFrom(...written), fc.array(insertion, { minLength: 1, maxLength: 4 }))
    .map(([{ region, text }, insertions]) => ({
      region,
      text: insertions.reduce((text, [at, character]) => {
        const index = at % (text.length + 1)
        return `${text.slice(0, index)}${character}${text.slice(index)}`
      }, text)
    }))

  it("never reads another number, whatever is typed between the characters of an example", () => {
    fc.assert(
      fc.property(mistyped, ({ region, text }) => {
        const [our, their] = [ours(text, region), theirs(text, region)]
        if (our !== undefined && their !== undefined) assert.strictEqual(our, their, text)
      }),
      { numRuns: 20_000 }
    )
  })

  it("differs in what is accepted for the reasons above alone", () => {
    const property = fc.property(mistyped, ({ region, text }) => {
      const [our, their] = [ours(text, region), theirs(text, region)]
      if (our === undefined && their !== undefined) {
        assert.isTrue(refusals.some(([, isRefused]) => isRefused(text, their, region)), text)
      }
      if (our !== undefined && their === undefined) assert.isTrue(isAccepted(our, text, region), text)
    })
    // The same texts each time: the reasons are those of the editions of the numbering plans that are installed.
    fc.assert(property, { numRuns: 20_000, seed: 3966 })
  })

  it("never reads another number, whatever digits are dialled in a region", () => {
    const digits = fc.array(fc.nat(9), { minLength: 1, maxLength: 16 }).map((list) => list.join(""))
    const dialled = fc.tuple(
      fc.constantFrom(...regions).chain((region) =>
        fc.tuple(
          fc.constant(region),
          fc.constantFrom("", "+", "0", "00", "011", "8", "810", `${util.getCountryCodeForRegion(region)}`)
        )
      ),
      digits
    )
    fc.assert(
      fc.property(dialled, ([[region, prefix], digits]) => {
        const [our, their] = [ours(prefix + digits, region), theirs(prefix + digits, region)]
        if (our !== undefined && their !== undefined) assert.strictEqual(our, their, prefix + digits)
      }),
      { numRuns: 20_000 }
    )
  })

  it("says the same of US numbers with one digit typed twice", () => {
    const twice = fc.tuple(fc.integer({ min: 2_000_000_000, max: 9_999_999_999 }), fc.nat(9))
      .map(([number, at]) => `${number}`.slice(0, at + 1) + `${number}`.slice(at))
    fc.assert(
      fc.property(twice, (text) => assert.strictEqual(ours(text, "US"), theirs(text, "US"), text)),
      { numRuns: 5_000 }
    )
  })

  // How Brazil writes the digits of a long-distance company that the caller chooses.
  it.each([
    "0xx11 98765-4321",
    "(0xx11) 98765-4321",
    "(0XX11)98765-4321",
    "0 xx 11 98765-4321",
    "+55 (0xx11) 98765-4321"
  ])(
    "says the same of %s in Brazil",
    (text) => assert.strictEqual(ours(text, "BR"), text.includes("0 xx") ? undefined : theirs(text, "BR"))
  )

  it.each(refused)("refuses $text in $region: $reason", ({ region, text, number }) => {
    assert.deepStrictEqual([theirs(text, region), ours(text, region)], [number, undefined])
  })

  it.each(accepted)("accepts $text in $region: $reason", ({ region, text, number }) => {
    assert.deepStrictEqual([theirs(text, region), ours(text, region)], [undefined, number])
  })
})

const fromText = (text: string) => Option.getOrUndefined(Address.fromText(text))

describe("Address.fromText, against Google's libphonenumber", () => {
  // Toll-free and premium numbers, which receive no messages, where other numbers begin like a trunk prefix.
  const isLeft = (number: string) => /^\+(?:250[89]00|375[89]0)/.test(number)

  it("leaves out what is dialled within a country, and nothing else", () => {
    let leftOut = 0
    for (const { number, region } of written.filter(({ number, text }) => text === number)) {
      if (isLeft(number) || number.length < 8) continue
      const code = `${util.getCountryCodeForRegion(region)}`
      const national = number.slice(1 + code.length)
      const trunks = ["0", util.getNddPrefixForRegion(region, true) ?? "0"]
      const texts = trunks.flatMap((trunk) => [`(${trunk})${national}`, ` ${trunk} ${national}`, `${trunk}${national}`])
      for (const text of texts.map((text) => `+${code}${text}`)) {
        const their = theirs(text, "US")
        if (their === number) {
          leftOut++
          assert.strictEqual(fromText(text), number, text)
        } else if (their !== undefined) {
          assert.strictEqual(fromText(text), their, text)
        }
      }
      assert.strictEqual(fromText(number), number)
    }
    assert.isAbove(leftOut, 1000)
  })
})
