/** What every store of intents does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { Address } from "../../src/Address.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import { textContent } from "../rooms/kit.ts"

const to = Address.make("+15145550142")
const message = new OutboundMessage({ to, content: textContent("hello") })
const receipt = new SendReceipt({
  provider: "mock",
  messageIds: ["1"],
  recipient: to,
  status: "queued",
  carrierStatus: "queued"
})
const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })

/** The layer gives an empty store each time. */
export const suite = (name: string, layer: Layer.Layer<IntentStore, unknown>, skip = false) => {
  const test = (title: string, body: (store: IntentStore["Service"]) => Effect.Effect<void, unknown>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(Effect.flatMap(IntentStore, body), layer, { local: true })))

  let ids = 0
  const reserve = (store: IntentStore["Service"], key: string | undefined, hash = "h") =>
    Effect.suspend(() => store.reserve({ id: `${ids++}`, key, hash, message, provider: "mock" }))

  describe.skipIf(skip)(`IntentStore (${name})`, () => {
    test("reserves a key once, however many ask for it at once", (store) =>
      Effect.gen(function*() {
        const all = yield* Effect.replicateEffect(reserve(store, "k"), 8, { concurrency: "unbounded" })
        assert.lengthOf(all.filter(({ _tag }) => _tag === "Reserved"), 1)
        assert.lengthOf(all.filter(({ _tag }) => _tag === "Known"), 7)
        const ids = all.map((one) => one._tag === "KeyReused" ? "" : one.intent.id)
        assert.lengthOf(new Set(ids), 1)
        assert.strictEqual((yield* reserve(store, "k", "another"))._tag, "KeyReused")
        assert.strictEqual((yield* reserve(store, undefined))._tag, "Reserved")
        assert.strictEqual((yield* reserve(store, undefined))._tag, "Reserved")
      }))

    test("keeps how an intent ended, with its receipt or its error", (store) =>
      Effect.gen(function*() {
        for (const outcome of [{ state: "accepted", receipt } as const, { state: "unknown", error } as const]) {
          const reserved = yield* reserve(store, outcome.state)
          if (reserved._tag !== "Reserved") return assert.fail(reserved._tag)
          assert.deepStrictEqual([reserved.intent.state, reserved.intent.message], ["sending", message])
          yield* store.settle(reserved.intent.id, outcome)
          const known = yield* reserve(store, outcome.state)
          if (known._tag !== "Known") return assert.fail(known._tag)
          assert.strictEqual(known.intent.state, outcome.state)
          assert.deepStrictEqual(known.intent.receipt, "receipt" in outcome ? receipt : undefined)
          assert.deepStrictEqual(known.intent.error, "error" in outcome ? error : undefined)
          assert.deepStrictEqual(yield* store.get(known.intent.id), known.intent)
        }
        const unknown = yield* store.list({ state: "unknown", limit: 10 })
        assert.deepStrictEqual(unknown.map(({ key }) => key), ["unknown"])
        assert.lengthOf(yield* store.list({ limit: 10 }), 2)
        assert.lengthOf(yield* store.list({ limit: 1 }), 1)
      }))

    test("gives the key of a refused intent back", (store) =>
      Effect.gen(function*() {
        const reserved = yield* reserve(store, "k")
        if (reserved._tag !== "Reserved") return assert.fail(reserved._tag)
        yield* store.settle(reserved.intent.id, { state: "refused" })
        const again = yield* reserve(store, "k", "another")
        if (again._tag !== "Reserved") return assert.fail(again._tag)
        assert.notStrictEqual(again.intent.id, reserved.intent.id)
        assert.strictEqual((yield* store.get(reserved.intent.id))?.state, "refused")
        assert.isUndefined(yield* store.get("none"))
      }))
  })
}
