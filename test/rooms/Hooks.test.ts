import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Option, Scope, Tracer } from "effect"
import { MediaContent } from "../../src/Content.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import {
  fork,
  history,
  makeKit,
  message,
  recording,
  registerUntil,
  said,
  settle,
  textContent,
  textOf,
  watch
} from "./kit.ts"

/** A hook that adds its name to the text. */
const appending = (name: string, options: Omit<Hook.Options, "name"> = {}) =>
  Hook.beforeBroadcast({
    name,
    ...options,
    run: (event) => Effect.succeed(Hook.modify(event.withContent(textContent(`${textOf(event)}${name}`))))
  })

describe("hooks before a broadcast", () => {
  it.effect("let an event pass, or stop it with a reason before any later hook and any channel", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      const asked: Array<string> = []
      const asking = (name: string, result: Hook.HookResult) =>
        Hook.beforeBroadcast({ name, run: () => Effect.sync(() => (asked.push(name), result)) })
      yield* kit.hook(asking("first", Hook.allow))
      const close = yield* registerUntil(kit.hook(asking("second", Hook.block("opted out"))))
      yield* kit.hook(asking("third", Hook.allow))

      const blocked = yield* kit.processInbound(message("hello"))
      assert(blocked._tag === "Blocked")
      assert.deepStrictEqual([blocked.hook, blocked.reason], ["second", "opted out"])
      assert.deepStrictEqual(blocked.event.blocked, { hook: "second", reason: "opted out" })
      assert.deepStrictEqual([asked, texts], [["first", "second"], []])
      assert.deepStrictEqual(yield* changes("EventBlocked"), [{
        _tag: "EventBlocked",
        roomId: blocked.event.roomId,
        eventId: blocked.event.id,
        hook: "second",
        reason: "opted out"
      }])

      yield* close
      assert.strictEqual((yield* kit.processInbound(message("again")))._tag, "Broadcast")
      assert.deepStrictEqual([asked.slice(2), texts], [["first", "third"], ["again"]])
    }))

  it.effect("that block leave in the history what the hooks before them made of the event", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.hook(appending("!"))
      yield* kit.hook(Hook.beforeBroadcast({ name: "block", run: () => Effect.succeed(Hook.block("no")) }))
      const result = yield* kit.processInbound(message("hello"))
      assert.deepStrictEqual([textOf(result._tag === "Blocked" ? result.event : assert.fail())], yield* history(kit))
      assert.deepStrictEqual(yield* history(kit), ["hello!"])
    }))

  it.effect("run by priority, then in the order of registration, each on what the one before left", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { channel, texts } = recording("web")
      yield* kit.registerChannel(channel)
      const room = yield* kit.createRoom()
      yield* kit.hook(appending("d", { priority: 10 }))
      yield* kit.hook(appending("b"))
      yield* kit.hook(appending("c", { roomId: room.id }))
      yield* kit.hook(appending("a", { priority: -1 }))
      const result = yield* kit.post(room.id, said("x", "ai"))
      assert(result._tag === "Broadcast")
      assert.strictEqual(textOf(result.event), "xabcd")
      assert.deepStrictEqual([texts, yield* history(kit)], [["xabcd"], ["xabcd"]])
    }))

  it.effect("run for the channels, types, directions and the room that they are for", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "room" })
      yield* kit.attachChannel("room", { channelId: "sms" })
      yield* kit.hook(appending("s", { channelTypes: ["sms"] }))
      yield* kit.hook(appending("m", { channelTypes: ["mms", "email"] }))
      yield* kit.hook(appending("i", { directions: ["inbound"] }))
      yield* kit.hook(appending("o", { directions: ["outbound"] }))
      yield* kit.hook(appending("w", { channelIds: ["web"] }))
      yield* kit.hook(appending("r", { roomId: "room" }))
      yield* kit.hook(appending("n", { roomId: "nowhere" }))
      yield* kit.hook(appending("c", { channelTypes: ["sms"], channelIds: ["sms"], directions: ["inbound"] }))
      yield* kit.hook(appending("x", { channelTypes: ["sms"], channelIds: ["sms"], directions: ["outbound"] }))
      yield* kit.processInbound(message("1"))
      yield* kit.processInbound(
        message("2", { content: new MediaContent({ url: "https://example.com/1", caption: "2" }) })
      )
      yield* kit.processInbound(message("3", { channelId: "other" }))
      yield* kit.post("room", said("4"))
      assert.sameMembers(yield* history(kit), ["1sirc", "2mir", "3si", "4owr"])
    }))

  it.effect("cannot change an event's id and room, nor mark it as blocked, nor send it back to where it came from", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [sms, web] = [recording("sms"), recording("web")]
      yield* kit.registerChannel(sms.channel)
      yield* kit.registerChannel(web.channel)
      const seen: Array<string> = []
      yield* kit.hook(Hook.beforeBroadcast({
        name: "hijack",
        run: (event) =>
          Effect.sync(() => {
            seen.push(event.id, event.roomId)
            return Hook.modify(
              new RoomEvent({
                ...event,
                id: "mine",
                roomId: "elsewhere",
                source: new EventSource({ ...event.source, channelId: "web" }),
                blocked: { hook: "x", reason: "x" },
                content: textContent("changed")
              })
            )
          })
      }))
      const result = yield* kit.processInbound(message("hello"))
      assert(result._tag === "Broadcast")
      assert.deepStrictEqual([result.event.id, result.event.roomId], seen)
      assert.isUndefined(result.event.blocked)
      assert.deepStrictEqual([sms.texts, web.texts], [[], ["changed"]])
      assert.deepStrictEqual(yield* kit.events(result.event.roomId), [result.event])
    }))

  it.effect("get the room that the event is in", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.createRoom({ id: "room" })
      yield* kit.attachChannel("room", { channelId: "web" })
      yield* kit.hook(Hook.beforeBroadcast({
        name: "room",
        run: (_, room) =>
          Effect.succeed(Hook.block(`${room.id} ${room.attachments.map(({ channelId }) => channelId).join()}`))
      }))
      const result = yield* kit.post("room", said("hello", "ai"))
      assert.strictEqual(result._tag === "Blocked" && result.reason, "room web")
    }))

  it.effect("run with the services of the one who registers them, and in the span of the event", () =>
    Effect.gen(function*() {
      class Consent extends Context.Service<Consent, { readonly given: boolean }>()("test/Consent") {}
      const kit = yield* makeKit()
      const spans: Array<string> = []
      const hook = Hook.beforeBroadcast({
        name: "consent",
        run: () =>
          Effect.gen(function*() {
            const parent = yield* Effect.serviceOption(Tracer.ParentSpan)
            if (Option.isSome(parent) && parent.value._tag === "Span") spans.push(parent.value.name)
            return (yield* Consent).given ? Hook.allow : Hook.block("no consent")
          })
      })
      const registration = kit.hook(hook).pipe(
        Effect.provideService(Consent, { given: false }),
        Effect.withSpan("start of the application")
      )
      yield* registration
      const result = yield* Effect.provideService(kit.processInbound(message("hello")), Consent, { given: true })
      assert.strictEqual(result._tag, "Blocked")
      assert.deepStrictEqual(spans, ["RoomKit.hook"])
    }))

  it.effect("are gone with their scope, also for an event that is on its way", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      yield* kit.hook(Hook.beforeBroadcast({
        name: "slow",
        run: () => Effect.as(Deferred.await(gate), Hook.allow)
      }))
      const close = yield* registerUntil(kit.hook(appending("removed")))
      const passing = yield* fork(kit.processInbound(message("hello")))
      yield* close
      yield* Deferred.succeed(gate, undefined)
      const result = yield* Fiber.join(passing)
      assert.strictEqual(result._tag === "Broadcast" && textOf(result.event), "hello")
    }))

  it.effect("are waited for when their scope closes while they run", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const close = yield* registerUntil(kit.hook(Hook.beforeBroadcast({
        name: "slow",
        run: () => Effect.as(Deferred.await(gate), Hook.block("in time"))
      })))
      const passing = yield* fork(kit.processInbound(message("hello")))
      const closing = yield* fork(close)
      yield* settle
      assert.isUndefined(closing.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(closing)
      const result = yield* Fiber.join(passing)
      assert.strictEqual(result._tag === "Blocked" && result.reason, "in time")
    }))

  it.effect("can remove themselves", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const scope = yield* Scope.make()
      yield* Scope.provide(
        kit.hook(Hook.beforeBroadcast({
          name: "once",
          run: () =>
            Effect.yieldNow.pipe(Effect.andThen(Scope.close(scope, Exit.void)), Effect.as(Hook.block("the first only")))
        })),
        scope
      )
      assert.strictEqual((yield* kit.processInbound(message("1")))._tag, "Blocked")
      assert.strictEqual((yield* kit.processInbound(message("2")))._tag, "Broadcast")
    }))
})

