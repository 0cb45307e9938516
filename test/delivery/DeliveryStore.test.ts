import { assert, it } from "@effect/vitest"
import { DateTime, Effect, Schema } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { Delivery, DeliveryStore, Entry, layerStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import { contradicts } from "../../src/delivery/internal/contradicts.ts"
import { Status } from "../../src/DeliveryStatus.ts"
import { sizeOf } from "../../src/internal/sizeOf.ts"
import { delivery, suite } from "../suites/DeliveryStoreSuite.ts"

suite({ name: "memory", layer: layerStoreMemory })

it("ends exclude each other, but for delivered and read and for unconfirmed, and nothing else does", () => {
  const ends = Status.literals.filter((status) =>
    !["accepted", "scheduled", "queued", "sending", "sent", "unknown", "unconfirmed"].includes(status)
  )
  const compatible = (one: Status, other: Status) =>
    one === other || ["delivered,read", "read,delivered"].includes([one, other].join())
  for (const one of Status.literals) {
    for (const other of Status.literals) {
      const expected = ends.includes(one) && ends.includes(other) && !compatible(one, other)
      assert.strictEqual(contradicts(one, other), expected, `${one}, ${other}`)
    }
  }
})

it.effect("a delivery goes through JSON unchanged", () =>
  Effect.gen(function*() {
    const at = DateTime.makeUnsafe(1_700_000_000_000)
    const entry = new Entry({
      status: "failed",
      carrierStatus: "Aborted",
      at,
      timestamp: at,
      errorCode: "402",
      idempotencyKey: "1",
      effect: "contradicted"
    })
    const original = new Delivery({ ...delivery("1", "delivered", Address.make("+15145550142")), history: [entry] })
    const json = Schema.fromJsonString(Schema.toCodecJson(Delivery))
    const copy = yield* Schema.decodeEffect(json)(yield* Schema.encodeEffect(json)(original))
    assert.deepStrictEqual(copy, original)
  }))

it.effect("the memory store keeps no more than its capacity, whatever comes", () =>
  Effect.gen(function*() {
    const store = yield* DeliveryStore
    const removed = yield* Effect.forEach(Array.from({ length: 5000 }, (_, index) => index), (index) =>
      Effect.map(
        store.modify(
          { provider: "telnyx", messageId: `${index}` },
          () => [undefined, delivery(`${index}`, index % 3 === 0 ? "delivered" : "sent")]
        ),
        ({ removed }) => removed.length
      ))
    assert.strictEqual(removed.reduce((sum, count) => sum + count, 0), 5000 - 100)
  }).pipe(Effect.provide(layerStoreMemory({ capacity: 100 }))))

it("the memory store keeps no more bytes than its bound, whatever comes and goes", () => {
  const maxBytes = 20_000
  const step = fc.record({
    id: fc.nat({ max: 9 }),
    length: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 12_000 })),
    what: fc.constantFrom("put", "put", "end", "remove")
  })
  const play = Effect.fnUntraced(function*(
    steps: ReadonlyArray<{ readonly id: number; readonly length: number; readonly what: string }>
  ) {
    const store = yield* DeliveryStore
    const kept = new Map<string, Delivery>()
    for (const { id, length, what } of steps) {
      const key = { provider: "telnyx", messageId: `${id}` }
      if (what === "remove") {
        yield* store.remove(key)
        kept.delete(key.messageId)
        continue
      }
      const next = new Delivery({
        ...delivery(key.messageId, what === "end" ? "delivered" : "sent"),
        errorMessage: "x".repeat(length + 1)
      })
      const { removed } = yield* store.modify(key, () => [undefined, next])
      kept.set(key.messageId, next)
      for (const { messageId } of removed) {
        assert.isTrue(kept.delete(messageId))
        assert.notStrictEqual(messageId, key.messageId)
      }
      for (const [messageId, expected] of kept) {
        assert.strictEqual(yield* store.get({ provider: "telnyx", messageId }), expected)
      }
      const bytes = [...kept.values()].reduce((sum, one) => sum + sizeOf(one), 0)
      assert.isTrue(bytes <= maxBytes || kept.size === 1)
    }
  })
  return fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      (steps) => Effect.runPromise(Effect.provide(play(steps), layerStoreMemory({ maxBytes }), { local: true }))
    ),
    { numRuns: 200 }
  )
})
