/**
 * What every store of deliveries must do, wherever it keeps them.
 */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Delivery, DeliveryStore, type Key, type MemoryOptions } from "../../src/delivery/DeliveryStore.ts"
import type { Status } from "../../src/DeliveryStatus.ts"

export interface Subject {
  readonly name: string
  /** A new store, where nothing is kept. */
  readonly layer: (options?: MemoryOptions) => Layer.Layer<DeliveryStore, unknown>
  /** Whether the store makes room by itself. A database is cleaned up apart from that. `true` by default. */
  readonly bounded?: boolean
  readonly skip?: boolean
}

const provider = "telnyx"

export const delivery = (messageId: string, status: Status = "queued", recipient?: Delivery["recipient"]) =>
  new Delivery({
    provider,
    messageId,
    ...(recipient !== undefined && { recipient }),
    status,
    since: DateTime.makeUnsafe(0),
    reported: [status],
    history: [],
    dropped: 0
  })

const put = (value: Delivery) =>
  DeliveryStore.use((store) => store.modify(value, (current) => [current?.status, value]))

const key = (messageId: string): Key => ({ provider, messageId })
const get = (messageId: string) => DeliveryStore.use((store) => store.get(key(messageId)))
const ids = (deliveries: ReadonlyArray<Delivery>) => deliveries.map(({ messageId }) => messageId)

const kept = (...messageIds: ReadonlyArray<string>) =>
  Effect.map(Effect.forEach(messageIds, get), (all) => ids(all.filter((each) => each !== undefined)))

