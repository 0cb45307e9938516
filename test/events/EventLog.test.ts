import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { layerStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import { MessagePosted } from "../../src/events/Event.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import { sizeOf } from "../../src/internal/sizeOf.ts"
import * as RoomStore from "../../src/rooms/RoomStore.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import { suite } from "../suites/EventLogSuite.ts"
import { event } from "../suites/RoomStoreSuite.ts"
import { suite as search } from "../suites/SearchSuite.ts"
import { suite as tally } from "../suites/TallySuite.ts"

const layer = Layer.fresh(
  Layer.provideMerge(
    Layer.mergeAll(RoomStore.layerMemory(), layerStoreMemory(), IntentStoreMemory.layer()),
    Layer.provide(EventLog.layerMemory(), NodeCrypto.layer)
  )
)

suite("memory", layer)
search("memory", layer)
tally("memory", layer)

const posted = (id: string) => new MessagePosted({ roomId: "a", message: event(id, "a") })

describe("a log in memory", () => {
  it.effect("keeps the latest entries, and goes on with higher positions after a restart", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_800_000_000_000)
      const before = yield* EventLog.makeMemory({ capacity: 3 })
      for (const id of ["1", "2", "3", "4", "5", "6", "7", "8"]) yield* before.append(posted(id))
      const { entries } = yield* before.read({ after: 0, limit: 10 })
      assert.isAtLeast(entries.length, 3)
      assert.isAtMost(entries.length, 6)
      yield* TestClock.adjust("1 second")
      const after = yield* EventLog.makeMemory()
      yield* after.append(posted("9"))
      assert.lengthOf((yield* after.read({ after: entries.at(-1)!.position, limit: 10 })).entries, 1)
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("keeps no more bytes than its bound, the latest entries", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.makeMemory({ maxBytes: 100_000 })
      for (let index = 0; index < 100; index++) {
        yield* log.append(new MessagePosted({ roomId: "a", message: event(`${index} ${"x".repeat(2000)}`, "a") }))
        const { entries } = yield* log.read({ after: 0, limit: 200 })
        assert.isAtMost(entries.reduce((sum, entry) => sum + sizeOf(entry), 0), 100_000)
        assert.strictEqual(entries.at(-1)?.position, yield* log.head)
        assert.isAbove(entries.length, Math.min(index, 5))
      }
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("begins with what comes after a follower without a position", () =>
    Effect.gen(function*() {
      const log = yield* EventLog.makeMemory()
      yield* log.append(posted("1"))
      const follower = yield* Effect.forkChild(Stream.runCollect(Stream.take(EventLog.follow(log), 1)))
      yield* TestClock.adjust("1 second")
      yield* log.append(posted("2"))
      const [entry] = yield* Fiber.join(follower)
      assert.strictEqual(entry?.event._tag === "MessagePosted" && entry.event.message.id, "2")
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))
})
