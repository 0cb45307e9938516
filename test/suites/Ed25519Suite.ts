/**
 * What every layer of Ed25519 must do: the published vectors, and the same
 * answer to each odd key and signature.
 */
import { assert, it, type Vitest } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { Hex } from "effect/encoding"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { Ed25519 } from "../../src/telnyx/Ed25519.ts"

interface Vector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
}

const { vectors }: { readonly vectors: ReadonlyArray<Vector> } = JSON.parse(
  readFileSync(new URL("../fixtures/ed25519/rfc8032.json", import.meta.url), "utf8")
)

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"))

const p = 2n ** 255n - 19n
const order = 2n ** 252n + 27742317777372353535851937790883648493n
const fromLittleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Hex.encode(bytes.toReversed())}`)
const littleEndian = (value: bigint, length = 32): Uint8Array =>
  bytes(value.toString(16).padStart(length * 2, "0")).toReversed()

const y8 = fromLittleEndian(bytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
const withSign = (y: bigint): bigint => y + 2n ** 255n

/**
 * The points of small order, in canonical and other spellings: see
 * https://eprint.iacr.org/2020/1244.
 */
export const smallOrder: ReadonlyArray<Uint8Array> = [0n, 1n, y8, p - y8, p - 1n, p, p + 1n]
  .flatMap((y) => [y, withSign(y)])
  .map((y) => littleEndian(y))

const scalarOf = (seed: Uint8Array): bigint => {
  const digest = Uint8Array.from(createHash("sha512").update(seed).digest().subarray(0, 32))
  digest[0]! &= 248
  digest[31]! &= 127
  digest[31]! |= 64
  return fromLittleEndian(digest)
}

/** A signature with the neutral element as `R`. The equation of RFC 8032 holds for it. */
const withNeutralR = (vector: Vector): Uint8Array => {
  const r = littleEndian(1n)
  const digest = createHash("sha512").update(r).update(bytes(vector.publicKey)).update(bytes(vector.message)).digest()
  const s = (fromLittleEndian(Uint8Array.from(digest)) * scalarOf(bytes(vector.seed))) % order
  return Uint8Array.from([...r, ...littleEndian(s)])
}

const [first, second] = vectors as [Vector, Vector]
const signature = bytes(second.signature)
const message = bytes(second.message)

export const suite = (name: string, subject: Layer.Layer<Ed25519>, testApi: Vitest.MethodsNonLive = it) => {
  testApi.layer(subject)(`Ed25519 (${name})`, (it) => {
    const prepare = (hex: string) => Ed25519.use((ed25519) => ed25519.publicKey(bytes(hex)))
    const verify = Effect.fnUntraced(function*(signature: Uint8Array, data = message, publicKey = second.publicKey) {
      const ed25519 = yield* Ed25519
      return yield* ed25519.verify(yield* prepare(publicKey), signature, data)
    })

    it.effect.each(vectors as Array<Vector>)("accepts $name of RFC 8032", (vector) =>
      Effect.gen(function*() {
        assert.isTrue(yield* verify(bytes(vector.signature), bytes(vector.message), vector.publicKey))
      }))

    it.effect.each(vectors as Array<Vector>)(
      "refuses $name under another key and over other data",
      (vector) =>
        Effect.gen(function*() {
          const other = vector === first ? second : first
          assert.isFalse(yield* verify(bytes(vector.signature), bytes(vector.message), other.publicKey))
          assert.isFalse(yield* verify(bytes(vector.signature), bytes(`${vector.message}00`), vector.publicKey))
        })
    )

    it.effect("refuses a signature with any one bit changed", () =>
      Effect.gen(function*() {
        // Every bit would take tweetnacl some five seconds.
        for (let bit = 0; bit < 512; bit += 7) {
          const changed = Uint8Array.from(signature)
          changed[bit >> 3]! ^= 1 << (bit & 7)
          assert.isFalse(yield* verify(changed), `bit ${bit}`)
        }
      }), 20_000)

    it.effect("refuses a signature of another length, without an error", () =>
      Effect.gen(function*() {
        for (const length of [0, 1, 32, 63]) assert.isFalse(yield* verify(signature.slice(0, length)))
        assert.isFalse(yield* verify(Uint8Array.from([...signature, 0])))
        assert.isFalse(yield* verify(Uint8Array.from([...signature, ...signature])))
      }))

    it.effect("refuses a second spelling of a valid signature, with S plus the order of the group", () =>
      Effect.gen(function*() {
        const s = fromLittleEndian(signature.subarray(32))
        for (let k = 1n; s + k * order < 2n ** 256n; k++) {
          const changed = Uint8Array.from([...signature.subarray(0, 32), ...littleEndian(s + k * order)])
          assert.isFalse(yield* verify(changed))
        }
      }))

    it.effect("refuses a signature of zeros or ones, and one whose R has a small order", () =>
      Effect.gen(function*() {
        assert.isFalse(yield* verify(new Uint8Array(64)))
        assert.isFalse(yield* verify(new Uint8Array(64).fill(255)))
        for (const vector of vectors) {
          assert.isFalse(yield* verify(withNeutralR(vector), bytes(vector.message), vector.publicKey))
        }
        for (const r of smallOrder) assert.isFalse(yield* verify(Uint8Array.from([...r, ...new Uint8Array(32)])))
      }))

    it.effect("does not prepare a key of small order, one of zeros among them, nor one written in another way", () =>
      Effect.gen(function*() {
        const ed25519 = yield* Ed25519
        for (const point of [...smallOrder, new Uint8Array(32).fill(255), littleEndian(p + 3n)]) {
          const error = yield* Effect.flip(ed25519.publicKey(point))
          assert.strictEqual(error.reason._tag, "InvalidKey")
        }
      }))

    it.effect("does not prepare a key of another length", () =>
      Effect.gen(function*() {
        const ed25519 = yield* Ed25519
        for (const length of [0, 31, 33, 64]) {
          const error = yield* Effect.flip(ed25519.publicKey(new Uint8Array(length).fill(7)))
          assert.strictEqual(error.reason._tag, "InvalidKey")
          assert.include(error.message, `${length}`)
        }
      }))

    it.effect("verifies nothing under a key that is no point of the curve", () =>
      Effect.gen(function*() {
        const ed25519 = yield* Ed25519
        // The first y above 1 for which the equation of the curve has no x.
        const key = yield* ed25519.publicKey(littleEndian(2n))
        assert.isFalse(yield* ed25519.verify(key, signature, message))
        assert.isFalse(yield* ed25519.verify(key, new Uint8Array(64), message))
      }))

    it.effect("is not disturbed by later changes of the bytes that a key was made of", () =>
      Effect.gen(function*() {
        const ed25519 = yield* Ed25519
        const mutable = bytes(second.publicKey)
        const key = yield* ed25519.publicKey(mutable)
        mutable.fill(0)
        assert.isTrue(yield* ed25519.verify(key, signature, message))
      }))
  })
}
