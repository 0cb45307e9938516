import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Payload } from "../src/Payload.ts"
import { extractSinchMeta } from "../src/sinch/index.ts"

it.effect("is an object, and neither a list nor a scalar", () =>
  Effect.sync(() => {
    const isPayload = Schema.is(Payload)
    for (const value of [{}, { a: [1] }, Object.create(null)]) assert.isTrue(isPayload(value))
    for (const value of [[], null, undefined, "a", 1]) assert.isFalse(isPayload(value))
  }))

it.effect("round-trips through JSON", () =>
  Effect.gen(function*() {
    const codec = Schema.toCodecJson(Payload)
    const payload = { a: [1, { b: null }], __proto__x: "c" }
    const json = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(payload)))
    assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(json), payload)
  }))

it.effect("is shared by all the events of a large report, not copied for each", () =>
  Effect.gen(function*() {
    const recipients = Array.from({ length: 1000 }, (_, i) => `1514555${String(i).padStart(4, "0")}`)
    const payload = {
      type: "delivery_report_sms",
      batch_id: "01FC66621VHDBN119Z8PMV1QPQ",
      total_message_count: 1000,
      statuses: [{ code: 0, status: "Delivered", count: 1000, recipients }]
    }
    const { events } = yield* extractSinchMeta(payload)
    assert.strictEqual(events.length, 1000)
    for (const event of events) assert.isTrue(event._tag === "DeliveryStatus" && event.raw === payload)
  }))
