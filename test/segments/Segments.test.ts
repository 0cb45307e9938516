import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as gsm7 from "../../src/segments/internal/gsm7.ts"
import * as Segments from "../../src/segments/Segments.ts"

const family = "👨‍👩‍👧‍👦"
const flag = "🇨🇦"
const accented = "e\u0301"
const euro = "€"

const graphemesOf = (text: string) =>
  Array.from(new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text), ({ segment }) => segment)

/** Text that meets every rule: both tables, emoji, flags, accents, joiners, lone surrogates, white space of all kinds. */
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."abcdefgh .,?\n\r") },
  { weight: 2, arbitrary: fc.constantFrom(...gsm7.basic, ...gsm7.extension) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(family, flag, accented, "é", "ц", "字", "👍🏽", "\u{1F1E8}", "\u200D", "\u0301", "e\u200B")
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("‘", "’", "“", "”", "…", "–", "\u00A0", "\u200B", "\uFEFF", "\t", "ﬁ", "Ａ")
  },
  { weight: 1, arbitrary: fc.constantFrom("\uD83D", "\uDE00", "\r\n", "      ", "\u2028") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 3 }) }
)
const text = fc.array(piece, { maxLength: 400, size: "max" }).map((pieces) => pieces.join(""))

const ascii = fc.string({
  unit: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(..."abcdefgh") },
    { weight: 2, arbitrary: fc.constant(" ") },
    { weight: 1, arbitrary: fc.constantFrom(..."\n[]{}~^|\\") }
  ),
  maxLength: 700,
  size: "max"
})

const limits: fc.Arbitrary<Segments.SplitOptions> = fc.oneof(
  fc.record({ maxLength: fc.integer({ min: 2, max: 200 }) }),
  fc.record({ maxUnits: fc.integer({ min: 2, max: 200 }) }),
  fc.record({ maxSegments: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ maxLength: fc.integer({ min: 2, max: 200 }), maxUnits: fc.integer({ min: 2, max: 200 }) })
)

const fits = (text: string, { maxLength = Infinity, maxSegments = Infinity, maxUnits = Infinity }: {
  readonly maxLength?: number
  readonly maxUnits?: number
  readonly maxSegments?: number
}) => {
  const { segments, units } = Segments.count(text)
  return text.length <= maxLength && units <= maxUnits && segments <= maxSegments
}

const runs = { numRuns: 300 }

describe("the alphabet", () => {
  it("has each character at its code in 3GPP TS 23.038", () => {
    const codes = Array.from(gsm7.basic, (character, i) => [i < 0x1b ? i : i + 1, character] as const)
    assert.strictEqual(codes.length, 127)
    assert.strictEqual(new Set(gsm7.basic).size, 127)
    const at = new Map(codes)
    for (
      const [code, character] of [
        [0x00, "@"],
        [0x09, "Ç"],
        [0x0a, "\n"],
        [0x0d, "\r"],
        [0x10, "Δ"],
        [0x1a, "Ξ"],
        [0x1c, "Æ"],
        [0x1f, "É"],
        [0x20, " "],
        [0x24, "¤"],
        [0x3f, "?"],
        [0x40, "¡"],
        [0x5f, "§"],
        [0x60, "¿"],
        [0x7f, "à"]
      ] as const
    ) {
      assert.strictEqual(at.get(code), character)
    }
    // From here on the alphabet is ASCII, but for what it replaces.
    for (let code = 0x20; code < 0x7b; code++) {
      if (![0x24, 0x40, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60].includes(code)) {
        assert.strictEqual(at.get(code), String.fromCharCode(code))
      }
    }
    assert.deepStrictEqual([...gsm7.extension].sort(), [..."\f[\\]^{|}~€"].sort())
  })

  it.each(["ç", "`", "\t", "\u00A0", "\u001B", "á", "’", "\0"])("has no %j", (character) => {
    assert.deepStrictEqual(Segments.count(`ab${character}`).forcedBy, { character, index: 2, grapheme: character })
  })
})

