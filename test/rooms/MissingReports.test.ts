import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import type { StatusWaits } from "../../src/provider/Query.ts"
import { type Service as Provider, SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as MissingReports from "../../src/rooms/MissingReports.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { ProviderUnavailable, SmsError } from "../../src/SmsError.ts"
import * as MockSmsProvider from "../../src/testing/MockSmsProvider.ts"
import { observe } from "../observe.ts"

const recipient = "+15145550142"
const key = { provider: "mock", messageId: "1", recipient }

const report = (status: Status, to: string = recipient) =>
  new DeliveryStatus({
    provider: "mock",
    messageId: "1",
    recipient: Address.make(to),
    status,
    carrierStatus: status,
    idempotencyKey: `1:${status}`,
    raw: {}
  })

type Fetch = NonNullable<Provider["fetchStatus"]>

const statusWaits: StatusWaits = { queued: ["15 minutes", "1 hour"], sent: ["2 hours", "1 day"] }

/** The store and the carrier, which outlive every server. */
const makeWorld = Effect.fnUntraced(function*(fetchStatus: Fetch | undefined, waits: StatusWaits = statusWaits) {
  let asked = 0
  const handled: Array<Status> = []
  const layerProvider = Layer.effect(
    SmsProvider,
    Effect.map(MockSmsProvider.make(), (mock) =>
      SmsProvider.of({
        ...mock,
        capabilities: { ...mock.capabilities, send: { ...mock.capabilities.send!, statusWaits: waits } },
        ...(fetchStatus !== undefined && {
          fetchStatus: (key) => {
            asked++
            return fetchStatus(key)
          }
        })
      }))
  )
  const store = yield* DeliveryStore.makeStoreMemory({ timeToLive: "100 days" })
  const layer = Layer.mergeAll(
    MissingReports.layer(),
    RoomKit.layerOnDeliveryStatus(({ status }) => Effect.sync(() => void handled.push(status)))
  ).pipe(
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(SmsProviders.layer(layerProvider)),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provide([Layer.succeed(DeliveryStore.DeliveryStore, store), NodeCrypto.layer])
  )
  return {
    asked: () => asked,
    handled,
    /** Starts a server. Closing its scope ends it. */
    start: Effect.gen(function*() {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const built = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
      const tracker = Context.get(built, DeliveryTracker.DeliveryTracker)
      return {
        tracker,
        kit: Context.get(built, RoomKit.RoomKit),
        status: Effect.map(tracker.get(key), (delivery) => delivery?.status),
        kill: Scope.close(scope, Exit.void)
      }
    })
  }
})

const answer = (...statuses: ReadonlyArray<DeliveryStatus>): Fetch => () => Effect.succeed(statuses)

describe("a message without delivery reports", () => {
  it.effect("is asked for when its status should have changed, and handlers run once for what the carrier says", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld(answer(report("delivered")))
      const { kit, status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("14 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [0, "queued"])
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [1, "delivered"])
      // The report that comes after all is a repetition.
      assert.isTrue((yield* kit.processDeliveryStatus(report("delivered"))).repeated)
      yield* TestClock.adjust("10 days")
      assert.deepStrictEqual([world.asked(), world.handled], [1, ["delivered"]])
    }).pipe(Effect.scoped))

  it.effect("is asked for from each status on, at the times of that status", () =>
    Effect.gen(function*() {
      let says: Status = "queued"
      const world = yield* makeWorld(() => Effect.succeed([report(says)]))
      const { status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("17 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [1, "queued"])
      says = "sent"
      yield* TestClock.adjust("45 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [2, "sent"])
      yield* TestClock.adjust("110 minutes")
      assert.strictEqual(world.asked(), 2)
      says = "undelivered"
      yield* TestClock.adjust("70 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [3, "undelivered"])
    }).pipe(Effect.scoped))

  it.effect("is unconfirmed after the last time, until a report says more", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld(answer())
      const { kit, status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* tracker.update(report("sent"))
      yield* TestClock.adjust("23 hours")
      assert.deepStrictEqual([world.asked(), yield* status], [1, "sent"])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual([world.asked(), yield* status], [2, "unconfirmed"])
      yield* TestClock.adjust("1 day")
      yield* kit.processDeliveryStatus(report("delivered"))
      const delivery = yield* tracker.get(key)
      assert.deepStrictEqual([delivery?.status, delivery?.verdict], ["delivered", "delivered"])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(world.handled, ["unconfirmed", "delivered"])
      assert.strictEqual(world.asked(), 2)
    }).pipe(Effect.scoped))

  it.effect("is unconfirmed at once where a carrier reports nothing and cannot be asked", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld(undefined, { queued: [0] })
      const { status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("7 minutes")
      assert.strictEqual(yield* status, "unconfirmed")
    }).pipe(Effect.scoped))

  it.effect("is asked for again when the carrier fails, and is not unconfirmed for that", () =>
    Effect.gen(function*() {
      let isDown = true
      const down = new SmsError({ provider: "mock", reason: new ProviderUnavailable({}) })
      const world = yield* makeWorld(() => isDown ? Effect.fail(down) : Effect.succeed([report("delivered")]))
      const { status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("90 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [2, "queued"])
      isDown = false
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* status, "delivered")
      // For ever is too long.
      isDown = true
      const other = { ...key, messageId: "2" }
      yield* tracker.sent({ ...other, status: "queued" })
      yield* TestClock.adjust("4 hours")
      assert.strictEqual((yield* tracker.get(other))?.status, "unconfirmed")
    }).pipe(Effect.scoped, Effect.provide(observe().layer)))

  it.effect("is asked for by one of two servers, and by the other once the first was killed", () =>
    Effect.gen(function*() {
      const hang = yield* Deferred.make<void>()
      let isHanging = true
      const world = yield* makeWorld(() =>
        isHanging ? Effect.as(Deferred.await(hang), []) : Effect.succeed([report("delivered")])
      )
      const servers = [yield* world.start, yield* world.start]
      yield* servers[0]!.tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("19 minutes")
      assert.strictEqual(world.asked(), 1)
      isHanging = false
      for (const { kill } of servers) yield* kill
      const { status } = yield* world.start
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [2, "delivered"])
    }).pipe(Effect.scoped))

  it.effect("has the status of its own recipient, and no word that nobody knows", () =>
    Effect.gen(function*() {
      const others = answer(report("delivered", "+15145550143"), report("unknown"))
      const world = yield* makeWorld(others)
      const { status, tracker } = yield* world.start
      yield* tracker.sent({ ...key, status: "queued" })
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual([world.asked(), yield* status], [1, "queued"])
    }).pipe(Effect.scoped))

  it.effect("of a provider that this server does not have is left alone", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld(answer())
      const { tracker } = yield* world.start
      const other = { ...key, provider: "another" }
      yield* tracker.sent({ ...other, status: "queued" })
      yield* TestClock.adjust("5 days")
      assert.strictEqual((yield* tracker.get(other))?.status, "queued")
    }).pipe(Effect.scoped))

  it.effect("does not hold up others: hundreds are asked for in one round", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld(({ messageId }) =>
        messageId === "7" ? Effect.die("broken") : Effect.succeed([
          new DeliveryStatus({ ...report("delivered"), messageId, idempotencyKey: `${messageId}:delivered` })
        ])
      )
      const { tracker } = yield* world.start
      const ids = Array.from({ length: 120 }, (_, index) => `${index}`)
      for (const messageId of ids) yield* tracker.sent({ ...key, messageId, status: "queued" })
      yield* TestClock.adjust("17 minutes")
      const open = yield* Effect.filter(ids, (messageId) =>
        Effect.map(tracker.get({ ...key, messageId }), (delivery) => delivery?.status !== "delivered"))
      assert.deepStrictEqual(open, ["7"])
    }).pipe(Effect.scoped, Effect.provide(observe().layer)))
})
