/** Counts the segments of a text, character by character, in both encodings at once. */
import type { Alphabet } from "./gsm7.ts"

/** Segments filled in order. A character that does not fit into the current segment starts the next one. */
interface Packing {
  readonly units: number
  readonly segments: number
  /** The units in the last segment. */
  readonly used: number
}

/** The counts of the characters so far. */
export interface SegmentCounts {
  /** Absent once a character outside the alphabet was added. */
  readonly gsm7: Packing | undefined
  readonly ucs2: Packing
}

// In a text of several segments, a header of six octets takes up room in each.
const gsm7 = { alone: 160, joined: 153 }
const ucs2 = { alone: 70, joined: 67 }

const none: Packing = { units: 0, segments: 1, used: 0 }

/** The counts of an empty text. */
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

/** Returns the counts with more text added. */
export const addText = (tally: SegmentCounts, text: string, alphabet: Alphabet): SegmentCounts => {
  let sum = tally
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i) ?? 0
    if (codePoint > 0xffff) i++
    sum = add(sum, codePoint, alphabet)
  }
  return sum
}

/** Returns the measures of the encoding that is used: GSM-7 if possible, otherwise UCS-2. */
export const measure = (tally: SegmentCounts) => {
  const { segments, units, used } = tally.gsm7 ?? tally.ucs2
  const { alone, joined } = tally.gsm7 === undefined ? ucs2 : gsm7
  const encoding = tally.gsm7 === undefined ? "UCS-2" as const : "GSM-7" as const
  return units <= alone
    ? { encoding, segments: 1, units, unitsPerSegment: alone, remaining: alone - units }
    : { encoding, segments, units, unitsPerSegment: joined, remaining: joined - used }
}
