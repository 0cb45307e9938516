/** The forms in which people write a number are found, and other numbers are not. */
import { assert, describe, it } from "@effect/vitest"
import { Address } from "../../src/Address.ts"
import * as Person from "../../src/sql/internal/person.ts"

const cases = [
  ["+33612345678", ["+33 6 12 34 56 78", "06 12 34 56 78", "0612345678", "0033 6.12.34.56.78", "+33 (0)6 12 34 56 78"]],
  ["+447911123456", ["+44 7911 123456", "07911 123456", "(07911) 123-456", "+44 (0) 7911 123456"]],
  ["+35312345678", ["+353 1 234 5678", "01 234 5678", "(01) 234-5678"]],
  ["+15145550142", ["1 (514) 555-0142", "1/514/555-0142", "5145550142", "514–555–0142"]],
  // Without its country code it would be too short to be told from other digits.
  ["+37512345", ["+375 12345", "37512345"]]
] as const

describe("a number in a text", () => {
  for (const [number, texts] of cases) {
    it(`is found in each form: ${number}`, () => {
      const person = Person.make([Address.make(number)])
      const isWritten = person.written.map((pattern) => new RegExp(pattern.replaceAll("%", "[^]*")))
      for (const text of texts) {
        const sentence = JSON.stringify({ text: `Call ${text}, or 7.` })
        assert.strictEqual(person.mask(sentence), sentence.replace(text, text.replaceAll(/\d/g, "9")), text)
        assert.isTrue(isWritten.some((pattern) => pattern.test(sentence)), text)
        assert.isTrue(person.isIn(`mms ${number}:1`))
      }
    })
  }

  it("is not found in other numbers", () => {
    const person = Person.make([Address.make("+33612345678"), Address.make("+37512345")])
    for (
      const text of [
        "+49 612345678",
        "+336123456789",
        "1612345678",
        "12345",
        "2026-12-34 56:78",
        "61,23,45,67,8",
        "\"6\",\"12345678\""
      ]
    ) assert.strictEqual(person.mask(text), text)
    assert.isFalse(person.isIn("+336123456789:1"))
    assert.isFalse(person.isIn("+133612345678:1"))
  })
})
