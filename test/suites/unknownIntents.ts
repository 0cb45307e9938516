/** What every store of intents does about unknown outcomes. */
import { assert } from "@effect/vitest"
import { DateTime, Duration, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { SendReceipt } from "../../src/Message.ts"
import { FoundPart, type IntentStore, type Reservation } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import type { StorageError } from "../../src/StorageError.ts"

const to = Address.make("+15145550142")
const receipt = new SendReceipt({
  provider: "mock",
  messageIds: ["1"],
  recipient: to,
  status: "queued",
  carrierStatus: "queued"
})
const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })

export const testUnknown = ({ reserve, test }: {
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
  const report = (part: number, of: number, messageId: string) =>
    new FoundPart({ part, of, provider: "mock", messageId, by: "delivery report" })

  test("accepts an unknown intent whose message a carrier has, and keeps its key", (store) =>
    Effect.gen(function*() {
      const { id } = yield* reserveNew(store, "k")
      yield* store.settle(id, { state: "unknown", error })
      const accepted = yield* store.recordFound(id, report(1, 1, "7"))
      assert.deepStrictEqual([accepted?.state, accepted?.resolvedBy], ["accepted", "delivery report"])
      const known = yield* reserveNew(store, "k")
      assert.deepStrictEqual([known.id, known.receipt?.messageIds, known.error], [id, ["7"], undefined])
      assert.deepStrictEqual(yield* store.list({ state: "unknown", limit: 10 }), [])
      // Later reports, and reports of others, change nothing.
      assert.isUndefined(yield* store.recordFound(id, report(1, 1, "8")))
      assert.isUndefined(yield* store.recordFound("none", report(1, 1, "8")))
      assert.deepStrictEqual(yield* store.get(id), known)
    }))

  test("lets the carrier's answer decide while a message is being sent, unless it is lost", (store) =>
    Effect.gen(function*() {
      const ends = [
        [{ state: "accepted", receipt }, "accepted", undefined, ["1"]],
        [{ state: "unknown", error }, "accepted", "delivery report", ["7"]],
        [{ state: "refused" }, "refused", undefined, undefined]
      ] as const
      for (const [outcome, state, resolvedBy, messageIds] of ends) {
        const { id } = yield* reserveNew(store)
        assert.strictEqual((yield* store.recordFound(id, report(1, 1, "7")))?.state, "sending")
        yield* store.settle(id, outcome)
        const intent = yield* store.get(id)
        assert.deepStrictEqual(
          [intent?.state, intent?.resolvedBy, intent?.receipt?.messageIds],
          [state, resolvedBy, messageIds]
        )
      }
    }))

  test("accepts a message of several parts when all of them are found, in any order", (store) =>
    Effect.gen(function*() {
      const { id } = yield* reserveNew(store)
      const { provider, reason } = error
      yield* store.settle(id, {
        state: "unknown",
        error: new SmsError({ provider, reason, part: { number: 2, of: 3 }, accepted: receipt })
      })
      for (let times = 0; times < 2; times++) {
        const found = yield* store.recordFound(id, report(3, 3, "9"))
        assert.deepStrictEqual([found?.state, found?.found?.length], ["unknown", 1])
        // The receipt has it already.
        assert.strictEqual((yield* store.recordFound(id, report(1, 3, "1")))?.found?.length, 1)
      }
      yield* store.recordFound(id, report(2, 3, "8"))
      assert.deepStrictEqual((yield* store.get(id))?.receipt?.messageIds, ["1", "8", "9"])
    }))

  test("believes a carrier rather than an operator who gave up, but keeps a resend", (store) =>
    Effect.gen(function*() {
      const givenUp = yield* reserveNew(store)
      yield* store.settle(givenUp.id, { state: "unknown", error, resolvedBy: "operator: given up" })
      yield* store.recordFound(givenUp.id, report(1, 1, "7"))
      assert.strictEqual((yield* store.get(givenUp.id))?.resolvedBy, "delivery report")
      const resent = yield* reserveNew(store)
      yield* store.settle(resent.id, { state: "unknown", receipt, resolvedBy: "operator: resent" })
      yield* store.recordFound(resent.id, report(1, 1, "7"))
      assert.strictEqual((yield* store.get(resent.id))?.resolvedBy, "operator: resent")
    }))

  test("stores one decision about an unknown intent, however many are made at once", (store) =>
    Effect.gen(function*() {
      const givenUp = { resolvedBy: "operator: given up" }
      const resent = { receipt, resolvedBy: "operator: resent" }
      const { id } = yield* reserveNew(store, "k")
      assert.isFalse(yield* store.decide(id, givenUp))
      assert.isFalse(yield* store.decide("none", givenUp))
      yield* store.settle(id, { state: "unknown", error })
      const all = yield* Effect.replicateEffect(store.decide(id, givenUp), 4, { concurrency: "unbounded" })
      assert.lengthOf(all.filter(Boolean), 1)
      const decided = yield* store.get(id)
      assert.deepStrictEqual([decided?.state, decided?.error, decided?.resolvedBy], [
        "unknown",
        error,
        "operator: given up"
      ])
      // A resend that was under way has a receipt, which nobody gives up.
      assert.isTrue(yield* store.decide(id, resent))
      assert.isFalse(yield* store.decide(id, givenUp))
      assert.isFalse(yield* store.decide(id, resent))
      const known = yield* store.get(id)
      assert.deepStrictEqual([known?.resolvedBy, known?.receipt, known?.error], [
        "operator: resent",
        receipt,
        undefined
      ])
      // A process that was taken for dead still ends its send.
      yield* store.settle(id, { state: "unknown", error })
      assert.deepStrictEqual(yield* store.get(id), known)
      const accepted = yield* reserveNew(store)
      yield* store.settle(accepted.id, { state: "unknown", error })
      yield* store.recordFound(accepted.id, report(1, 1, "7"))
      assert.isFalse(yield* store.decide(accepted.id, resent))
      assert.strictEqual((yield* store.get(accepted.id))?.resolvedBy, "delivery report")
    }))

  const claimUnknown = (store: IntentStore["Service"], limit = 9) =>
    Effect.map(
      store.claimUnknown({ limit, lease: Duration.seconds(10) }),
      (intents) => intents.map(({ asked = 0, id }) => [id, asked])
    )

  test("claims unknown intents once at a time, until they are not to be asked about any more", (store) =>
    Effect.gen(function*() {
      const unknown = yield* reserveNew(store)
      const resolved = yield* reserveNew(store)
      yield* reserveNew(store)
      yield* store.settle(unknown.id, { state: "unknown", error })
      yield* store.settle(resolved.id, { state: "unknown", error, resolvedBy: "operator: given up" })
      const both = yield* Effect.all([claimUnknown(store), claimUnknown(store)], { concurrency: "unbounded" })
      assert.deepStrictEqual(both.flat(), [[unknown.id, 0]])
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* claimUnknown(store), [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* claimUnknown(store), [[unknown.id, 0]])
      yield* store.asked(unknown.id, Duration.seconds(60))
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* claimUnknown(store), [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* claimUnknown(store), [[unknown.id, 1]])
      yield* store.asked(unknown.id, undefined)
      yield* store.asked(resolved.id, Duration.zero)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* claimUnknown(store), [])
      assert.strictEqual((yield* store.get(unknown.id))?.asked, 2)
      const mute = yield* reserveNew(store)
      yield* store.settle(mute.id, { state: "unknown", error })
      yield* store.cannotAsk(mute.id)
      assert.deepStrictEqual(yield* claimUnknown(store), [])
      assert.isUndefined((yield* store.get(mute.id))?.asked)
    }))

  test("does not wait for a clock that was set back", (store) =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      const { id } = yield* reserveNew(store)
      yield* store.settle(id, { state: "unknown", error })
      yield* store.asked(id, Duration.minutes(1))
      yield* TestClock.setTime(0)
      assert.deepStrictEqual(yield* claimUnknown(store), [[id, 1]])
      assert.deepStrictEqual(yield* claimUnknown(store), [])
    }))

  test("claims no more intents than the limit, and none that became accepted", (store) =>
    Effect.gen(function*() {
      const all = [yield* reserveNew(store), yield* reserveNew(store), yield* reserveNew(store)]
      for (const { id } of all) yield* store.settle(id, { state: "unknown", error })
      yield* store.recordFound(all[0]!.id, report(1, 1, "7"))
      const claimed = [
        ...yield* claimUnknown(store, 1),
        ...yield* claimUnknown(store, 1),
        ...yield* claimUnknown(store)
      ]
      assert.deepStrictEqual(claimed.map(([id]) => id), [all[1]!.id, all[2]!.id])
    }))

  test("knows the send of a message: of a receipt, of the accepted parts and of those that are found", (store) =>
    Effect.gen(function*() {
      const owner = (messageId: string, provider = "mock") => store.ownerOf({ provider, messageId })
      const [accepted, unknown] = [yield* reserveNew(store), yield* reserveNew(store)]
      yield* store.settle(accepted.id, { state: "accepted", receipt })
      const parts = new SendReceipt({ ...receipt, messageIds: ["2"] })
      const { provider, reason } = error
      yield* store.recordFound(unknown.id, report(3, 3, "3"))
      yield* store.settle(unknown.id, {
        state: "unknown",
        error: new SmsError({ provider, reason, part: { number: 2, of: 3 }, accepted: parts })
      })
      const owners = [
        yield* owner("1"),
        yield* owner("2"),
        yield* owner("3"),
        yield* owner("4"),
        yield* owner("1", "x")
      ]
      assert.deepStrictEqual(owners, [accepted.id, unknown.id, unknown.id, undefined, undefined])
    }))

  test("keeps what may be the message of an unknown intent, and when it was requested, until it is resolved", (store) =>
    Effect.gen(function*() {
      const requestedAt = yield* DateTime.now
      const { id } = yield* reserveNew(store)
      const candidates = [{ part: 1, of: 1, provider: "mock", messageId: "7" }]
      yield* store.recordCandidates(id, candidates)
      assert.isUndefined((yield* store.get(id))?.candidates)
      yield* store.settle(id, { state: "unknown", error, requestedAt })
      yield* store.recordCandidates(id, candidates)
      const intent = yield* store.get(id)
      assert.deepStrictEqual([intent?.candidates, intent?.requestedAt, intent?.error], [
        candidates,
        requestedAt,
        error
      ])
      yield* store.recordCandidates(id, [])
      assert.deepStrictEqual((yield* store.get(id))?.candidates, [])
      yield* store.recordFound(id, report(1, 1, "7"))
      const { candidates: none, requestedAt: never } = (yield* store.get(id))!
      assert.deepStrictEqual([none, never], [undefined, undefined])
    }))

  test("lists the intents for a recipient that may have been sent", (store) =>
    Effect.gen(function*() {
      const sending = yield* reserveNew(store)
      const unknown = yield* reserveNew(store)
      const accepted = yield* reserveNew(store)
      yield* store.settle(unknown.id, { state: "unknown", receipt, resolvedBy: "operator: resent" })
      yield* store.settle(accepted.id, { state: "accepted", receipt })
      assert.deepStrictEqual((yield* store.openTo(to)).map(({ id }) => id), [sending.id, unknown.id])
      assert.deepStrictEqual(yield* store.openTo(Address.make("+15145550143")), [])
    }))
}
