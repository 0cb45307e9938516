import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import * as ConsentCsv from "../../src/consent/ConsentCsv.ts"
import { Entry, type NewEntry } from "../../src/consent/ConsentLedger.ts"

const ann = Address.make("+15145550142")

const entriesOf = (text: string): ReadonlyArray<NewEntry> => Result.getOrThrow(ConsentCsv.parse(text))

const problemsOf = (text: string) =>
  Result.match(ConsentCsv.parse(text), {
    onSuccess: () => [],
    onFailure: (lines) => lines.map(({ message }) => message)
  })

const entry = (fields: Partial<ConstructorParameters<typeof Entry>[0]> = {}) =>
  new Entry({
    id: "1",
    position: 1,
    person: ann,
    action: "stop",
    source: "keyword",
    saidAt: DateTime.makeUnsafe(1000),
    recordedAt: DateTime.makeUnsafe(2000),
    ...fields
  })

describe("an import", () => {
  it("takes what a spreadsheet writes, in whichever order", () => {
    const [one, two, three, ...others] = entriesOf(
      "\uFEFFAction;Person;SaidAt;Remark;Words\r\nSTOP;+1 (514) 555-0142;2026-01-28T13:00:00Z;x;\"please; stop \"\"now\"\"\"\r\n" +
        "\r\n;;;;\r\nin;whatsapp:CA.1;;;\r\nout;+15145550143"
    )
    assert.deepStrictEqual(others, [])
    assert.deepInclude({ ...one }, {
      person: ann,
      action: "stop",
      source: "import",
      saidAt: DateTime.makeUnsafe("2026-01-28T13:00:00Z"),
      words: "please; stop \"now\""
    })
    // Consent without a time takes no opt-out back.
    assert.deepInclude({ ...two }, {
      person: Address.make("whatsapp:CA.1"),
      action: "start",
      saidAt: DateTime.makeUnsafe(0)
    })
    assert.deepInclude({ ...three }, {
      person: Address.make("+15145550143"),
      action: "stop",
      saidAt: undefined,
      key: undefined
    })
  })

  it("names the lines that are wrong, and repeats nothing of them", () => {
    assert.deepStrictEqual(
      problemsOf(
        "person,action,saidAt,sender\n514-555-0142,stop,,\n+15145550142,perhaps,,\n\"+15145550143\n\",stop,,\n" +
          "+15145550142,stop,yesterday,\n+15145550142,stop,,555-0142 or so 2\n"
      ),
      [
        "line 2: person: expected a phone number with its country code, as +15145550142",
        "line 3: action: expected stop or start",
        "line 6: saidAt: expected an ISO 8601 time with its zone, such as 2026-01-28T13:00:00Z, or nothing",
        "line 7: sender: expected a number, or nothing"
      ]
    )
    assert.deepStrictEqual(problemsOf("person,action\n\"+15145550142,stop\n"), [
      "line 2: : expected a quote that is closed"
    ])
    assert.deepStrictEqual(problemsOf("number,action\n"), ["line 1: person: expected a column of this name"])
    assert.deepStrictEqual(problemsOf(""), ["line 1: person: expected a column of this name"])
  })

  it("of an export has its opt-outs and opt-ins with their times, and leaves out who was forgotten", () => {
    const { person: _, ...anonymous } = entry()
    const forgotten = new Entry(anonymous)
    const text = ConsentCsv.format([
      entry({ words: "=cmd()", sender: Address.make("+15145550100"), provider: "mock" }),
      entry({ action: "start", saidAt: DateTime.makeUnsafe(5000) }),
      entry({ action: "help" }),
      entry({ action: "answer" }),
      forgotten
    ])
    assert.include(text, ",'=cmd(),")
    const [one, two, ...others] = entriesOf(text)
    assert.deepStrictEqual(others, [])
    assert.deepInclude({ ...one }, {
      action: "stop",
      words: "=cmd()",
      sender: Address.make("+15145550100"),
      provider: "mock",
      saidAt: DateTime.makeUnsafe(1000)
    })
    assert.deepInclude({ ...two }, { action: "start", saidAt: DateTime.makeUnsafe(5000) })
  })

  it("gives back any words, and fails on no text with anything but lines", () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom(";", ",", "\"", "'", "\n"), fc.string({ unit: "grapheme" }))
    })
    fc.assert(fc.property(text, (words) => {
      fc.pre(words.trim() !== "" && !words.startsWith("'"))
      const [one] = entriesOf(ConsentCsv.format([entry({ words: words.trim() })]))
      assert.strictEqual(one?.words, words.trim())
    }))
    const piece = fc.constantFrom(
      "\"",
      ",",
      ";",
      "\r\n",
      "\n",
      "person",
      "action",
      "stop",
      "+15145550142",
      "x",
      " ",
      "\uFEFF"
    )
    fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const read = ConsentCsv.parse(pieces.join(""))
      if (Result.isFailure(read)) assert.isAbove(read.failure.length, 0)
    }))
  })
})
