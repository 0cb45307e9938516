/** What becomes of queued messages. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Deferred, Duration, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { SendBlocked } from "../../src/rooms/Hook.ts"
import * as IntentStore from "../../src/sending/IntentStore.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsError from "../../src/SmsError.ts"
import { StorageError } from "../../src/StorageError.ts"
import { observe } from "../observe.ts"
import { textContent } from "../rooms/kit.ts"

const to = Address.make("+15145550142")

const receipt = new SendReceipt({
  provider: "mock",
  messageIds: ["1"],
  recipient: to,
  status: "queued",
  carrierStatus: "queued"
})

const failure = (
  reason: SmsError.SmsErrorReason,
  rest: Partial<Pick<SmsError.SmsError, "accepted" | "earlier">> = {}
) => new SmsError.SmsError({ provider: "mock", reason, ...rest })

const unavailable = failure(new SmsError.ProviderUnavailable({}))

const layer = Outbox.layer().pipe(Layer.provideMerge(IntentStoreMemory.layer()), Layer.provide(NodeCrypto.layer))

/** A turn of the event loop: the digest of a message takes one. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const pass = (time: Duration.Input) => Effect.andThen(TestClock.adjust(time), turn)

const enqueue = Effect.fnUntraced(function*(text: string, options: Partial<Outbox.Queued> = {}) {
  const outbox = yield* Outbox.Outbox
  const message = new OutboundMessage({ to, content: textContent(text) })
  const { intent } = yield* outbox.enqueue({ message, what: text, ...options })
  return intent.id
})

const find = (id: string) => Effect.map(IntentStore.IntentStore.use(({ get }) => get(id)), (intent) => intent!)

/** Runs with a dispatcher whose attempts end as listed, the last one for ever. */
const dispatching = Effect.fnUntraced(function*(
  attempts: ReadonlyArray<Effect.Effect<SendReceipt, unknown>>,
  options?: Outbox.DispatchOptions
) {
  const outbox = yield* Outbox.Outbox
  const texts: Array<string> = []
  yield* outbox.dispatch(
    ({ message }) =>
      Effect.suspend(() => {
        texts.push(Content.text(message.content))
        return attempts[Math.min(texts.length, attempts.length) - 1]!
      }),
    options
  )
  return texts
})

const rarely: Outbox.DispatchOptions = { pollInterval: "6 hours" }

const test = (
  title: string,
  body: Effect.Effect<void, unknown, Outbox.Outbox | IntentStore.IntentStore | Scope.Scope>
) => it.effect(title, () => Effect.scoped(Effect.provide(body, [layer, observe().layer])))

