import { assert } from "@effect/vitest"
import { Equal, Inspectable } from "effect"

export const expectEqual = (actual: unknown, expected: unknown): void =>
  assert.isTrue(
    Equal.equals(actual, expected),
    `expected ${Inspectable.toStringUnknown(actual)} to equal ${Inspectable.toStringUnknown(expected)}`
  )
