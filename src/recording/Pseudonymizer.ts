/**
 * Replaces the personal data in the payloads of webhooks.
 *
 * The same number, word or id has the same replacement for as long as a
 * pseudonymizer is used, whichever carrier it comes from. The replacements are
 * random: without the originals, which are in memory only, they cannot be
 * undone. A field that the carrier's folder does not name is replaced by what
 * its value looks like.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { isObject, lookup, setOwn } from "../internal/record.ts"
import { isUserId } from "../internal/userId.ts"
import type { Payload } from "../Payload.ts"
import type { Kind, Kinds, Masking } from "../provider/Recording.ts"
import * as Bytes from "./internal/bytes.ts"
import * as Ids from "./internal/ids.ts"
import * as Numbers from "./internal/numbers.ts"
import * as Replacements from "./internal/replacements.ts"
import * as Texts from "./internal/texts.ts"
import * as Times from "./internal/times.ts"
import * as Urls from "./internal/urls.ts"
import * as Words from "./internal/words.ts"

/**
 * A pseudonymizer, with the replacements of one recording.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pseudonymizer {
  /** Replaces the values of a payload. */
  readonly payload: (payload: Payload, masking: Masking) => Payload
  /** Replaces the values in the query of a callback URL, without those that prove who calls. */
  readonly query: (query: string, masking: Masking) => string
  /** Returns whether there were more phone numbers than the range for fiction has. Some now have the same replacement. */
  readonly isExhausted: () => boolean
}

