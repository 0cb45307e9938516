import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Fiber, Option, Result, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { type Content, MediaContent, text } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import type * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { OptedOut } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { brokenHooks, failingHooks } from "./brokenHooks.ts"
import { customer, fork, makeKit, ours, registerUntil, said, settle, textContent, watch } from "./kit.ts"

const friend = Address.make("+15145550143")

/** A kit with a room that has two people on the channel of a mock. */
const setUp = Effect.fnUntraced(
  function*(options: RoomKit.Options = {}, respond?: MockSmsProvider.Options["respond"]) {
    const kit = yield* makeKit(options)
    const mock = yield* MockSmsProvider.make({ respond })
    yield* kit.registerChannel(SmsChannel.make({ provider: mock }))
    yield* kit.createRoom({ id: "room" })
    for (const participant of [customer, friend]) {
      yield* kit.attachChannel("room", { channelId: "sms-mock", participant, recipient: ours })
    }
    const post = (content: Content = textContent("hi")) =>
      Effect.map(Effect.orDie(kit.post("room", { ...said(""), content })), (result) => {
        assert(result._tag === "Broadcast")
        return result.deliveries[0]
      })
    return {
      kit,
      post,
      sent: Effect.map(mock.sent, (sent) => sent.map(({ content, to }) => `${to}: ${text(content)}`))
    }
  }
)

/** A hook that adds its name to the text. */
const appending = (name: string, options: Omit<Hook.Options, "name"> = {}) =>
  Hook.beforeSend({
    name,
    ...options,
    run: (message) =>
      Effect.succeed(
        Hook.modify(new OutboundMessage({ ...message, content: textContent(`${text(message.content)}${name}`) }))
      )
  })

const blocking = (name: string, to: Address) =>
  Hook.beforeSend({
    name,
    run: (message) => Effect.succeed(message.to === to ? Hook.block("opted out") : Hook.allow)
  })

