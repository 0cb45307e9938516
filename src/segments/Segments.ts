/**
 * Counts the SMS segments of a text and reduces them.
 *
 * Carriers bill per segment. A text in the GSM-7 alphabet has 160 septets in a
 * single segment, or 153 in each of several; a single character outside the
 * alphabet makes the whole text UCS-2, with 70 or 67 UTF-16 code units. Neither
 * an escaped GSM-7 character nor a surrogate pair is divided between segments,
 * so a segment may hold one unit less.
 *
 * The alphabet is the default alphabet of 3GPP TS 23.038 with its extension
 * table. National language shift tables are not used, because no carrier here
 * offers them. A carrier may replace or re-encode characters itself; the billed
 * number of segments is in its receipt.
 *
 * @since 0.1.0
 */
import { graphemes } from "./internal/graphemes.ts"
import { type Alphabet, alphabet } from "./internal/gsm7.ts"
import { replacement } from "./internal/lookAlikes.ts"
import { addText, empty, measure, type SegmentCounts } from "./internal/segmentCounter.ts"

/**
 * The encoding of a text over the air. UCS-2 is in fact UTF-16, so emoji work.
 *
 * @category models
 * @since 0.1.0
 */
export type Encoding = "GSM-7" | "UCS-2"

/**
 * A character outside the GSM-7 alphabet and its position.
 *
 * @category models
 * @since 0.1.0
 */
export interface Character {
  /** The code point. It may be invisible or incomplete: a joiner, an accent or a lone surrogate. */
  readonly character: string
  /** The index of the code point in the text, in UTF-16 code units, as in `text.indexOf`. */
  readonly index: number
  /** The grapheme, that is the visible character, that contains the code point. */
  readonly grapheme: string
}

/**
 * The segment count of a text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Segments {
  readonly encoding: Encoding
  /** The number of billed segments. At least one: an SMS without text is an SMS. */
  readonly segments: number
  /** Septets in GSM-7, UTF-16 code units in UCS-2, excluding unused units at the end of a segment. */
  readonly units: number
  /** The capacity of one segment: lower when there are several. */
  readonly unitsPerSegment: number
  /** The unused units of the last segment. */
  readonly remaining: number
  /** The first character outside the alphabet. Absent in GSM-7. */
  readonly forcedBy?: Character
}

/**
 * Options of all functions that count segments.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Characters of the alphabet that the carrier does not support, such as {@link greekCapitals}. */
  readonly excluding?: string
}

/**
 * The Greek letters of the alphabet. Telnyx's documentation omits them from its
 * alphabet, so with Telnyx they may make a text UCS-2.
 *
 * **Example** (A letter that Telnyx may not support)
 *
 * ```ts run
 * import { Segments } from "effect-sms"
 *
 * Segments.count("Δ").encoding // => "GSM-7"
 * Segments.count("Δ", { excluding: Segments.greekCapitals }).encoding // => "UCS-2"
 * ```
 *
 * @category constants
 * @since 0.1.0
 */
export const greekCapitals = "ΔΦΓΛΩΠΨΣΘΞ"

const characterAt = (text: string, index: number): Character => ({
  character: String.fromCodePoint(text.codePointAt(index) ?? 0),
  index,
  grapheme: graphemes(text).containing(index)?.segment ?? ""
})

/** Returns the index of the first code point outside the alphabet, or -1. */
const indexOutside = (text: string, alphabet: Alphabet): number => {
  for (let i = 0; i < text.length; i++) {
    // Neither half of a surrogate pair is in the alphabet, so the first half is the start of the code point.
    if (alphabet(text.charCodeAt(i)) === 0) return i
  }
  return -1
}

