import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { MediaContent } from "../../src/Content.ts"
import { DeliveryStore, DeliveryStoreError, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { OptedOut, OutcomeUnknown, type SmsErrorReason } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { Unrecognized } from "../../src/WebhookEvent.ts"
import { observe } from "../observe.ts"
import {
  customer,
  fork,
  history,
  makeKit,
  message,
  ours,
  recording,
  registerUntil,
  said,
  settle,
  status,
  textContent
} from "./kit.ts"

const secretText = "my password is swordfish"
const secrets = [secretText, "swordfish", customer, ours, customer.slice(1), ours.slice(1)]

/** What the carrier answers, by the number of the message. */
const answers: Record<number, Effect.Effect<void, SmsErrorReason>> = {
  1: Effect.fail(new OptedOut({ detail: `${customer} has opted out of: ${secretText}` })),
  2: Effect.fail(new OutcomeUnknown({ because: "Timeout" })),
  3: Effect.die(new Error("bug"))
}

const brokenTracker = Effect.gen(function*() {
  const store = yield* makeStoreMemory()
  const modify = () => Effect.fail(new DeliveryStoreError({ cause: "down" }))
  return yield* Effect.provideService(DeliveryTracker.make(), DeliveryStore, { ...store, modify })
})

const assertClean = (where: string, text: string) => {
  for (const secret of secrets) assert.notInclude(text, secret, where)
}

it.effect("texts and phone numbers are in no log, span, metric label or error of the kit", () =>
  Effect.gen(function*() {
    const observed = observe()
    yield* Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.registerChannel(recording("web").channel)
      yield* kit.registerChannel({ ...recording("broken").channel, deliver: () => Effect.fail("down") })
      yield* kit.hook(Hook.beforeBroadcast({
        name: "change",
        run: (event) => Effect.succeed(Hook.modify(event.withContent(textContent(`${secretText}!`))))
      }))
      yield* kit.hook(Hook.beforeBroadcast({
        name: "block",
        channelTypes: ["mms"],
        run: () => Effect.succeed(Hook.block(`not allowed: ${secretText}`))
      }))
      yield* kit.hook(Hook.beforeBroadcast({
        name: "ill-typed",
        channelIds: ["web"],
        // The content that is refused here holds the text.
        run: (event) =>
          Effect.succeed(
            { _tag: "Modify", value: { ...event, content: { _tag: "TextContent", body: secretText } } } as never
          )
      }))
      yield* kit.hook(Hook.afterBroadcast({ name: "after", run: () => Effect.die(new Error("bug")) }))
      yield* kit.onDeliveryStatus(() => Effect.fail("broken"))
      const received = message(secretText, { idempotencyKey: "SM1" })
      const unrecognized = new Unrecognized({ provider: "telnyx", eventType: "new", raw: { text: secretText } })
      yield* kit.processEvents([received, received, status("SM2"), status("SM2"), unrecognized])
      yield* kit.processInbound(
        message("", { content: new MediaContent({ url: "https://example.com/1", caption: secretText }) })
      )
      const [room] = yield* kit.rooms
      yield* kit.post(room!.id, said(secretText))
      yield* settle
      assert.lengthOf(yield* history(kit), 3)

      // What goes out: refused, unknown, blocked, broken, accepted, and not followed.
      const mock = yield* MockSmsProvider.make({ respond: (_, number) => answers[number] ?? Effect.void })
      const sending = yield* Effect.provideService(makeKit(), DeliveryTracker.DeliveryTracker, yield* brokenTracker)
      yield* sending.registerChannel(SmsChannel.make({ provider: mock }))
      for (
        const run of [
          () => Effect.succeed(Hook.block(`not allowed: ${secretText}`)),
          (out: OutboundMessage) =>
            Effect.succeed({ _tag: "Modify", value: { ...out, content: { _tag: "TextContent", body: secretText } } }),
          (out: OutboundMessage) => Effect.succeed({ _tag: "Modify", value: { ...out, to: [customer] } })
        ]
      ) {
        const close = yield* registerUntil(
          sending.hook(Hook.beforeSend({ name: "before", run: run as Hook.BeforeSend["run"] }))
        )
        const inbound = yield* sending.processInbound(message(secretText, { channelId: "sms-mock" }))
        assert(inbound._tag === "Broadcast")
        yield* sending.post(inbound.event.roomId, said(secretText))
        yield* close
      }
      yield* sending.hook(Hook.afterSend({ name: "after", run: () => Effect.fail("broken") }))
      yield* sending.createRoom({ id: "nobody" })
      yield* sending.attachChannel("nobody", { channelId: "sms-mock" })
      const talk = (yield* sending.rooms).find(({ id }) => id !== "nobody")
      for (const roomId of [talk!.id, talk!.id, talk!.id, talk!.id, "nobody"]) {
        const posting = yield* fork(sending.post(roomId, said(secretText)))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(posting)
      }
      const report = yield* fork(Effect.flip(sending.processDeliveryStatus(status("mock-1"))))
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(report), DeliveryStoreError)
    }).pipe(Effect.scoped, Effect.provide(observed.layer))

    const failures = observed.all.map(({ message }) => message).join("\n")
    for (
      const expected of [
        "Hook",
        "Channel",
        "handler",
        "blocked an event",
        "Unrecognized webhook event",
        "blocked a message",
        "has opted out",
        "may have been sent",
        "died during a send",
        "Delivery tracking failed",
        "no participant"
      ]
    ) {
      assert.include(failures, expected)
    }
    const names = new Set(observed.spans.map(({ name }) => name))
    for (const name of ["processInbound", "processDeliveryStatus", "post", "hook", "deliver"]) {
      assert.isTrue(names.has(`RoomKit.${name}`), name)
    }
    for (const outcome of ["broadcast", "blocked"]) {
      assert.isAbove(observed.count("sms_room_events_total", { outcome }), 0, outcome)
    }
    assertClean("what an operator sees", observed.text())
  }))