export const suite = (subject: Subject) => {
  const test = (title: string, body: Effect.Effect<void, unknown, DeliveryStore>, options?: MemoryOptions) =>
    it.effect.skipIf(options !== undefined && subject.bounded === false)(
      title,
      () => Effect.provide(body, subject.layer(options))
    )

  describe.skipIf(subject.skip === true)(`DeliveryStore (${subject.name})`, () => {
    test(
      "gives back what was stored, and nothing for any other key",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        assert.isUndefined(yield* get("1"))
        assert.deepStrictEqual(yield* put(delivery("1")), { value: undefined, removed: [] })
        assert.deepStrictEqual(yield* put(delivery("1", "sent")), { value: "queued", removed: [] })
        assert.deepStrictEqual(yield* get("1"), delivery("1", "sent"))
        for (
          const other of [
            key("2"),
            key(""),
            { ...key("1"), provider: "sinch" },
            { ...key("1"), recipient: "+15145550142" },
            key("__proto__"),
            { provider: `${provider}","1`, messageId: "" }
          ]
        ) assert.isUndefined(yield* store.get(other))
      })
    )

    test(
      "knows a recipient by the digits, however the number is written",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        const stored = { ...key("1"), recipient: "+15145550142" }
        yield* store.modify(stored, () => [undefined, delivery("1")])
        for (const recipient of ["15145550142", "+1 (514) 555-0142", "whatsapp:+15145550142"]) {
          assert.isDefined(yield* store.get({ ...key("1"), recipient }))
        }
        assert.isUndefined(yield* store.get({ ...key("1"), recipient: "5145550142" }))
      })
    )

    test(
      "loses no step, however many come at once",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        const add = store.modify(key("1"), (current) => {
          const dropped = (current?.dropped ?? 0) + 1
          return [dropped, new Delivery({ ...delivery("1"), dropped })]
        })
        const results = yield* Effect.replicateEffect(add, 100, { concurrency: "unbounded" })
        assert.strictEqual((yield* get("1"))?.dropped, 100)
        assert.strictEqual(new Set(results.map(({ value }) => value)).size, 100)
      })
    )

    test(
      "lists the recipients of a message, and forgets one of them alone",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        const statuses: ReadonlyArray<Status> = ["queued", "delivered", "sent"]
        for (const [index, status] of statuses.entries()) {
          yield* store.modify({ ...key("1"), recipient: `+1514555014${index}` }, () => [
            undefined,
            new Delivery({ ...delivery("1", status) })
          ])
        }
        const all = Effect.map(store.ofMessage(key("1")), (all) => all.map(({ status }) => status))
        assert.deepStrictEqual(yield* all, statuses)
        const second = { ...key("1"), recipient: "15145550141" }
        assert.strictEqual((yield* store.remove(second))?.status, "delivered")
        assert.isUndefined(yield* store.remove(second))
        assert.deepStrictEqual(yield* all, ["queued", "sent"])
        // Stored again, it is the last.
        yield* store.remove({ ...key("1"), recipient: "15145550140" })
        yield* store.modify({ ...key("1"), recipient: "15145550140" }, () => [undefined, delivery("1", "read")])
        assert.deepStrictEqual(yield* all, ["sent", "read"])
        assert.deepStrictEqual(yield* store.ofMessage(key("2")), [])
      })
    )

    const claim = (limit = 9) =>
      DeliveryStore.use((store) => Effect.map(store.claimDue({ limit, lease: Duration.minutes(5) }), ids))

    test(
      "claims a delivery without news some minutes after its status changed, once at a time",
      Effect.gen(function*() {
        yield* put(delivery("1"))
        yield* put(delivery("2", "delivered"))
        yield* TestClock.adjust("4 minutes")
        assert.deepStrictEqual(yield* claim(), [])
        // Another status begins anew, the same one does not.
        yield* put(delivery("3"))
        yield* put(delivery("1"))
        yield* TestClock.adjust("1 minute")
        const both = yield* Effect.all([claim(), claim()], { concurrency: "unbounded" })
        assert.deepStrictEqual(both.flat(), ["1"])
        yield* put(delivery("3", "sent"))
        yield* TestClock.adjust("4 minutes")
        assert.deepStrictEqual(yield* claim(), [])
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual((yield* claim()).toSorted(), ["1", "3"])
      })
    )

    test(
      "claims a delivery when it was set to be checked, and never after its last status",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        for (const id of ["1", "2"]) yield* put(delivery(id))
        yield* TestClock.adjust("5 minutes")
        assert.deepStrictEqual([yield* claim(1), yield* claim(1), yield* claim(1)].flat().toSorted(), ["1", "2"])
        for (const id of ["1", "2"]) yield* store.checkLater(key(id), Duration.minutes(1))
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(yield* claim(), [])
        yield* put(delivery("1", "delivered"))
        yield* store.checkLater(key("1"), Duration.zero)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* claim(), ["2"])
        yield* store.checkLater(key("none"), Duration.zero)
        yield* store.remove(key("2"))
        yield* TestClock.adjust("6 minutes")
        assert.deepStrictEqual(yield* claim(), [])
      })
    )

    test(
      "claims what is due although the clock was set back",
      Effect.gen(function*() {
        yield* TestClock.adjust("1 minute")
        yield* put(delivery("1"))
        yield* TestClock.setTime(0)
        assert.deepStrictEqual(yield* claim(), ["1"])
        assert.deepStrictEqual(yield* claim(), [])
      })
    )

    test(
      "makes room: first what has ended, then what is without news the longest",
      Effect.gen(function*() {
        for (const [id, status] of [["1", "queued"], ["2", "failed"], ["3", "delivered"]] as const) {
          yield* put(delivery(id, status))
        }
        assert.deepStrictEqual(ids((yield* put(delivery("4"))).removed), ["2"])
        // A report that comes first, and is the last, does not evict itself.
        assert.deepStrictEqual(ids((yield* put(delivery("5", "delivered"))).removed), ["3"])
        assert.deepStrictEqual(yield* kept("1", "2", "3", "4", "5"), ["1", "4", "5"])
        assert.deepStrictEqual((yield* put(delivery("1", "sent"))).removed, [])
        assert.deepStrictEqual(ids((yield* put(delivery("6"))).removed), ["5"])
        assert.deepStrictEqual(ids((yield* put(delivery("7"))).removed), ["4"])
        assert.deepStrictEqual(yield* kept("1", "2", "3", "4", "5", "6", "7"), ["1", "6", "7"])
      }),
      { capacity: 3 }
    )

    test(
      "forgets what had no news for the time to live",
      Effect.gen(function*() {
        const store = yield* DeliveryStore
        yield* put(delivery("1"))
        yield* put(delivery("2", "delivered"))
        yield* TestClock.adjust("59 minutes")
        yield* put(delivery("1", "sent"))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* kept("1", "2"), ["1"])
        assert.deepStrictEqual(yield* store.ofMessage(key("2")), [])
        assert.isUndefined(yield* store.remove(key("2")))
        // What expired does not come back as what was known before.
        assert.isUndefined((yield* put(delivery("2", "queued"))).value)
        yield* TestClock.adjust("59 minutes")
        assert.deepStrictEqual(ids((yield* put(delivery("3"))).removed), ["1"])
      }),
      { timeToLive: "1 hour" }
    )

    test(
      "is right about age when the clock is set back",
      Effect.gen(function*() {
        yield* TestClock.setTime(10_000_000)
        yield* put(delivery("1"))
        yield* TestClock.setTime(0)
        yield* put(delivery("2"))
        yield* TestClock.setTime(3_600_000)
        assert.deepStrictEqual(yield* kept("1", "2"), ["1"])
      }),
      { timeToLive: "1 hour" }
    )
  })
}
