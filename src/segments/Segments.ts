/**
 * How many SMS segments a text takes, and how to say it in fewer.
 *
 * Carriers bill each segment. A text in the GSM-7 alphabet has 160 septets in
 * one segment, or 153 in each of several; a single character outside of it
 * makes all of the text UCS-2, with 70 or 67 UTF-16 code units. Neither an
 * escaped character of GSM-7 nor a surrogate pair is divided between segments,
 * so a segment may hold one unit less.
 *
 * The alphabet is the default one of 3GPP TS 23.038 with its extension table.
 * The shift tables of national languages are not used: no carrier here offers
 * them. A carrier may replace or re-encode characters on its own, so what it
 * bills is in its receipt.
 *
 * @since 0.1.0
 */
import { graphemes } from "./internal/graphemes.ts"
import { type Alphabet, alphabet } from "./internal/gsm7.ts"
import { replacement } from "./internal/lookAlikes.ts"
import { addText, empty, measure, type SegmentCounts } from "./internal/segmentCounter.ts"

/**
 * How a text goes over the air. UCS-2 is in fact UTF-16, so emoji pass.
 *
 * @category models
 * @since 0.1.0
 */
export type Encoding = "GSM-7" | "UCS-2"

/**
 * Where a text leaves the GSM-7 alphabet.
 *
 * @category models
 * @since 0.1.0
 */
export interface Character {
  /** The one code point. It may be invisible, or half of something: a joiner, an accent, a lone surrogate. */
  readonly character: string
  /** Where the code point begins in the text, in UTF-16 code units, as in `text.indexOf`. */
  readonly index: number
  /** What people see as one character, and the code point is part of. */
  readonly grapheme: string
}

/**
 * What a text takes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Segments {
  readonly encoding: Encoding
  /** How many segments are billed. At least one: an SMS without text is an SMS. */
  readonly segments: number
  /** Septets in GSM-7, UTF-16 code units in UCS-2, without what stays free at the end of a segment. */
  readonly units: number
  /** What one segment holds: less when there are several. */
  readonly unitsPerSegment: number
  /** Units that are still free in the last segment. */
  readonly remaining: number
  /** The first character that is not in the alphabet. Absent in GSM-7. */
  readonly forcedBy?: Character
}

/**
 * Options of everything that counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Characters of the alphabet that the carrier does not take as such, as {@link greekCapitals}. */
  readonly excluding?: string
}

/**
 * The Greek letters of the alphabet. Telnyx does not list them in its own, so
 * there they may make a text UCS-2.
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

/** Where the first code point outside of the alphabet is; -1 if there is none. */
const indexOutside = (text: string, alphabet: Alphabet): number => {
  for (let i = 0; i < text.length; i++) {
    // No half of a surrogate pair is in the alphabet, so the first half is where the code point begins.
    if (alphabet(text.charCodeAt(i)) === 0) return i
  }
  return -1
}

/**
 * What the text takes as one SMS.
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
 * One replacement made by {@link smartReplace}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replacement {
  /** What was in the text. */
  readonly from: string
  /** What is there now. Empty when nothing was to be seen. */
  readonly to: string
  /** Where it was in the text as given. */
  readonly index: number
}

/**
 * A text in GSM-7, or the text as given.
 *
 * @category models
 * @since 0.1.0
 */
export interface Replaced {
  readonly text: string
  /** In the order of the text. Empty when the text is as given. */
  readonly replacements: ReadonlyArray<Replacement>
  /** The first character that nothing in the alphabet looks like. Then the text is as given. */
  readonly irreplaceable?: Character
}

/**
 * Replaces what word processors and phones put in by characters of the GSM-7
 * alphabet that look alike: quotation marks, dashes, the ellipsis, bullets,
 * ligatures, tabs, wide, narrow and non-breaking spaces. Letters followed by
 * their accents become one letter, and invisible characters go.
 *
 * Nothing is replaced when it saves nothing: when another character keeps the
 * text in UCS-2, or when the longer replacements would take more segments.
 *
 * **Example** (Sending one segment in the place of two)
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
  // A text that shows nothing is not made into no text, which carriers refuse.
  if (result === "") return asGiven
  const segmentsOf = (text: string) => measure(addText(empty, text, letters)).segments
  return segmentsOf(result) > segmentsOf(text) ? asGiven : { text: result, replacements }
}

/**
 * What each part of a text may take. At least one limit is given, and each part
 * keeps to all that are. A limit that no part could keep to is taken as the
 * smallest possible one: two code units, two units, one segment.
 *
 * @category models
 * @since 0.1.0
 */
export type SplitOptions =
  & Options
  & {
    /** UTF-16 code units, as in `text.length`. Carriers that count code points find no more. */
    readonly maxLength?: number
    /** Units, as in {@link Segments}, in the encoding of the part. */
    readonly maxUnits?: number
    /** Segments, in the encoding of the part. */
    readonly maxSegments?: number
  }
  & ({ readonly maxLength: number } | { readonly maxUnits: number } | { readonly maxSegments: number })

// What is not a number is below any limit.
const atLeast = (least: number, limit: number | undefined): number =>
  limit === undefined ? Infinity : limit >= least ? limit : least

// The white space at which a line may break: not the non-breaking spaces.
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

/** What stays together: graphemes, and the code points of those that no part can hold. */
const piecesOf = (text: string, { fits, letters }: Splitter): ReadonlyArray<string> => {
  const pieces: Array<string> = []
  for (const { segment } of graphemes(text)) {
    if (fits(addText(empty, segment, letters))) pieces.push(segment)
    // Not spread into one call: a grapheme may be of any length.
    else for (const character of segment) pieces.push(character)
  }
  return pieces
}

/** Where the part that begins at a piece ends. */
const endOfPart = (pieces: ReadonlyArray<string>, start: number, inked: number, splitter: Splitter): number => {
  let tally = empty
  let isBlank = true
  let wordStart = start
  let end = start
  for (; end < pieces.length; end++) {
    const piece = pieces[end] ?? ""
    // Carriers refuse a message that shows nothing, so white space at the beginning stays with what follows.
    if (!isBlank && breakable.test(pieces[end - 1] ?? "") && !breakable.test(piece)) wordStart = end
    isBlank &&= piece.trim() === ""
    tally = addText(tally, piece, splitter.letters)
    if (!splitter.fits(tally)) break
  }
  if (end === pieces.length) return end
  if (wordStart > start) return wordStart
  // Only white space is left, and the last visible piece goes with it.
  return end >= inked && inked - 1 > start ? inked - 1 : end
}

/**
 * Splits the text into parts that keep to the limits. Joined, the parts are the
 * text: no white space is lost or changed.
 *
 * A part ends before a word if it can, else between two graphemes; a grapheme
 * is divided only if it alone is over the limit, and a surrogate pair never.
 * Each part is a message of its own, with its own encoding: one emoji does not
 * make the others UCS-2. A part is blank only where a character and the white
 * space around it are more than a part holds. Words are what white space
 * separates, so Chinese or Thai is split between any two graphemes.
 *
 * **Example** (Keeping to the limit of a carrier)
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
