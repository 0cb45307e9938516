import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fc from "fast-check"
import * as Ulids from "../../src/internal/ulids.ts"

const bytesOf = (byte: number) => SecureRandom.make((size) => new Uint8Array(size).fill(byte))

const idsAt = (byte: number, times: ReadonlyArray<number>) => {
  const ids = Ulids.make(bytesOf(byte))
  return Effect.runSync(Effect.forEach(times, (time) => ids.next(time)))
}

describe("ULIDs", () => {
  it("begin with the time, and go on with the random bytes", () => {
    // The example of the specification has this time.
    assert.deepStrictEqual(idsAt(0, [1_469_918_176_385]), ["01ARYZ6S410000000000000000"])
    assert.deepStrictEqual(idsAt(0xff, [2 ** 48 - 1]), ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ"])
  })

  it("are those of SecureRandom, with the same bytes at the same times", () => {
    const clock = Effect.runSync(Clock.clockWith(Effect.succeed))
    const times = fc.array(fc.nat(3), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10, maxLength: 10 }), times, fc.nat(2 ** 40), (bytes, times, start) => {
        const random = SecureRandom.make(() => Uint8Array.from(bytes))
        const ids = Ulids.make(random)
        const theirs = SecureRandom.make(() => Uint8Array.from(bytes))
        for (const time of times) {
          const now = start + time
          const expected = Effect.provideService(theirs.ulid, Clock.Clock, {
            ...clock,
            currentTimeMillisUnsafe: () => now
          })
          assert.strictEqual(Effect.runSync(ids.next(now)), Effect.runSync(expected))
        }
      }),
      { numRuns: 500 }
    )
  })

  it("increase, whatever the clock does and however many there are in a millisecond", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0, 0x7f, 0xff),
        fc.array(fc.nat(3), { minLength: 2, maxLength: 40 }),
        (byte, times) => {
          const ids = idsAt(byte, times)
          assert.deepStrictEqual([...ids].sort(), [...ids])
          assert.lengthOf(new Set(ids), times.length)
        }
      )
    )
  })
})
