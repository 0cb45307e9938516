/**
 * Parses forms with known field names in one pass over their bytes, in a
 * quarter of the time of `URLSearchParams` and a sort.
 *
 * It gives up on everything that is not plain: a field that is not known or
 * occurs twice, a name with an escape, a malformed escape, bytes that are not
 * ASCII, and text that may not be UTF-8. `URLSearchParams` reads those forms. For
 * any other form the result is the same: a property test compares the two.
 */
import type { Form } from "./body.ts"

/** A form, with its names sorted. */
export interface Scanned {
  readonly _tag: "SignedForm"
  readonly form: Form
  readonly sorted: ReadonlyArray<string>
  /** The sorted names and values, without separators. */
  readonly text: string
}

/** Texts from bytes, as Node has them. */
export interface Decoders {
  readonly latin1: (bytes: Uint8Array, start: number, end: number) => string
  /** Has U+FFFD in the place of what is not UTF-8. */
  readonly utf8: (bytes: Uint8Array, start: number, end: number) => string
}

const [ampersand, equalsSign, percent, plus, space] = [0x26, 0x3d, 0x25, 0x2b, 0x20]

/** The value of a hexadecimal digit, or 16 for any other byte. */
const digits = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = "0123456789abcdef".indexOf(String.fromCharCode(byte).toLowerCase())
  return digit === -1 ? 16 : digit
})

/** A power of two, a few times as many as there are names. */
const slots = 1024

/** V8 keeps a part of a text from this length on as a reference to the whole, which would keep the body. */
const shortest = 13

/** Values up to this length are read without an allocation of their own. */
const usual = 4096

const isAt = (body: Uint8Array, start: number, name: Uint8Array): boolean => {
  let i = 0
  while (i < name.length && name[i] === body[start + i]) i++
  return i === name.length
}

/** Builds the parser of forms with these fields. */
export const make = (names: ReadonlyArray<string>, decoders: Decoders): (body: Uint8Array) => Scanned | undefined => {
  const known = [...new Set(names)].filter((name) => /^[A-Za-z]\w*$/.test(name)).sort()
  const bytesOf = known.map((name) => Uint8Array.from(name, (character) => character.charCodeAt(0)))
  // The rank of the name that came last after each name, or first in a form. Only where to look first: every byte of
  // a name is compared.
  const following = new Uint16Array(known.length + 1)
  // The rank of each name, one more than its place, in a table with open addressing.
  const table = new Uint16Array(slots)
  const hashOf = (name: string): number => {
    let hash = 0
    for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0
    return hash
  }
  const slotOf = (hash: number): number => (hash ^ (hash >>> 10)) & (slots - 1)
  known.forEach((name, rank) => {
    let slot = slotOf(hashOf(name))
    while (table[slot] !== 0) slot = (slot + 1) & (slots - 1)
    table[slot] = rank + 1
  })

  /** Returns the rank of the name in these bytes, or -1. */
  const rankOf = (hash: number, body: Uint8Array, start: number, end: number): number => {
    for (let slot = slotOf(hash); table[slot] !== 0; slot = (slot + 1) & (slots - 1)) {
      const rank = table[slot]! - 1
      const name = bytesOf[rank]!
      if (name.length === end - start && isAt(body, start, name)) return rank
    }
    return -1
  }

  const values: Array<string | undefined> = known.map(() => undefined)
  const ranks: Array<number> = []
  const scratch = new Uint8Array(usual)

  /** Decodes a value with escapes, or returns `undefined`. */
  const unescaped = (body: Uint8Array, start: number, end: number): string | undefined => {
    const bytes = end - start <= usual ? scratch : new Uint8Array(end - start)
    let length = 0
    let all = 0
    for (let i = start; i < end; i++) {
      let byte = body[i]!
      if (byte === plus) byte = space
      else if (byte === percent) {
        if (i + 2 >= end) return undefined
        const high = digits[body[i + 1]!]!
        const low = digits[body[i + 2]!]!
        if (high === 16 || low === 16) return undefined
        byte = (high << 4) | low
        i += 2
      }
      all |= byte
      bytes[length++] = byte
    }
    if (all < 0x80) return decoders.latin1(bytes, 0, length)
    const text = decoders.utf8(bytes, 0, length)
    // It may have been in the text, or stand for what is not UTF-8.
    return text.includes("\uFFFD") ? undefined : text
  }

  /** Fills the form, `values` and `ranks`. Returns whether the form is plain. */
  const scan = (body: Uint8Array, form: Record<string, string>): boolean => {
    const end = body.length
    const whole = decoders.latin1(body, 0, end)
    let before = known.length
    for (let at = 0; at < end; at++) {
      const start = at
      let byte = 0
      let rank = following[before]!
      const expected = bytesOf[rank]!
      if (body[at + expected.length] === equalsSign && isAt(body, at, expected)) at += expected.length
      else {
        let hash = 0
        for (; at < end && (byte = body[at]!) !== equalsSign; at++) {
          if (byte === ampersand) return false
          hash = (hash * 31 + byte) | 0
        }
        if (at === end) return false
        rank = rankOf(hash, body, start, at)
        if (rank === -1) return false
        following[before] = rank
      }
      before = rank
      if (values[rank] !== undefined) return false
      const from = ++at
      let escapes = false
      for (; at < end && (byte = body[at]!) !== ampersand; at++) {
        if (byte === percent || byte === plus) escapes = true
        else if (byte >= 0x80) return false
      }
      const value = escapes
        ? unescaped(body, from, at)
        : at - from < shortest
        ? whole.slice(from, at)
        : decoders.latin1(body, from, at)
      if (value === undefined) return false
      values[rank] = value
      ranks.push(rank)
      form[known[rank]!] = value
    }
    // After the last ampersand comes no field.
    return true
  }

  return (body) => {
    try {
      const form: Record<string, string> = {}
      if (!scan(body, form)) return undefined
      const sorted: Array<string> = []
      let text = ""
      for (let rank = 0; rank < known.length && sorted.length < ranks.length; rank++) {
        const value = values[rank]
        if (value === undefined) continue
        const name = known[rank]!
        sorted.push(name)
        text += name + value
      }
      return { _tag: "SignedForm", form, sorted, text }
    } finally {
      // Nothing of a body is kept.
      for (const rank of ranks) values[rank] = undefined
      ranks.length = 0
    }
  }
}
