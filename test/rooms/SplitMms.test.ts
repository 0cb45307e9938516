import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Inbox, InboxProcessor, layerMemory as layerInbox } from "../../src/inbox/Inbox.ts"
import { layerMemory, MmsAggregator, MmsAggregatorError, type Service } from "../../src/mms/MmsAggregator.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import type { EventResult } from "../../src/rooms/ProcessResult.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { media, wrapper } from "../mms/parts.ts"
import { fork, history, makeKit, recording } from "./kit.ts"

const tags = (results: ReadonlyArray<EventResult>) => results.map(({ _tag }) => _tag)

/** An aggregator that somebody else provides. */
const withAggregator = (aggregator: Partial<Service>) =>
  Effect.provideService(
    makeKit(),
    MmsAggregator,
    MmsAggregator.of({
      offer: () => Effect.die("not asked for"),
      process: () => Effect.die("not asked for"),
      onDue: () => Effect.void,
      orphans: Stream.empty,
      drain: Effect.void,
      ...aggregator
    })
  )

describe("a split MMS", () => {
  it.effect("is one room event, and its repetitions none", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [buffered] = yield* kit.processEvents([wrapper("w")])
      assert.deepStrictEqual(buffered, { _tag: "Buffered", event: wrapper("w") })
      assert.deepStrictEqual(yield* kit.rooms, [])
      const [broadcast] = yield* kit.processEvents([media("m")])
      assert(broadcast?._tag === "Broadcast")
      assert.strictEqual(broadcast.event.source.channelType, "mms")
      assert.strictEqual(broadcast.event.source.externalId, "w")
      assert.strictEqual(broadcast.event.source.metadata["mmsParts"], "w m")
      assert.deepStrictEqual(yield* kit.processEvents([media("m"), wrapper("w")]), [
        { _tag: "Ignored", event: media("m") },
        { _tag: "Ignored", event: wrapper("w") }
      ])
      assert.deepStrictEqual(yield* history(kit), ["w"])
    }))

  it.effect("without its file is one text after five seconds, through hooks and channels", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      yield* kit.processEvents([wrapper("w")])
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(texts, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(texts, ["w"])
      assert.deepStrictEqual(tags(yield* kit.processEvents([media("m")])), ["Broadcast"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* history(kit), ["w", ""])
    }))

  it.effect("goes on when its caller goes away, and is processed once", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const begun = yield* Deferred.make<void>()
      let delivered = 0
      yield* kit.registerChannel(Channel.make({
        id: "slow",
        type: "web",
        everyRoom: true,
        deliver: () =>
          Deferred.succeed(begun, undefined).pipe(
            Effect.andThen(Effect.sleep("1 second")),
            Effect.andThen(Effect.sync(() => void delivered++))
          )
      }))
      yield* kit.processEvents([wrapper("w", { id: null })])
      const caller = yield* fork(kit.processEvents([media("m", { id: null })]))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(caller)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(delivered, 1)
      assert.deepStrictEqual(yield* history(kit), ["w"])
    }))

  it.effect("that waits at the end of the kit is processed, and on demand before", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const kit = yield* Scope.provide(makeKit(), scope)
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      yield* kit.processEvents([wrapper("w")])
      yield* kit.drain
      assert.deepStrictEqual(texts, ["w"])
      yield* kit.processEvents([wrapper("x")])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(texts, ["w", "x"])
    }))
})

describe("a split MMS that comes from an inbox", () => {
  it.effect("is an entry of its own, which a second hand-over does not repeat", () => {
    const handlers: Array<Parameters<Service["onDue"]>[0]> = []
    const aggregator = Layer.effect(
      MmsAggregator,
      Effect.map(MmsAggregator, (service): Service => ({
        ...service,
        onDue: (handler) => Effect.andThen(Effect.sync(() => void handlers.push(handler)), service.onDue(handler))
      }))
    ).pipe(Layer.provide(layerMemory()))
    const layer = RoomInbox.layer().pipe(
      Layer.provideMerge(RoomKit.layer()),
      Layer.provideMerge(Layer.merge(aggregator, layerInbox())),
      Layer.provide(NodeCrypto.layer)
    )
    return Effect.gen(function*() {
      const [inbox, kit, processor] = [yield* Inbox, yield* RoomKit.RoomKit, yield* InboxProcessor]
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      yield* processor.accept([wrapper("w"), media("m"), wrapper("x", { key: "2" })])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(texts, ["w", "x"])
      const done = yield* inbox.list({ state: "done", limit: 10 })
      const messages = done.flatMap(({ event, id }) => event._tag === "InboundMessage" ? [{ event, id }] : [])
      assert.deepStrictEqual(messages.map(({ event }) => event.externalId), ["x", "w"])
      const [room] = yield* kit.rooms
      assert.deepStrictEqual((yield* kit.events(room!.id)).map(({ id }) => id), messages.map(({ id }) => id).reverse())
      // Another server was paused, and hands over what this one has had.
      yield* handlers.at(-1)!(messages[0]!.event) as Effect.Effect<unknown>
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(texts, ["w", "x"])
      assert.lengthOf(yield* kit.events(room!.id), 2)
    }).pipe(Effect.provide(layer))
  })
})

describe("another aggregator", () => {
  it.effect("that is provided below the kit takes the parts, and hands out to the kit", () =>
    Effect.gen(function*() {
      const offered: Array<string> = []
      const aggregator = Layer.effect(
        MmsAggregator,
        Effect.map(MmsAggregator, (service) =>
          ({
            ...service,
            process: (part, handle) => {
              offered.push(part.message.externalId!)
              return service.process(part, handle)
            }
          }) satisfies Service)
      ).pipe(Layer.provide(layerMemory({ timeout: "1 minute" })))
      const layer = RoomKit.layer().pipe(Layer.provide([aggregator, NodeCrypto.layer]))
      yield* Effect.gen(function*() {
        const kit = yield* RoomKit.RoomKit
        yield* kit.processEvents([wrapper("w")])
        yield* TestClock.adjust("59 seconds")
        assert.deepStrictEqual(yield* history(kit), [])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* history(kit), ["w"])
        assert.deepStrictEqual(offered, ["w"])
      }).pipe(Effect.provide(layer))
    }))

  it.effect("that fails makes the webhook fail, so that it is not acknowledged", () =>
    Effect.gen(function*() {
      const error = new MmsAggregatorError({ cause: new Error("disk full") })
      const kit = yield* withAggregator({ process: () => Effect.fail(error) })
      assert.strictEqual(yield* Effect.flip(kit.processEvents([wrapper("w")])), error)
    }))

  it.effect("says when all parts are stored, while a message is still on its way", () =>
    Effect.gen(function*() {
      const stored = yield* Deferred.make<void>()
      const kit = yield* withAggregator({
        process: Effect.fnUntraced(function*(part, handle) {
          yield* Effect.sleep("1 second")
          if (part.role === "wrapper") return { _tag: "Buffered" }
          return { _tag: "Due", value: yield* handle(part.message) }
        })
      })
      yield* kit.registerChannel({ ...recording("slow").channel, deliver: () => Effect.sleep("10 seconds") })
      const results = yield* fork(
        kit.processEvents([wrapper("w"), media("m")], { onStored: Deferred.succeed(stored, undefined) })
      )
      yield* TestClock.adjust("1999 millis")
      assert.isFalse(yield* Deferred.isDone(stored))
      yield* TestClock.adjust("1 millis")
      assert.isTrue(yield* Deferred.isDone(stored))
      assert.isUndefined(results.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(tags(yield* Fiber.join(results)), ["Buffered", "Broadcast"])
    }))
})
