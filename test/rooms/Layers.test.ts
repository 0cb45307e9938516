import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import * as Hook from "../../src/rooms/Hook.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { message, recording, said, settle, status } from "./kit.ts"

class Log extends Context.Service<Log, Array<string>>()("test/Log") {}

const layerHook = RoomKit.layerHook(Hook.beforeBroadcast({
  name: "log",
  run: () => Effect.map(Log, (log) => (log.push("hook"), Hook.allow))
}))
const layerChannel = RoomKit.layerChannel({
  ...recording("web").channel,
  deliver: () => Effect.map(Log, (log) => void log.push("channel"))
})
const layerHandler = RoomKit.layerOnDeliveryStatus(() => Effect.map(Log, (log) => log.push("handler")))

const layerKit = RoomKit.layer().pipe(Layer.provide(NodeCrypto.layer))

const use = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const log: Array<string> = yield* Log
  log.length = 0
  yield* kit.processInbound(message("hello", { sender: `+1514555${1000 + (yield* kit.rooms).length}` }))
  yield* kit.processDeliveryStatus(status(`SM${(yield* kit.statuses).length}`))
  yield* settle
  return [...log].sort()
})

describe("layers", () => {
  it.effect("compose a kit with its channels, hooks and handlers", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* use, ["channel", "handler", "hook"])
    }).pipe(
      Effect.provide(Layer.mergeAll(layerHook, layerChannel, layerHandler).pipe(Layer.provideMerge(layerKit))),
      Effect.provideService(Log, [])
    ))

  for (const [name, layer] of Object.entries({ hook: layerHook, channel: layerChannel, handler: layerHandler })) {
    it.effect(`remove the ${name} with their scope`, () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(layer, scope)
        assert.deepStrictEqual(yield* use, [name])
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* use, [])
      }).pipe(Effect.provide(layerKit), Effect.provideService(Log, [])))
  }

  it.effect("end the changes with the kit", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layerKit, scope)
      const kit = Context.get(context, RoomKit.RoomKit)
      const reading = yield* Effect.forkChild(Stream.runCollect(kit.changes), { startImmediately: true })
      yield* kit.createRoom({ id: "a" })
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* Fiber.join(reading), [{ _tag: "RoomCreated", roomId: "a" }])
    }))

  it.effect("process nothing after the end of the kit, so that nobody takes it for processed", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layerKit, scope)
      const kit = Context.get(context, RoomKit.RoomKit)
      yield* kit.createRoom({ id: "a" })
      yield* Scope.close(scope, Exit.void)
      for (
        const late of [
          kit.processInbound(message("late")),
          kit.processDeliveryStatus(status("late")),
          kit.post("a", said("late"))
        ]
      ) assert.isTrue(Exit.hasInterrupts(yield* Effect.exit<unknown, unknown, never>(late)))
    }))

  it("ask for the kit and for what is registered with it", () => {
    expectTypeOf(layerHook).toEqualTypeOf<Layer.Layer<never, never, RoomKit.RoomKit | Log>>()
    expectTypeOf(layerChannel).toEqualTypeOf<Layer.Layer<never, never, RoomKit.RoomKit | Log>>()
    expectTypeOf(layerHandler).toEqualTypeOf<Layer.Layer<never, never, RoomKit.RoomKit | Log>>()
    expectTypeOf(layerKit).toEqualTypeOf<Layer.Layer<RoomKit.RoomKit>>()
  })
})
