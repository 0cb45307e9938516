import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { sizeOf } from "../../src/internal/sizeOf.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import { textContent } from "../rooms/kit.ts"
import { suite } from "../suites/IntentStoreSuite.ts"

suite("memory", Layer.provide(IntentStoreMemory.layer(), NodeCrypto.layer))

const to = Address.make("+15145550142")

it("the memory store keeps no more bytes than its bound, and forgets keys with their intents", () => {
  const maxBytes = 30_000
  const step = fc.record({
    key: fc.nat({ max: 9 }),
    length: fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 20_000 })),
    state: fc.constantFrom("accepted", "refused", "unknown" as const)
  })
  type Step = { readonly key: number; readonly length: number; readonly state: "accepted" | "refused" | "unknown" }
  const play = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>) {
    const store = yield* IntentStoreMemory.make({ maxBytes })
    for (const [index, { key, length, state }] of steps.entries()) {
      const message = new OutboundMessage({ to, content: textContent("x".repeat(length)) })
      const request = { key: `${key}`, hash: `${length}`, message }
      const before = yield* store.list({ limit: 100 })
      const reserved = yield* store.reserve({ id: `${index}`.padStart(3, "0"), ...request })
      const isKnown = before.some((intent) => intent.key === request.key)
      assert.strictEqual(reserved._tag === "Reserved", !isKnown)
      if (reserved._tag === "Reserved") yield* store.settle(reserved.intent.id, { state })
      const bytes = (yield* store.list({ limit: 100 })).reduce((sum, { message }) => sum + sizeOf(message), 0)
      assert.isAtMost(bytes, maxBytes)
    }
  })
  return fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => Effect.runPromise(play(steps))),
    { numRuns: 200 }
  )
})