describe("a queued message", () => {
  test(
    "is sent at its time, and its intent has the receipt",
    Effect.gen(function*() {
      const texts = yield* dispatching([Effect.succeed(receipt)])
      const sendAt = DateTime.addDuration(yield* DateTime.now, "1 hour")
      const [now, later] = [yield* enqueue("now"), yield* enqueue("later", { sendAt })]
      yield* pass("59 minutes")
      assert.deepStrictEqual(texts, ["now"])
      assert.deepStrictEqual([(yield* find(now)).state, (yield* find(now)).receipt], ["accepted", receipt])
      assert.strictEqual((yield* find(later)).state, "queued")
      yield* pass("1 minute")
      assert.deepStrictEqual(texts, ["now", "later"])
      const { state, times } = yield* find(later)
      assert.deepStrictEqual([state, times.sending], ["accepted", sendAt])
    })
  )

  test(
    "is queued once for its key, and not under the key of another",
    Effect.gen(function*() {
      const outbox = yield* Outbox.Outbox
      const texts = yield* dispatching([Effect.succeed(receipt)])
      const message = new OutboundMessage({ to, content: textContent("a") })
      const request = { key: "k", message, what: "a" }
      const first = yield* outbox.enqueue(request)
      const again = yield* outbox.enqueue(request)
      assert.deepStrictEqual([first.replayed, again.replayed, again.intent.id], [false, true, first.intent.id])
      const other = yield* Effect.flip(outbox.enqueue({ ...request, what: "b" }))
      const direct = yield* Effect.flip(outbox.send({ ...request, send: () => Effect.succeed(receipt) }))
      assert.deepStrictEqual([other._tag, direct._tag], ["KeyReused", "KeyReused"])
      yield* pass("1 second")
      assert.deepStrictEqual(texts, ["a"])
    })
  )

  test(
    "that is refused for the time being is tried again on the schedule, and is refused after the last attempt",
    Effect.gen(function*() {
      const texts = yield* dispatching([Effect.fail(unavailable)], { ...rarely, waits: ["1 second", "5 seconds"] })
      const id = yield* enqueue("a")
      yield* pass("999 millis")
      assert.lengthOf(texts, 1)
      const { error, failures, state } = yield* find(id)
      assert.deepStrictEqual([state, failures, error], ["queued", 1, unavailable])
      yield* pass("1 millis")
      assert.lengthOf(texts, 2)
      yield* pass("5 seconds")
      assert.lengthOf(texts, 3)
      const last = yield* find(id)
      assert.deepStrictEqual([last.state, last.failures, last.error], ["refused", 2, unavailable])
      yield* pass("1 day")
      assert.lengthOf(texts, 3)
    })
  )

  test(
    "is tried for half a day by default, and not before the provider asks for it",
    Effect.gen(function*() {
      const busy = failure(new SmsError.RateLimited({ status: 429, retryAfter: Duration.minutes(2) }))
      const texts = yield* dispatching([Effect.fail(busy)], rarely)
      const id = yield* enqueue("a")
      yield* pass("119 seconds")
      assert.lengthOf(texts, 1)
      yield* pass("2 days")
      assert.lengthOf(texts, 12)
      assert.strictEqual((yield* find(id)).state, "refused")
    })
  )

  test(
    "waits for a rate limit of this library as often as it takes",
    Effect.gen(function*() {
      const limited = Effect.fail(failure(new SmsError.RateLimited({ retryAfter: Duration.minutes(1) })))
      const texts = yield* dispatching([limited, limited, limited, Effect.succeed(receipt)], { waits: ["1 second"] })
      const id = yield* enqueue("a")
      yield* pass("3 minutes")
      assert.lengthOf(texts, 4)
      const { failures, state } = yield* find(id)
      assert.deepStrictEqual([state, failures], ["accepted", 0])
    })
  )

  const outcomes: ReadonlyArray<readonly [string, unknown, Partial<IntentStore.Intent>]> = [
    ["is refused by the carrier", failure(new SmsError.OptedOut({})), { state: "refused" }],
    ["is blocked by a hook", new SendBlocked({ hook: "h", reason: "r" }), { state: "refused", refusal: "SendBlocked" }],
    ["may have been sent", failure(new SmsError.OutcomeUnknown({ because: "Timeout" })), { state: "unknown" }],
    ["was sent in part", failure(new SmsError.RateLimited({}), { accepted: receipt }), { state: "unknown" }],
    [
      "is refused by one provider while another is unavailable",
      failure(new SmsError.InvalidSender({}), { earlier: [{ provider: "first", reason: unavailable.reason }] }),
      { state: "queued", failures: 1 }
    ]
  ]
  for (const [title, error, expected] of outcomes) {
    test(
      `that ${title} ends as ${expected.state}`,
      Effect.gen(function*() {
        yield* dispatching([Effect.fail(error)])
        const intent = yield* Effect.tap(enqueue("a"), turn)
        assert.deepInclude({ ...(yield* find(intent)) }, { ...expected })
      })
    )
  }

  test(
    "whose send dies is unknown",
    Effect.gen(function*() {
      yield* dispatching([Effect.die(new Error("bug"))])
      const { error, state } = yield* Effect.flatMap(Effect.tap(enqueue("a"), turn), find)
      assert.deepStrictEqual([state, error?.reason._tag], ["unknown", "OutcomeUnknown"])
    })
  )
})

