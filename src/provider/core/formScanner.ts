/**
 * Parses forms with known field names, in a quarter of the time of
 * `URLSearchParams` and a sort: it finds the fields, and then writes their names
 * and values in sorted order, of which all texts are made.
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
  /** Its fields are sorted too, so that all orders of the same fields are equally fast to read. */
  readonly form: Form
  readonly sorted: ReadonlyArray<string>
  /** The sorted names and values, without separators. */
  readonly text: string
  /**
   * Remembers which fields the form has, which saves time for those that have the
   * same ones. Only for a genuine form: the first are kept, and nobody else may
   * choose them. Absent where there is nothing to learn.
   */
  readonly learn?: () => void
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

/** Forms up to this length are read without an allocation of their own. */
const usual = 8192

/** As many as the kinds of webhooks that an account usually gets. */
const maxShapes = 8

/** The fields that forms have, in any order. */
interface Shape {
  readonly ranks: ReadonlyArray<number>
  readonly sorted: ReadonlyArray<string>
  /** A form with these fields, which is faster to copy than to build. */
  readonly blank: Readonly<Record<string, string>>
}

/** Scans a form, or gives up. */
export type Scan = (body: Uint8Array) => Scanned | undefined

const isAt = (body: Uint8Array, start: number, name: Uint8Array): boolean => {
  let i = 0
  while (i < name.length && name[i] === body[start + i]) i++
  return i === name.length
}

/** Builds the parser of forms with these fields. */
export const make = (names: ReadonlyArray<string>, decoders: Decoders): Scan => {
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

  // The ranks of the fields of a form, by their places in it, and for each rank the place and where the value is. What
  // is there for other ranks is of earlier forms. No text of a form is kept.
  const rankAt = new Uint16Array(known.length)
  const placeOf = new Uint16Array(known.length)
  const starts = new Uint32Array(known.length)
  const ends = new Uint32Array(known.length)
  // All bytes of the value, combined.
  const bitsOf = new Uint8Array(known.length)

  const has = (rank: number, count: number): boolean => placeOf[rank]! < count && rankAt[placeOf[rank]!] === rank

  /** Finds the fields. Returns how many there are, or -1 if the form is not plain. */
  const find = (body: Uint8Array): number => {
    const end = body.length
    let count = 0
    let bits = 0
    let before = known.length
    // After the last ampersand comes no field.
    for (let at = 0; at < end; at++) {
      const start = at
      let rank = following[before]!
      const expected = bytesOf[rank]!
      if (body[at + expected.length] === equalsSign && isAt(body, at, expected)) at += expected.length
      else {
        let hash = 0
        let byte = 0
        for (; at < end && (byte = body[at]!) !== equalsSign; at++) {
          if (byte === ampersand) return -1
          hash = (hash * 31 + byte) | 0
        }
        if (at === end) return -1
        rank = rankOf(hash, body, start, at)
        if (rank === -1) return -1
        following[before] = rank
      }
      if (has(rank, count)) return -1
      before = rank
      rankAt[count] = rank
      placeOf[rank] = count
      starts[rank] = ++at
      for (let byte = 0; at < end && (byte = body[at]!) !== ampersand; at++) bits |= byte
      ends[rank] = at
      count++
    }
    return bits < 0x80 ? count : -1
  }

  const shapes: Array<Shape> = []

  const shapeOf = (count: number): Shape | undefined => {
    for (const shape of shapes) {
      if (shape.ranks.length !== count) continue
      let i = 0
      while (i < count && has(shape.ranks[i]!, count)) i++
      if (i === count) return shape
    }
    return undefined
  }

  /** Makes the shape of the fields that were found. */
  const makeShape = (count: number): Shape => {
    const ranks: Array<number> = []
    for (let rank = 0; ranks.length < count; rank++) if (has(rank, count)) ranks.push(rank)
    return { ranks, sorted: ranks.map((rank) => known[rank]!), blank: {} }
  }

  const learn = ({ ranks, sorted }: Shape): void => {
    if (shapes.length === maxShapes) return
    shapes.push({ ranks, sorted, blank: Object.fromEntries(sorted.map((name) => [name, ""])) })
  }

  const scratch = new Uint8Array(usual)

  /**
   * Writes the name and the value of a field, and sets where the value is then.
   * Returns the end, or -1 if the value has a malformed escape.
   */
  const write = (body: Uint8Array, rank: number, bytes: Uint8Array, start: number): number => {
    const name = bytesOf[rank]!
    let length = start
    for (let i = 0; i < name.length; i++) bytes[length++] = name[i]!
    const end = ends[rank]!
    let i = starts[rank]!
    starts[rank] = length
    let bits = 0
    for (; i < end; i++) {
      let byte = body[i]!
      // Nearly all are above.
      if (byte <= plus) {
        if (byte === plus) byte = space
        else if (byte === percent) {
          if (i + 2 >= end) return -1
          const high = digits[body[i + 1]!]!
          const low = digits[body[i + 2]!]!
          if (high === 16 || low === 16) return -1
          byte = (high << 4) | low
          i += 2
        }
      }
      bits |= byte
      bytes[length++] = byte
    }
    bitsOf[rank] = bits
    return ends[rank] = length
  }

  return (body) => {
    const count = find(body)
    if (count === -1) return undefined
    const bytes = body.length <= usual ? scratch : new Uint8Array(body.length)
    const learned = shapeOf(count)
    const shape = learned ?? makeShape(count)
    const { blank, ranks, sorted } = shape
    let length = 0
    for (let i = 0; i < count; i++) {
      length = write(body, ranks[i]!, bytes, length)
      if (length === -1) return undefined
    }
    const text = decoders.utf8(bytes, 0, length)
    // It may have been in the text, or stand for what is not UTF-8.
    if (text.includes("\uFFFD")) return undefined
    const form: Record<string, string> = { ...blank }
    /** How many characters fewer than bytes the text before a value has. */
    let fewer = 0
    for (let i = 0; i < count; i++) {
      const start = starts[ranks[i]!]!
      const end = ends[ranks[i]!]!
      if (bitsOf[ranks[i]!]! >= 0x80) {
        const value = decoders.utf8(bytes, start, end)
        fewer += end - start - value.length
        form[sorted[i]!] = value
      } else if (end - start < shortest) form[sorted[i]!] = text.slice(start - fewer, end - fewer)
      else form[sorted[i]!] = decoders.latin1(bytes, start, end)
    }
    const scanned: Scanned = { _tag: "SignedForm", form, sorted, text }
    return learned === undefined && shapes.length < maxShapes ? { ...scanned, learn: () => learn(shape) } : scanned
  }
}
