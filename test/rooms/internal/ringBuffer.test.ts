import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as RingBuffer from "../../../src/rooms/internal/ringBuffer.ts"

it("the latest values are the end of everything that was added", () => {
  fc.assert(fc.property(fc.array(fc.nat()), fc.nat({ max: 12 }), (values, capacity) => {
    const latest = RingBuffer.make<number>(capacity)
    values.forEach((value, index) => {
      latest.add(value)
      const added = values.slice(0, index + 1)
      assert.deepStrictEqual(latest.toArray(), added.slice(Math.max(0, added.length - capacity)))
    })
  }))
})

it("what was read of the latest values stays as it was read", () => {
  const latest = RingBuffer.make<number>(2)
  latest.add(1)
  const read = latest.toArray()
  latest.add(2)
  latest.add(3)
  assert.deepStrictEqual(read, [1])
  assert.deepStrictEqual(latest.toArray(), [2, 3])
})
