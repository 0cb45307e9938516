import { assert, describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import type { Payload } from "../../src/Payload.ts"
import { utc } from "../../src/provider/core/time.ts"
import * as Fields from "../../src/provider/Fields.ts"
import { classes, eventsOf } from "../../src/provider/internal/classes.ts"
import { decode as decodeSinch } from "../../src/sinch/core/decode.ts"
import * as SinchSchema from "../../src/sinch/core/fields.ts"
import { decode as decodeTelnyx } from "../../src/telnyx/core/decode.ts"
import * as TelnyxSchema from "../../src/telnyx/core/fields.ts"
import { decode as decodeTwilio } from "../../src/twilio/core/decode.ts"
import * as TwilioSchema from "../../src/twilio/core/fields.ts"
import { decode as decodeVoiceMeUp } from "../../src/voicemeup/core/decode.ts"
import * as VoiceMeUpSchema from "../../src/voicemeup/core/fields.ts"
import type { InvalidPayload } from "../../src/WebhookError.ts"
import { WebhookEvent } from "../../src/WebhookEvent.ts"
import { render, type Table, tables } from "./payloadFields.ts"

it("docs/payload-fields.md is what the schemas say", async () => {
  await expect(render()).toMatchFileSnapshot("../../docs/payload-fields.md")
})

it("the tables have every field that the decoders read", () => {
  const read = [
    [TwilioSchema.messageFields, TwilioSchema.Inbound],
    [TwilioSchema.statusFields, TwilioSchema.StatusCallback],
    [SinchSchema.messageFields, SinchSchema.Inbound],
    [SinchSchema.recipientReportFields, SinchSchema.RecipientReport],
    [SinchSchema.batchReportFields, SinchSchema.BatchReport],
    [VoiceMeUpSchema.rowFields, VoiceMeUpSchema.Row]
  ] as const
  for (const [{ places }, { fields }] of read) {
    const known = new Set(Object.keys(places).map((path) => path.split(".")[0]))
    assert.deepStrictEqual(Object.keys(fields).filter((field) => !known.has(field)), [])
  }
  const telnyx = [TelnyxSchema.messageFields, TelnyxSchema.reportFields].flatMap(({ places }) => Object.keys(places))
  const known = new Set(telnyx.map((path) => path.split(".")[0]))
  assert.deepStrictEqual(Object.keys(TelnyxSchema.Message.fields).filter((field) => !known.has(field)), [])
})

interface Sample {
  readonly decode: (payload: Payload) => Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload>
  /** A value for each field that is not some text. */
  readonly values: Readonly<Record<string, unknown>>
  /** The objects that are in lists. */
  readonly lists?: ReadonlyArray<string>
}

const [one, two, three] = ["2026-07-17T12:06:01.000Z", "2026-07-17T12:06:02.000Z", "2026-07-17T12:06:03.000Z"]

const telnyx = (event_type: string) => (payload: Payload) =>
  eventsOf(decodeTelnyx(classes, "telnyx", { data: { event_type, payload } }))

const telnyxValues = {
  parts: 2,
  tags: ["a", "b"],
  "cost.amount": "0.0051",
  "cost.currency": "USD",
  tcr_campaign_billable: true,
  num_chars: 7
}

const samples: Readonly<Record<string, Sample>> = {
  "Twilio: messages": {
    decode: (payload) => eventsOf(decodeTwilio(classes, "twilio", payload)),
    values: {
      From: "whatsapp:+16505550111",
      WaId: "16505550112",
      NumSegments: "2",
      NumMedia: "0",
      SmsStatus: "received",
      Latitude: "45.5",
      Longitude: "-73.5"
    }
  },
  "Twilio: status callbacks": {
    decode: (payload) => eventsOf(decodeTwilio(classes, "twilio", payload)),
    values: { NumSegments: "2", MessageStatus: "undelivered", SmsStatus: "failed" }
  },
  "Sinch: messages": {
    // `udh` is content of a binary message only.
    decode: (payload) =>
      Effect.map(
        Effect.all([
          eventsOf(decodeSinch(classes, "sinch", payload)),
          eventsOf(decodeSinch(classes, "sinch", { ...payload, type: "mo_binary" }))
        ]),
        (events) => events.flat()
      ),
    values: {
      type: "mo_text",
      udh: "06050423f423f4",
      received_at: one,
      sent_at: two,
      send_at: three,
      media: [{ url: "https://media.example.com/1" }]
    }
  },
  "Sinch: recipient delivery reports": {
    decode: (payload) => eventsOf(decodeSinch(classes, "sinch", payload)),
    values: {
      type: "recipient_delivery_report_sms",
      status: "Failed",
      code: 34,
      at: one,
      operator_status_at: two,
      client_reference: "intent=1",
      number_of_message_parts: 2
    }
  },
  "Sinch: batch delivery reports": {
    decode: (payload) => eventsOf(decodeSinch(classes, "sinch", payload)),
    values: {
      type: "delivery_report_sms",
      "statuses.status": "Failed",
      "statuses.code": 34,
      "statuses.count": 1,
      "statuses.recipients": ["12015555555"],
      client_reference: "intent=1",
      total_message_count: 1
    },
    lists: ["statuses"]
  },
  "Telnyx: messages": {
    decode: telnyx("message.received"),
    values: {
      ...telnyxValues,
      direction: "inbound",
      to: [{ phone_number: "+17735550002" }, { phone_number: "+17735550003" }],
      cc: ["+17735550004"],
      media: [{ url: "https://media.example.com/1" }],
      media_urls: ["https://media.example.com/2"],
      body: { button: { text: "Yes" } },
      received_at: one,
      sent_at: two,
      completed_at: three,
      is_spam: true
    }
  },
  "Telnyx: delivery reports": {
    // Each of the times is that of one of the events.
    decode: (payload) =>
      Effect.map(
        Effect.all([telnyx("message.sent")(payload), telnyx("message.finalized")(payload)]),
        (events) => events.flat()
      ),
    values: {
      ...telnyxValues,
      direction: "outbound",
      "to.phone_number": "+17735550002",
      "to.status": "delivery_failed",
      cc: [{ phone_number: "+17735550003", status: "delivered" }],
      media: [{ url: "https://media.example.com/1" }],
      body: { type: "text" },
      received_at: one,
      sent_at: two,
      completed_at: three,
      webhook_url: "https://sms.example.com/?reference=order-7&intent=1",
      smart_encoding_applied: true,
      wait_seconds: 1.5
    },
    lists: ["to", "errors"]
  },
  "VoiceMeUp: messages": {
    decode: (payload) => eventsOf(decodeVoiceMeUp(classes, "voicemeup", utc, payload)),
    values: {
      direction: "inbound",
      source_number: "14188050723",
      destination_number: "14184805945",
      datetime: "2026-07-17 12:06:02",
      datetime_transmission: "2026-07-17 12:06:01"
    }
  }
}

const valueOf = ({ values }: Sample, field: string): unknown =>
  Object.hasOwn(values, field) ? values[field] : `a ${field}`

/** The payload that has these fields, shorter paths first. */
const payloadOf = (sample: Sample, fields: ReadonlyArray<string>): Payload => {
  const payload: Record<string, unknown> = {}
  for (const field of fields.toSorted((a, b) => a.split(".").length - b.split(".").length)) {
    const path = field.split(".")
    let at = payload
    for (const key of path.slice(0, -1)) {
      at[key] ??= sample.lists?.includes(key) === true ? [{}] : {}
      at = (Array.isArray(at[key]) ? at[key][0] : at[key]) as Record<string, unknown>
    }
    at[path.at(-1)!] = structuredClone(valueOf(sample, field))
  }
  return payload
}

const encode = Schema.encodeSync(Schema.toCodecJson(WebhookEvent))

/** The events without their payload; `undefined` where it is refused. */
const events = (sample: Sample, fields: ReadonlyArray<string>): ReadonlyArray<Payload> | undefined => {
  const exit = Effect.runSyncExit(sample.decode(payloadOf(sample, fields)))
  return Exit.isFailure(exit) ? undefined : exit.value.map((event) => {
    const { raw: _, ...message } = encode(event._tag === "MessagePart" ? event.message : event) as Payload
    return message
  })
}

const placeIn = (sample: Sample, fields: ReadonlyArray<string>, place: string) =>
  JSON.stringify(events(sample, fields)?.map((event) => Fields.at(event, place.split("."))))

const nameOf = ({ carrier, title }: Table) => `${carrier}: ${title}`

describe("the table of", () => {
  for (const table of tables) {
    const sample = samples[nameOf(table)]!
    const { places } = table.fields
    const all = Object.keys(places)

    it(`${nameOf(table)} is of events of the right kind`, () => {
      const tags = new Set(events(sample, all)?.map(({ _tag }) => _tag))
      assert.deepStrictEqual([...tags], [table.event])
    })

    it.each(all)(`${nameOf(table)} is right about %s`, (field) => {
      const without = (left: ReadonlyArray<string>) => all.filter((field) => !left.includes(field))
      if (places[field]!.length === 0) {
        return assert.deepStrictEqual(events(sample, without([field])), events(sample, all))
      }
      for (const place of places[field]!.map((place) => place.split(", ")[0]!)) {
        if (place === "_tag") continue
        if (place === "metadata") {
          const [event] = events(sample, all)!
          const value = valueOf(sample, field)
          const text = Array.isArray(value) ? value.join(",") : String(value)
          if (places[field]!.includes(place)) {
            assert.strictEqual((event!["metadata"] as Payload)[field], text)
            continue
          }
        }
        // It makes a difference, at least where others are missing that have precedence.
        const others = all.filter((other) => other !== field)
        const sharesAll = others.filter((other) => String(places[other]) === String(places[field]))
        const sharesPlace = others.filter((other) => places[other]!.some((other) => other.split(", ")[0] === place))
        const differs = [[], sharesAll, sharesPlace, ...others.map((other) => [other])].some((left) => {
          const value = placeIn(sample, without(left), place)
          return value !== undefined && value !== "[null]" &&
            value !== placeIn(sample, without([...left, field]), place)
        })
        assert.isTrue(differs, place)
      }
    })
  }
})