describe("hooks before a send", () => {
  it.effect("run by priority, then in the order of registration, each on what the one before left", () =>
    Effect.gen(function*() {
      const { kit, post, sent } = yield* setUp()
      yield* kit.hook(appending("d", { priority: 10 }))
      yield* kit.hook(appending("b"))
      yield* kit.hook(appending("c", { roomId: "room" }))
      yield* kit.hook(appending("a", { priority: -1 }))
      const delivery = yield* post(textContent("x"))
      assert.strictEqual(delivery?.outcome, "delivered")
      assert.deepStrictEqual(yield* sent, [`${customer}: xabcd`, `${friend}: xabcd`])
      // The event is what it was: a hook before a send changes one message.
      assert.deepStrictEqual((yield* kit.events("room")).map(({ content }) => text(content)), ["x"])
    }))

  it.effect("stop a message with a reason, before any later hook and the carrier, and no other one", () =>
    Effect.gen(function*() {
      const { kit, post, sent } = yield* setUp()
      const changes = yield* watch(kit)
      const seen: Array<string> = []
      const seeing = (name: string, to: string) => Effect.sync(() => void seen.push(`${name} ${to}`))
      yield* kit.hook(blocking("consent", friend))
      yield* kit.hook(Hook.beforeSend({ name: "later", run: ({ to }) => Effect.as(seeing("before", to), Hook.allow) }))
      yield* kit.hook(Hook.afterSend({ name: "after", run: ({ to }) => seeing("after", to) }))
      const delivery = yield* post()
      assert.strictEqual(delivery?.outcome, "partial")
      assert.deepStrictEqual(delivery?.sends?.[1], {
        recipient: friend,
        outcome: "blocked",
        hook: "consent",
        reason: "opted out"
      })
      assert.deepStrictEqual([yield* sent, seen], [[`${customer}: hi`], [`before ${customer}`, `after ${customer}`]])
      assert.deepStrictEqual((yield* changes("SendBlocked")).map(({ eventId: _, ...blocked }) => blocked), [{
        _tag: "SendBlocked",
        roomId: "room",
        channelId: "sms-mock",
        hook: "consent",
        reason: "opted out"
      }])
      yield* kit.hook(blocking("consent", customer))
      assert.strictEqual((yield* post())?.outcome, "blocked")
    }))

  it.effect("can send a message to somebody else, and what is sent is what is followed", () =>
    Effect.gen(function*() {
      const { kit, post, sent } = yield* setUp()
      const tester = Address.make("+15145550199")
      yield* kit.hook(Hook.beforeSend({
        name: "staging",
        run: (message) => Effect.succeed(Hook.modify(new OutboundMessage({ ...message, to: tester })))
      }))
      const delivery = yield* post()
      assert.deepStrictEqual(
        delivery?.sends?.map((send) => [send.recipient, send.outcome === "sent" && send.receipt.recipient]),
        [[customer, tester], [friend, tester]]
      )
      assert.deepStrictEqual(yield* sent, [`${tester}: hi`, `${tester}: hi`])
      assert.isDefined(yield* kit.tracker.get({ provider: "mock", messageId: "mock-1", recipient: tester }))
    }))

  it.effect("run for the channel, the type of the message and the room that they are for", () =>
    Effect.gen(function*() {
      const { kit, post, sent } = yield* setUp()
      const filters: Record<string, Hook.Filters> = {
        c: { channelIds: ["sms-mock"] },
        C: { channelIds: ["web"] },
        s: { channelTypes: ["sms"] },
        m: { channelTypes: ["mms"] },
        W: { channelTypes: ["web"] },
        o: { directions: ["outbound"] },
        I: { directions: ["inbound"] },
        r: { roomId: "room" },
        R: { roomId: "nowhere" }
      }
      for (const [name, options] of Object.entries(filters)) yield* kit.hook(appending(name, options))
      const seen: Array<string> = []
      for (const [name, options] of Object.entries(filters)) {
        yield* kit.hook(
          Hook.afterSend({
            name,
            ...options,
            run: ({ to }) => Effect.sync(() => void (to === customer && seen.push(name)))
          })
        )
      }
      yield* post(textContent(""))
      // What a hook makes of it decides which hooks run after it: it is no MMS any more.
      yield* post(new MediaContent({ url: "https://example.com/1" }))
      assert.deepStrictEqual((yield* sent).filter((line) => line.startsWith(customer)), [
        `${customer}: csor`,
        `${customer}: cmor`
      ])
      assert.deepStrictEqual(seen.join(""), "csorcsor")
    }))

  it.effect("know what the message is for, and run with the services of the one who registers them", () =>
    Effect.gen(function*() {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      const { kit, post } = yield* setUp()
      const seen: Array<unknown> = []
      yield* Effect.provideService(
        kit.hook(Hook.beforeSend({
          name: "about",
          run: (_, { channelId, event, provider, room }) =>
            Effect.gen(function*() {
              const span = Option.getOrUndefined(yield* Effect.serviceOption(Tracer.ParentSpan))
              const inside = span?._tag === "Span" ? span.name : ""
              seen.push([
                yield* Name,
                inside,
                channelId,
                provider,
                room?.id,
                event?.roomId,
                event && text(event.content)
              ])
              return Hook.allow
            })
        })),
        Name,
        "registered"
      )
      yield* post()
      const about = ["registered", "RoomKit.hook", "sms-mock", "mock", "room", "room", "hi"]
      assert.deepStrictEqual(seen, [about, about])
    }))

  const broken: Readonly<Record<string, Hook.BeforeSend["run"]>> = {
    ...brokenHooks,
    "takes the recipient away": (message) => Effect.succeed(Hook.modify({ ...message, to: "" } as never))
  }

  for (const [what, run] of Object.entries(broken)) {
    it.effect(`block when one ${what}, unless it is declared as harmless`, () =>
      Effect.gen(function*() {
        // A room waits less for a send than this hook may take, which does not cut it off.
        const { kit, post, sent } = yield* setUp({ shutdownTimeout: 0, deliveryTimeout: "1 second" })
        const changes = yield* watch(kit)
        const close = yield* registerUntil(kit.hook(Hook.beforeSend({ name: "consent", run, timeout: "2 seconds" })))
        const posting = yield* fork(post())
        yield* TestClock.adjust("2 seconds")
        const delivery = yield* Fiber.join(posting)
        assert.strictEqual(delivery?.outcome, "blocked")
        assert.deepStrictEqual(delivery?.sends?.[0], {
          recipient: customer,
          outcome: "blocked",
          hook: "consent",
          reason: "the hook failed"
        })
        assert.deepStrictEqual(yield* sent, [])
        const failures = yield* changes("HookFailed")
        assert.deepStrictEqual(failures.map(({ hook, trigger }) => [hook, trigger]), [
          ["consent", "BeforeSend"],
          ["consent", "BeforeSend"]
        ])
        assert.notInclude(String(Cause.squash(failures[0]!.cause)), "swordfish")
        yield* close
        yield* kit.hook(Hook.beforeSend({ name: "decorate", onFailure: "allow", run, timeout: "2 seconds" }))
        const again = yield* fork(post())
        yield* TestClock.adjust("2 seconds")
        assert.strictEqual((yield* Fiber.join(again))?.outcome, "delivered")
        assert.deepStrictEqual(yield* sent, [`${customer}: hi`, `${friend}: hi`])
      }))
  }
})

