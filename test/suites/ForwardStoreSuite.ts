/** What every store of forwards does. Its queue is that of the inbox, which has a suite of its own. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Forward, ForwardStore } from "../../src/forward/ForwardStore.ts"

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
        assert.strictEqual((yield* queue.backlog).pending, 4)
      }))

    test("keeps the order within a room, and no other", ({ queue }) =>
      Effect.gen(function*() {
        yield* queue.accept([forward("1", "a"), forward("2", "b"), forward("3", "a")])
        const claims = yield* queue.claim({ limit: 10 })
        const heads = yield* Effect.forEach(claims, queue.head)
        assert.deepStrictEqual(heads.map((entry) => entry?.event.eventId).sort(), ["1", "2"])
        assert.deepStrictEqual(heads.map((entry) => entry?.event instanceof Forward), [true, true])
      }))
  })
}
