import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
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

describe("Address.fromCarrierDigits", () => {
  it.effect.each([
    ["14185551234", "+14185551234"],
    ["+14185551234", "+14185551234"],
    ["447911123456", "+447911123456"],
    ["12345", "12345"],
    ["ACME", "ACME"],
    ["0612345678", "0612345678"],
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
