import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { fromParts, MediaContent, text } from "../../src/Content.ts"
import { DeliveryStore, DeliveryStoreError, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { type OutboundMessage, SendReceipt } from "../../src/Message.ts"
import type { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { InvalidRecipient, OptedOut, OutcomeUnknown, RateLimited, SmsError } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { customer, fork, makeKit, message, ours, registerUntil, said, settle, status, watch } from "./kit.ts"

const friend = Address.make("+15145550143")
const ourOther = Address.make("+15145550101")

/** What was sent, as `from > to: text`. */
const lines = (sent: ReadonlyArray<OutboundMessage>) =>
  sent.map(({ content, from, to }) => `${from ?? "default"} > ${to}: ${text(content)}`)

/** A kit with the channel of a mock. */
const setUp = Effect.fnUntraced(function*(
  { kit: kitOptions, respond, ...options }:
    & { readonly kit?: RoomKit.Options; readonly respond?: MockSmsProvider.Options["respond"] }
    & SmsChannel.Options = {}
) {
  const kit = yield* makeKit(kitOptions)
  const mock = yield* MockSmsProvider.make({ respond })
  yield* kit.registerChannel(SmsChannel.make({ ...options, provider: mock }))
  return { kit, mock, sent: Effect.map(mock.sent, lines) }
})

const channelId = "sms-mock"

/** A room with these people on the channel of the mock. */
const roomOf = Effect.fnUntraced(function*(kit: RoomKit.Service, ...participants: ReadonlyArray<Address>) {
  const { id } = yield* kit.createRoom()
  for (const participant of participants) {
    yield* kit.attachChannel(id, { channelId, participant, recipient: ours })
  }
  return id
})

const post = (kit: RoomKit.Service, roomId: string, text: string) =>
  Effect.map(Effect.orDie(kit.post(roomId, said(text))), (result) => {
    assert(result._tag === "Broadcast")
    return result.deliveries
  })

const refuse = (...numbers: ReadonlyArray<Address>): MockSmsProvider.Options["respond"] => ({ to }) =>
  numbers.includes(to) ? Effect.fail(new InvalidRecipient({})) : Effect.void

describe("an SMS channel", () => {
  it.effect("answers the number that wrote, from the number that it wrote to", () =>
    Effect.gen(function*() {
      const { kit, mock, sent } = yield* setUp()
      const inbound = yield* kit.processInbound(message("hello", { channelId }))
      assert(inbound._tag === "Broadcast")
      assert.deepStrictEqual([inbound.deliveries, yield* sent], [[], []])
      const [delivery] = yield* post(kit, inbound.event.roomId, "hi")
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer}: hi`])
      const receipt = new SendReceipt({
        provider: "mock",
        messageIds: ["mock-1"],
        recipient: customer,
        sender: ours,
        status: "queued",
        carrierStatus: "queued"
      })
      assert.deepStrictEqual(delivery, {
        channelId,
        outcome: "delivered",
        sends: [{ recipient: customer, outcome: "sent", receipt }]
      })
      const tracked = yield* kit.tracker.get({ provider: "mock", messageId: "mock-1", recipient: customer })
      assert.deepStrictEqual([tracked?.status, mock.name], ["queued", "mock"])
    }))

  it.effect("sends all that a message has, media too, which make an MMS of it on both ways", () =>
    Effect.gen(function*() {
      const { kit, mock } = yield* setUp()
      const content = fromParts("look", [new MediaContent({ url: "https://example.com/1", mimeType: "image/png" })])
      const inbound = yield* kit.processInbound(message("", { channelId, content }))
      assert(inbound._tag === "Broadcast")
      assert.strictEqual(inbound.event.source.channelType, "mms")
      yield* kit.post(inbound.event.roomId, { ...said(""), content })
      const [out] = yield* mock.sent
      assert.deepStrictEqual([out?.content, out?.channelType], [content, "mms"])
    }))

  it.effect("has the provider's channel id, or the one that it is given", () =>
    Effect.gen(function*() {
      const mock = yield* MockSmsProvider.make({ name: "twilio" })
      assert.strictEqual(SmsChannel.make({ provider: mock }).id, "sms-twilio")
      assert.deepInclude(SmsChannel.make({ id: "support", provider: mock, everyRoom: true }), {
        id: "support",
        type: "sms",
        everyRoom: true
      })
    }))

  it.effect("sends a message to each of several participants, and to nobody twice", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const room = yield* roomOf(kit, customer)
      yield* kit.attachChannel(room, { channelId, participant: friend, recipient: ourOther })
      yield* kit.attachChannel(room, { channelId, participant: friend })
      yield* kit.attachChannel(room, { channelId })
      yield* kit.attachChannel(room, { channelId: "sms-other", participant: Address.make("+15145550144") })
      const [delivery, ...others] = yield* post(kit, room, "hi")
      assert.deepStrictEqual([delivery?.sends?.map(({ outcome }) => outcome), others], [["sent", "sent"], []])
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer}: hi`, `${ourOther} > ${friend}: hi`])
    }))

  for (
    const [what, recipients] of Object.entries({
      "without a number of ours": [undefined],
      "with several numbers of ours": [ours, ourOther],
      "with one and without": [ourOther, undefined]
    })
  ) {
    it.effect(`answers from the number that a participant wrote to last, who is attached ${what}`, () =>
      Effect.gen(function*() {
        const { kit, mock, sent } = yield* setUp()
        yield* kit.createRoom({ id: "room" })
        for (const recipient of recipients) {
          yield* kit.attachChannel("room", { channelId, participant: customer, recipient })
        }
        yield* post(kit, "room", "first")
        for (const recipient of [ours, ourOther, ourOther, ours]) {
          const result = yield* kit.processInbound(message("hello", { channelId, recipient }))
          assert.strictEqual(result._tag === "Broadcast" && result.event.roomId, "room")
          yield* post(kit, "room", "answer")
        }
        const [first, ...answers] = yield* sent
        assert.strictEqual(first, `${recipients.findLast((r) => r !== undefined) ?? "default"} > ${customer}: first`)
        assert.deepStrictEqual(answers, [ours, ourOther, ourOther, ours].map((from) => `${from} > ${customer}: answer`))
        yield* mock.clear
        // Another person who writes changes nothing for this one.
        yield* kit.attachChannel("room", { channelId, participant: friend })
        yield* kit.processInbound(message("hello", { channelId, sender: friend, recipient: ourOther }))
        yield* post(kit, "room", "all")
        assert.deepStrictEqual(yield* sent, [`${ours} > ${customer}: all`, `${ourOther} > ${friend}: all`])
      }))
  }

  it.effect("sends to its own address in rooms that have nobody else on it", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp({ to: friend, everyRoom: true })
      const inbound = yield* kit.processInbound(message("help", { channelId: "web" }))
      assert(inbound._tag === "Broadcast")
      const room = yield* roomOf(kit, customer)
      yield* post(kit, room, "hi")
      const { id } = yield* kit.createRoom()
      yield* kit.detachChannel(id, { channelId })
      yield* kit.attachChannel(id, { channelId, recipient: ourOther })
      yield* post(kit, id, "ho")
      assert.deepStrictEqual(yield* sent, [
        `default > ${friend}: help`,
        `${ours} > ${customer}: hi`,
        `${ourOther} > ${friend}: ho`
      ])
    }))

  it.effect("says so when nobody can be told whom a message is for", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const changes = yield* watch(kit)
      yield* kit.createRoom({ id: "support" })
      yield* kit.attachChannel("support", { channelId })
      yield* kit.processInbound(message("hello", { channelId }))
      const [delivery] = yield* post(kit, "support", "hi")
      assert(delivery?.outcome === "failed")
      assert.instanceOf(delivery.error, SmsChannel.NoRecipient)
      assert.deepStrictEqual((yield* changes("ChannelFailed")).map(({ channelId }) => channelId), [channelId])
      assert.deepStrictEqual(yield* sent, [])
    }))
})

