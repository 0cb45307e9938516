/** What every store of intents does about resends of unknown outcomes. */
import { assert } from "@effect/vitest"
import { DateTime, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { SendReceipt } from "../../src/Message.ts"
import { FoundPart, type IntentStore, type Reservation } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import type { StorageError } from "../../src/StorageError.ts"

const receipt = new SendReceipt({
  provider: "mock",
  messageIds: ["2"],
  recipient: Address.make("+15145550142"),
  status: "queued",
  carrierStatus: "queued"
})
const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })
const givenUp = { resolvedBy: "operator: given up" }
const resending = "operator: resending"
const resent = "operator: resent"

export const testResends = ({ reserve, test }: {
  readonly test: (title: string, body: (store: IntentStore["Service"]) => Effect.Effect<void, unknown>) => void
  readonly reserve: (
    store: IntentStore["Service"],
    key: string | undefined
  ) => Effect.Effect<Reservation, StorageError>
}): void => {
  const reserveNew = Effect.fnUntraced(function*(store: IntentStore["Service"], key?: string) {
    const reserved = yield* reserve(store, key)
    return reserved._tag === "KeyReused" ? assert.fail(reserved._tag) : reserved.intent
  })

  const unknown = Effect.fnUntraced(function*(store: IntentStore["Service"], key?: string) {
    const { id } = yield* reserveNew(store, key)
    yield* store.settle(id, { state: "unknown", error, requestedAt: yield* DateTime.now })
    return id
  })

  const listed = (store: IntentStore["Service"]) =>
    Effect.map(store.list({ state: "unknown", limit: 9 }), (intents) => intents.map(({ id }) => id))

  test("lets an unknown intent be resent or given up, of those who decide both at once", (store) =>
    Effect.gen(function*() {
      for (let times = 0; times < 20; times++) {
        const id = yield* unknown(store)
        const resend = store.claimResend({ id, token: `${times}` })
        const giveUp = store.decide(id, givenUp)
        const isResendFirst = times % 2 === 0
        const [one, other] = yield* Effect.all(isResendFirst ? [resend, giveUp] : [giveUp, resend], {
          concurrency: "unbounded"
        })
        assert.notStrictEqual(one, other)
        const { resolvedBy } = (yield* store.get(id))!
        assert.strictEqual(resolvedBy, one === isResendFirst ? resending : givenUp.resolvedBy)
      }
      assert.isFalse(yield* store.claimResend({ id: "none", token: "a" }))
      const sending = yield* reserveNew(store)
      assert.isFalse(yield* store.claimResend({ id: sending.id, token: "a" }))
    }))

  test("has an intent as it was, when its resend was refused", (store) =>
    Effect.gen(function*() {
      const id = yield* unknown(store)
      const candidates = [{ part: 1, of: 1, provider: "mock", messageId: "7" }]
      yield* store.recordCandidates(id, candidates)
      yield* store.claimUnknown({ limit: 9, lease: Duration.hours(1) })
      const { updatedAt: _, ...before } = (yield* store.get(id))!
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* store.claimResend({ id, token: "a" }))
      assert.deepStrictEqual(yield* listed(store), [])
      assert.strictEqual((yield* store.backlog).unknown, 0)
      // Nobody asks the carrier meanwhile, and what the first process says now decides nothing.
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(yield* store.claimUnknown({ limit: 9, lease: Duration.hours(1) }), [])
      yield* store.settle(id, { state: "unknown", error })
      assert.strictEqual((yield* store.get(id))?.resolvedBy, resending)
      assert.isFalse(yield* store.releaseResend({ id, token: "b" }))
      assert.isFalse(yield* store.releaseResend({ id: "none", token: "a" }))
      assert.isTrue(yield* store.releaseResend({ id, token: "a" }))
      assert.isFalse(yield* store.releaseResend({ id, token: "a" }))
      const { updatedAt: __, ...after } = (yield* store.get(id))!
      assert.deepStrictEqual(after, before)
      assert.deepStrictEqual(yield* listed(store), [id])
      const asked = yield* store.claimUnknown({ limit: 9, lease: Duration.hours(1) })
      assert.deepStrictEqual(asked.map((intent) => intent.id), [id])
      // Somebody can decide again, either way.
      assert.isTrue(yield* store.claimResend({ id, token: "c" }))
      assert.isTrue(yield* store.claimResend({ id, token: "d" }))
      assert.isFalse(yield* store.releaseResend({ id, token: "c" }))
      assert.strictEqual((yield* store.get(id))?.resolvedBy, resending)
      assert.isTrue(yield* store.releaseResend({ id, token: "d" }))
      assert.isTrue(yield* store.decide(id, givenUp))
      assert.isFalse(yield* store.claimResend({ id, token: "d" }))
      assert.isFalse(yield* store.releaseResend({ id, token: "c" }))
    }))

  test("decides about an intent in the step in which its resend is accepted", (store) =>
    Effect.gen(function*() {
      const id = yield* unknown(store)
      assert.isTrue(yield* store.claimResend({ id, token: "a" }))
      const resend = yield* reserveNew(store, `resend of ${id}`)
      yield* store.settle(resend.id, { state: "accepted", receipt })
      const first = yield* store.get(id)
      assert.deepStrictEqual([first?.state, first?.resolvedBy, first?.receipt, first?.error], [
        "unknown",
        resent,
        receipt,
        undefined
      ])
      assert.isFalse(yield* store.releaseResend({ id, token: "a" }))
      assert.isFalse(yield* store.decide(id, givenUp))
      assert.deepStrictEqual(yield* store.get(id), first)
      assert.deepStrictEqual(yield* listed(store), [])
    }))

  test("decides about every intent before a resend that the carrier is found to have", (store) =>
    Effect.gen(function*() {
      const first = yield* unknown(store)
      const second = yield* unknown(store, `resend of ${first}`)
      const third = yield* unknown(store, `resend of ${second}`)
      const accepted = yield* reserveNew(store)
      yield* store.settle(accepted.id, { state: "accepted", receipt })
      const another = yield* unknown(store, `resend of ${accepted.id}`)
      const known = yield* store.get(accepted.id)
      assert.deepStrictEqual(yield* listed(store), [another, third, second, first])
      const report = { part: 1, of: 1, provider: "mock", by: "delivery report" } as const
      yield* store.recordFound(third, new FoundPart({ ...report, messageId: "3" }))
      yield* store.recordFound(another, new FoundPart({ ...report, messageId: "4" }))
      assert.deepStrictEqual(yield* listed(store), [])
      for (const id of [first, second]) {
        const { receipt, resolvedBy, state } = (yield* store.get(id))!
        assert.deepStrictEqual([state, resolvedBy, receipt?.messageIds], ["unknown", resent, ["3"]])
      }
      assert.deepStrictEqual(yield* store.get(accepted.id), known)
      // A refused resend decides nothing.
      const refused = yield* unknown(store)
      const resend = yield* reserveNew(store, `resend of ${refused}`)
      yield* store.settle(resend.id, { state: "refused" })
      assert.deepStrictEqual(yield* listed(store), [refused])
    }))

  test("believes a carrier that has the first message while it is being resent", (store) =>
    Effect.gen(function*() {
      const id = yield* unknown(store)
      yield* store.claimResend({ id, token: "a" })
      const found = new FoundPart({ part: 1, of: 1, provider: "mock", messageId: "7", by: "delivery report" })
      yield* store.recordFound(id, found)
      const first = yield* store.get(id)
      assert.deepStrictEqual([first?.state, first?.resolvedBy], ["accepted", "delivery report"])
      const resend = yield* reserveNew(store, `resend of ${id}`)
      yield* store.settle(resend.id, { state: "accepted", receipt })
      assert.isFalse(yield* store.releaseResend({ id, token: "a" }))
      assert.deepStrictEqual(yield* store.get(id), first)
    }))
}
