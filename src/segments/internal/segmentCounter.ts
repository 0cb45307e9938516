/** Counts the segments of a text, character by character, in both encodings at once. */
import type { Alphabet } from "./gsm7.ts"

/** Segments filled in order. A character that does not fit into what is left of one begins the next. */
interface Packing {
  readonly units: number
  readonly segments: number
  /** Units in the last segment. */
  readonly used: number
}

/** What the characters so far take. */
export interface SegmentCounts {
  /** Absent once a character was not in the alphabet. */
  readonly gsm7: Packing | undefined
  readonly ucs2: Packing
}

// A text of several segments loses six octets of each to the header that joins them.
const gsm7 = { alone: 160, joined: 153 }
const ucs2 = { alone: 70, joined: 67 }

const none: Packing = { units: 0, segments: 1, used: 0 }

/** The tally of an empty text. */
export const empty: SegmentCounts = { gsm7: none, ucs2: none }

const pack = ({ segments, units, used }: Packing, size: number, capacity: number): Packing =>
  used + size <= capacity
    ? { units: units + size, segments, used: used + size }
    : { units: units + size, segments: segments + 1, used: size }

const add = (tally: SegmentCounts, codePoint: number, alphabet: Alphabet): SegmentCounts => {
  const septets = tally.gsm7 === undefined ? 0 : alphabet(codePoint)
  return {
    gsm7: tally.gsm7 === undefined || septets === 0 ? undefined : pack(tally.gsm7, septets, gsm7.joined),
    ucs2: pack(tally.ucs2, codePoint > 0xffff ? 2 : 1, ucs2.joined)
  }
}

/** The tally with more text. */
export const addText = (tally: SegmentCounts, text: string, alphabet: Alphabet): SegmentCounts => {
  let sum = tally
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0
    if (codePoint > 0xffff) i++
    sum = add(sum, codePoint, alphabet)
  }
  return sum
}

/** What goes over the air. */
export const measure = (tally: SegmentCounts) => {
  const { segments, units, used } = tally.gsm7 ?? tally.ucs2
  const { alone, joined } = tally.gsm7 === undefined ? ucs2 : gsm7
  const encoding = tally.gsm7 === undefined ? "UCS-2" as const : "GSM-7" as const
  return units <= alone
    ? { encoding, segments: 1, units, unitsPerSegment: alone, remaining: alone - units }
    : { encoding, segments, units, unitsPerSegment: joined, remaining: joined - used }
}
