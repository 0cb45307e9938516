/** An operator resends a send of unknown outcome, while another one may give it up. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import * as Hook from "../../src/rooms/Hook.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, RateLimited, type SmsErrorReason } from "../../src/SmsError.ts"
import { observe } from "../observe.ts"
import { inject } from "../sql/faults.ts"
import { message, sent } from "./gateway.ts"
import { call, layerStored } from "./storedGateway.ts"

const lost = Effect.fail(new OutcomeUnknown({ because: "Timeout" }))

/** The first message has an unknown outcome, and these are the carrier's answers to the others. */
const gateway = (...answers: ReadonlyArray<Effect.Effect<void, SmsErrorReason>>) => {
  const rest = [lost, ...answers]
  return Layer.provideMerge(layerStored(() => rest.shift() ?? Effect.void), observe().layer)
}

const unknownSend = Effect.gen(function*() {
  assert.strictEqual((yield* call("POST", "/messages", message)).status, 504)
  const { json } = yield* call("GET", "/messages?state=unknown")
  const [{ id }] = json["items"] as readonly [{ readonly id: string }]
  return {
    id,
    resend: call("POST", `/intents/${id}/resend`),
    giveUp: call("POST", `/intents/${id}/give-up`),
    intent: Effect.flatMap(IntentStore, (store) => store.get(id))
  }
})

const undecided = Effect.flatMap(
  IntentStore,
  (store) => Effect.map(store.list({ state: "unknown", limit: 9 }), (intents) => intents.map(({ id }) => id))
)

describe("a resend", () => {
  it.live("is not given up while the carrier has it, and is decided when it answers", () => {
    const [begun, answered] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
    const slowly = Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(answered))
    return Effect.gen(function*() {
      const { giveUp, intent, resend } = yield* unknownSend
      const resending = yield* Effect.forkChild(resend)
      yield* Deferred.await(begun)
      assert.strictEqual((yield* intent)?.resolvedBy, "operator: resending")
      const { json, status } = yield* giveUp
      assert.deepStrictEqual([status, json["detail"]], [409, "The message is being sent again"])
      // Another request waits for the same resend.
      const another = yield* Effect.forkChild(resend)
      yield* Deferred.succeed(answered, undefined)
      for (const { json, status } of yield* Effect.all([Fiber.join(resending), Fiber.join(another)])) {
        assert.deepStrictEqual([status, json["messageIds"]], [200, ["mock-1"]])
      }
      assert.strictEqual((yield* intent)?.resolvedBy, "operator: resent")
      assert.deepStrictEqual(yield* undecided, [])
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(gateway(slowly)))
  })

  it.live("is not made when somebody gives the message up before it goes to the carrier", () =>
    Effect.gen(function*() {
      const { giveUp, intent, resend } = yield* unknownSend
      const kit = yield* RoomKit
      yield* kit.hook(Hook.beforeSend({ name: "slow", run: () => Effect.as(Effect.orDie(giveUp), Hook.allow) }))
      const { json, status } = yield* resend
      assert.deepStrictEqual([status, json["detail"]], [409, "The send is decided already, by operator: given up"])
      assert.strictEqual((yield* intent)?.resolvedBy, "operator: given up")
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.scoped, Effect.provide(gateway())))

  it.live("that is refused leaves the decision open: to resend again, or to give up", () =>
    Effect.gen(function*() {
      const { giveUp, id, intent, resend } = yield* unknownSend
      const before = yield* intent
      assert.strictEqual((yield* resend).status, 429)
      const { updatedAt: _, ...after } = (yield* intent)!
      assert.deepInclude(before, after)
      assert.deepStrictEqual(yield* undecided, [id])
      const kit = yield* RoomKit
      yield* Effect.scoped(Effect.gen(function*() {
        yield* kit.hook(Hook.beforeSend({ name: "consent", run: () => Effect.succeed(Hook.block("opted out")) }))
        assert.strictEqual((yield* resend).status, 422)
        assert.deepStrictEqual(yield* undecided, [id])
      }))
      assert.strictEqual((yield* resend).status, 504)
      assert.strictEqual((yield* giveUp).status, 200)
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(gateway(Effect.fail(new RateLimited({})), lost))))

  it.live("that a database refuses leaves the decision open, wherever it fails", () =>
    Effect.gen(function*() {
      let count = 1
      for (let at = 1; at <= count; at++) {
        count = yield* Effect.gen(function*() {
          const { giveUp, resend } = yield* unknownSend
          const [status, statements] = yield* Effect.scoped(Effect.gen(function*() {
            const database = yield* inject([{ at, count: 1, executed: false }])
            return [(yield* resend).status, database.count()] as const
          }))
          if (status !== 503) {
            assert.strictEqual(status, 200)
            return Math.max(count, statements)
          }
          assert.lengthOf(yield* sent, 0)
          assert.strictEqual((yield* giveUp).status, 200)
          return Math.max(count, statements)
        }).pipe(Effect.provide(gateway(), { local: true }))
      }
      assert.isAbove(count, 4)
    }), 120_000)

  it.live("that comes at the same instant as a give-up excludes it, a hundred times", () =>
    Effect.gen(function*() {
      let resent = 0
      for (let times = 0; times < 100; times++) {
        yield* Effect.gen(function*() {
          const { giveUp, intent, resend } = yield* unknownSend
          // The hooks take a while, and in every fifth round there are none.
          const wait = Effect.as(Effect.sleep(times % 10), Hook.allow)
          const isSlow = times % 5 > 0
          if (isSlow) yield* (yield* RoomKit).hook(Hook.beforeSend({ name: "slow", run: () => wait }))
          const [one, other] = yield* Effect.all([resend, isSlow ? giveUp : Effect.delay(giveUp, 10 * times)], {
            concurrency: "unbounded"
          })
          const isResent = one.status === 200
          assert.deepStrictEqual([one.status, other.status], isResent ? [200, 409] : [409, 200])
          assert.lengthOf(yield* sent, isResent ? 1 : 0)
          assert.strictEqual((yield* intent)?.resolvedBy, isResent ? "operator: resent" : "operator: given up")
          if (isResent) resent++
        }).pipe(Effect.scoped, Effect.provide(gateway(), { local: true }))
      }
      assert.isAbove(resent, 0)
    }), 120_000)
})
