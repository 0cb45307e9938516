/** What every store of forwards does. Its queue is that of the inbox, which has a suite of its own. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Forward, ForwardStore, lanesOf } from "../../src/forward/ForwardStore.ts"

const endpoint = "https://app.example.com/sms"

const forward = (eventId: string, sequence = "room", replay?: string) =>
  new Forward({ endpoint, eventId, kind: "MessageReceived", sequence, ...(replay !== undefined && { replay }) })

/** The layer gives an empty store each time. */
export const suite = (name: string, layer: Layer.Layer<ForwardStore, unknown>, skip = false) => {
  const test = (title: string, body: (store: ForwardStore["Service"]) => Effect.Effect<void, unknown>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(Effect.flatMap(ForwardStore, body), layer, { local: true })))

  describe.skipIf(skip)(`ForwardStore (${name})`, () => {
    test("remembers how far an endpoint has read, and moves that forward only", (store) =>
      Effect.gen(function*() {
        assert.isUndefined(yield* store.get(endpoint))
        assert.strictEqual((yield* store.open(endpoint, 7)).position, 7)
        assert.strictEqual((yield* store.open(endpoint, 9)).position, 7)
        yield* store.advance(endpoint, 12)
        yield* store.advance(endpoint, 8)
        assert.strictEqual((yield* store.get(endpoint))?.position, 12)
      }))

    test("remembers since when an endpoint fails, until one attempt succeeds", (store) =>
      Effect.gen(function*() {
        yield* store.open(endpoint, 0)
        const first = yield* store.failed(endpoint)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* store.failed(endpoint), first)
        yield* store.succeeded(endpoint)
        assert.isUndefined((yield* store.get(endpoint))?.failingSince)
        const again = yield* store.failed(endpoint)
        assert.strictEqual(DateTime.toEpochMillis(again) - DateTime.toEpochMillis(first), 3_600_000)
      }))

    test("remembers that an endpoint is paused, until it is resumed", (store) =>
      Effect.gen(function*() {
        yield* store.open(endpoint, 3)
        yield* store.failed(endpoint)
        yield* store.pause(endpoint)
        assert.isDefined((yield* store.get(endpoint))?.pausedAt)
        assert.isTrue(yield* store.resume(endpoint))
        const { failingSince, pausedAt, position } = (yield* store.get(endpoint))!
        assert.deepStrictEqual([failingSince, pausedAt, position], [undefined, undefined, 3])
        assert.isFalse(yield* store.resume("https://other.example"))
      }))

    test("queues an event once for an endpoint, and once more for each replay", ({ queue }) =>
      Effect.gen(function*() {
        const accept = (...forwards: ReadonlyArray<Forward>) =>
          Effect.map(queue.accept(forwards), (all) => all.map(({ _tag }) => _tag))
        assert.deepStrictEqual(yield* accept(forward("1"), forward("2")), ["Accepted", "Accepted"])
        assert.deepStrictEqual(yield* accept(forward("2"), forward("3")), ["Repeated", "Accepted"])
        assert.deepStrictEqual(yield* accept(forward("1", "room", "r"), forward("1", "room", "r")), [
          "Accepted",
          "Repeated"
        ])
        assert.strictEqual((yield* queue.backlog()).pending, 4)
      }))

    test("keeps the order within a room, and no other", ({ queue }) =>
      Effect.gen(function*() {
        yield* queue.accept([forward("1", "a"), forward("2", "b"), forward("3", "a")])
        const claims = yield* queue.claim({ limit: 10 })
        const heads = yield* Effect.forEach(claims, queue.head)
        assert.deepStrictEqual(heads.map((entry) => entry?.event.eventId).sort(), ["1", "2"])
        assert.deepStrictEqual(heads.map((entry) => entry?.event instanceof Forward), [true, true])
      }))

    test("lists, counts and hastens what is for an endpoint, and for no other", ({ queue }) =>
      Effect.gen(function*() {
        const others = [`${endpoint}/x`, endpoint.replace("sms", "SMS"), "https://app.example.com/s_s"]
        const of = (endpoint: string, sequence: string) =>
          new Forward({ endpoint, eventId: sequence, kind: "MessageReceived", sequence })
        yield* queue.accept([of(endpoint, "a"), ...others.map((other) => of(other, "b"))])
        yield* TestClock.adjust("1 minute")
        yield* queue.accept([of(endpoint, "c"), of(endpoint, "dead")])
        for (const claim of yield* queue.claim({ limit: 10 })) {
          const entry = (yield* queue.head(claim))!
          if (entry.event.sequence === "dead") yield* queue.bury(claim, entry, "Poison")
          yield* queue.release(claim, Duration.hours(1))
        }
        const lanes = lanesOf(endpoint)
        const pending = yield* queue.list({ state: "pending", limit: 10, filter: { lanes } })
        assert.deepStrictEqual(pending.map(({ event }) => event.sequence), ["c", "a"])
        const found = yield* queue.list({ state: "dead", limit: 10, filter: { lanes, kind: "MessageReceived" } })
        assert.deepStrictEqual(found.map(({ event }) => event.sequence), ["dead"])
        assert.deepStrictEqual(yield* queue.list({ state: "dead", limit: 10, filter: { kind: "DeliveryChanged" } }), [])
        const { dead, oldest, pending: count } = yield* queue.backlog(lanes)
        assert.deepStrictEqual([count, dead, oldest && DateTime.toEpochMillis(oldest)], [2, 1, 0])
        assert.strictEqual((yield* queue.backlog()).pending, 5)
        assert.deepStrictEqual(yield* queue.claim({ limit: 10 }), [])
        yield* queue.hasten(lanes)
        const claims = yield* queue.claim({ limit: 10 })
        assert.sameMembers(claims.map(({ lane }) => lane), [`${lanes}"a"]`, `${lanes}"c"]`])
      }))
  })
}
