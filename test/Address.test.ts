import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as Address from "../src/Address.ts"
import * as PhoneNumber from "../src/PhoneNumber.ts"

const kind = (text: string) => Address.kind(Address.Address.make(text))

describe("Address", () => {
  it.effect.prop("round-trips through JSON", { address: Address.Address }, ({ address }) =>
    Effect.gen(function*() {
      const codec = Schema.fromJsonString(Address.Address)
      assert.strictEqual(yield* Schema.decodeEffect(codec)(yield* Schema.encodeEffect(codec)(address)), address)
    }))

  it("is not empty", () => assert.isFalse(Schema.is(Address.Address)("")))
})

describe("Address.kind", () => {
  it.effect.each([
    ["+14185551234", "PhoneNumber"],
    ["+1234567", "PhoneNumber"],
    ["12345", "ShortCode"],
    ["911", "ShortCode"],
    ["12345678", "ShortCode"],
    ["ACME", "SenderId"],
    ["Acme 24", "SenderId"],
    ["12", "SenderId"],
    ["123456789", "SenderId"],
    ["+1 418 555 1234", "SenderId"],
    ["whatsapp:+14185551234", "ChannelAddress"],
    ["rcs:acme_agent", "ChannelAddress"],
    ["whatsapp:", "SenderId"],
    [":x", "SenderId"],
    ["\u0661\u0662\u0663\u0664", "SenderId"]
  ])("tells what %s is: %s", ([text, expected]) => Effect.sync(() => assert.strictEqual(kind(text!), expected)))

  it.effect.prop(
    "answers any address",
    { address: Address.Address },
    ({ address }) =>
      Effect.sync(() =>
        assert.include(["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"], Address.kind(address))
      )
  )

  it.effect.prop(
    "knows every phone number",
    { number: PhoneNumber.PhoneNumber },
    ({ number }) => Effect.sync(() => assert.strictEqual(kind(number), "PhoneNumber"))
  )
})

const written = (text: string) => Option.getOrUndefined(Address.fromText(text))

