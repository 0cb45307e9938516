/**
 * The forms of a re-cut that the official package accepts, each with the fields
 * that a captured webhook can be made to have, and each refused here; and what
 * has to pass, because Twilio may send it.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { getExpectedTwilioSignature, validateRequest } from "twilio/lib/webhooks/webhooks.js"
import type { Form } from "../../src/provider/Body.ts"
import { fieldsText } from "../../src/twilio/core/signedText.ts"
import { WebhookEvent } from "../../src/WebhookEvent.ts"
import * as Webhooks from "./webhooks.ts"

const url = "https://mycompany.com/sms?id=1"
const id = "0123456789abcdef0123456789abcdef"

/** As Twilio sends a message. */
const inbound = {
  ToCountry: "US",
  ToState: "CA",
  SmsMessageSid: `SM${id}`,
  NumMedia: "0",
  ToCity: "SAN BRUNO",
  FromZip: "",
  SmsSid: `SM${id}`,
  FromState: "CA",
  SmsStatus: "received",
  FromCity: "",
  Body: "Call Dave at DoorDash",
  FromCountry: "US",
  To: "+16505550100",
  ToZip: "94030",
  NumSegments: "1",
  MessageSid: `SM${id}`,
  AccountSid: `AC${id}`,
  From: "+16505550111",
  ApiVersion: "2010-04-01"
}

const report = {
  SmsSid: `SM${id}`,
  SmsStatus: "undelivered",
  MessageStatus: "undelivered",
  ErrorCode: "30003",
  ErrorMessage: "Unreachable ErrorName",
  To: "+16505550111",
  MessageSid: `SM${id}`,
  AccountSid: `AC${id}`,
  From: "+16505550100",
  ApiVersion: "2010-04-01"
}

/** The form with some fields taken away and others put in their place. */
const recut = (
  form: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | undefined | Array<string>>>
): Form =>
  Object.fromEntries(
    Object.entries({ ...form, ...changes }).filter((entry): entry is [string, string | Array<string>] =>
      entry[1] !== undefined
    )
  )