/** What may be kept: short words, and no digits that could be a number. */
const isPlain = (text: string): boolean => /^[\p{L}\p{N} ._:;,/&()+%='"*#-]{0,80}$/u.test(text) && !/\d{7}/.test(text)

/** Values that mean the same as none, which decoders tell from others. */
const blank: ReadonlySet<unknown> = new Set(["", "0", "false"])

/** Deeper values are left out. */
const maxDepth = 32

/**
 * Makes a pseudonymizer. `shiftSeconds` moves the times of the payloads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly shiftSeconds: number
}): Effect.fn.Return<Pseudonymizer> {
  const random = yield* Random.Random
  const { shiftSeconds } = options
  const numbers = Numbers.make(random)
  const word = Words.make(random)
  const ids = Ids.make(random)
  const urls = Urls.make(ids)
  const text = Texts.make(numbers, word)

  const userId = (id: string): string => {
    const [start = ""] = /^[A-Z]{2}(?:\.ENT)?\./.exec(id) ?? []
    return `US${start.slice(2)}${ids.replace(id.slice(start.length))}`
  }

  const number = (address: string): string => {
    const [, lead = "", scheme = "", rest = ""] = /^(\s*)([a-z][a-z\d]*:)?([^]*)$/.exec(address) ?? []
    const plain = rest.trim()
    if (plain === "") return address
    if (/^\d{3,8}$/.test(plain) && scheme === "") return `${lead}${numbers.replaceShortCode(plain)}`
    if (/^\+?\d{7,15}$/.test(plain)) {
      return `${lead}${scheme}${plain.startsWith("+") ? "+" : ""}${numbers.digitsFor(plain)}`
    }
    if (isUserId(plain)) return `${lead}${scheme}${userId(plain)}`
    return `${lead}${scheme}${/^\d+$/.test(plain) ? ids.replace(plain) : text(rest)}`
  }

  const coordinates = Replacements.make((degrees) => {
    const [, sign = "", decimals = ""] = /^(-?)\d*(\.\d*)?$/.exec(degrees) ?? []
    const digits = decimals.replaceAll(/\d/g, () => String(1 + Replacements.below(random, 9)))
    return `${sign}${10 + Replacements.below(random, 70)}${digits}`
  })

  const isNumberLike = (value: string): boolean => /^(?:[a-z]+:)?\+?\d{7,15}$/.test(value)

  const isJson = (value: string): boolean => {
    if (!/^\s*[{[]/.test(value)) return false
    try {
      return typeof JSON.parse(value) === "object"
    } catch {
      return false
    }
  }

  const json = (value: string, depth: number): string =>
    isJson(value) ? JSON.stringify(walk(JSON.parse(value), "", {}, depth + 1)) : text(value)

  /** Replaces a text of which nothing is known. */
  const unknown = (value: string, depth: number): string => {
    if (blank.has(value)) return value
    if (Times.isTime(value)) return String(Times.shift(value, shiftSeconds) ?? text(value))
    if (/^https?:\/\//i.test(value) && URL.canParse(value)) return urls.replace(value)
    if (isNumberLike(value)) return number(value)
    if (Ids.isId(value)) return ids.replace(value)
    return isJson(value) ? json(value, depth) : urls.replaceReference(value, text)
  }

  const unknownNumber = (value: number): number => {
    if (value === 0) return value
    const digits = String(Math.abs(value))
    const replaced = Number(/^\d{7,15}$/.test(digits) ? number(digits) : text(digits))
    return Math.sign(value) * (Number.isFinite(replaced) && replaced !== 0 ? replaced : 1)
  }

  const replaceText = (value: string, kind: Kind, depth: number): string => {
    switch (kind) {
      case "keep":
        return isPlain(value) ? value : unknown(value, depth)
      case "number":
        return number(value)
      case "text":
        return text(value)
      case "id":
        return ids.replace(value)
      case "sid":
        return ids.replaceSid(value)
      case "reference":
        return urls.replaceReference(value, text)
      case "url":
        return urls.replace(value)
      case "time":
        return String(Times.shift(value, shiftSeconds) ?? text(value))
      case "json":
        return json(value, depth)
      case "coordinate":
        return value === "" ? value : coordinates(value)
      case "country":
        return value === "" ? value : "US"
      case "bytes":
        return Bytes.replace(random, value, text)
      case "header":
        return Bytes.isPlainHeader(value) ? value : ids.replace(value)
    }
  }

  const replaceNumber = (value: number, kind: Kind): number => {
    switch (kind) {
      case "keep":
        return isPlain(String(value)) ? value : unknownNumber(value)
      case "time":
        return Number(Times.shift(value, shiftSeconds) ?? unknownNumber(value))
      case "coordinate":
        return Number(coordinates(String(value)))
      case "number":
      case "id": {
        const replaced = Number(kind === "number" ? number(String(value)) : ids.replace(String(value)))
        return Number.isFinite(replaced) ? replaced : unknownNumber(value)
      }
      default:
        return unknownNumber(value)
    }
  }

  const kindOf = (kinds: Kinds, path: string): Kind | undefined =>
    lookup(kinds, path) ?? lookup(kinds, path.replace(/\d+$/, "#"))

  const walk = (value: unknown, path: string, kinds: Kinds, depth: number): unknown => {
    if (depth > maxDepth) return null
    if (Array.isArray(value)) return value.map((item) => walk(item, path, kinds, depth + 1))
    if (isObject(value)) return members(value, path, kinds, depth)
    const kind = kindOf(kinds, path)
    if (typeof value === "string") return kind === undefined ? unknown(value, depth) : replaceText(value, kind, depth)
    if (typeof value === "number") return kind === undefined ? unknownNumber(value) : replaceNumber(value, kind)
    return value
  }

  const members = (value: Payload, path: string, kinds: Kinds, depth: number): Payload => {
    const replaced: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      const name = Urls.isPlainName(key) ? key : text(key)
      setOwn(replaced, name, walk(member, path === "" ? key : `${path}.${key}`, kinds, depth + 1))
    }
    return replaced
  }

  return {
    payload: (payload, { kindsOf }) => members(payload, "", kindsOf(payload), 0),
    query: (query, { signatureParameters = [] }) =>
      urls.replaceQuery(query, ["token", ...signatureParameters.map((name) => name.toLowerCase())]),
    isExhausted: numbers.isExhausted
  }
})