describe("Segments.count", () => {
  it.each([
    { name: "no text", text: "", expected: ["GSM-7", 1, 0, 160, 160] },
    { name: "160 septets", text: "a".repeat(160), expected: ["GSM-7", 1, 160, 160, 0] },
    { name: "161 septets", text: "a".repeat(161), expected: ["GSM-7", 2, 161, 153, 145] },
    { name: "306 septets", text: "a".repeat(306), expected: ["GSM-7", 2, 306, 153, 0] },
    { name: "307 septets", text: "a".repeat(307), expected: ["GSM-7", 3, 307, 153, 152] },
    { name: "1530 septets", text: "a".repeat(1530), expected: ["GSM-7", 10, 1530, 153, 0] },
    { name: "1531 septets", text: "a".repeat(1531), expected: ["GSM-7", 11, 1531, 153, 152] },
    { name: "80 escaped characters", text: euro.repeat(80), expected: ["GSM-7", 1, 160, 160, 0] },
    { name: "81 escaped characters", text: euro.repeat(81), expected: ["GSM-7", 2, 162, 153, 143] },
    {
      name: "an escape at the end of one segment",
      text: `${"a".repeat(159)}${euro}`,
      expected: ["GSM-7", 2, 161, 153, 145]
    },
    {
      name: "an escape over a border",
      text: `${"a".repeat(152)}${euro}${"a".repeat(151)}`,
      expected: ["GSM-7", 2, 305, 153, 0]
    },
    {
      name: "an escape over a border, and one more",
      text: `${"a".repeat(152)}${euro}${"a".repeat(152)}`,
      expected: ["GSM-7", 3, 306, 153, 152]
    },
    {
      name: "an escape up to a border",
      text: `${"a".repeat(151)}${euro}${"a".repeat(153)}`,
      expected: ["GSM-7", 2, 306, 153, 0]
    },
    { name: "70 code units", text: "ц".repeat(70), expected: ["UCS-2", 1, 70, 70, 0] },
    { name: "71 code units", text: "ц".repeat(71), expected: ["UCS-2", 2, 71, 67, 63] },
    { name: "134 code units", text: "ц".repeat(134), expected: ["UCS-2", 2, 134, 67, 0] },
    { name: "135 code units", text: "ц".repeat(135), expected: ["UCS-2", 3, 135, 67, 66] },
    { name: "one character in 100", text: `${"a".repeat(99)}ц`, expected: ["UCS-2", 2, 100, 67, 34] },
    { name: "35 emoji", text: "😀".repeat(35), expected: ["UCS-2", 1, 70, 70, 0] },
    { name: "36 emoji, 33 in a segment", text: "😀".repeat(36), expected: ["UCS-2", 2, 72, 67, 61] },
    { name: "66 emoji", text: "😀".repeat(66), expected: ["UCS-2", 2, 132, 67, 1] },
    { name: "67 emoji", text: "😀".repeat(67), expected: ["UCS-2", 3, 134, 67, 65] },
    { name: "a family", text: family, expected: ["UCS-2", 1, 11, 70, 59] },
    { name: "a flag", text: flag, expected: ["UCS-2", 1, 4, 70, 66] },
    { name: "a letter and its accent", text: accented, expected: ["UCS-2", 1, 2, 70, 68] },
    { name: "lone surrogates", text: "\uDE00\uD83D", expected: ["UCS-2", 1, 2, 70, 68] },
    { name: "line breaks", text: "\r\n", expected: ["GSM-7", 1, 2, 160, 158] }
  ])("counts $name", ({ expected, text }) => {
    const { encoding, remaining, segments, units, unitsPerSegment } = Segments.count(text)
    assert.deepStrictEqual([encoding, segments, units, unitsPerSegment, remaining], expected)
  })

  it.each([
    { text: "ab😀😀", character: "😀", index: 2, grapheme: "😀" },
    { text: `a${accented}b`, character: "\u0301", index: 2, grapheme: accented },
    { text: "x\u200Dy", character: "\u200D", index: 1, grapheme: "x\u200D" },
    { text: `${flag}${flag}`, character: "\u{1F1E8}", index: 0, grapheme: flag },
    { text: `a${family}`, character: "👨", index: 1, grapheme: family },
    { text: "a\uD83D", character: "\uD83D", index: 1, grapheme: "\uD83D" }
  ])("names $grapheme in $text", ({ text, ...expected }) => {
    assert.deepStrictEqual(Segments.count(text).forcedBy, expected)
  })

  it("has nothing to name in GSM-7", () => {
    assert.notProperty(Segments.count("abc"), "forcedBy")
  })

  it("leaves out what a carrier does not take", () => {
    assert.strictEqual(Segments.count("Ω", {}).encoding, "GSM-7")
    assert.deepStrictEqual(Segments.count("aΩ", { excluding: Segments.greekCapitals }).forcedBy, {
      character: "Ω",
      index: 1,
      grapheme: "Ω"
    })
    assert.strictEqual(Segments.count("aé@", { excluding: Segments.greekCapitals }).encoding, "GSM-7")
  })

  it("agrees with arithmetic on plain ASCII", () => {
    fc.assert(
      fc.property(ascii, (text) => {
        const septets = text.length + (text.match(/[[\]{}~^|\\]/g)?.length ?? 0)
        const { encoding, segments, units } = Segments.count(text)
        assert.deepStrictEqual({ encoding, units }, { encoding: "GSM-7", units: septets })
        if (septets <= 160) return assert.strictEqual(segments, 1)
        // Every segment but the last may lose one septet to an escape.
        assert.isAtLeast(segments, Math.ceil(septets / 153))
        assert.isAtMost(segments, Math.ceil(septets / 152))
        if (septets === text.length) assert.strictEqual(segments, Math.ceil(septets / 153))
      }),
      runs
    )
  })

  it("agrees with what it says of the last segment, for any text", () => {
    fc.assert(
      fc.property(text, (text) => {
        const { encoding, forcedBy, remaining, segments, units, unitsPerSegment } = Segments.count(text)
        assert.include(encoding === "GSM-7" ? [160, 153] : [70, 67], unitsPerSegment)
        assert.isAtLeast(remaining, 0)
        const lost = segments * unitsPerSegment - remaining - units
        assert.isAtLeast(lost, 0)
        assert.isBelow(lost, segments)
        if (encoding === "UCS-2") assert.strictEqual(units, text.length)
        assert.strictEqual(forcedBy === undefined, encoding === "GSM-7")
        if (forcedBy !== undefined) {
          assert.isTrue(text.startsWith(forcedBy.character, forcedBy.index))
          assert.strictEqual(Segments.count(text.slice(0, forcedBy.index)).encoding, "GSM-7")
          assert.include(graphemesOf(text), forcedBy.grapheme)
          assert.include(forcedBy.grapheme, forcedBy.character)
        }
      }),
      runs
    )
  })

  it("takes no fewer segments for more text", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const both = Segments.count(a + b).segments
        assert.isAtLeast(both, Segments.count(a).segments)
        assert.isAtLeast(both, Segments.count(b).segments)
      }),
      runs
    )
  })
})