describe("Address.fromText", () => {
  it.effect.each([
    "+15145550142",
    "  +15145550142",
    "+15145550142\n",
    "\t+15145550142\r\n",
    "\u202A+1 (514) 555-0142\u202C",
    "\uFEFF+15145550142",
    "(+1) 514 555 0142",
    "+1 514.555.0142.",
    "\"+1-514-555-0142\"",
    "<+15145550142>",
    "\uFF0B\uFF11\u3000\uFF15\uFF11\uFF14\uFF0D\uFF15\uFF15\uFF15\uFF0D\uFF10\uFF11\uFF14\uFF12",
    "+1 514\u2011555\u20110142",
    "tel:+1-514-555-0142",
    "TEL: +1 514 555 0142",
    "tel:514-555-0142;phone-context=+1",
    "sms:+15145550142",
    "SMSTO:+1 514 555 0142",
    "callto:+1-514-555-0142",
    "\uFFFC+1 514 555 0142\u2800"
  ])(
    "reads %j as +15145550142, every time",
    (text) =>
      Effect.sync(() =>
        assert.deepStrictEqual([written(text), written(text), written(text)], Array(3).fill("+15145550142"))
      )
  )

  it.effect.each([
    ["+1-800-FLOWERS", "+18003569377"],
    ["+49 30 901820", "+4930901820"],
    ["12345", "12345"],
    [" 12345\n", "12345"],
    ["\uFEFF12345", "12345"],
    ["\uFF11\uFF12\uFF13\uFF14\uFF15", "12345"],
    ["\"12345\"", "12345"],
    ["ACME", "ACME"],
    ["  Acme 24 ", "Acme 24"],
    ["\u202AYahoo!\u202C", "Yahoo!"],
    ["whatsapp:+14185551234", "whatsapp:+14185551234"],
    [" WhatsApp: +1 (418) 555-1234", "whatsapp:+14185551234"],
    ["\u202Awhatsapp:\uFF0B14185551234\u202C", "whatsapp:+14185551234"],
    ["viber:+1 418 555 1234", "viber:+14185551234"],
    ["whatsapp:US.13491208655302741918", "whatsapp:US.13491208655302741918"],
    ["\u202AWhatsApp: US.ENT.11815799212886844830\n", "whatsapp:US.ENT.11815799212886844830"],
    ["+49 30/901820", "+4930901820"],
    ["+43 5572 / 12345", "+43557212345"],
    ["rcs:acme_agent ", "rcs:acme_agent"],
    ["messenger:1234567890123", "messenger:1234567890123"]
  ])(
    "reads %j as %j",
    ([text, expected]) => Effect.sync(() => assert.strictEqual(written(text!), expected))
  )

  it.effect.each([
    "",
    " ",
    "\u200B",
    "+",
    "12",
    // Without a country code, which nothing here could tell.
    "514-555-0142",
    "5145550142",
    "15145550142",
    "0015145550142",
    "123-456",
    "555-1234",
    "tel:514-555-0142",
    "tel:514-555-0142;phone-context=example.com",
    "whatsapp:514 555 0142",
    "whatsapp:acme",
    "whatsapp: ",
    // With a label of a contact card, or with the scheme of another kind of address.
    "M: +1 514 555 0142",
    "Phone: +1 514 555 0142",
    "cell:+15145550142",
    "https://wa.me/15145550142",
    "sip:+15145550142@example.com",
    "sms:+15145550142?body=hi",
    "mms:acme",
    "rcs: ",
    "tel:acme",
    "tel:12345",
    // Written wrong.
    "+1 514 555 O142",
    "+1514555014211111",
    "+05145550142",
    "++15145550142",
    "+15145550142+",
    "+1 514 555 0142 x12",
    "+1 514 555 0142 call me",
    "+44 20 7031 3000 abc",
    "whatsapp:+1 514 555 O142",
    "514 555 O142",
    "call me at 514-555-0142",
    "my number is +15145550142",
    "+15145550142, +15145550143",
    "+15145550142\n+15145550143",
    "+1 514 555 0142 / 0143",
    "+1 514 555 0142 0143",
    "+1 514 555 014",
    "+33 1 23 45 67 89 / 90",
    "+33 1 23 45 67 89\uFF0F90",
    "+49 30 901820/21",
    "whatsapp:us.13491208655302741918",
    "whatsapp:US.",
    "+15145550142\0",
    "+1514555014\u00B2",
    "???",
    `+15145550142${" ".repeat(53)}`
  ])("is none for %j", (text) => Effect.sync(() => assert.isUndefined(written(text))))

  it.effect.prop(
    "changes no phone number but its trunk prefix",
    { number: PhoneNumber.PhoneNumber },
    ({ number }) =>
      Effect.sync(() => {
        const address: string | undefined = written(number)
        if (address !== number) {
          const [code = ""] = /^\+\d{1,3}/.exec(number) ?? []
          assert.match(number, /^\+(?:\d{1,3}?0|11|78|3708|9938|3758|6921)/, code)
          assert.isTrue(number.endsWith(address!.slice(4)))
        }
      })
  )

  it.effect.prop("changes nothing that it has read", { text: Schema.String }, ({ text }) =>
    Effect.sync(() => {
      const address = written(text)
      if (address !== undefined) assert.strictEqual(written(address), address)
    }))
})

describe("Address.fromCarrierDigits", () => {
  it.effect.each([
    ["14185551234", "+14185551234"],
    ["+14185551234", "+14185551234"],
    ["447911123456", "+447911123456"],
    ["12345", "12345"],
    ["ACME", "ACME"],
    ["0612345678", "0612345678"],
    // Known to begin with the country code: these are Malaysia and Hungary, not Vancouver and Alberta.
    ["6045551234", "+6045551234"],
    ["3685551234", "+3685551234"],
    // Nothing is cleaned: no carrier writes this, so it is not a number.
    [" 14185551234", " 14185551234"],
    ["1-418-555-1234", "1-418-555-1234"],
    ["1234567890123456", "1234567890123456"]
  ])(
    "reads %s as %s",
    ([text, expected]) => Effect.sync(() => assert.strictEqual(Address.fromCarrierDigits(text!), expected))
  )

  it.effect.prop(
    "keeps what it read, and changes it once at most",
    { address: Address.Address },
    ({ address }) =>
      Effect.sync(() => {
        const read = Address.fromCarrierDigits(address)
        assert.include([address, `+${address}`], read)
        assert.strictEqual(Address.fromCarrierDigits(read), read)
      })
  )
})

describe("Address.toCarrierDigits", () => {
  it.effect.each([
    ["+14185551234", "14185551234"],
    ["12345", "12345"],
    ["ACME", "ACME"],
    ["+12", "+12"]
  ])(
    "writes %s as %s",
    ([text, expected]) =>
      Effect.sync(() => assert.strictEqual(Address.toCarrierDigits(Address.Address.make(text!)), expected))
  )

  it.effect.prop(
    "writes numbers so that they are read as they were",
    { number: PhoneNumber.PhoneNumber },
    ({ number }) =>
      Effect.sync(() => {
        const address = Address.Address.make(`${number}`)
        assert.strictEqual(Address.fromCarrierDigits(Address.toCarrierDigits(address)), address)
      })
  )
})

