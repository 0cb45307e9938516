import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as Content from "../src/Content.ts"
import { DeliveryStatus } from "../src/DeliveryStatus.ts"
import { InboundMessage } from "../src/Message.ts"
import * as WebhookEvent from "../src/WebhookEvent.ts"
import { roundTrip } from "./roundTrip.ts"

// `raw` is whatever JSON held, which is what survives JSON.
const raw = Schema.JsonObject
const inbound = Schema.Struct({ ...InboundMessage.fields, raw })
const part = Schema.Struct({ ...WebhookEvent.MessagePart.fields, message: inbound })
const unrecognized = Schema.Struct({ ...WebhookEvent.Unrecognized.fields, raw })
const status = Schema.Struct({ ...DeliveryStatus.fields, raw })

const make = (fields: typeof fieldsOf.Type): WebhookEvent.WebhookEvent => {
  switch (fields._tag) {
    case "InboundMessage":
      return new InboundMessage(fields)
    case "MessagePart":
      return new WebhookEvent.MessagePart({ ...fields, message: new InboundMessage(fields.message) })
    case "DeliveryStatus":
      return new DeliveryStatus(fields)
    case "Unrecognized":
      return new WebhookEvent.Unrecognized(fields)
  }
}
const fieldsOf = Schema.Union([inbound, part, unrecognized, status])

describe("WebhookEvent", () => {
  it.effect.prop("round-trips through JSON", { fields: fieldsOf }, ({ fields }) =>
    Effect.gen(function*() {
      const copy = yield* roundTrip(WebhookEvent.WebhookEvent, make(fields))
      assert.strictEqual(copy._tag, fields._tag)
    }), { arbitrary: { runs: 200 } })

  it.effect.prop("only messages and parts bring a message", { fields: fieldsOf }, ({ fields }) =>
    Effect.sync(() => {
      const event = make(fields)
      const message = Option.getOrUndefined(WebhookEvent.toInbound(event))
      if (event._tag === "InboundMessage") assert.strictEqual(message, event)
      else if (event._tag !== "MessagePart") assert.isUndefined(message, "a delivery report is never inbound")
      else if (event.role === "wrapper" && Content.isEmpty(event.message.content)) assert.isUndefined(message)
      else assert.strictEqual(message, event.message)
    }))
})