describe("Segments.smartReplace", () => {
  it.each([
    ["quotation marks", "‘a’ “b” «c» ‹d› „e‟ `f´", "'a' \"b\" \"c\" 'd' \"e\" 'f'"],
    ["dashes", "a‐b‑c‒d–e—f―g−h", "a-b-c-d-e-f-g-h"],
    ["dots", "a…b•", "a...b*"],
    ["spaces", "a\u00A0b\u2009c\u202Fd\u3000e\tf", "a b c d e f"],
    ["line ends", "a\u2028b\u2029c\u0085d", "a\nb\nc\nd"],
    ["the invisible", "\uFEFFa\u200Bb\u2060c\u00ADd\u200E", "abcd"],
    ["accents apart", "cafe\u0301 A\u030A", "café Å"],
    ["signs that are letters", "\u2126 \u212A", "Ω K"],
    ["wide letters and ligatures", "ＡＢ１！ ﬁt", "AB1! fit"]
  ])("replaces %s", (_, text, expected) => {
    assert.strictEqual(Segments.smartReplace(text).text, expected)
  })

  it("lists what it replaced, where it was", () => {
    assert.deepStrictEqual(Segments.smartReplace("a…\u200B“e\u0301").replacements, [
      { from: "…", to: "...", index: 1 },
      { from: "\u200B", to: "", index: 2 },
      { from: "“", to: "\"", index: 3 },
      { from: accented, to: "é", index: 4 }
    ])
  })

  it.each([
    { text: "“a” 👩‍🚀", character: "👩", index: 4, grapheme: "👩‍🚀" },
    { text: "’ç", character: "ç", index: 1, grapheme: "ç" },
    { text: "’a\u0301", character: "\u0301", index: 2, grapheme: "a\u0301" }
  ])("leaves $text, which $grapheme keeps in UCS-2", ({ text, ...irreplaceable }) => {
    assert.deepStrictEqual(Segments.smartReplace(text), { text, replacements: [], irreplaceable })
  })

  it("leaves a text that would take more segments", () => {
    const text = "…".repeat(70)
    assert.deepStrictEqual(Segments.smartReplace(text), { text, replacements: [] })
  })

  it("leaves a text that would show nothing", () => {
    assert.deepStrictEqual(Segments.smartReplace("\u200B"), { text: "\u200B", replacements: [] })
  })

  it("replaces nothing by what the carrier does not take", () => {
    const { irreplaceable } = Segments.smartReplace("\u2126", { excluding: Segments.greekCapitals })
    assert.strictEqual(irreplaceable?.character, "\u2126")
  })

  it("takes no more segments, can be followed through its list, and has nothing left to do", () => {
    const typographic = fc.array(
      fc.constantFrom(...gsm7.basic, ..."‘’“”…–—•\t\u00A0\u200B\uFEFFﬃ", accented, "e\u0308"),
      { maxLength: 300, size: "max" }
    ).map((pieces) => pieces.join(""))
    fc.assert(
      fc.property(fc.oneof(text, typographic), (text) => {
        const replaced = Segments.smartReplace(text)
        assert.isAtMost(Segments.count(replaced.text).segments, Segments.count(text).segments)
        const followed = replaced.replacements.reduceRight(
          (text, { from, index, to }) => text.slice(0, index) + to + text.slice(index + from.length),
          text
        )
        assert.strictEqual(followed, replaced.text)
        if (replaced.text !== text) assert.strictEqual(Segments.count(replaced.text).encoding, "GSM-7")
        assert.deepStrictEqual(Segments.smartReplace(replaced.text).replacements, [])
      }),
      runs
    )
  })
})

