/** What every store of intents does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { IntentStore, type Priority } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, RateLimited, SmsError } from "../../src/SmsError.ts"
import { textContent } from "../rooms/kit.ts"
import { testResends } from "./resends.ts"
import { testUnknown } from "./unknownIntents.ts"

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

    testUnknown({ test, reserve })
    testResends({ test, reserve })

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
