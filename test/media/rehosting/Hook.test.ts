import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../../src/Content.ts"
import * as MediaRehosting from "../../../src/media/MediaRehosting.ts"
import type { ChannelType } from "../../../src/Message.ts"
import * as Hook from "../../../src/rooms/Hook.ts"
import * as RoomKit from "../../../src/rooms/RoomKit.ts"
import { fork, message, recording } from "../../rooms/kit.ts"
import { carrierUrl, file, gone, services, storedUrl, text } from "./services.ts"

const content = new Content.CompositeContent({ parts: [text("Look"), file("a"), file("b")] })

const layerKit = Layer.provide(RoomKit.layer(), NodeCrypto.layer)

/** A kit with the hook, and a channel `ai` that keeps what it gets. */
const kitWith = Effect.fnUntraced(
  function*(from: ReturnType<typeof services>, options?: MediaRehosting.HookOptions) {
    const contents: Array<Content.Content> = []
    const channel = RoomKit.layerChannel({
      ...recording("ai").channel,
      type: "ai",
      deliver: ({ content }) => Effect.sync(() => void contents.push(content))
    })
    const layer = Layer.merge(channel, MediaRehosting.layer(options)).pipe(Layer.provideMerge(layerKit))
    const context = yield* Layer.build(Layer.provide(layer, [from.layer, Logger.layer([])]))
    return { contents, kit: yield* Effect.provide(RoomKit.RoomKit, context) }
  }
)

const urls = (contents: ReadonlyArray<Content.Content>) =>
  contents.map((one) => Content.media(one).map(({ url }) => url))

describe("the hook", () => {
  it.effect("gives a channel files that it can read, and keeps them in the history", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(services())
      const result = yield* kit.processInbound(message("", { content }))
      assert.deepStrictEqual(urls(contents), [[storedUrl("a"), storedUrl("b")]])
      assert.deepStrictEqual(contents.map(Content.text), ["Look"])
      assert.strictEqual(result._tag, "Broadcast")
      const [room] = yield* kit.rooms
      assert.deepStrictEqual((yield* kit.events(room!.id)).map((event) => event.content), contents)
    }))

  it.effect("leaves a text alone", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(services(() => Effect.die("fetched")))
      yield* kit.processInbound(message("Hello"))
      assert.deepStrictEqual(contents, [text("Hello")])
    }))

  it.effect("leaves alone what one of the application's own channels says", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(services(() => Effect.die("fetched")))
      const { id } = yield* kit.createRoom()
      const others: ReadonlyArray<ChannelType> = ["sms", "mms", "web", "email"]
      for (const channelType of others) yield* kit.post(id, { channelId: "own", channelType, content })
      assert.deepStrictEqual(contents, others.map(() => content))
    }))

  it.effect("is for the channels that it is given, if it is given any", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(services(), { channelIds: ["sms-voicemeup"] })
      yield* kit.processInbound(message("", { content: file("a"), channelId: "sms-twilio" }))
      yield* kit.processInbound(message("", { content: file("a"), channelId: "sms-voicemeup" }))
      assert.deepStrictEqual(urls(contents), [[carrierUrl("a")], [storedUrl("a")]])
    }))

  it.effect("runs in the place that its priority gives it", () =>
    Effect.gen(function*() {
      for (const [priority, seen] of [[10, carrierUrl("a")], [-10, storedUrl("a")]] as const) {
        const { kit } = yield* kitWith(services(), { priority })
        const before: Array<ReadonlyArray<string>> = []
        yield* kit.hook(Hook.beforeBroadcast({
          name: "looks",
          run: (event) => Effect.sync(() => (before.push(...urls([event.content])), Hook.allow))
        }))
        yield* kit.processInbound(message("", { content: file("a") }))
        assert.deepStrictEqual(before, [[seen]])
      }
    }))

  it.effect("ends with its layer", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(Layer.provide(MediaRehosting.layer(), services().layer), scope)
      const process = kit.processInbound(message("", { content: file("a") }))
      const seen = Effect.map(process, (result) => "event" in result ? urls([result.event.content]) : [])
      assert.deepStrictEqual(yield* seen, [[storedUrl("a")]])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* seen, [[carrierUrl("a")]])
    }).pipe(Effect.provide(layerKit)))
})

describe("the hook, when a file fails", () => {
  const badGone = () => services((name) => name === "b" ? gone : Effect.void)

  it.effect("lets the message pass with the file marked", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(badGone())
      yield* kit.processInbound(message("", { content }))
      assert.deepStrictEqual(urls(contents), [[storedUrl("a"), carrierUrl("b")]])
      assert.deepStrictEqual(Content.media(contents[0]!).map(({ unavailable }) => unavailable), [
        undefined,
        "The host responded with status 410"
      ])
    }))

  it.effect("lets the message pass as it was where that is asked for", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(services(() => gone), { onFailure: "pass" })
      yield* kit.processInbound(message("", { content }))
      assert.deepStrictEqual(contents, [content])
    }))

  it.effect("blocks the message with the reason where that is asked for", () =>
    Effect.gen(function*() {
      const { contents, kit } = yield* kitWith(badGone(), { onFailure: "block" })
      const result = yield* kit.processInbound(message("", { content }))
      assert.deepStrictEqual(contents, [])
      assert.deepStrictEqual(result._tag === "Blocked" ? [result.hook, result.reason] : result._tag, [
        "rehost-media",
        "media re-hosting failed: The host responded with status 410"
      ])
    }))

  it.effect("marks before its own time limit would block the message", () =>
    Effect.gen(function*() {
      for (const [timeout, seconds] of [[undefined, 29], ["4 seconds", 3.6]] as const) {
        const { contents, kit } = yield* kitWith(services(() => Effect.never), { timeout })
        const fiber = yield* fork(kit.processInbound(message("", { content })))
        yield* TestClock.adjust(`${seconds * 1000 - 1} millis`)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(contents.map(Content.text), ["Look"])
        assert.deepStrictEqual(
          contents.flatMap(Content.media).map(({ unavailable }) => unavailable),
          ["Timed out (total timeout)", "Timed out (total timeout)"]
        )
      }
    }))

  for (
    const [name, broken] of [
      ["breaks", Effect.die(new Error("a bug"))],
      ["cannot be interrupted", Effect.uninterruptible(Effect.sleep("1 minute"))]
    ] as const
  ) {
    it.effect(`lets the message pass when the fetcher ${name}, unless it is to block`, () =>
      Effect.gen(function*() {
        for (const onFailure of ["mark", "pass", "block"] as const) {
          const { contents, kit } = yield* kitWith(services(() => broken), { onFailure })
          const fiber = yield* fork(kit.processInbound(message("", { content })))
          yield* TestClock.adjust("31 seconds")
          assert.isDefined(fiber.pollUnsafe())
          assert.deepStrictEqual(contents, onFailure === "block" ? [] : [content])
          yield* TestClock.adjust("1 minute")
        }
      }).pipe(Effect.provide(Logger.layer([]))))
  }
})