describe("hooks after a broadcast", () => {
  it.effect("run together with the event as it went out, the room and every delivery", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.registerChannel(recording("web").channel)
      yield* kit.registerChannel({ ...recording("ai").channel, deliver: () => Effect.fail("down") })
      yield* kit.hook(appending("!"))
      const seen: Array<unknown> = []
      const both = yield* Deferred.make<void>()
      for (const name of ["one", "two"]) {
        yield* kit.hook(Hook.afterBroadcast({
          name,
          run: (event, room, deliveries) =>
            Effect.suspend(() => {
              seen.push([name, textOf(event), room.id === event.roomId, deliveries])
              return seen.length === 2 ? Deferred.succeed(both, undefined) : Deferred.await(both)
            })
        }))
      }
      yield* kit.processInbound(message("hello"))
      const deliveries = [
        { channelId: "web", outcome: "delivered" },
        { channelId: "ai", outcome: "failed", error: "down" }
      ]
      assert.deepStrictEqual(seen, [["one", "hello!", true, deliveries], ["two", "hello!", true, deliveries]])
    }))

  it.effect("do not run for an event that was blocked, or that they are not for", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const seen: Array<string> = []
      yield* kit.hook(Hook.afterBroadcast({
        name: "outbound",
        directions: ["outbound"],
        run: (event) => Effect.sync(() => void seen.push(textOf(event)))
      }))
      yield* kit.hook(Hook.beforeBroadcast({
        name: "filter",
        run: (event) => Effect.succeed(textOf(event) === "bad" ? Hook.block("bad") : Hook.allow)
      }))
      const room = yield* kit.createRoom()
      yield* kit.processInbound(message("hello"))
      yield* kit.post(room.id, said("bad"))
      yield* kit.post(room.id, said("good"))
      assert.deepStrictEqual(seen, ["good"])
    }))

  it.effect("change nothing when they fail, and the failure is visible", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const changes = yield* watch(kit)
      const seen: Array<string> = []
      yield* kit.hook(Hook.afterBroadcast({ name: "broken", run: () => Effect.fail("broken") }))
      yield* kit.hook(Hook.afterBroadcast({
        name: "fine",
        run: () => Effect.andThen(Effect.yieldNow, Effect.sync(() => void seen.push("fine")))
      }))
      const result = yield* kit.processInbound(message("hello"))
      assert.strictEqual(result._tag, "Broadcast")
      assert.deepStrictEqual(seen, ["fine"])
      const failures = yield* changes("HookFailed")
      assert.deepStrictEqual(failures.map(({ hook, trigger }) => [hook, trigger]), [["broken", "AfterBroadcast"]])
    }))
})
