/** Messages of a group: its room, and the answers in it, through Telnyx's own webhook and API. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Address } from "../../src/Address.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import type * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { webhookFixtures } from "../fixtures.ts"
import { publicKey } from "../telnyx/keys.ts"
import { customer, makeKit, message, ours, said, watch } from "./kit.ts"

const friend = Address.make("+15145550143")
const other = Address.make("+15145550144")

const group = { channelId: "sms-mock", sender: customer, recipient: ours, participants: [friend, other] }

const addressed = (sent: ReadonlyArray<OutboundMessage>) =>
  sent.map(({ from, recipients }) => `${from} > ${recipients.join()}`)

const setUp = Effect.fnUntraced(function*() {
  const kit = yield* makeKit()
  const mock = yield* MockSmsProvider.make()
  yield* kit.registerChannel(SmsChannel.make({ provider: mock }))
  return { kit, mock, sent: Effect.map(mock.sent, addressed) }
})

const receive = Effect.fnUntraced(function*(kit: RoomKit.Service, parts: Parameters<typeof message>[1]) {
  const result = yield* kit.processInbound(message("hello", parts))
  assert(result._tag === "Broadcast")
  return result.event
})

const answer = Effect.fnUntraced(function*(kit: RoomKit.Service, roomId: string) {
  const result = yield* kit.post(roomId, said("noted"))
  assert(result._tag === "Broadcast")
  return result.deliveries
})

describe("a group", () => {
  it.effect("has one room, whoever of it writes, and each member still has another", () =>
    Effect.gen(function*() {
      const { kit } = yield* setUp()
      const alone = yield* receive(kit, { ...group, participants: [] })
      const event = yield* receive(kit, group)
      const next = yield* receive(kit, { ...group, sender: friend, participants: [other, customer] })
      assert.strictEqual(next.roomId, event.roomId)
      assert.notStrictEqual(event.roomId, alone.roomId)
      assert.strictEqual((yield* receive(kit, { ...group, participants: [] })).roomId, alone.roomId)
      assert.deepStrictEqual(event.source.participants, [friend, other])
      assert.strictEqual(event.source.channelType, "mms")
      const rooms = yield* kit.rooms
      const people = new Map(rooms.map(({ id, participants }) => [id, participants]))
      assert.deepStrictEqual(people.get(event.roomId), [customer, friend, other])
      assert.deepStrictEqual(people.get(alone.roomId), [customer])
    }))

  it.effect("gets an answer in one message to all, with a delivery for each", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const { roomId } = yield* receive(kit, group)
      const [delivery] = yield* answer(kit, roomId)
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer},${friend},${other}`])
      const [send, ...others] = delivery!.sends!
      assert(send?.outcome === "sent" && others.length === 0)
      assert.deepStrictEqual([send.recipient, send.participants], [customer, [friend, other]])
      assert.deepStrictEqual(send.receipt.recipients?.map(({ recipient }) => recipient), [customer, friend, other])
      for (const recipient of [customer, friend, other]) {
        const tracked = yield* kit.tracker.get({ provider: "mock", messageId: "mock-1", recipient })
        assert.deepStrictEqual([tracked?.recipient, tracked?.status], [recipient, "queued"])
      }
      // The number that the group wrote to last.
      const ourOther = Address.make("+15145550101")
      yield* kit.attachChannel(roomId, { channelId: "sms-mock", group: [other, customer, friend] })
      yield* receive(kit, { ...group, recipient: ourOther, sender: other, participants: [customer, friend] })
      yield* answer(kit, roomId)
      // Attached twice, it is still one group.
      assert.deepStrictEqual((yield* sent).slice(1), [`${ourOther} > ${other},${customer},${friend}`])
    }))

  it.effect("is opened by the application, with its numbers written anyhow", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const { id } = yield* kit.createRoom()
      const attach = (group: ReadonlyArray<string>, participant?: Address) =>
        kit.attachChannel(id, {
          channelId: "sms-mock",
          recipient: ours,
          participant,
          group: group.map((each) => Address.make(each))
        })
      yield* attach(["+1 (514) 555-0142", friend])
      yield* answer(kit, id)
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer},${friend}`])
      assert.strictEqual((yield* receive(kit, { ...group, sender: friend, participants: [customer] })).roomId, id)
      for (const wrong of [[customer], [customer, "+1 514 555 0142"], [customer, "514 555 0143"]]) {
        assert.strictEqual((yield* Effect.flip(attach(wrong)))._tag, "InvalidAttachment")
      }
      assert.strictEqual((yield* Effect.flip(attach([customer, friend], other)))._tag, "InvalidAttachment")
    }))

  it.effect("is not sent what one of its members wrote on another channel", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const { roomId } = yield* receive(kit, group)
      yield* kit.attachChannel(roomId, { channelId: "sms-other", participant: friend })
      yield* kit.attachChannel(roomId, { channelId: "sms-other", participant: Address.make("+15145550149") })
      yield* receive(kit, { channelId: "sms-other", sender: friend, recipient: ours })
      assert.deepStrictEqual(yield* sent, [])
      yield* receive(kit, { channelId: "sms-other", sender: "+15145550149", recipient: ours })
      assert.deepStrictEqual(yield* sent, [`${ours} > ${customer},${friend},${other}`])
    }))

  it.effect("passes the hooks as one message that names all", () =>
    Effect.gen(function*() {
      const { kit, sent } = yield* setUp()
      const { roomId } = yield* receive(kit, group)
      const asked: Array<ReadonlyArray<Address>> = []
      yield* kit.hook(Hook.beforeSend({
        name: "consent",
        channelTypes: ["mms"],
        run: ({ recipients }) =>
          Effect.sync(() => {
            asked.push(recipients)
            return recipients.includes(other) ? Hook.block("opted out") : Hook.allow
          })
      }))
      const [delivery] = yield* answer(kit, roomId)
      assert.deepStrictEqual(asked, [[customer, friend, other]])
      assert.strictEqual(delivery?.outcome, "blocked")
      assert.deepStrictEqual(yield* sent, [])
    }))

  it.effect("is answered with a typed error where the carrier has no groups, and nobody gets the answer alone", () =>
    Effect.gen(function*() {
      const carrier = yield* CarrierServer.serve(CarrierServer.answer(201, { sid: "SM1", status: "queued" }))
      const twilio = yield* Effect.map(
        Layer.build(
          Twilio.layer({ accountSid: "AC1", authToken: Redacted.make("secret"), baseUrl: carrier.url }).pipe(
            Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
          )
        ),
        Context.get(SmsProvider)
      )
      const kit = yield* makeKit()
      yield* kit.registerChannel(SmsChannel.make({ provider: twilio }))
      const failures = yield* watch(kit)
      const { roomId } = yield* receive(kit, { ...group, channelId: "sms-twilio" })
      const [delivery] = yield* answer(kit, roomId)
      const [send] = delivery!.sends!
      assert(delivery?.outcome === "failed" && send?.outcome === "failed")
      assert.strictEqual(send.error.reason._tag, "NotSupported")
      assert.include(send.error.message, "participants: expected one recipient")
      assert.isTrue(send.error.canFailOver)
      assert.lengthOf(yield* failures("SendFailed"), 1)
      assert.lengthOf(carrier.requests, 0)
    }))

  it.effect("goes from the webhook of Telnyx to its group API and back to the delivery of each", () =>
    Effect.gen(function*() {
      const [ann, bob, eve, us] = ["+15559876543", "+15558765432", "+15557654321", "+15551234567"] as const
      // The id in the fixtures of its webhooks: the emulator would make up another.
      const groupId = "403189d4-b1d6-4993-b263-6470e5224430"
      const carrier = yield* CarrierServer.serve(CarrierServer.answer(200, {
        data: {
          id: groupId,
          group_message_id: groupId,
          from: us,
          to: [ann, bob, eve].map((phone_number) => ({ phone_number, status: "queued" })),
          parts: 1
        }
      }))
      const telnyx = yield* Effect.map(
        Layer.build(
          Telnyx.layer({ publicKey, apiKey: Redacted.make("KEY1"), baseUrl: carrier.url }).pipe(
            Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
          )
        ),
        Context.get(SmsProvider)
      )
      const kit = yield* makeKit()
      yield* kit.registerChannel(SmsChannel.make({ provider: telnyx }))
      const decode = (name: string) => {
        const { request } = webhookFixtures("telnyx").find((fixture) => fixture.name === name)!
        return telnyx.decodePayload(JSON.parse(request.body))
      }
      const [received] = yield* kit.processEvents(yield* decode("inbound-group-mms"))
      assert(received?._tag === "Broadcast")
      yield* answer(kit, received.event.roomId)
      const [request, ...others] = carrier.requests
      assert.deepStrictEqual([request?.path, others], ["/v2/messages/group_mms", []])
      assert.deepStrictEqual(JSON.parse(request!.body), { from: us, to: [ann, bob, eve], text: "noted" })
      yield* kit.processEvents(yield* decode("status-finalized-group"))
      yield* kit.processEvents(yield* decode("status-finalized-group-own-record"))
      const statuses = yield* Effect.forEach(
        [ann, bob, eve],
        (recipient) =>
          Effect.map(kit.tracker.get({ provider: "telnyx", messageId: groupId, recipient }), (found) => found?.status)
      )
      assert.deepStrictEqual(statuses, ["delivered", "unconfirmed", "queued"])
    }))
})
