/** A message that no hook and no channel wants. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Channel from "../../src/rooms/Channel.ts"
import { Attachment } from "../../src/rooms/Room.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { makeMemory, RoomStore } from "../../src/rooms/RoomStore.ts"
import { message } from "../suites/InboxSuite.ts"

/** Processes a message over a store that counts what it stores, after something happened to its room. */
const process = Effect.fnUntraced(
  function*(onAppend: (store: RoomStore["Service"], roomId: string) => Effect.Effect<unknown, unknown>) {
    const store = yield* makeMemory()
    let settled = 0
    const kit = yield* RoomKit.make().pipe(Effect.provideService(RoomStore, {
      ...store,
      append: (event, options) =>
        Effect.andThen(Effect.ignore(onAppend(store, event.roomId)), store.append(event, options)),
      settle: (event, deliveries) =>
        Effect.suspend(() => {
          settled++
          return store.settle(event, deliveries)
        })
    }))
    yield* kit.registerChannel(Channel.make({ id: "web", type: "web", deliver: () => Effect.void }))
    yield* kit.processEntry({ id: "1", event: message("1") })
    const [room] = yield* store.rooms()
    const entry = yield* store.event({ id: "1", roomId: room!.id })
    return { settled, deliveries: entry?.deliveries?.map(({ channelId, outcome }) => [channelId, outcome]) }
  }
)

const test = (title: string, body: Effect.Effect<void, unknown, Effect.Services<ReturnType<typeof process>>>) =>
  it.effect(title, () => Effect.provide(Effect.scoped(body), NodeCrypto.layer))

describe("a message that no hook and no channel wants", () => {
  test(
    "is stored together with its outcome",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* process(() => Effect.void), { settled: 0, deliveries: [] })
    })
  )

  test(
    "goes to a channel that is attached while it is stored",
    Effect.gen(function*() {
      const result = yield* process((store, roomId) => store.attach(roomId, new Attachment({ channelId: "web" })))
      assert.deepStrictEqual(result, { settled: 1, deliveries: [["web", "delivered"]] })
    })
  )
})