describe("the dispatcher", () => {
  test(
    "sends transactional messages before bulk ones, and keeps room for them",
    Effect.gen(function*() {
      const hold = yield* Deferred.make<void>()
      for (const text of ["b1", "b2", "b3"]) yield* enqueue(text, { priority: "bulk" })
      yield* enqueue("t1")
      const texts = yield* dispatching([Effect.as(Deferred.await(hold), receipt)], {
        concurrency: 3,
        bulkConcurrency: 1,
        pollInterval: "1 minute"
      })
      yield* pass("1 second")
      assert.deepStrictEqual(texts, ["t1", "b1"])
      yield* Effect.tap(enqueue("t2"), pass("1 second"))
      assert.deepStrictEqual(texts, ["t1", "b1", "t2"])
      yield* Deferred.succeed(hold, undefined)
      yield* pass("1 second")
      assert.deepStrictEqual(texts, ["t1", "b1", "t2", "b2", "b3"])
    })
  )

  test(
    "waits for running sends when it ends, leaves the rest queued, and what takes longer is unknown",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const options = { concurrency: 2, shutdownTimeout: "5 seconds" } as const
      const slow = Effect.as(Effect.sleep("3 seconds"), receipt)
      const texts = yield* Scope.provide(dispatching([slow, Effect.never], options), scope)
      const ids = [yield* enqueue("slow"), yield* enqueue("hung"), yield* enqueue("left")]
      yield* pass("1 second")
      assert.deepStrictEqual(texts, ["slow", "hung"])
      yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* pass("10 seconds")
      assert.deepStrictEqual((yield* Effect.forEach(ids, find)).map(({ state }) => state), [
        "accepted",
        "unknown",
        "queued"
      ])
      assert.deepStrictEqual(texts, ["slow", "hung"])
    })
  )

  it.effect("is not reported as failed when another process sends it although the answer of the store was lost", () =>
    Effect.gen(function*() {
      const store = yield* IntentStoreMemory.make()
      const failure = new StorageError({ store: "intents", cause: new Error("lost") })
      let isSent = false
      const lossy = IntentStore.IntentStore.of({
        ...store,
        reserve: (request) =>
          Effect.gen(function*() {
            yield* store.reserve(request)
            if (isSent) yield* store.claim({ token: "other", limit: 1, bulk: 1 })
            return yield* failure
          })
      })
      const outbox = yield* Effect.provideService(Outbox.make(), IntentStore.IntentStore, lossy)
      const message = new OutboundMessage({ to, content: textContent("a") })
      const cancelled = yield* Effect.flip(outbox.enqueue({ message, what: "a" }))
      assert.strictEqual(cancelled._tag, "StorageError")
      isSent = true
      const { intent } = yield* outbox.enqueue({ message, what: "a" })
      const states = (yield* store.list({ limit: 9 })).map(({ id, state }) => [id === intent.id, state])
      assert.deepStrictEqual(states.sort(), [[false, "cancelled"], [true, "sending"]])
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("stores outcomes later when the store fails, and recovers claims whose answer was lost", () =>
    Effect.gen(function*() {
      const memory = yield* IntentStoreMemory.make()
      const broken = new Set<string>()
      const outage = new StorageError({ store: "intents", cause: new Error("away") })
      const failing = <A, E>(name: string, effect: Effect.Effect<A, E>, isDone = false) =>
        Effect.suspend(() => {
          if (!broken.has(name)) return effect
          return isDone ? Effect.andThen(effect, Effect.fail(outage)) : Effect.fail(outage)
        })
      const store = IntentStore.IntentStore.of({
        ...memory,
        claim: (options) => failing("claim", memory.claim(options), true),
        settle: (id, outcome) => failing("settle", memory.settle(id, outcome))
      })
      yield* Effect.gen(function*() {
        const texts = yield* dispatching([Effect.succeed(receipt)])
        broken.add("claim")
        const id = yield* enqueue("a")
        yield* pass("500 millis")
        assert.strictEqual((yield* find(id)).state, "sending")
        assert.deepStrictEqual(texts, [])
        broken.delete("claim")
        broken.add("settle")
        yield* pass("1 second")
        assert.deepStrictEqual(texts, ["a"])
        yield* pass("10 seconds")
        assert.strictEqual((yield* find(id)).state, "sending")
        broken.delete("settle")
        yield* pass("1 minute")
        assert.strictEqual((yield* find(id)).state, "accepted")
        assert.deepStrictEqual(texts, ["a"])
      }).pipe(
        Effect.provide(Outbox.layer()),
        Effect.provideService(IntentStore.IntentStore, store)
      )
    }).pipe(Effect.scoped, Effect.provide([NodeCrypto.layer, observe().layer])))
})
