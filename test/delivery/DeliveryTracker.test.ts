import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import { observe } from "../observe.ts"

const customer = "+15145550142"

const report = (status: Status, fields: Partial<DeliveryStatus> = {}) =>
  new DeliveryStatus({
    provider: "twilio",
    messageId: "SM1",
    status,
    carrierStatus: status,
    recipient: Address.make(customer),
    idempotencyKey: `SM1:${status}`,
    raw: {},
    ...fields
  })

const sm1 = { provider: "twilio", messageId: "SM1", recipient: customer }

const makeTracker = (memory?: DeliveryStore.MemoryOptions, options?: DeliveryTracker.Options) =>
  Effect.flatMap(
    DeliveryStore.makeStoreMemory(memory),
    (store) => Effect.provideService(DeliveryTracker.make(options), DeliveryStore.DeliveryStore, store)
  )

type Tracker = DeliveryTracker.DeliveryTracker["Service"]

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** The changes from now on, as they are when the tracker's scope closes. */
const watch = Effect.fnUntraced(function*(tracker: Tracker) {
  const seen: Array<string> = []
  yield* fork(
    Stream.runForEach(
      tracker.changes,
      ({ delivery, previous }) =>
        Effect.sync(() => void seen.push(`${delivery.messageId}: ${previous} -> ${delivery.status}`))
    )
  )
  return Effect.as(Effect.repeat(Effect.yieldNow, { times: 20 }), seen)
})

const reasonOf = (effect: ReturnType<Tracker["awaitDelivery"]>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, DeliveryTracker.DeliveryTrackerError)
    assert.notInclude(`${error.message} ${JSON.stringify(error)}`, "514555")
    return error.reason._tag
  })

describe("a tracker", () => {
  it.effect("keeps what the carrier charges, which it may tell later", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      const cost = { amount: "0.0040", currency: "USD" }
      const told = Effect.map(tracker.get(sm1), (delivery) => delivery?.cost)
      yield* tracker.update(report("delivered"))
      assert.isUndefined(yield* told)
      yield* tracker.update(report("delivered", { cost }))
      assert.deepStrictEqual(yield* told, cost)
      yield* tracker.update(report("sent"))
      assert.deepStrictEqual(yield* told, cost)
    }))

  it.effect("follows a message from the send to its end, and tells of each real change once", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      const changes = yield* watch(tracker)
      assert.isUndefined(yield* tracker.get(sm1))
      assert.isTrue((yield* tracker.sent({ ...sm1, status: "queued" })).changed)
      const changed: Array<boolean> = []
      const repeated: Array<boolean> = []
      for (const status of ["sent", "sent", "queued", "delivered", "unknown", "failed", "delivered", "read"] as const) {
        const update = yield* tracker.update(report(status))
        changed.push(update.changed)
        repeated.push(update.repeated)
      }
      assert.deepStrictEqual(changed, [true, false, false, true, false, false, false, true])
      assert.deepStrictEqual(repeated, [false, true, false, false, false, false, true, false])
      assert.deepStrictEqual(yield* changes, [
        "SM1: unknown -> queued",
        "SM1: queued -> sent",
        "SM1: sent -> delivered",
        "SM1: delivered -> read"
      ])
      const delivery = yield* tracker.get(sm1)
      assert.strictEqual(delivery?.status, "read")
      assert.deepStrictEqual(delivery?.contradictions, ["failed"])
      assert.strictEqual(delivery?.recipient, customer)
    }))

  it.effect("takes delivery reports that come before the answer to the send", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      assert.isTrue((yield* tracker.update(report("delivered"))).changed)
      const { changed, delivery } = yield* tracker.sent(sm1)
      assert.isFalse(changed)
      assert.strictEqual(delivery?.status, "delivered")
      assert.deepStrictEqual(delivery?.reported, ["accepted", "delivered"])
    }))

  it.effect("keeps what was reported within its bound", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker({}, { maxHistory: 2 })
      for (const status of ["queued", "sent", "delivered"] as const) yield* tracker.update(report(status))
      const delivery = yield* tracker.get(sm1)
      assert.deepStrictEqual(delivery?.history.map(({ status }) => status), ["sent", "delivered"])
      assert.strictEqual(delivery?.dropped, 1)
    }))

  it.effect("ends its changes when its scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const tracker = yield* Scope.provide(makeTracker(), scope)
      const reading = yield* fork(Stream.runCollect(tracker.changes))
      yield* tracker.sent(sm1)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.await(reading)
      assert.isDefined(reading.pollUnsafe())
    }))

  it.effect("is a layer on any store", () =>
    Effect.gen(function*() {
      const tracker = yield* DeliveryTracker.DeliveryTracker
      yield* tracker.sent(sm1)
      assert.isDefined(yield* DeliveryStore.DeliveryStore.use((store) => store.get(sm1)))
    }).pipe(Effect.provide(Layer.provideMerge(DeliveryTracker.layer(), DeliveryStore.layerStoreMemory()))))

  it.effect("fails as its store does", () =>
    Effect.gen(function*() {
      const failure = new DeliveryStore.DeliveryStoreError({ cause: new Error("gone") })
      const store = DeliveryStore.DeliveryStore.of({
        modify: () => Effect.fail(failure),
        get: () => Effect.fail(failure),
        ofMessage: () => Effect.fail(failure),
        claimDue: () => Effect.fail(failure),
        checkLater: () => Effect.fail(failure),
        search: () => Effect.fail(failure),
        tally: () => Effect.fail(failure),
        remove: () => Effect.fail(failure)
      })
      const tracker = yield* Effect.provideService(DeliveryTracker.make(), DeliveryStore.DeliveryStore, store)
      const calls = [
        tracker.sent(sm1),
        tracker.update(report("sent")),
        tracker.get(sm1),
        tracker.awaitDelivery(sm1, "1 second"),
        tracker.forget(sm1)
      ]
      for (const call of calls) assert.strictEqual(yield* Effect.flip<unknown, unknown, never>(call), failure)
      assert.strictEqual(failure.message, "The delivery store failed")
    }))

  it.effect("writes no number into a log, and says what it ignores and what contradicts", () =>
    Effect.gen(function*() {
      const observed = observe()
      const summary = new DeliveryStatus({
        provider: "sinch",
        messageId: "B1",
        status: "delivered",
        carrierStatus: "Delivered",
        count: 2,
        idempotencyKey: "B1::delivered:0:2",
        raw: { recipient: customer }
      })
      yield* Effect.gen(function*() {
        const tracker = yield* makeTracker()
        for (const status of ["sent", "delivered", "failed", "failed"] as const) yield* tracker.update(report(status))
        assert.deepStrictEqual(yield* tracker.update(summary), { changed: false, repeated: false, delivery: undefined })
      }).pipe(Effect.provide(observed.layer))
      assert.lengthOf(observed.all, 2)
      assert.include(observed.all[0]?.message, "contradicts")
      assert.include(observed.all[1]?.message, "counts recipients")
      assert.notInclude(observed.text(), customer.slice(1))
    }))
})