const cuts: ReadonlyArray<readonly [name: string, original: Readonly<Record<string, string>>, cut: Form]> = [
  ["the id becomes part of its name", inbound, recut(inbound, { MessageSid: undefined, [`MessageSidSM${id}`]: "" })],
  [
    "every id becomes part of its name",
    inbound,
    recut(inbound, {
      MessageSid: undefined,
      SmsMessageSid: undefined,
      SmsSid: undefined,
      [`MessageSidSM${id}`]: "",
      [`SmsMessageSidSM${id}`]: "",
      [`SmsSidSM${id}`]: ""
    })
  ],
  [
    "the id becomes part of the field before it",
    inbound,
    recut(inbound, { FromZip: `MessageSidSM${id}`, MessageSid: undefined })
  ],
  [
    "the id grows by the field after it",
    inbound,
    recut(inbound, { MessageSid: `SM${id}NumMedia0`, NumMedia: undefined })
  ],
  ["the text is emptied", { ...inbound, Body: "Hello" }, recut(inbound, { Body: undefined, BodyHello: "" })],
  [
    "the text is emptied, and has a value",
    { ...inbound, Body: "Hello" },
    recut(inbound, { Body: undefined, BodyHel: "lo" })
  ],
  [
    "the text becomes part of the field before it",
    inbound,
    recut(inbound, { ApiVersion: `2010-04-01Body${inbound.Body}`, Body: undefined })
  ],
  ["the text loses its end to a word", inbound, recut(inbound, { Body: "Call ", Dave: " at DoorDash" })],
  ["the text loses its end to a name of two words", inbound, recut(inbound, { Body: "Call Dave at ", DoorDash: "" })],
  [
    "the text begins with a name of two words",
    { ...inbound, Body: "DoorDash" },
    recut(inbound, { Body: "", DoorDash: "" })
  ],
  [
    "the text loses its end in quotation marks",
    { ...inbound, Body: "\"CallBack\"" },
    recut(inbound, { Body: "\"", CallBack: "\"" })
  ],
  [
    "the text takes the place of the sender",
    { ...inbound, Body: "HiFrom+15550001111" },
    recut(inbound, { Body: "Hi", From: ["+15550001111", "+16505550111"] })
  ],
  [
    "the text takes the place of the sender, and the sender goes into another field",
    { ...inbound, Body: "HiFrom+15550001111FromAbcd" },
    recut(inbound, { Body: "Hi", From: "+15550001111", FromAbcd: "From+16505550111" })
  ],
  [
    "the sender becomes part of the text",
    inbound,
    recut(inbound, { Body: `${inbound.Body}From+16505550111`, From: undefined })
  ],
  ["the sender becomes part of its name", inbound, recut(inbound, { From: undefined, "From+16505550111": "" })],
  [
    "the sender grows by the field after it",
    inbound,
    recut(inbound, { From: "+16505550111FromCity", FromCity: undefined })
  ],
  [
    "a short code grows by the field after it",
    { ...inbound, From: "12345" },
    recut(inbound, { From: "12345FromCity", FromCity: undefined })
  ],
  ["the number of files becomes part of its name", inbound, recut(inbound, { NumMedia: undefined, NumMedia0: "" })],
  [
    "the word of a message becomes part of its name",
    inbound,
    recut(inbound, { SmsStatus: undefined, SmsStatusreceived: "" })
  ],
  [
    "a city becomes part of its name",
    { ...inbound, FromCity: "Oakland" },
    recut(inbound, { FromCity: undefined, FromCityOakland: "" })
  ],
  ["a name begins in the middle of another", inbound, recut(inbound, { NumSegments: undefined, NumSegme: "nts1" })],
  ["the first field goes into the URL", inbound, recut(inbound, { AccountSid: undefined })],
  [
    "the word of a report becomes part of its name",
    report,
    recut(report, { MessageStatus: undefined, MessageStatusundelivered: "" })
  ],
  [
    "the sender of a report becomes part of an error",
    report,
    recut(report, { ErrorMessage: `${report.ErrorMessage}From+16505550100`, From: undefined })
  ],
  [
    "the recipient of a report becomes part of its word",
    report,
    recut(report, { SmsStatus: "undeliveredTo+16505550111", To: undefined })
  ],
  ["a code becomes part of its name", report, recut(report, { ErrorCode: undefined, ErrorCode30003: "" })],
  [
    "the id of a report becomes part of its name",
    report,
    recut(report, { MessageSid: undefined, SmsSid: undefined, [`MessageSidSM${id}`]: "", [`SmsSidSM${id}`]: "" })
  ]
]

const provider = Effect.runSync(Webhooks.provider)

const outcome = (parts: Webhooks.Parts) =>
  Effect.map(
    Effect.result(Effect.flatMap(provider.verify(Webhooks.request(parts)), provider.decode)),
    (result) => result._tag === "Success" ? result.success.map(({ _tag }) => _tag).join() : result.failure.reason._tag
  )

const encode = Schema.encodeSync(Schema.toCodecJson(Schema.Array(WebhookEvent)))

/** The events of a webhook without the payload that they were read from, or why it is refused. */
const reading = (parts: Webhooks.Parts) =>
  Effect.map(
    Effect.result(Effect.flatMap(provider.verify(Webhooks.request(parts)), provider.decode)),
    (result) =>
      result._tag === "Success"
        ? (encode(result.success) as ReadonlyArray<object>).map((event) => ({ ...event, raw: {} }))
        : result.failure.reason._tag
  )

const tokens = (form: Form) => ({ ...form }) as Record<string, unknown>

