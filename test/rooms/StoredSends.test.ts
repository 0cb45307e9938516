/** Messages of a room that are stored before they are sent, where the store takes its time. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { SmsChannel } from "../../src/rooms/index.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import { StorageError } from "../../src/StorageError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { customer, fork, makeKit, ours, said } from "./kit.ts"

const down = Effect.fail(new StorageError({ store: "intents", cause: "down" }))

/** What becomes of a message that is stored after a minute, and then: more than the room waits for a send. */
const post = Effect.fnUntraced(function*(then: Effect.Effect<void, StorageError>) {
  const store = yield* IntentStoreMemory.make()
  const reserve: typeof store.reserve = (intent) =>
    Effect.delay(Effect.andThen(then, store.reserve(intent)), "1 minute")
  const outbox = yield* Effect.provideService(Outbox.make(), IntentStore, { ...store, reserve })
  const kit = yield* Effect.provideService(makeKit({ deliveryTimeout: "30 seconds" }), Outbox.Outbox, outbox)
  const mock = yield* MockSmsProvider.make()
  yield* kit.registerChannel(SmsChannel.make({ provider: mock }))
  const { id } = yield* kit.createRoom()
  yield* kit.attachChannel(id, { channelId: "sms-mock", participant: customer, recipient: ours })
  const posting = yield* fork(kit.post(id, said("hi")))
  // The digest of the message is not made in a turn of the clock.
  const turn = Effect.promise(() => new Promise(setImmediate))
  yield* Effect.repeat(Effect.andThen(turn, TestClock.adjust("1 second")), { times: 120 })
  const result = yield* Fiber.join(posting)
  assert(result._tag === "Broadcast")
  return { outcome: result.deliveries[0]?.outcome, sent: (yield* mock.sent).length }
}, Effect.provide(NodeCrypto.layer))

describe("a message of a room whose storing takes longer than the room waits for a send", () => {
  it.effect("is sent once it is stored", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* post(Effect.void), { outcome: "delivered", sent: 1 })
    }))

  it.effect("has failed, and no unknown outcome, when it is not stored: nothing would ask for that", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* post(down), { outcome: "failed", sent: 0 })
    }))
})
