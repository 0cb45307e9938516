import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import type { Delivery } from "../../src/delivery/DeliveryStore.ts"
import { type Report, step } from "../../src/delivery/DeliveryTracker.ts"
import { isTerminal, Status } from "../../src/DeliveryStatus.ts"

const report = (status: Status, fields: Partial<Report> = {}): Report => ({
  provider: "twilio",
  messageId: "SM1",
  recipient: Address.make("+15145550142"),
  status,
  carrierStatus: `the word for ${status}`,
  idempotencyKey: `SM1:${status}`,
  ...(["failed", "undelivered"].includes(status) && { errorCode: `code of ${status}` }),
  ...fields
})

const run = (statuses: ReadonlyArray<Status>, maxHistory = 20) =>
  statuses.reduce<Delivery | undefined>(
    (current, status, index) => step(current, report(status), DateTime.makeUnsafe(index), maxHistory).delivery,
    undefined
  )!

/** What must not depend on the order: all but the times and the order of the history. */
const known = (delivery: Delivery) => ({
  verdict: delivery.verdict,
  reported: delivery.reported,
  history: delivery.history.map(({ status }) => status).sort(),
  // Where ends exclude each other, the first one stands.
  ...(delivery.verdict !== "contradicted" && { status: delivery.status, errorCode: delivery.errorCode })
})

const steps: ReadonlyArray<Status> = ["accepted", "scheduled", "queued", "sending", "sent"]