/**
 * Counts the segments of a text sent as one SMS.
 *
 * **Example** (Finding what makes a text expensive)
 *
 * ```ts run
 * import { Segments } from "effect-sms"
 *
 * Segments.count("See you at 8") // => {
 * //   encoding: "GSM-7", segments: 1, units: 12, unitsPerSegment: 160, remaining: 148
 * // }
 *
 * const text = "x".repeat(100) + " It’s here"
 * const { encoding, forcedBy, segments } = Segments.count(text)
 * encoding // => "UCS-2"
 * segments // => 2
 * forcedBy // => { character: "’", index: 103, grapheme: "’" }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const count = (text: string, options: Options = {}): Segments => {
  const letters = alphabet(options.excluding ?? "")
  const measured = measure(addText(empty, text, letters))
  return measured.encoding === "GSM-7"
    ? measured
    : { ...measured, forcedBy: characterAt(text, indexOutside(text, letters)) }
}

/**
 * A replacement made by {@link smartReplace}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replacement {
  /** The original text. */
  readonly from: string
  /** The replacement. Empty for an invisible character. */
  readonly to: string
  /** The index in the original text. */
  readonly index: number
}

/**
 * A text in GSM-7, or the unchanged text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replaced {
  readonly text: string
  /** The replacements in text order. Empty when the text is unchanged. */
  readonly replacements: ReadonlyArray<Replacement>
  /** The first character without a look-alike in the alphabet. When set, the text is unchanged. */
  readonly irreplaceable?: Character
}

/**
 * Replaces characters that word processors and phones insert with look-alikes
 * from the GSM-7 alphabet: quotation marks, dashes, the ellipsis, bullets,
 * ligatures, tabs, and wide, narrow and non-breaking spaces. Letters followed
 * by combining accents become one letter, and invisible characters are removed.
 *
 * Returns the text unchanged when replacing saves nothing: when another
 * character keeps the text in UCS-2, or when the longer replacements would take
 * more segments.
 *
 * **Example** (Reducing two segments to one)
 *
 * ```ts run
 * import { Segments } from "effect-sms"
 *
 * const text = "“It’s here” – at your door, in the blue box beside the window, as you asked…"
 * Segments.count(text).segments // => 2
 *
 * const replaced = Segments.smartReplace(text)
 * replaced.text // => "\"It's here\" - at your door, in the blue box beside the window, as you asked..."
 * replaced.replacements[1] // => { from: "’", to: "'", index: 3 }
 * Segments.count(replaced.text).segments // => 1
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const smartReplace = (text: string, options: Options = {}): Replaced => {
  const letters = alphabet(options.excluding ?? "")
  const asGiven: Replaced = { text, replacements: [] }
  if (indexOutside(text, letters) === -1) return asGiven
  const written: Array<string> = []
  const replacements: Array<Replacement> = []
  for (const { index, segment: from } of graphemes(text)) {
    const to = replacement(from, letters)
    if (to === undefined) {
      const outside = index + indexOutside(from, letters)
      return { ...asGiven, irreplaceable: characterAt(text, outside) }
    }
    if (to !== from) replacements.push({ from, to, index })
    written.push(to)
  }
  const result = written.join("")
  // A text of invisible characters is not replaced by an empty one, which carriers refuse.
  if (result === "") return asGiven
  const segmentsOf = (text: string) => measure(addText(empty, text, letters)).segments
  return segmentsOf(result) > segmentsOf(text) ? asGiven : { text: result, replacements }
}

/**
 * The limits of each part of a text. At least one is required, and each part
 * satisfies all of them. A limit too small for any part is raised to the
 * smallest possible one: two code units, two units, one segment.
 *
 * @category models
 * @since 0.1.0
 */
export type SplitOptions =
  & Options
  & {
    /** The maximum number of UTF-16 code units, as in `text.length`. The number of code points is never higher. */
    readonly maxLength?: number
    /** The maximum number of units, as in {@link Segments}, in the encoding of the part. */
    readonly maxUnits?: number
    /** The maximum number of segments, in the encoding of the part. */
    readonly maxSegments?: number
  }
  & ({ readonly maxLength: number } | { readonly maxUnits: number } | { readonly maxSegments: number })