describe("Segments.split", () => {
  it.each([
    { name: "no text", text: "", options: { maxLength: 10 }, parts: [""] },
    { name: "a text that fits", text: " a  b ", options: { maxLength: 6 }, parts: [" a  b "] },
    { name: "words", text: "one two three", options: { maxLength: 8 }, parts: ["one two ", "three"] },
    { name: "words that just fit", text: "one two", options: { maxLength: 4 }, parts: ["one ", "two"] },
    { name: "a space that does not fit", text: "abcd efg", options: { maxLength: 4 }, parts: ["abcd", " efg"] },
    { name: "line breaks", text: "a\n\n\nb  c", options: { maxLength: 5 }, parts: ["a\n\n\n", "b  c"] },
    { name: "one long word", text: "abcdefgh", options: { maxLength: 3 }, parts: ["abc", "def", "gh"] },
    { name: "white space alone", text: " \n ".repeat(2), options: { maxLength: 4 }, parts: [" \n  ", "\n "] },
    { name: "white space at the end", text: "one two ", options: { maxLength: 7 }, parts: ["one ", "two "] },
    { name: "white space after one word", text: "abcd ", options: { maxLength: 4 }, parts: ["abc", "d "] },
    { name: "white space at the beginning", text: "  abcd ef", options: { maxLength: 5 }, parts: ["  abc", "d ef"] },
    { name: "a non-breaking space", text: "a 10\u00A0km", options: { maxLength: 6 }, parts: ["a ", "10\u00A0km"] },
    { name: "a line end of two", text: "ab\r\ncd", options: { maxLength: 3 }, parts: ["ab", "\r\nc", "d"] },
    { name: "families", text: family + family, options: { maxLength: 21 }, parts: [family, family] },
    { name: "flags", text: flag.repeat(3), options: { maxLength: 9 }, parts: [flag + flag, flag] },
    { name: "accents", text: accented.repeat(3), options: { maxLength: 3 }, parts: [accented, accented, accented] },
    {
      name: "a grapheme over the limit",
      text: family,
      options: { maxLength: 6 },
      parts: ["👨\u200D👩\u200D", "👧\u200D👦"]
    },
    {
      name: "lone surrogates",
      text: "\uD83D\uD83D\uDE00\uDE00",
      options: { maxLength: 2 },
      parts: ["\uD83D", "😀", "\uDE00"]
    },
    { name: "escapes", text: "[a][b]", options: { maxUnits: 5 }, parts: ["[a]", "[b]"] },
    {
      name: "by segments",
      text: "a".repeat(307),
      options: { maxSegments: 2 },
      parts: ["a".repeat(306), "a"]
    },
    {
      name: "with the encoding of the part",
      text: `${"a".repeat(159)} 😀`,
      options: { maxSegments: 1 },
      parts: [`${"a".repeat(159)} `, "😀"]
    },
    {
      name: "by all limits",
      text: "ц".repeat(10) + "a".repeat(300),
      options: { maxLength: 200, maxSegments: 1 },
      parts: ["ц".repeat(10) + "a".repeat(60), "a".repeat(160), "a".repeat(80)]
    }
  ])("splits $name", ({ options, parts, text }) => {
    // An option that a row does not have is absent in the row's type only.
    assert.deepStrictEqual<unknown>(Segments.split(text, options as Segments.SplitOptions), parts)
  })

  it("asks for a limit", () => {
    // @ts-expect-error no limit
    assert.deepStrictEqual<unknown>(Segments.split("abc", {}), ["abc"])
  })

  it("takes a limit that cannot be kept as the smallest", () => {
    for (const limit of [1, 0, -1, NaN, -Infinity]) {
      assert.deepStrictEqual<unknown>(Segments.split("abc😀", { maxLength: limit }), ["ab", "c", "😀"])
      assert.deepStrictEqual<unknown>(Segments.split("a€b", { maxUnits: limit }), ["a", "€", "b"])
      assert.strictEqual(Segments.split("a".repeat(161), { maxSegments: limit }).length, 2)
    }
    assert.deepStrictEqual<unknown>(Segments.split("abc", { maxLength: Infinity }), ["abc"])
    assert.deepStrictEqual<unknown>(Segments.split("abcdef", { maxLength: 2.5 }), ["ab", "cd", "ef"])
  })

  it("loses nothing, keeps to the limits, and has no empty part", () => {
    fc.assert(
      fc.property(text, limits, (text, options) => {
        const parts = Segments.split(text, options)
        assert.strictEqual(parts.join(""), text)
        for (const part of parts) assert.isTrue(fits(part, options))
        if (text !== "") assert.notInclude(parts, "")
      }),
      runs
    )
  })

  it("divides no grapheme that a part can hold, and no surrogate pair", () => {
    fc.assert(
      fc.property(text, limits, (text, options) => {
        const cuts = new Set<number>()
        let index = 0
        for (const part of Segments.split(text, options)) cuts.add(index += part.length)
        index = 0
        for (const grapheme of graphemesOf(text)) {
          for (let inside = 1; inside < grapheme.length; inside++) {
            if (!cuts.has(index + inside)) continue
            assert.isFalse(fits(grapheme, options))
            assert.isBelow(text.codePointAt(index + inside - 1) ?? 0, 0x10000)
          }
          index += grapheme.length
        }
      }),
      runs
    )
  })

  it("divides no word that a part can hold, and makes no blank part if it need not", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,9}( {1,9}[a-z]{1,9}){0,30} {0,9}$/), fc.integer({ min: 18, max: 60 }), (
        text,
        maxLength
      ) => {
        const parts = Segments.split(text, { maxLength })
        for (const [i, part] of parts.entries()) {
          assert.notStrictEqual(part.trim(), "")
          if (i > 0) assert.match(`${parts[i - 1]}|${part}`, / \|[a-z]/)
        }
      }),
      runs
    )
    fc.assert(
      fc.property(ascii, fc.integer({ min: 2, max: 40 }), (text, maxLength) => {
        // A character and the white space around it.
        const widths = Array.from(text.matchAll(/\S/g), ({ index }) => {
          const [before, after] = [text.slice(0, index), text.slice(index + 1)]
          return text.length - before.trimEnd().length - after.trimStart().length
        })
        if (widths.length === 0 || Math.max(...widths) > maxLength) return
        for (const part of Segments.split(text, { maxLength })) assert.notStrictEqual(part.trim(), "")
      }),
      runs
    )
  })
})

describe("a text of 200,000 characters", () => {
  it.each([
    { name: "letters", text: "a".repeat(2e5) },
    { name: "words", text: "ab ".repeat(66_667) },
    { name: "white space", text: " ".repeat(2e5) },
    { name: "a word and white space", text: `a${" ".repeat(2e5)}` },
    { name: "one grapheme", text: `a${"\u0301".repeat(2e5)}` },
    { name: "families", text: family.repeat(18_200) }
  ])("of $name is counted, replaced and split in linear time", ({ text }) => {
    assert.isAbove(Segments.count(text).segments, 1300)
    assert.strictEqual(Segments.smartReplace(text).text.length, text.length)
    assert.strictEqual(Segments.split(text, { maxSegments: 1 }).join(""), text)
    assert.strictEqual(Segments.split(text, { maxLength: 2 }).join(""), text)
  })
})
