import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Person, Recipient, Sender } from "../../src/internal/writtenAddress.ts"

describe("Recipient", () => {
  it.effect("decodes what fromText reads, and encodes an address as it is", () =>
    Effect.gen(function*() {
      const address = yield* Schema.decodeEffect(Recipient)("(+1) 514 555 0142")
      assert.strictEqual(address, "+15145550142")
      assert.strictEqual(yield* Schema.encodeEffect(Recipient)(address), "+15145550142")
    }))

  it.effect("says which form is expected, without the text", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Schema.decodeEffect(Recipient)("514-555-0142"))
      assert.match(error.message, /^Expected a phone number with its country code, as \+15145550142, a short code/)
      assert.notInclude(String(error), "514-555")
    }))
})

describe("Sender", () => {
  it.effect("decodes a name too, and names the forms without the text", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Schema.decodeEffect(Sender)(" ACME "), "ACME")
      const error = yield* Effect.flip(Schema.decodeEffect(Sender)("15145550100"))
      assert.match(
        error.message,
        /^Expected a phone number with its country code, as \+15145550100, a short code, a name/
      )
      assert.notMatch(String(error), /[^+]15145550100/)
    }))
})

describe("Person", () => {
  it.effect("decodes an id on a channel, and no web address or label", () =>
    Effect.gen(function*() {
      for (const id of ["whatsapp:MX.1", "messenger:a1", "rcs:acme_agent"]) {
        assert.strictEqual(yield* Schema.decodeEffect(Person)(id), id)
      }
      for (const text of ["https://wa.me/15145550142", "mailto:ann@example.com", "sip:ann@example.com", "m:ann"]) {
        const error = yield* Effect.flip(Schema.decodeEffect(Person)(text))
        assert.match(error.message, /or an id on a channel, as whatsapp:MX\.1/)
        assert.notInclude(String(error), text)
      }
    }))
})