// Also raises `NaN`, which compares as below any limit.
const atLeast = (least: number, limit: number | undefined): number =>
  limit === undefined ? Infinity : limit >= least ? limit : least

// The white space at which a line may break, which excludes non-breaking spaces.
const breakable = /^[^\S\u00A0\u2007\u202F\uFEFF]+$/

interface Splitter {
  readonly letters: Alphabet
  readonly fits: (tally: SegmentCounts) => boolean
}

const splitter = (options: SplitOptions): Splitter => {
  const maxLength = atLeast(2, options.maxLength)
  const maxUnits = atLeast(2, options.maxUnits)
  const maxSegments = atLeast(1, options.maxSegments)
  return {
    letters: alphabet(options.excluding ?? ""),
    fits: (tally) => {
      const { segments, units } = measure(tally)
      return tally.ucs2.units <= maxLength && units <= maxUnits && segments <= maxSegments
    }
  }
}

/** Returns the indivisible pieces: graphemes, or the code points of a grapheme that exceeds a whole part. */
const piecesOf = (text: string, { fits, letters }: Splitter): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  for (const { segment } of graphemes(text)) {
    if (fits(addText(empty, segment, letters))) pieces.push(segment)
    // Not spread into one call, because a grapheme may have any length.
    else for (const character of segment) pieces.push(character)
  }
  return pieces
}

/** Returns the end index of the part that starts at a piece. */
const endOfPart = (pieces: ReadonlyArray<string>, start: number, inked: number, splitter: Splitter): number => {
  let tally = empty
  let isBlank = true
  let wordStart = start
  let end = start
  for (; end < pieces.length; end++) {
    const piece = pieces[end] ?? ""
    // Carriers refuse blank messages, so leading white space stays with the text that follows.
    if (!isBlank && breakable.test(pieces[end - 1] ?? "") && !breakable.test(piece)) wordStart = end
    isBlank &&= piece.trim() === ""
    tally = addText(tally, piece, splitter.letters)
    if (!splitter.fits(tally)) break
  }
  if (end === pieces.length) return end
  if (wordStart > start) return wordStart
  // Only white space is left: the last visible piece moves to the next part with it.
  return end >= inked && inked - 1 > start ? inked - 1 : end
}

/**
 * Splits a text into parts within the limits. The concatenated parts equal the
 * text: no white space is lost or changed.
 *
 * A part ends before a word if possible, otherwise between two graphemes. A
 * grapheme is divided only if it alone exceeds the limits, a surrogate pair
 * never. Each part is a message with its own encoding: one emoji does not make
 * the other parts UCS-2. A part is blank only where a character and the white
 * space around it exceed a whole part. Words are separated by white space, so
 * Chinese or Thai text is split between any two graphemes.
 *
 * **Example** (Splitting within a carrier's limits)
 *
 * ```ts run
 * import { Segments } from "effect-sms"
 *
 * Segments.split("Your order is here.\n  See you!", { maxLength: 20 }) // => ["Your order is ", "here.\n  See you!"]
 * Segments.split("👩‍🚀👩‍🚀👩‍🚀", { maxLength: 12 }) // => ["👩‍🚀👩‍🚀", "👩‍🚀"]
 * Segments.split("short", { maxLength: 1600, maxSegments: 10 }) // => ["short"]
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const split = (text: string, options: SplitOptions): readonly [string, ...Array<string>] => {
  const splitting = splitter(options)
  if (splitting.fits(addText(empty, text, splitting.letters))) return [text]
  const pieces = piecesOf(text, splitting)
  const inked = pieces.findLastIndex((piece) => piece.trim() !== "") + 1
  const partFrom = (start: number, end: number) => pieces.slice(start, end).join("")
  let start = endOfPart(pieces, 0, inked, splitting)
  const parts: [string, ...Array<string>] = [partFrom(0, start)]
  while (start < pieces.length) {
    const end = endOfPart(pieces, start, inked, splitting)
    parts.push(partFrom(start, end))
    start = end
  }
  return parts
}