describe("a message on an SMS channel", () => {
  it.effect("goes back neither to who wrote it, on any channel, nor to others on its channel", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const other = yield* MockSmsProvider.make({ name: "other" })
      yield* kit.registerChannel(SmsChannel.make({ provider: other }))
      const room = yield* roomOf(kit, customer, friend)
      for (const participant of ["+15145550144", `whatsapp:${customer}`, "+1 (514) 555-0142", "ACME1"]) {
        yield* kit.attachChannel(room, { channelId: "sms-other", participant: Address.make(participant) })
      }
      // A hook that hides the author does not make it come back.
      yield* kit.hook(Hook.beforeBroadcast({
        name: "hide",
        run: (event) => {
          const { participant: _, ...source } = event.source
          return Effect.succeed(Hook.modify(new RoomEvent({ ...event, source: new EventSource(source) })))
        }
      }))
      const result = yield* kit.processInbound(message("hello", { channelId }))
      assert(result._tag === "Broadcast")
      assert.deepStrictEqual(yield* sent, [])
      assert.deepStrictEqual((yield* other.sent).map(({ to }) => to), ["+15145550144", "ACME1"])
    }))

  it.effect("goes to the address that a participant wrote from last, once", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const [attached, carriers, userId, recipient] = [
        "whatsapp:+525512345678",
        "whatsapp:+5215512345678",
        "whatsapp:MX.1",
        "whatsapp:+15145550100"
      ].map((text) => Address.make(text)) as [Address, Address, Address, Address]
      const { id: room } = yield* kit.createRoom()
      yield* kit.attachChannel(room, { channelId, participant: attached, recipient })
      yield* kit.attachChannel(room, { channelId, participant: carriers })
      yield* post(kit, room, "1")
      for (const [index, sender] of [carriers, userId, attached].entries()) {
        yield* kit.processInbound(message("hi", { channelId, sender, recipient, senderAliases: [carriers, userId] }))
        yield* post(kit, room, String(index + 2))
      }
      assert.deepStrictEqual(yield* sent, [
        `${recipient} > ${attached}: 1`,
        `${recipient} > ${carriers}: 2`,
        `${recipient} > ${userId}: 3`,
        `${recipient} > ${attached}: 4`
      ])
      assert.lengthOf(yield* kit.rooms, 1)
    }))

  it.effect("does not go back to its author in another form or under another id", () =>
    Effect.gen(function*() {
      const { kit } = yield* setUp()
      const other = yield* MockSmsProvider.make({ name: "other" })
      yield* kit.registerChannel(SmsChannel.make({ provider: other }))
      const [number, userId] = [Address.make("whatsapp:+5215512345678"), Address.make("whatsapp:MX.1")]
      const room = yield* roomOf(kit, number)
      yield* kit.attachChannel(room, { channelId: "sms-other", participant: Address.make("+525512345678") })
      for (const [sender, alias] of [[number, userId], [userId, number]] as const) {
        yield* kit.processInbound(message("hi", { channelId, sender, senderAliases: [alias] }))
      }
      yield* kit.processInbound(message("hi", { channelId, sender: userId }))
      assert.lengthOf(yield* kit.rooms, 1)
      assert.lengthOf(yield* kit.events(room), 3)
      assert.deepStrictEqual(yield* other.sent, [])
    }))

  it.effect("that is for its author alone on another channel is taken, and sent to nobody", () =>
    Effect.gen(function*() {
      const { kit } = yield* setUp()
      const { id } = yield* kit.createRoom()
      yield* kit.attachChannel(id, { channelId: "web", participant: customer })
      yield* kit.attachChannel(id, { channelId, participant: customer })
      const result = yield* kit.processInbound(message("hello", { channelId: "web" }))
      assert.deepStrictEqual(result._tag === "Broadcast" && result.deliveries, [
        { channelId, outcome: "delivered", sends: [] }
      ])
    }))
})

