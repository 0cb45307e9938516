/** What every store of intents does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { FoundPart, IntentStore, type Priority } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, RateLimited, SmsError } from "../../src/SmsError.ts"
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

  /** Queues a message to be sent after so many seconds. Its id begins with its name. */
  const enqueue = Effect.fnUntraced(function*(
    store: IntentStore["Service"],
    name: string,
    { after = 0, priority = "transactional" as Priority } = {}
  ) {
    const readyAt = DateTime.addDuration(yield* DateTime.now, Duration.seconds(after))
    const reserved = yield* store.reserve({ id: `${name} ${ids++}`, hash: "h", message, priority, readyAt })
    if (reserved._tag !== "Reserved") return assert.fail(reserved._tag)
    return reserved.intent
  })

  let tokens = 0
  const claim = (store: IntentStore["Service"], limit = 10, bulk = limit) =>
    Effect.suspend(() => store.claim({ token: `${tokens++}`, limit, bulk }))

  const namesOf = (intents: ReadonlyArray<{ readonly id: string }>) => intents.map(({ id }) => id.split(" ")[0])

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

    test("gives queued intents out when they are ready: by priority, then by time, each once", (store) =>
      Effect.gen(function*() {
        yield* enqueue(store, "bulk-1", { priority: "bulk" })
        yield* TestClock.adjust("1 second")
        yield* enqueue(store, "bulk-2", { priority: "bulk" })
        yield* enqueue(store, "later", { after: 10 })
        yield* enqueue(store, "soon", { after: 5 })
        yield* enqueue(store, "now")
        assert.deepStrictEqual(namesOf(yield* claim(store, 10, 1)), ["now", "bulk-1"])
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual(namesOf(yield* claim(store, 2)), ["soon", "bulk-2"])
        assert.deepStrictEqual(yield* claim(store), [])
        assert.strictEqual(yield* store.nextAt, 11_000)
        yield* TestClock.adjust("1 second")
        const [later] = yield* claim(store)
        assert.deepStrictEqual([later?.state, later?.id.split(" ")[0]], ["sending", "later"])
        assert.strictEqual(yield* store.nextAt, Infinity)
      }))

    test("gives each queued intent to one of those who claim at once", (store) =>
      Effect.gen(function*() {
        const queued = yield* Effect.replicateEffect(enqueue(store, "a"), 20)
        const claims = yield* Effect.replicateEffect(claim(store, 4), 8, { concurrency: "unbounded" })
        const claimed = claims.flat().map(({ id }) => id)
        assert.deepStrictEqual([...claimed].sort(), queued.map(({ id }) => id).sort())
      }))

    test("keeps when an intent entered each state, and its last refusal", (store) =>
      Effect.gen(function*() {
        const start = yield* DateTime.now
        const at = (seconds: number) => DateTime.addDuration(start, Duration.seconds(seconds))
        const { id, ...queued } = yield* enqueue(store, "a", { priority: "bulk" })
        assert.deepStrictEqual([queued.state, queued.priority, queued.readyAt], ["queued", "bulk", start])
        assert.deepStrictEqual(queued.times, { queued: start })
        yield* TestClock.adjust("1 second")
        yield* store.claim({ token: "first", limit: 1, bulk: 1 })
        yield* TestClock.adjust("1 second")
        const error = new SmsError({ provider: "mock", reason: new RateLimited({}) })
        yield* store.requeue({ id, token: "first" }, { delay: Duration.seconds(3), failures: 1, deferrals: 2, error })
        const again = yield* store.get(id)
        assert.deepStrictEqual([again?.state, again?.failures, again?.deferrals], ["queued", 1, 2])
        assert.deepStrictEqual(again?.readyAt, at(5))
        assert.deepStrictEqual([again?.error, again?.times], [error, { queued: at(2), sending: at(1) }])
        yield* TestClock.adjust("3 seconds")
        yield* store.claim({ token: "second", limit: 1, bulk: 1 })
        // A process that lost its claim changes nothing.
        yield* store.requeue({ id, token: "first" }, { delay: Duration.zero, failures: 0, deferrals: 0 })
        yield* TestClock.adjust("1 second")
        yield* store.settle(id, { state: "accepted", receipt })
        const sent = yield* store.get(id)
        assert.deepStrictEqual([sent?.state, sent?.receipt, sent?.error], ["accepted", receipt, undefined])
        assert.deepStrictEqual(sent?.times, { queued: at(2), sending: at(5), accepted: at(6) })
        yield* store.requeue({ id, token: "second" }, { delay: Duration.zero, failures: 0, deferrals: 0 })
        assert.deepStrictEqual(yield* store.get(id), sent)
      }))

    test("keeps the reason of a refusal that no provider made, and gives its key back", (store) =>
      Effect.gen(function*() {
        const readyAt = yield* DateTime.now
        const first = yield* store.reserve({ id: `${ids++}`, key: "k", hash: "h", message, readyAt })
        const known = yield* store.reserve({ id: `${ids++}`, key: "k", hash: "h", message, readyAt })
        if (first._tag !== "Reserved" || known._tag !== "Known") return assert.fail(known._tag)
        assert.deepStrictEqual(known.intent, first.intent)
        yield* claim(store)
        yield* store.settle(first.intent.id, { state: "refused", refusal: "Blocked" })
        const refused = yield* store.get(first.intent.id)
        assert.deepStrictEqual([refused?.refusal, refused?.key], ["Blocked", undefined])
        assert.strictEqual((yield* reserve(store, "k", "another"))._tag, "Reserved")
      }))

    test("returns a claim whose answer was lost to the queue, and only that one", (store) =>
      Effect.gen(function*() {
        yield* enqueue(store, "a")
        yield* store.claim({ token: "lost", limit: 1, bulk: 0 })
        yield* enqueue(store, "b")
        yield* store.claim({ token: "held", limit: 1, bulk: 0 })
        yield* store.unclaim("lost")
        assert.deepStrictEqual(namesOf(yield* claim(store)), ["a"])
        yield* store.unclaim("lost")
        assert.deepStrictEqual(yield* claim(store), [])
      }))

    test("cancels an intent that is queued, and none that is being sent", (store) =>
      Effect.gen(function*() {
        const [one, other] = [yield* enqueue(store, "a"), yield* enqueue(store, "b", { after: 1 })]
        yield* claim(store)
        assert.strictEqual((yield* store.cancel(one.id))?.state, "sending")
        yield* TestClock.adjust("1 second")
        const cancelled = yield* store.cancel(other.id)
        assert.deepStrictEqual([cancelled?.state, cancelled?.times.cancelled], ["cancelled", yield* DateTime.now])
        assert.deepStrictEqual(yield* claim(store), [])
        assert.strictEqual((yield* store.cancel(other.id))?.state, "cancelled")
        assert.isUndefined(yield* store.cancel("none"))
      }))

    test("is held up by no clock that is set back", (store) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(120_000)
        yield* enqueue(store, "now")
        const failed = yield* enqueue(store, "failed")
        const deferred = yield* enqueue(store, "deferred")
        yield* store.claim({ token: "first", limit: 3, bulk: 0 })
        yield* store.unclaim("first")
        yield* store.claim({ token: "second", limit: 3, bulk: 0 })
        yield* store.requeue({ id: deferred.id, token: "second" }, {
          delay: Duration.minutes(5),
          failures: 0,
          deferrals: 1
        })
        yield* store.requeue({ id: failed.id, token: "second" }, {
          delay: Duration.seconds(5),
          failures: 1,
          deferrals: 0
        })
        yield* enqueue(store, "ready")
        yield* enqueue(store, "scheduled", { after: 3600 })
        yield* TestClock.setTime(60_000)
        assert.deepStrictEqual(namesOf(yield* claim(store)).sort(), ["deferred", "failed", "ready"])
      }))

    test("gives an unknown intent to one of those who send its rest, until it is settled again", (store) =>
      Effect.gen(function*() {
        const reserved = yield* reserve(store, "k")
        if (reserved._tag !== "Reserved") return assert.fail(reserved._tag)
        const { id } = reserved.intent
        assert.isFalse(yield* store.resume(reserved.intent, error))
        const refused = new SmsError({
          provider: "mock",
          reason: new RateLimited({}),
          part: { number: 2, of: 3 },
          accepted: receipt
        })
        yield* store.settle(id, { state: "unknown", error: refused })
        const intent = (yield* store.get(id))!
        yield* TestClock.adjust("1 second")
        const all = yield* Effect.replicateEffect(store.resume(intent, error), 4, { concurrency: "unbounded" })
        assert.lengthOf(all.filter(Boolean), 1)
        const resumed = yield* store.get(id)
        // What holds if the process ends now.
        assert.deepStrictEqual([resumed?.state, resumed?.error], ["sending", error])
        yield* store.settle(id, { state: "unknown", error: refused })
        // What another call had read before is no longer so.
        assert.isFalse(yield* store.resume(intent, error))
        assert.isTrue(yield* store.resume((yield* store.get(id))!, error))
        yield* store.settle(id, { state: "accepted", receipt, resolvedBy: "operator" })
        assert.isFalse(yield* store.resume((yield* store.get(id))!, error))
        assert.strictEqual((yield* reserve(store, "k"))._tag, "Known")
      }))
  })
}
