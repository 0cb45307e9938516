/** A file that cannot be fetched for now: with an inbox, its message is processed again later. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../../src/Content.ts"
import { Inbox, InboxProcessor, layerMemory } from "../../../src/inbox/Inbox.ts"
import * as MediaRehosting from "../../../src/media/MediaRehosting.ts"
import * as RoomInbox from "../../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../../src/rooms/RoomKit.ts"
import { message, recording } from "../../rooms/kit.ts"
import { type Answer, file, gone, notYet, services, storedUrl, text } from "./services.ts"

/** A server with an inbox, and what its channel gets. */
const serverWith = (answer: Answer, options: MediaRehosting.HookOptions = {}) => {
  const host = services(answer)
  const received: Array<ReadonlyArray<string>> = []
  const channel = RoomKit.layerChannel({
    ...recording("web").channel,
    deliver: ({ content }) =>
      Effect.sync(() =>
        void received.push([
          Content.text(content),
          ...Content.media(content).map(({ unavailable, url }) => unavailable ?? url)
        ])
      )
  })
  const layer = RoomInbox.layer().pipe(
    Layer.provideMerge(Layer.merge(channel, MediaRehosting.layer({ retries: 0, ...options }))),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(layerMemory()),
    Layer.provide(host.layer),
    Layer.provide(NodeCrypto.layer)
  )
  return { attempts: host.attempts, layer, received }
}

const picture = (words: string, ...names: ReadonlyArray<string>) =>
  message("", {
    content: new Content.CompositeContent({ parts: [text(words), ...names.map((name) => file(name))] }),
    idempotencyKey: words
  })

const accept = (...messages: ReadonlyArray<ReturnType<typeof message>>) =>
  Effect.andThen(InboxProcessor.use(({ accept }) => accept(messages)), TestClock.adjust("100 millis"))

describe("a file that cannot be fetched for now", () => {
  it.effect("is fetched later, and its message and the next one of the conversation wait for it", () => {
    const { attempts, layer, received } = serverWith((name, attempt) =>
      name === "a" && attempt < 3 ? notYet : Effect.void
    )
    return Effect.gen(function*() {
      const other = message("elsewhere", { sender: "+15145550143", idempotencyKey: "other" })
      yield* accept(picture("Look", "a", "b"), message("next", { idempotencyKey: "next" }), other)
      // Others do not wait.
      assert.deepStrictEqual(received, [["elsewhere"]])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(attempts.get("a"), 2)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(received.slice(1), [["Look", storedUrl("a"), storedUrl("b")], ["next"]])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is marked after the last attempt, so that the text is not lost", () => {
    const { attempts, layer, received } = serverWith((name) => name === "a" ? notYet : Effect.void)
    return Effect.gen(function*() {
      yield* accept(picture("Look", "a", "b"))
      for (const wait of [1, 5, 15]) yield* TestClock.adjust(`${wait} seconds`)
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual([received, attempts.get("a")], [[], 4])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(received, [["Look", "The host responded with status 404", storedUrl("b")]])
      assert.strictEqual((yield* Inbox.use((inbox) => inbox.backlog())).dead, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is not retried later when that cannot help, or is not wanted", () => {
    const servers = [
      serverWith(() => gone),
      serverWith(() => notYet, { laterRetries: 0 }),
      serverWith(() => notYet, { laterRetries: 0, onFailure: "block" })
    ]
    return Effect.forEach(servers, ({ attempts, layer, received }, index) =>
      Effect.gen(function*() {
        yield* accept(picture("Look", "a"))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(attempts.get("a"), 1)
        assert.lengthOf(received, index === 2 ? 0 : 1)
      }).pipe(Effect.provide(layer)))
  })
})