describe("the delivery of a channel that sends", () => {
  it.effect("is failed with the carrier's reason when nothing went out, and the kit says so", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp({ respond: () => Effect.fail(new OptedOut({ code: "21610" })) })
      const changes = yield* watch(kit)
      const room = yield* roomOf(kit, customer, friend)
      const [delivery] = yield* post(kit, room, "hi")
      assert(delivery?.outcome === "failed")
      assert.instanceOf(delivery.error, SmsError)
      assert.strictEqual(delivery.error.reason._tag, "OptedOut")
      assert.deepStrictEqual(delivery.sends?.map(({ outcome, recipient }) => [recipient, outcome]), [
        [customer, "failed"],
        [friend, "failed"]
      ])
      const failures = yield* changes("SendFailed")
      assert.deepStrictEqual(failures.map(({ channelId, error, roomId }) => [roomId, channelId, error.reason._tag]), [
        [room, channelId, "OptedOut"],
        [room, channelId, "OptedOut"]
      ])
      assert.deepStrictEqual([yield* sent, yield* changes("ChannelFailed")], [[], []])
    }))

  it.effect("is partial when it reached some, and names for each what happened", () =>
    Effect.gen(function*() {
      const { kit } = yield* setUp({ respond: refuse(friend) })
      const room = yield* roomOf(kit, friend, customer)
      const [delivery] = yield* post(kit, room, "hi")
      assert.strictEqual(delivery?.outcome, "partial")
      assert.deepStrictEqual(delivery?.sends?.map(({ outcome, recipient }) => [recipient, outcome]), [
        [friend, "failed"],
        [customer, "sent"]
      ])
    }))

  const lost = new OutcomeUnknown({ because: "ConnectionLost" })
  const refused = new RateLimited({})

  it.effect("is unknown when something may have gone out, and failed only when nothing did", () =>
    Effect.gen(function*() {
      const reasons = { [friend]: lost, [customer]: refused } as Record<string, OutcomeUnknown | RateLimited>
      const { kit } = yield* setUp({ respond: ({ to }) => Effect.fail(reasons[to]!) })
      const outcome = Effect.fnUntraced(function*(...people: ReadonlyArray<Address>) {
        const [delivery] = yield* post(kit, yield* roomOf(kit, ...people), "hi")
        return [delivery?.outcome, delivery?.sends?.map(({ outcome }) => outcome)]
      })
      assert.deepStrictEqual(yield* outcome(friend), ["unknown", ["unknown"]])
      assert.deepStrictEqual(yield* outcome(customer, friend), ["unknown", ["failed", "unknown"]])
      assert.deepStrictEqual(yield* outcome(customer), ["failed", ["failed"]])
    }))

  it.effect("is partial when some parts of a message went out, and those are followed", () =>
    Effect.gen(function*() {
      for (const reason of [lost, refused]) {
        const { kit, mock } = yield* setUp()
        const accepted = new SendReceipt({
          provider: "mock",
          messageIds: ["part 1", "part 2"],
          recipient: customer,
          status: "accepted",
          carrierStatus: "ok"
        })
        const error = new SmsError({ provider: "mock", reason, part: { number: 3, of: 4 }, accepted })
        yield* kit.registerChannel(SmsChannel.make({ provider: { ...mock, send: () => Effect.fail(error) } }))
        const [delivery] = yield* post(kit, yield* roomOf(kit, customer), "hi")
        assert.strictEqual(delivery?.outcome, "partial")
        assert.deepStrictEqual(delivery?.sends, [
          { recipient: customer, outcome: reason === lost ? "unknown" : "failed", error }
        ])
        for (const messageId of accepted.messageIds) {
          const tracked = yield* kit.tracker.get({ provider: "mock", messageId, recipient: customer })
          assert.strictEqual(tracked?.status, "accepted")
        }
      }
    }))

  for (
    const [what, broken] of Object.entries(
      {
        "dies": () => Effect.die(new Error("bug")),
        "throws": () => {
          throw new Error("bug")
        }
      } satisfies Record<string, () => Effect.Effect<never>>
    )
  ) {
    it.effect(`is unknown when the provider ${what}, and other recipients get theirs`, () =>
      Effect.gen(function*() {
        const { kit, mock } = yield* setUp()
        yield* kit.registerChannel(
          SmsChannel.make({ provider: { ...mock, send: (out) => out.to === friend ? broken() : mock.send(out) } })
        )
        const [delivery] = yield* post(kit, yield* roomOf(kit, friend, customer), "hi")
        const [unknown, sent] = delivery?.sends ?? []
        assert(unknown?.outcome === "unknown" && unknown.error.reason._tag === "OutcomeUnknown")
        assert.deepStrictEqual([unknown.error.reason.because, sent?.outcome], ["Defect", "sent"])
      }))
  }

  it.effect("is unknown when the carrier takes too long: the room goes on, and so does the send", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { kit, sent } = yield* setUp({
        kit: { deliveryTimeout: "2 seconds" },
        respond: ({ content }) => text(content) === "slow" ? Deferred.await(gate) : Effect.void
      })
      const seen: Array<string> = []
      yield* kit.hook(Hook.afterSend({
        name: "seen",
        run: ({ content }, result) => Effect.sync(() => void seen.push(`${text(content)} ${result._tag}`))
      }))
      const room = yield* roomOf(kit, customer)
      const slow = yield* fork(post(kit, room, "slow"))
      const quick = yield* fork(post(kit, room, "quick"))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(slow.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const [delivery] = yield* Fiber.join(slow)
      assert(delivery?.outcome === "unknown")
      yield* Fiber.join(quick)
      assert.deepStrictEqual([yield* sent, seen], [[`${ours} > ${customer}: quick`], ["quick Success"]])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(seen, ["quick Success", "slow Success"])
      const tracked = yield* kit.tracker.get({ provider: "mock", messageId: "mock-2", recipient: customer })
      assert.strictEqual(tracked?.status, "queued")
    }))

  it.effect("stays what it is when the store of deliveries fails, and the kit says what is not followed", () =>
    Effect.gen(function*() {
      const store = yield* makeStoreMemory()
      const down = Effect.fail(new DeliveryStoreError({ cause: "down" }))
      const tracker = yield* Effect.provideService(DeliveryTracker.make(), DeliveryStore, {
        ...store,
        modify: () => down
      })
      const mock = yield* MockSmsProvider.make()
      const kit = yield* Effect.provideService(makeKit(), DeliveryTracker.DeliveryTracker, tracker)
      const changes = yield* watch(kit)
      yield* kit.registerChannel(SmsChannel.make({ provider: mock }))
      const posting = yield* fork(post(kit, yield* roomOf(kit, customer), "hi"))
      yield* TestClock.adjust("1 second")
      const [delivery] = yield* Fiber.join(posting)
      assert.strictEqual(delivery?.outcome, "delivered")
      const failures = yield* changes("TrackingFailed")
      assert.deepStrictEqual(failures.map(({ cause, messageId }) => [messageId, Cause.squash(cause)]), [
        ["mock-1", new DeliveryStoreError({ cause: "down" })]
      ])
    }))
})

