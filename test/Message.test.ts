import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Content from "../src/Content.ts"
import { groupOf } from "../src/internal/group.ts"
import * as Message from "../src/Message.ts"
import { roundTrip } from "./roundTrip.ts"

// `raw` is whatever JSON held, which is what survives JSON.
const inbound = Schema.Struct({ ...Message.InboundMessage.fields, raw: Schema.JsonObject })

describe("InboundMessage", () => {
  it.effect.prop(
    "round-trips through JSON",
    { fields: inbound },
    ({ fields }) => roundTrip(Message.InboundMessage, new Message.InboundMessage(fields)),
    { arbitrary: { runs: 200 } }
  )

  it.effect.prop(
    "is an MMS if there is media or a group, else an SMS",
    { fields: inbound },
    ({ fields }) =>
      Effect.sync(() => {
        const message = new Message.InboundMessage(fields)
        const isMms = Content.media(message.content).length > 0 || groupOf(message) !== undefined
        assert.strictEqual(message.channelType, isMms ? "mms" : "sms")
      })
  )

  it.effect.prop(
    "moves to another channel and changes nothing else",
    { fields: inbound },
    ({ fields }) =>
      Effect.sync(() => {
        const moved = new Message.InboundMessage(fields).onChannel("support")
        assert.instanceOf(moved, Message.InboundMessage)
        assert.deepStrictEqual({ ...moved }, { ...new Message.InboundMessage({ ...fields, channelId: "support" }) })
      })
  )
})

describe("OutboundMessage", () => {
  it.effect.prop(
    "round-trips through JSON",
    { message: Message.OutboundMessage },
    ({ message }) => roundTrip(Message.OutboundMessage, message)
  )
})

describe("SendReceipt", () => {
  it.effect.prop(
    "round-trips through JSON",
    { receipt: Message.SendReceipt },
    ({ receipt }) => roundTrip(Message.SendReceipt, receipt)
  )
})
