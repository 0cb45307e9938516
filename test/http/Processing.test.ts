import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, type Duration, Effect, Exit, Fiber, Layer, Ref, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { WebhookServer } from "../../src/http/index.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { observe } from "../observe.ts"
import { carriers } from "./carriers.ts"
import { assertProblem, events, layerServer, post } from "./server.ts"

const telnyx = carriers[2]!

/** Registers a channel of every room that takes a while, and says when it begins. */
const slowChannel = Effect.fnUntraced(function*(work: Effect.Effect<void>) {
  const kit = yield* RoomKit.RoomKit
  const begun = yield* Deferred.make<void>()
  const done = yield* Ref.make(0)
  yield* kit.registerChannel(Channel.make({
    id: "slow",
    type: "ai",
    everyRoom: true,
    deliver: () =>
      Deferred.succeed(begun, undefined).pipe(Effect.andThen(work), Effect.andThen(Ref.update(done, (n) => n + 1)))
  }))
  return { begun: Deferred.await(begun), done: Ref.get(done) }
})

describe("processing that takes long", () => {
  it.effect("is acknowledged before Telnyx gives up, and goes on", () =>
    Effect.gen(function*() {
      const channel = yield* slowChannel(Effect.sleep("10 seconds"))
      const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* TestClock.adjust("1499 millis")
      assert.isUndefined(answer.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* Fiber.join(answer)).status, 200)
      assert.strictEqual(yield* channel.done, 0)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* channel.done, 1)
      assert.lengthOf(yield* events, 1)
    }).pipe(Effect.provide(layerServer())))

  it.effect("is acknowledged after the time that the application chose", () =>
    Effect.gen(function*() {
      const channel = yield* slowChannel(Effect.sleep("10 seconds"))
      const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(answer)).status, 200)
      assert.strictEqual(yield* channel.done, 0)
      yield* TestClock.adjust("5 seconds")
    }).pipe(Effect.provide(layerServer({ acknowledgeAfter: "5 seconds" }))))

  it.effect("is not repeated by a repetition that arrives meanwhile", () =>
    Effect.gen(function*() {
      const channel = yield* slowChannel(Effect.sleep("10 seconds"))
      const first = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(first)
      const second = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")), { startImmediately: true })
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual((yield* Fiber.join(second)).status, 200)
      assert.strictEqual(yield* channel.done, 1)
      assert.lengthOf(yield* events, 1)
    }).pipe(Effect.provide(layerServer())))

  it.effect("is refused beyond its bytes, also of what goes on in the background, until there is room again", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const channel = yield* slowChannel(Deferred.await(gate))
      const first = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* TestClock.adjust("1500 millis")
      assert.strictEqual((yield* Fiber.join(first)).status, 200)
      assertProblem(yield* post(telnyx, telnyx.sms("SM2")), 503)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* post(telnyx, telnyx.sms("SM2"))).status, 200)
      assert.strictEqual(yield* channel.done, 2)
      assert.lengthOf(yield* events, 2)
    }).pipe(Effect.provide(layerServer({ maxProcessingBytes: 600 }))))

  it.effect("goes on when the carrier hangs up", () =>
    Effect.gen(function*() {
      const channel = yield* slowChannel(Effect.sleep("1 second"))
      const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* Fiber.interrupt(answer)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* channel.done, 1)
    }).pipe(Effect.provide(layerServer())))
})

describe("processing that fails", () => {
  const layerBroken = (after: Effect.Effect<void>) =>
    Layer.effect(
      RoomKit.RoomKit,
      Effect.map(RoomKit.RoomKit, (kit) => ({
        ...kit,
        processEvents: () => Effect.andThen(after, Effect.die(new Error("out of order")))
      }))
    )

  const withBroken = (after: Effect.Effect<void>, options?: WebhookServer.Options) =>
    layerServer(
      options,
      layerBroken(after).pipe(Layer.provide(RoomKit.layer()), Layer.provide(NodeCrypto.layer))
    )

  it.effect("in time is answered with 500, so that the carrier repeats it", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const work = Effect.andThen(Deferred.succeed(begun, undefined), Effect.sleep("1 second"))
      yield* Effect.gen(function*() {
        const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
        yield* Deferred.await(begun)
        yield* TestClock.adjust("1 second")
        assertProblem(yield* Fiber.join(answer), 500)
      }).pipe(Effect.provide(withBroken(work)))
    }))

  it.effect("after the acknowledgement is in the log", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const begun = yield* Deferred.make<void>()
      const work = Effect.andThen(Deferred.succeed(begun, undefined), Effect.sleep("1 minute"))
      yield* Effect.gen(function*() {
        const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
        yield* Deferred.await(begun)
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(answer)).status, 200)
        assert.lengthOf(lines, 0)
        yield* TestClock.adjust("1 minute")
        assert.lengthOf(lines, 1)
        assert.include(lines[0]!.message, "Webhook processing failed")
      }).pipe(Effect.provide(Layer.provideMerge(withBroken(work), layer)))
    }))
})

describe("the end of the server", () => {
  /** Starts the server, gives it a webhook that takes long, and ends the server two seconds later. */
  const endWhileWorking = Effect.fnUntraced(function*(work: Duration.Input, options?: WebhookServer.Options) {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layerServer(options), scope)
    const channel = yield* Effect.gen(function*() {
      const channel = yield* slowChannel(Effect.sleep(work))
      const answer = yield* Effect.forkChild(post(telnyx, telnyx.sms("SM1")))
      yield* channel.begun
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(answer)).status, 200)
      return channel
    }).pipe(Effect.provideContext(context))
    const ending = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
    return { channel, ending }
  })

  it.effect("waits for work that is going on", () =>
    Effect.gen(function*() {
      const { channel, ending } = yield* endWhileWorking("10 seconds")
      yield* TestClock.adjust("7 seconds")
      assert.isUndefined(ending.pollUnsafe())
      assert.strictEqual(yield* channel.done, 0)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ending)
      assert.strictEqual(yield* channel.done, 1)
    }))

  it.effect("waits no longer than the limit, and says what it cut off", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      yield* Effect.gen(function*() {
        const { channel, ending } = yield* endWhileWorking("1 minute", { shutdownTimeout: "3 seconds" })
        yield* TestClock.adjust("2999 millis")
        assert.lengthOf(lines, 0)
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(lines.map(({ message }) => message), [
          "Shutdown timed out with webhooks still processing: 1"
        ])
        // The kit has a limit of its own.
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(ending)
        assert.strictEqual(yield* channel.done, 0)
      }).pipe(Effect.provide(layer))
    }))
})
