import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import type { Payload } from "../../src/Payload.ts"
import { utc } from "../../src/provider/core/time.ts"
import { toText } from "../../src/provider/core/values.ts"
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
import { toInbound, WebhookEvent } from "../../src/WebhookEvent.ts"

/** Values as they might stand in any field, of the right kind or not. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("", null, undefined, [], {}, "0") },
  { weight: 2, arbitrary: fc.constantFrom("x", "45.5", "-73.5", "https://x.test/a.png", 7, true) },
  fc.string({ unit: "grapheme", maxLength: 5 }),
  fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text) as unknown)
)

/** Payloads with some of the documented fields, and some that nobody knows. */
const payloads = (names: ReadonlyArray<string>, required: Payload): fc.Arbitrary<Payload> =>
  fc.tuple(
    fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 }),
    fc.option(fc.dictionary(fc.constantFrom("NewThing", "poll", "ContactCards"), value, { maxKeys: 2 }), {
      nil: {},
      freq: 3
    })
  ).map(([known, unknown]) => ({ ...known, ...unknown, ...required }))

const isBlank = (value: unknown): boolean =>
  typeof value === "object" && value !== null
    ? Object.values(value).every(isBlank)
    : [undefined, null, "", "0", "false", 0, false].includes(value as string)

/** What of a payload must not be lost: the fields that are content, and those that are not in the table. */
const worthReading = ({ places }: Fields.Fields, payload: Payload) =>
  Object.keys(payload).filter((key) => {
    const paths = Object.keys(places).filter((path) => path.split(".")[0] === key)
    const isContent = paths.length === 0 || paths.some((path) => places[path]!.includes("content"))
    return isContent && !isBlank(payload[key])
  })

const isEmpty = (event: WebhookEvent | undefined) =>
  Option.match(Option.flatMap(Option.fromUndefinedOr(event), toInbound), {
    onNone: () => false,
    onSome: ({ content }) => Content.isEmpty(content)
  })

/** The word for a kind of message that is not text. */
const isOtherType = (type: unknown): boolean =>
  Array.isArray(type)
    ? !Array.isArray(type[0]) && isOtherType(type[0])
    : (typeof type === "number" || (typeof type === "string" && type !== "")) && type !== "text"

const topLevel = ({ places }: Fields.Fields) => [...new Set(Object.keys(places).map((path) => path.split(".")[0]!))]

interface Case {
  readonly decode: (payload: Payload) => ReadonlyArray<WebhookEvent>
  readonly payload: fc.Arbitrary<Payload>
  readonly worthReading: (payload: Payload) => ReadonlyArray<string>
}

const numbers = { from: "12015555555", to: "12017777777" }
const media = ["MediaUrl0", "MediaContentType0", "MediaUrl1", "MediaContentType3"]

const cases: Readonly<Record<string, Case>> = {
  Twilio: {
    decode: (payload) => Effect.runSync(eventsOf(decodeTwilio(classes, "twilio", payload))),
    payload: payloads([...topLevel(TwilioSchema.messageFields), ...media], {
      MessageSid: "SM1",
      SmsStatus: "received",
      From: "+16505550111",
      To: "+16505550100"
    }),
    worthReading: (payload) => [
      ...worthReading(TwilioSchema.messageFields, payload),
      ...(/^[1-9]\d*$/.test(String(payload["NumMedia"])) ? ["NumMedia"] : []),
      ...(isOtherType(payload["MessageType"]) ? ["MessageType"] : [])
    ]
  },
  Sinch: {
    decode: (payload) => Effect.runSync(eventsOf(decodeSinch(classes, "sinch", payload))),
    payload: fc.constantFrom("mo_text", "mo_media", "mo_binary").chain((type) =>
      payloads(topLevel(SinchSchema.messageFields), { type, ...numbers })
    ),
    worthReading: (payload) => worthReading(SinchSchema.messageFields, payload)
  },
  Telnyx: {
    decode: (payload) =>
      Effect.runSync(eventsOf(decodeTelnyx(classes, "telnyx", { data: { event_type: "message.received", payload } }))),
    payload: fc.tuple(
      payloads(topLevel(TelnyxSchema.messageFields), { id: "1", direction: "inbound", ...numbers }),
      fc.dictionary(
        fc.constantFrom("id", "type", "text", "image", "location", "contacts", "button", "reaction", "order", "poll"),
        fc.oneof(value, fc.dictionary(fc.constantFrom("body", "url", "text", "latitude", "name"), value))
      )
    ).map(([payload, body]) => ({ ...payload, body })),
    worthReading: (payload) => [
      ...worthReading(TelnyxSchema.messageFields, payload).filter((key) => key !== "body"),
      ...Object.entries(payload["body"] as Payload).filter(([key, value]) =>
        key === "type" ? isOtherType(value) : key !== "id" && !isBlank(value)
      ).map(([key]) => key)
    ]
  },
  VoiceMeUp: {
    decode: (payload) => Effect.runSync(eventsOf(decodeVoiceMeUp(classes, "voicemeup", utc, payload))),
    payload: payloads(topLevel(VoiceMeUpSchema.rowFields).filter((name) => name !== "direction"), {
      source_number: "14188050723",
      destination_number: "14184805945"
    }),
    // With a name and no field for a content, it is a notice.
    worthReading: (payload) => [
      ...worthReading(VoiceMeUpSchema.rowFields, payload),
      ...["message", "attachment", "attachment_url"].some((key) => Object.hasOwn(payload, key))
        ? []
        : ["event", "type"].filter((key) => toText(payload[key]) !== "")
    ]
  }
}

describe("a message that says something", () => {
  it.each(Object.keys(cases))("never decodes to nothing (%s)", (carrier) => {
    const { decode, payload, worthReading } = cases[carrier]!
    const seen = new Set<string>()
    fc.assert(
      fc.property(payload, (payload) => {
        const events = decode(payload)
        assert.lengthOf(events, 1)
        const [event] = events
        const content = worthReading(payload)
        if (isEmpty(event)) assert.deepStrictEqual(content, [])
        // What is empty indeed is a message, and not something that nobody knows.
        if (event?._tag === "Unrecognized") assert.isNotEmpty(content)
        assert.isTrue(events.every(Schema.is(WebhookEvent)))
        seen.add(isEmpty(event) ? "empty" : event!._tag)
      }),
      { numRuns: 3000 }
    )
    assert.isAtLeast(seen.size, 2)
  })
})

describe("Fields.isBlank", () => {
  it("agrees with a recursive check, and goes as deep as it must", () => {
    fc.assert(fc.property(value, (value) => assert.strictEqual(Fields.isBlank(value), isBlank(value))))
    const deep = (inner: string) => JSON.parse(`${"[".repeat(100_000)}${inner}${"]".repeat(100_000)}`)
    assert.isTrue(Fields.isBlank(deep("")))
    assert.isFalse(Fields.isBlank(deep("\"x\"")))
  })
})