describe("awaiting a delivery", () => {
  it.effect("gives the end, good or bad, at once when it is known", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      for (const status of ["delivered", "failed", "unconfirmed"] as const) {
        const key = { ...sm1, messageId: status }
        yield* tracker.update(report(status, { messageId: status }))
        assert.strictEqual((yield* tracker.awaitDelivery(key, "1 second")).status, status)
      }
    }))

  it.effect("waits through the steps, for all who wait, also when the message is not known yet", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      const waiters = yield* Effect.replicateEffect(fork(tracker.awaitDelivery(sm1, "1 minute")), 3)
      const elsewhere = yield* fork(tracker.awaitDelivery({ ...sm1, recipient: "+15145550143" }, "1 minute"))
      yield* tracker.sent(sm1)
      yield* tracker.update(report("sent"))
      yield* TestClock.adjust("59 seconds")
      for (const waiter of waiters) assert.isUndefined(waiter.pollUnsafe())
      yield* tracker.update(report("undelivered"))
      for (const waiter of waiters) assert.strictEqual((yield* Fiber.join(waiter)).status, "undelivered")
      assert.isUndefined(elsewhere.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* reasonOf(Fiber.join(elsewhere)), "TimedOut")
    }))

  it.effect("ends with its timeout, to the millisecond, and the message can still end", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      yield* tracker.sent(sm1)
      for (const key of [sm1, { ...sm1, messageId: "never sent" }]) {
        const waiter = yield* fork(tracker.awaitDelivery(key, Duration.seconds(10)))
        yield* TestClock.adjust("9999 millis")
        assert.isUndefined(waiter.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* reasonOf(Fiber.join(waiter)), "TimedOut")
      }
      assert.isTrue((yield* tracker.update(report("delivered"))).changed)
    }))

  it.effect("fails at once when the message is forgotten or has to make room", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker({ capacity: 1 })
      yield* tracker.sent(sm1)
      const first = yield* fork(tracker.awaitDelivery(sm1, "1 minute"))
      assert.isTrue(yield* tracker.forget(sm1))
      assert.strictEqual(yield* reasonOf(Fiber.join(first)), "Forgotten")
      assert.isFalse(yield* tracker.forget(sm1))
      yield* tracker.sent(sm1)
      const second = yield* fork(tracker.awaitDelivery(sm1, "1 minute"))
      yield* tracker.sent({ ...sm1, messageId: "SM2" })
      assert.strictEqual(yield* reasonOf(Fiber.join(second)), "Forgotten")
    }))

  it.effect("gives the end also when the message is forgotten right after it", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker({ capacity: 1 })
      const waiter = yield* fork(tracker.awaitDelivery(sm1, "1 minute"))
      yield* tracker.update(report("delivered"))
      yield* tracker.forget(sm1)
      assert.strictEqual((yield* Fiber.join(waiter)).status, "delivered")
    }))

  it.effect("fails when the message expires, as soon as another report comes", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker({ timeToLive: "1 hour" })
      yield* tracker.sent(sm1)
      const waiter = yield* fork(tracker.awaitDelivery(sm1, "1 day"))
      yield* TestClock.adjust("1 hour")
      assert.isUndefined(yield* tracker.get(sm1))
      yield* tracker.sent({ ...sm1, messageId: "SM2" })
      assert.strictEqual(yield* reasonOf(Fiber.join(waiter)), "Forgotten")
    }))

  it.effect("can be given up", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker()
      const waiter = yield* fork(tracker.awaitDelivery(sm1, "1 minute"))
      yield* Fiber.interrupt(waiter)
      assert.isTrue((yield* tracker.update(report("delivered"))).changed)
    }))
})