describe("a step", () => {
  it("ends the same for every order of all statuses, up to five of them, each of them repeated or not", () => {
    const outcomes = new Map<string, string>()
    let orders = 0
    const assertSame = (statuses: ReadonlyArray<Status>, delivery: Delivery) => {
      const subset = [...statuses].sort().join()
      const outcome = JSON.stringify(known(delivery))
      const expected = outcomes.get(subset) ?? outcome
      outcomes.set(subset, expected)
      if (outcome !== expected) assert.fail(`${statuses.join()}: ${outcome}, not ${expected}`)
    }
    const at = DateTime.makeUnsafe(0)
    const explore = (statuses: ReadonlyArray<Status>, current: Delivery | undefined) => {
      for (const status of Status.literals) {
        if (statuses.includes(status)) {
          // Five of them with repetitions are left to the next test.
          if (statuses.length === 5) continue
          const repeated = step(current, report(status), at, 20)
          assert.isTrue(repeated.repeated && !repeated.changed)
          assertSame(statuses, repeated.delivery)
        } else if (statuses.length < 5) {
          const { delivery, repeated } = step(current, report(status), at, 20)
          assert.isFalse(repeated)
          orders += 1
          assertSame([...statuses, status], delivery)
          explore([...statuses, status], delivery)
        }
      }
    }
    explore([], undefined)
    assert.strictEqual(outcomes.size, 13 + 78 + 286 + 715 + 1287)
    assert.strictEqual(orders, 13 + 156 + 1716 + 17_160 + 154_440)
  }, 60_000)

  it("ends the same for every order of five statuses and more, with any repetitions", () => {
    const orders = fc.uniqueArray(fc.constantFrom(...Status.literals), { minLength: 5 }).chain((statuses) =>
      fc.array(fc.constantFrom(...statuses), { maxLength: 5 }).chain((repeats) => {
        const all = [...statuses, ...repeats]
        const order = fc.shuffledSubarray(all, { minLength: all.length })
        return fc.tuple(order, order)
      })
    )
    fc.assert(
      fc.property(orders, ([one, other]) => {
        assert.deepStrictEqual(known(run(one)), known(run(other)))
      }),
      { numRuns: 2000 }
    )
  })

  it("never goes back, and leaves no end but delivered, for read, and unconfirmed, for any other", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Status.literals), { minLength: 1, maxLength: 20 }), (statuses) => {
        let current: Delivery | undefined
        const ranks = ["unknown", ...steps]
        for (const status of statuses) {
          const next = step(current, report(status), DateTime.makeUnsafe(0), 20)
          const before = current?.status ?? "unknown"
          const after = next.delivery.status
          assert.strictEqual(next.previous, before)
          assert.strictEqual(next.changed, before !== after)
          if (next.changed) {
            assert.strictEqual(after, status)
            assert.isTrue(
              isTerminal(before)
                ? (before === "delivered" && after === "read") || (before === "unconfirmed" && isTerminal(after))
                : isTerminal(after) || ranks.indexOf(after) > ranks.indexOf(before)
            )
          }
          current = next.delivery
        }
      }),
      { numRuns: 2000 }
    )
  })

  it("lets every end follow every step, and every step only those before it", () => {
    for (const [index, from] of steps.entries()) {
      for (const to of Status.literals) {
        const expected = isTerminal(to) || steps.indexOf(to) > index
        assert.strictEqual(run([from, to]).status, expected ? to : from, `${from}, ${to}`)
      }
    }
  })

  it("lets the first end stand, and records each that excludes it", () => {
    const delivery = run(["sent", "failed", "delivered", "read", "delivered", "queued"])
    assert.strictEqual(delivery.status, "failed")
    assert.strictEqual(delivery.verdict, "contradicted")
    assert.deepStrictEqual(delivery.contradictions, ["delivered", "read"])
    assert.strictEqual(delivery.errorCode, "code of failed")
    assert.deepStrictEqual(delivery.history.map(({ effect, status }) => `${status} ${effect}`), [
      "sent changed",
      "failed changed",
      "delivered contradicted",
      "read contradicted",
      "queued nothing"
    ])
  })

  it("takes what is learned after all, and an unconfirmed end for no contradiction", () => {
    for (const end of ["delivered", "undelivered", "failed", "read"] as const) {
      for (const order of [["unconfirmed", end], [end, "unconfirmed"]] as const) {
        const delivery = run(["sent", ...order])
        assert.deepStrictEqual([delivery.status, delivery.verdict], [end, end])
      }
    }
    assert.strictEqual(run(["unconfirmed", "sent"]).status, "unconfirmed")
  })

  it("tells of a contradiction once", () => {
    const at = DateTime.makeUnsafe(0)
    const first = step(run(["delivered"]), report("failed"), at, 20)
    assert.isTrue(first.contradicted)
    assert.isFalse(step(first.delivery, report("failed", { idempotencyKey: "again" }), at, 20).contradicted)
    assert.isFalse(step(run(["read"]), report("delivered"), at, 20).contradicted)
  })

  it("takes a word that nobody knows for nothing but a word", () => {
    assert.strictEqual(run(["unknown"]).status, "unknown")
    assert.isFalse(step(undefined, report("unknown"), DateTime.makeUnsafe(0), 20).changed)
    for (const status of Status.literals) {
      const delivery = run([status, "unknown"])
      assert.strictEqual(delivery.status, status)
      assert.include(delivery.history.map(({ carrierStatus }) => carrierStatus), "the word for unknown")
    }
  })

  it("keeps the latest reports, and the contradictions of those that it drops", () => {
    const statuses: ReadonlyArray<Status> = [
      "accepted",
      "queued",
      "delivered",
      "failed",
      "sent",
      "sending",
      "scheduled"
    ]
    for (const [maxHistory, length] of [[0, 1], [1, 1], [3, 3], [7, 7], [20, 7]] as const) {
      const delivery = run(statuses, maxHistory)
      assert.deepStrictEqual(delivery.history.map(({ status }) => status), statuses.slice(-length))
      assert.strictEqual(delivery.dropped, statuses.length - length)
      assert.deepStrictEqual(delivery.contradictions, ["failed"])
    }
  })

  it("says since when, and with which error", () => {
    const delivery = run(["sent", "undelivered", "undelivered", "queued"])
    assert.strictEqual(delivery.since.epochMilliseconds, 1)
    assert.strictEqual(delivery.errorCode, "code of undelivered")
    const at = DateTime.makeUnsafe(9)
    const bare = step(undefined, { ...report("sent"), status: "failed" }, at, 20).delivery
    assert.isUndefined(bare.errorCode)
    const explained = step(bare, report("failed"), at, 20)
    assert.isFalse(explained.changed)
    assert.strictEqual(explained.delivery.errorCode, "code of failed")
    assert.isUndefined(step(run(["delivered"]), report("failed"), at, 20).delivery.errorCode)
  })
})