describe("a captured form", () => {
  it.effect.each(cuts.map(([name, original, cut]) => ({ name, original, cut })))(
    "is refused, or read as it was sent, when it is cut so that $name",
    ({ cut, original }) =>
      Effect.gen(function*() {
        const signature = getExpectedTwilioSignature("12345", url, original)
        const text = fieldsText(original)
        const moved = text.slice(0, text.length - fieldsText(cut).length)
        assert.strictEqual(moved + fieldsText(cut), text)
        assert.isTrue(validateRequest("12345", signature, url + moved, tokens(cut)))
        const sent = yield* reading({ url, body: Webhooks.encode(original), signature })
        assert.isArray(sent)
        const read = yield* reading({ url: url + moved, body: Webhooks.encode(cut), signature })
        if (read !== "InvalidPayload") assert.deepStrictEqual(read, sent)
      })
  )

  it.effect("is refused when the text is to take the place of the id", () =>
    Effect.gen(function*() {
      const original = { ...inbound, Body: "HiFrom+15550001111MessageSidSM1MessageZone" }
      const cut = recut(inbound, {
        Body: "Hi",
        From: "+15550001111",
        MessageSid: "SM1",
        MessageZone: `From+16505550111FromCityFromCountryUSFromStateCAFromZipMessageSidSM${id}`,
        FromCity: undefined,
        FromCountry: undefined,
        FromState: undefined,
        FromZip: undefined
      })
      const signature = getExpectedTwilioSignature("12345", url, original)
      assert.isTrue(validateRequest("12345", signature, url, tokens(cut)))
      assert.strictEqual(yield* outcome({ url, body: Webhooks.encode(original), signature }), "InboundMessage")
      assert.strictEqual(yield* outcome({ url, body: Webhooks.encode(cut), signature }), "InvalidPayload")
    }))

  it.effect("is refused as a GET, and a captured GET as a form", () =>
    Effect.gen(function*() {
      const asForm = getExpectedTwilioSignature("12345", url, inbound)
      const whole = url + fieldsText(inbound)
      assert.isTrue(validateRequest("12345", asForm, whole, {}))
      assert.strictEqual(yield* outcome({ method: "GET", url: whole, signature: asForm }), "InvalidPayload")

      const get = `${url}&${Webhooks.encode(inbound)}`
      const asGet = getExpectedTwilioSignature("12345", get, {})
      assert.strictEqual(yield* outcome({ method: "GET", url: get, signature: asGet }), "InboundMessage")
      for (let seam = url.length; seam <= get.length; seam++) {
        const rest = get.slice(seam)
        for (const end of new Set([0, 1, 8, rest.length])) {
          const form = rest === "" ? {} : { [rest.slice(0, end)]: rest.slice(end) }
          assert.isTrue(validateRequest("12345", asGet, get.slice(0, seam), form))
          const answer = yield* outcome({ url: get.slice(0, seam), body: Webhooks.encode(form), signature: asGet })
          assert.strictEqual(answer, "InvalidPayload")
        }
      }
    }))

  it.effect("is refused when it is signed JSON, made a form", () =>
    Effect.gen(function*() {
      const hash = "0123456789abcdef".repeat(4)
      const signed = `https://mycompany.com/sms?bodySHA256=${hash}`
      const signature = getExpectedTwilioSignature("12345", signed, {})
      for (let cut = 0; cut < 60; cut++) {
        const form = cut === 0 ? {} : { [signed.slice(-cut)]: "" }
        const received = signed.slice(0, signed.length - cut)
        assert.isTrue(validateRequest("12345", signature, received, form))
        assert.strictEqual(
          yield* outcome({ url: received, body: Webhooks.encode(form), signature }),
          "InvalidSignature"
        )
      }
    }))
})