describe("hooks after a send", () => {
  it.effect("get the message as it was sent, and the receipt or the error", () =>
    Effect.gen(function*() {
      const { kit, post } = yield* setUp({}, ({ to }) => to === friend ? Effect.fail(new OptedOut({})) : Effect.void)
      const seen: Array<unknown> = []
      yield* kit.hook(appending("!"))
      yield* kit.hook(Hook.afterSend({
        name: "seen",
        run: ({ content, to }, result, { channelId }) =>
          Effect.sync(() =>
            void seen.push([
              to,
              text(content),
              channelId,
              Result.match(result, {
                onSuccess: ({ messageIds }) => messageIds,
                onFailure: ({ reason }) => reason._tag
              })
            ])
          )
      }))
      yield* post()
      assert.deepStrictEqual(seen, [
        [customer, "hi!", "sms-mock", ["mock-1"]],
        [friend, "hi!", "sms-mock", "OptedOut"]
      ])
    }))

  it.effect("are waited for, know a message that the tracker knows, and may say something in the room", () =>
    Effect.gen(function*() {
      const { kit, post, sent } = yield* setUp()
      const known: Array<string | undefined> = []
      yield* kit.hook(Hook.afterSend({
        name: "tell",
        run: ({ content, to }) =>
          Effect.gen(function*() {
            yield* Effect.sleep("5 seconds")
            if (to !== customer || text(content) !== "hi") return
            known.push((yield* kit.tracker.get({ provider: "mock", messageId: "mock-1", recipient: to }))?.status)
            const result = yield* Effect.orDie(kit.post("room", said("sent")))
            assert.strictEqual(result._tag, "Queued")
          })
      }))
      const posting = yield* fork(post())
      yield* TestClock.adjust("4999 millis")
      yield* settle
      assert.isUndefined(posting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* settle
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(posting))?.outcome, "delivered")
      assert.deepStrictEqual(known, ["queued"])
      assert.deepStrictEqual((yield* sent).slice(2), [`${customer}: sent`, `${friend}: sent`])
    }))

  for (const [what, run] of Object.entries(failingHooks)) {
    it.effect(`change nothing when one ${what}, and the failure is visible`, () =>
      Effect.gen(function*() {
        const { kit, post } = yield* setUp({ shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        yield* kit.hook(Hook.afterSend({ name: "broken", run }))
        const posting = yield* fork(post())
        yield* TestClock.adjust("30 seconds")
        assert.strictEqual((yield* Fiber.join(posting))?.outcome, "delivered")
        const failures = yield* changes("HookFailed")
        assert.deepStrictEqual(failures.map(({ trigger }) => trigger), ["AfterSend", "AfterSend"])
      }))
  }
})
