/**
 * Generates ULIDs (https://github.com/ulid/spec), each after the one before it.
 */
import type * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const codesOf = (text: string): ReadonlyArray<number> => Array.from(text, (digit) => digit.charCodeAt(0))

const codes = /* @__PURE__ */ codesOf(digits)

/** Two digits for each number of ten bits. */
const pairs = /* @__PURE__ */ Array.from({ length: 1024 }, (_, i) => digits[i >> 5]! + digits[i & 31]!)

/** Writes a number below 2^40. */
const eight = (number: number): string => {
  const high = Math.floor(number / 2 ** 20)
  const low = number % 2 ** 20
  return pairs[high >> 10]! + pairs[high & 1023]! + pairs[low >> 10]! + pairs[low & 1023]!
}

/** Writes a time in milliseconds, below 2^48. */
const ten = (millis: number): string => pairs[Math.floor(millis / 2 ** 40)]! + eight(millis % 2 ** 40)

/**
 * Writes a number below 2^40 after eighteen digits. Made of its characters, the
 * text is in one piece: one that is joined of others is slower to compare and to
 * look up, as long as it lives.
 */
const append = (start: ReadonlyArray<number>, number: number): string => {
  const high = Math.floor(number / 2 ** 20)
  const low = number % 2 ** 20
  return String.fromCharCode(
    ...start,
    codes[high >> 15]!,
    codes[(high >> 10) & 31]!,
    codes[(high >> 5) & 31]!,
    codes[high & 31]!,
    codes[low >> 15]!,
    codes[(low >> 10) & 31]!,
    codes[(low >> 5) & 31]!,
    codes[low & 31]!
  )
}

const half = 2 ** 40

const fiveAt = (bytes: Uint8Array, start: number): number => {
  let number = 0
  for (let i = start; i < start + 5; i++) number = number * 256 + bytes[i]!
  return number
}

export interface Ulids {
  /**
   * Returns the next id, for a time in epoch milliseconds. Within a millisecond it
   * is the one before it plus one, which is a result already; the first one is
   * random.
   */
  readonly next: (now: number) => Effect.Effect<string>
}

/** Makes a generator, as `SecureRandom.ulid` is one, in a tenth of its time. */
export const make = (random: SecureRandom.SecureRandom["Service"]): Ulids => {
  let time = -1
  let start: ReadonlyArray<number> = []
  /** The two halves of the random part. */
  let [high, low] = [0, 0]
  /** Random bytes for the next milliseconds: many take little longer than ten. */
  let drawn: Uint8Array = new Uint8Array()
  let used = 0
  const text = (): string => append(start, low)
  const renew = (millis: number): Effect.Effect<string> => {
    if (used === drawn.length) {
      return Effect.flatMap(random.randomBytes(160), (bytes) => {
        drawn = bytes
        used = 0
        return next(millis)
      })
    }
    time = millis
    high = fiveAt(drawn, used)
    low = fiveAt(drawn, used + 5)
    used += 10
    start = codesOf(ten(millis) + eight(high))
    return Effect.succeed(text())
  }
  const next = (now: number): Effect.Effect<string> => {
    // The clock may be set back, and the ids go on.
    if (now > time) return renew(now)
    if (++low < half) return Effect.succeed(text())
    low = 0
    if (++high === half) return renew(time + 1)
    start = codesOf(ten(time) + eight(high))
    return Effect.succeed(text())
  }
  return { next }
}