describe("Address.fromText, of a number with the zero that is dialled within its country,", () => {
  it.effect.each([
    ["+44 (0)7911 123456", "+447911123456"],
    ["+44 07911 123456", "+447911123456"],
    ["+49 (0) 151 23456789", "+4915123456789"],
    ["whatsapp:+33 (0)6 12 34 56 78", "whatsapp:+33612345678"],
    ["+4407911123456", "+447911123456"],
    ["+82 (0)10-1234-5678", "+821012345678"],
    ["+36 (06) 20 123 4567", "+36201234567"],
    ["+7 (8) 495 123-45-67", "+74951234567"],
    ["+375 (8-029) 491-19-11", "+375294911911"],
    ["+370 8 612 34567", "+37061234567"],
    ["+1 (1-514) 555-0142", "+15145550142"],
    ["+115145550142", "+15145550142"],
    ["+241 06 03 12 34", "+24106031234"],
    ["+81 (0)90-1234-5678", "+819012345678"],
    ["+62 (0)812-3456-789", "+628123456789"],
    ["+250 (0)788 123 456", "+250788123456"],
    ["+55 (0xx11) 98765-4321", "+5511987654321"],
    // These have the zero in the number itself.
    ["+39 06 69812345", "+390669812345"],
    ["+250 06 123 4567", "+250061234567"],
    ["+62 007 803 123 4567", "+620078031234567"],
    ["+225 01 23 45 67 89", "+2250123456789"],
    ["+22901 95 12 34 56", "+2290195123456"]
  ])(
    "leaves it out, unless the number has it itself: %s",
    ([text, expected]) => Effect.sync(() => assert.strictEqual(written(text!), expected))
  )
})

const canonical = (text: string) => Address.canonical(Address.Address.make(text))

describe("Address.canonical", () => {
  it.effect.each(
    [
      // Chatwoot's fixtures for WhatsApp (chatwoot/chatwoot, spec/services/whatsapp) and its issue 14048.
      ["Mexico", "+525512345678", "+5215512345678"],
      ["Argentina", "+541123456789", "+5491123456789"],
      ["Brazil", "+5541987654321", "+554187654321"],
      // The domestic form of a mobile number, with area codes of two, three and four digits.
      ["Argentina, Buenos Aires", "+541123456789", "+54111523456789"],
      ["Argentina, Rosario", "+543412345678", "+54341152345678"],
      ["Argentina, Tandil", "+542494123456", "+54249154123456"],
      ["Argentina, Ushuaia", "+542901412345", "+54290115412345"],
      ["Benin", "+2290195123456", "+22995123456"],
      ["the United Kingdom", "+447911123456", "+4407911123456"]
    ] as const
  )("is the same for all numbers of one phone: %s", ([, expected, other]) =>
    Effect.sync(() => {
      const spaced = other.replace(/(\d{3})/g, "$1 ")
      for (const text of [expected, other, ` ${other}`, `${other}\n`, spaced, `tel:${other}`]) {
        assert.strictEqual(canonical(text) as string, expected, text)
      }
      for (const text of [`whatsapp:${expected}`, `whatsapp:${other}`, `WhatsApp:${spaced}`]) {
        assert.strictEqual(canonical(text), `whatsapp:${expected}`, text)
      }
    }))

  it.effect.each([
    ["a landline in Brazil, which has a mobile number beside it", "+551133334444", "+5511933334444"],
    ["two cities of Brazil", "+551187654321", "+552187654321"],
    ["Mexico and the United States", "+525512345678", "+15512345678"],
    ["Argentina and its neighbour", "+541123456789", "+56912345678"],
    ["a number and its channel address", "+15145550142", "whatsapp:+15145550142"],
    ["two channels", "rcs:+15145550142", "whatsapp:+15145550142"],
    ["a number and the digits of another country", "+15145550142", "15145550142"]
  ])(
    "differs for two phones: %s",
    ([, one, other]) => Effect.sync(() => assert.notStrictEqual(canonical(one!), canonical(other!)))
  )

  it.effect.each(["+15145550142", "12345", "ACME", "Acme 24", " a ", "whatsapp:US.13491208655302741918", "\n", "a:1"])(
    "is what it is for any other address: %j",
    (text) => Effect.sync(() => assert.strictEqual(canonical(text), Address.Address.make(text)))
  )

  it.effect.prop(
    "is canonical itself",
    { number: PhoneNumber.PhoneNumber, address: Address.Address },
    ({ address, number }) =>
      Effect.sync(() => {
        for (const text of [number, address]) {
          assert.strictEqual(Address.canonical(canonical(text)), canonical(text) as string)
        }
      })
  )
})