describe("a send that has begun", () => {
  it.effect("is finished when the one who asked for it is interrupted", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { kit, sent } = yield* setUp({ respond: () => Deferred.await(gate) })
      const room = yield* roomOf(kit, customer)
      const caller = yield* fork(post(kit, room, "hi"))
      yield* settle
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer}: hi`])
      assert.isDefined(yield* kit.tracker.get({ provider: "mock", messageId: "mock-1", recipient: customer }))
    }))

  it.effect("is waited for at the end of its channel, and what has not begun is refused", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gates = { message: yield* Deferred.make<void>(), hook: yield* Deferred.make<void>() }
      const mock = yield* MockSmsProvider.make({ respond: () => Deferred.await(gates.message) })
      const close = yield* registerUntil(kit.registerChannel(SmsChannel.make({ provider: mock })))
      yield* kit.hook(Hook.beforeSend({
        name: "slow",
        run: ({ to }) => Effect.as(to === friend ? Deferred.await(gates.hook) : Effect.void, Hook.allow)
      }))
      const room = yield* roomOf(kit, customer, friend)
      const posting = yield* fork(post(kit, room, "hi"))
      yield* settle
      const closing = yield* fork(close)
      yield* settle
      assert.isUndefined(closing.pollUnsafe())
      yield* Deferred.succeed(gates.hook, undefined)
      yield* settle
      yield* Deferred.succeed(gates.message, undefined)
      yield* Fiber.join(closing)
      const [delivery] = yield* Fiber.join(posting)
      const [first, second] = delivery?.sends ?? []
      assert.strictEqual(first?.outcome, "sent")
      assert(second?.outcome === "failed")
      assert.isTrue(second.error.isRetryable)
      assert.lengthOf(yield* mock.sent, 1)
    }))

  it.effect("is unknown when it is cut off at the end of its channel", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ shutdownTimeout: "1 second" })
      const mock = yield* MockSmsProvider.make({ respond: () => Effect.never })
      const close = yield* registerUntil(kit.registerChannel(SmsChannel.make({ provider: mock })))
      const posting = yield* fork(post(kit, yield* roomOf(kit, customer), "hi"))
      const closing = yield* fork(close)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(closing)
      const [delivery] = yield* Fiber.join(posting)
      assert.deepStrictEqual([delivery?.outcome, delivery?.sends?.[0]?.outcome], ["unknown", "unknown"])
    }))
})

describe("what was sent in a room", () => {
  it.effect("is followed to its end, and the handlers get each step once, also one that comes before the receipt", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { kit, mock } = yield* setUp({ respond: () => Deferred.await(gate) })
      const seen: Array<string> = []
      yield* kit.onDeliveryStatus(({ status }) => Effect.sync(() => seen.push(status)))
      const webhook = (word: string) =>
        Effect.flatMap(mock.decodePayload({ id: "mock-1", to: customer, status: word }), kit.processEvents)
      const key = { provider: "mock", messageId: "mock-1", recipient: customer }
      const posting = yield* fork(post(kit, yield* roomOf(kit, customer), "hi"))
      const end = yield* fork(kit.tracker.awaitDelivery(key, "1 minute"))
      yield* webhook("sent")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(posting)
      for (const word of ["sent", "queued", "delivered", "delivered"]) yield* webhook(word)
      assert.strictEqual((yield* Fiber.join(end)).status, "delivered")
      yield* settle
      assert.deepStrictEqual(seen, ["sent", "delivered"])
    }))

  it.effect("is of its own provider: the same id elsewhere is another message", () =>
    Effect.gen(function*() {
      const { kit } = yield* setUp()
      yield* post(kit, yield* roomOf(kit, customer), "hi")
      yield* kit.processDeliveryStatus(status("mock-1"))
      const of = (provider: string) =>
        Effect.map(kit.tracker.get({ provider, messageId: "mock-1", recipient: customer }), (known) => known?.status)
      assert.deepStrictEqual([yield* of("mock"), yield* of("twilio")], ["queued", "delivered"])
    }))
})

describe("layers of SMS channels", () => {
  const layerKit = Layer.provide(RoomKit.layer(), NodeCrypto.layer)

  const channelsOf = Effect.gen(function*() {
    const kit = yield* RoomKit.RoomKit
    const { id } = yield* kit.createRoom()
    for (const channelId of ["sms-mock", "sms-other", "sms-twilio", "support"]) {
      yield* kit.attachChannel(id, { channelId, participant: customer })
    }
    return (yield* post(kit, id, "hi")).map(({ channelId, outcome }) => `${channelId} ${outcome}`)
  })

  it.effect("register the channel of one provider", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* channelsOf, ["support delivered"])
    }).pipe(
      Effect.provide(
        SmsChannel.layer({ id: "support" }).pipe(
          Layer.provide(MockSmsProvider.layer()),
          Layer.provideMerge(layerKit)
        )
      )
    ))

  it.effect("register a channel for each provider that sends", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* channelsOf, ["sms-mock delivered", "sms-other delivered"])
    }).pipe(
      Effect.provide(
        SmsChannel.layerProviders.pipe(
          Layer.provide(SmsProviders.layer(
            MockSmsProvider.layer(),
            Twilio.layerWebhook({ authToken: Redacted.make("only receives") }).pipe(Layer.provide(NodeCrypto.layer)),
            MockSmsProvider.layer({ name: "other" })
          )),
          Layer.provideMerge(layerKit)
        )
      )
    ))

  it.effect("take the tracker that is provided below the kit", () =>
    Effect.gen(function*() {
      const tracker = yield* DeliveryTracker.DeliveryTracker
      const kit = yield* RoomKit.RoomKit
      assert.strictEqual(kit.tracker, tracker)
    }).pipe(
      Effect.provide(
        layerKit.pipe(
          Layer.provideMerge(DeliveryTracker.layer()),
          Layer.provide(Layer.effect(DeliveryStore, makeStoreMemory()))
        )
      )
    ))

  it("ask for the kit and the provider", () => {
    expectTypeOf(SmsChannel.layer()).toEqualTypeOf<Layer.Layer<never, never, RoomKit.RoomKit | SmsProvider>>()
    expectTypeOf(SmsChannel.layerProviders).toEqualTypeOf<
      Layer.Layer<never, never, RoomKit.RoomKit | SmsProviders.SmsProviders>
    >()
  })
})