describe("a form is accepted as Twilio sends it", () => {
  const accepted = Effect.fnUntraced(function*(form: Form) {
    const signature = getExpectedTwilioSignature("12345", url, tokens(form))
    return yield* outcome({ url, body: Webhooks.encode(form), signature })
  })

  const events = Effect.fnUntraced(function*(form: Form) {
    const signature = getExpectedTwilioSignature("12345", url, tokens(form))
    const webhook = yield* provider.verify(Webhooks.request({ url, body: Webhooks.encode(form), signature }))
    return encode(yield* provider.decode(webhook)) as ReadonlyArray<Record<string, unknown>>
  })

  it.effect("also with a field that is new, wherever it is in the signed text", () =>
    Effect.gen(function*() {
      const names = [
        "AaaaNew",
        "AccountName",
        "BrandSid",
        "CampaignId",
        "ContentVariables",
        "DeviceModel2",
        "ErrorCodeName",
        "FromCarrier",
        "GeoZone",
        "MessageBody",
        "ParentErrorCode",
        "ParentMessageSid",
        "RcsSenderId",
        "SmsEncoding",
        "ToCarrier",
        "Timestamp",
        "RCSAgentId",
        "Media_Url",
        "smartEncoded",
        "ZzzzLast"
      ]
      for (const name of names) {
        for (const value of ["", "1", "summer", "{\"a\": [1]}", "From the CampaignId"]) {
          assert.strictEqual(yield* accepted({ ...inbound, [name]: value }), "InboundMessage", name)
          assert.strictEqual(yield* accepted({ ...report, [name]: value }), "DeliveryStatus", name)
        }
      }
      // Directly after the text, it cannot be told from the end of the text.
      for (const name of ["BrandSid", "CampaignId", "ContentType", "DateCreatedUTC", "Direction", "EndUserId"]) {
        for (const Body of ["", "see you "]) {
          const [event] = yield* events({ ...inbound, Body, [name]: "1" })
          assert.deepInclude(event, {
            _tag: "InboundMessage",
            content: { _tag: "TextContent", text: `${Body}${name}1` }
          })
          assert.deepInclude(event?.raw, { Body, [name]: "1" })
        }
      }
    }))

  it.effect("with any text", () =>
    Effect.gen(function*() {
      const texts = [
        "",
        " ",
        "From",
        "To",
        "From: Bob",
        "Body",
        "=&?#",
        "FromBob",
        "DoorDash",
        "Sid",
        "SM1",
        "😀",
        "a\nb",
        "+1"
      ]
      for (const Body of texts) assert.strictEqual(yield* accepted({ ...inbound, Body }), "InboundMessage", Body)
    }))

  it.effect("from and to any address that Twilio has", () =>
    Effect.gen(function*() {
      const addresses = [
        "+1",
        "+16505550111",
        "16505550111",
        "12345",
        "123",
        "ACME",
        "Acme Corp",
        "3M",
        "A&B-c_d.e+",
        "Société",
        "whatsapp:+16505550111",
        "whatsapp:16505550111",
        "messenger:1234567890",
        "rcs:brand_agent_x",
        "sip:alice@example.com"
      ]
      for (const address of addresses) {
        assert.strictEqual(yield* accepted({ ...inbound, From: address }), "InboundMessage", address)
        assert.strictEqual(yield* accepted({ ...inbound, To: address }), "InboundMessage", address)
      }
    }))

  it.effect("with a word for a state that is not known", () =>
    Effect.gen(function*() {
      for (const word of ["delivered", "partially_delivered", "teleported", "DELIVERED"]) {
        assert.strictEqual(yield* accepted({ ...report, MessageStatus: word, SmsStatus: word }), "DeliveryStatus")
      }
      const { From: _1, ErrorMessage: _2, ...without } = report
      assert.strictEqual(yield* accepted(without), "DeliveryStatus")
    }))

  it.effect("when it is about something else than a message", () =>
    Effect.gen(function*() {
      const conversation = {
        AccountSid: `AC${id}`,
        ConversationSid: `CH${id}`,
        EventType: "onDeliveryUpdated",
        MessageSid: `IM${id}`,
        ChannelMessageSid: `SM${id}`,
        Status: "delivered",
        Source: "SMS",
        Index: "4"
      }
      assert.notInclude(["InvalidPayload", "InvalidSignature"], yield* accepted(conversation))
      assert.strictEqual(
        yield* accepted({ event_type: "click", sms_sid: `SM${id}`, to: "+1", from: "+1" }),
        "Unrecognized"
      )
    }))
})
