import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as DeliveryStatus from "../src/DeliveryStatus.ts"
import { roundTrip } from "./roundTrip.ts"

// `raw` is whatever JSON held, which is what survives JSON.
const fields = Schema.Struct({ ...DeliveryStatus.DeliveryStatus.fields, raw: Schema.JsonObject })

describe("DeliveryStatus", () => {
  it.effect.prop("round-trips through JSON", { fields }, ({ fields }) =>
    Effect.gen(function*() {
      const copy = yield* roundTrip(DeliveryStatus.DeliveryStatus, new DeliveryStatus.DeliveryStatus(fields))
      assert.instanceOf(copy, DeliveryStatus.DeliveryStatus)
    }), { arbitrary: { runs: 200 } })

  it.effect.prop("answers like the functions on its status", { fields }, ({ fields }) =>
    Effect.sync(() => {
      const status = new DeliveryStatus.DeliveryStatus(fields)
      assert.strictEqual(status.isTerminal, DeliveryStatus.isTerminal(status.status))
      assert.strictEqual(status.isFailure, DeliveryStatus.isFailure(status.status))
    }))
})

describe("DeliveryStatus.Status", () => {
  it("knows which steps are last, and which of them mean that nothing arrived", () => {
    const { literals } = DeliveryStatus.Status
    assert.deepStrictEqual(literals.filter(DeliveryStatus.isTerminal), [
      "delivered",
      "read",
      "undelivered",
      "failed",
      "expired",
      "canceled",
      "unconfirmed"
    ])
    assert.deepStrictEqual(literals.filter(DeliveryStatus.isFailure), ["undelivered", "failed", "expired", "canceled"])
  })

  it("does not take an unknown word for the last one", () => {
    assert.isFalse(DeliveryStatus.isTerminal("unknown"))
    assert.isFalse(DeliveryStatus.isFailure("unknown"))
    assert.isFalse(DeliveryStatus.isTerminal("sent"))
  })

  it.effect.prop(
    "every failure is terminal",
    { status: DeliveryStatus.Status },
    ({ status }) =>
      Effect.sync(() => assert.isTrue(!DeliveryStatus.isFailure(status) || DeliveryStatus.isTerminal(status)))
  )
})
