import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { combine, isFailure, isTerminal, Status } from "../src/DeliveryStatus.ts"

const status = fc.constantFrom(...Status.literals)
const parts = fc.array(status, { minLength: 1, maxLength: 10 }) as fc.Arbitrary<[Status, ...Array<Status>]>

const arrived = (status: Status) => status === "delivered" || status === "read"

describe("the status of a message of several parts", () => {
  it("is that of its parts: delivered when all are, failed when any is, final when that cannot change", () => {
    fc.assert(
      fc.property(parts, (statuses) => {
        const combined = combine(statuses)
        assert.include(statuses, combined)
        assert.strictEqual(arrived(combined), statuses.every(arrived))
        assert.strictEqual(isFailure(combined), statuses.some(isFailure))
        // A part that is on its way may still fail, so that the end of the others is not that of the message.
        assert.strictEqual(isTerminal(combined), statuses.some(isFailure) || statuses.every(isTerminal))
        assert.strictEqual(
          combined === "unconfirmed",
          !statuses.some(isFailure) && statuses.every(isTerminal) &&
            statuses.includes("unconfirmed")
        )
      }),
      { numRuns: 2000 }
    )
  })

  it("is the same for any order, grouping and repetition of the parts", () => {
    fc.assert(
      fc.property(
        parts.chain((statuses) =>
          fc.tuple(
            fc.constant(statuses),
            fc.shuffledSubarray(statuses, { minLength: statuses.length }) as typeof parts,
            fc.nat({ max: statuses.length - 1 })
          )
        ),
        ([statuses, shuffled, split]) => {
          const combined = combine(statuses)
          assert.strictEqual(combine(shuffled), combined)
          assert.strictEqual(combine([...statuses, ...shuffled]), combined)
          const [first, ...rest] = statuses.slice(0, split + 1)
          assert.strictEqual(combine([combine([first!, ...rest]), ...statuses.slice(split + 1)]), combined)
          assert.strictEqual(combine([statuses[0]]), statuses[0])
        }
      ),
      { numRuns: 2000 }
    )
  })
})
