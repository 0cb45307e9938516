import { assert, it, layer } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import { Status } from "../../src/DeliveryStatus.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { statuses } from "../../src/twilio/core/basic.ts"
import { toInbound, type WebhookEvent } from "../../src/WebhookEvent.ts"
import { unverifiedWebhook, type WebhookRequest } from "../../src/WebhookRequest.ts"
import * as Webhooks from "./webhooks.ts"

const sid = "SM00000000000000000000000000000001"

const inbound = {
  MessageSid: sid,
  SmsSid: sid,
  SmsMessageSid: sid,
  SmsStatus: "received",
  From: "+16505550111",
  To: "+16505550100",
  Body: "hi",
  NumMedia: "0"
}

/** As for a message that we sent, so `From` is our own number. */
const status = {
  MessageSid: sid,
  SmsSid: sid,
  SmsStatus: "delivered",
  MessageStatus: "delivered",
  From: "+16505550100",
  To: "+16505550111"
}

const decode = (payload: Readonly<Record<string, unknown>>) =>
  Effect.flatMap(SmsProvider, (provider) => provider.decodePayload(payload))

const one = Effect.fnUntraced(function*(payload: Readonly<Record<string, unknown>>) {
  const events = yield* decode(payload)
  assert.lengthOf(events, 1)
  return events[0]!
})

const message = Effect.fnUntraced(function*(payload: Readonly<Record<string, unknown>>) {
  return Option.getOrThrow(toInbound(yield* one(payload)))
})

const step = Effect.fnUntraced(function*(payload: Readonly<Record<string, unknown>>) {
  const event = yield* one(payload)
  assert.isTrue(event._tag === "DeliveryStatus")
  return event as Extract<WebhookEvent, { readonly _tag: "DeliveryStatus" }>
})

const refusal = Effect.fnUntraced(function*(payload: Readonly<Record<string, unknown>>) {
  const { reason } = yield* Effect.flip(decode(payload))
  return reason._tag === "InvalidPayload" ? reason.issues.map(({ field }) => field) : reason._tag
})

/** The message `Status` enumeration of Twilio's OpenAPI document. */
const words =
  "accepted scheduled queued sending sent delivered partially_delivered undelivered failed canceled read receiving received"
    .split(" ")

layer(Webhooks.layer)("a delivery report", (it) => {
  it.effect.each(words)("is never inbound, whatever it reports: %s", (word) =>
    Effect.gen(function*() {
      const { NumMedia: _, ...fields } = inbound
      const empty = { NumMedia: "0", Body: "" }
      for (
        const payload of [
          { ...status, MessageStatus: word, SmsStatus: word },
          { ...status, MessageStatus: word, SmsStatus: "received" },
          { ...status, ...empty, MessageStatus: word, SmsStatus: word },
          { ...fields, MessageStatus: word }
        ]
      ) {
        assert.strictEqual((yield* step(payload)).carrierStatus, word)
        assert.isTrue(Option.isNone(toInbound(yield* one(payload))))
      }
    }))

  it.effect("is told from a message though it lacks MessageStatus", () =>
    Effect.gen(function*() {
      const { MessageStatus: _, ...legacy } = status
      assert.strictEqual((yield* step(legacy)).status, "delivered")
      assert.strictEqual((yield* step({ ...legacy, Body: "", NumMedia: "0" })).status, "delivered")
    }))

  it.effect("names the message, the recipient and our number", () =>
    Effect.gen(function*() {
      const { messageId, recipient, sender } = yield* step(status)
      assert.deepStrictEqual<ReadonlyArray<unknown>>([messageId, recipient, sender], [sid, status.To, status.From])
      const { MessageSid: _, ...deprecated } = status
      assert.strictEqual((yield* step(deprecated)).messageId, sid)
    }))

  it.effect("without a message id is malformed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* refusal({ MessageStatus: "sent" }), ["MessageSid"])
      assert.deepStrictEqual(yield* refusal({ MessageStatus: "sent", MessageSid: "" }), ["MessageSid"])
    }))

  it.effect("is a step of its own for each state, and the same step each time it is delivered", () =>
    Effect.gen(function*() {
      const keys = yield* Effect.forEach(
        words,
        (word) => Effect.map(step({ ...status, MessageStatus: word }), ({ idempotencyKey }) => idempotencyKey)
      )
      assert.strictEqual(new Set(keys).size, words.length)
      const again = yield* step({ ...status, RawDlrDoneDate: "2607171206" })
      assert.strictEqual(again.idempotencyKey, (yield* step(status)).idempotencyKey)
    }))

  it.effect("carries the error of a failure, and none where Twilio gives none", () =>
    Effect.gen(function*() {
      const failed = { ...status, MessageStatus: "undelivered" }
      assert.strictEqual((yield* step({ ...failed, ErrorCode: "30003" })).errorCode, "30003")
      assert.strictEqual((yield* step({ ...failed, ErrorCode: 30003 })).errorCode, "30003")
      assert.notProperty(yield* step(failed), "errorCode")
      assert.notProperty(yield* step({ ...failed, ErrorCode: "" }), "errorCode")
      assert.strictEqual((yield* step({ ...failed, ChannelStatusMessage: "no" })).errorMessage, "no")
    }))
})

layer(Webhooks.layer)("a status word", (it) => {
  it.effect("of Twilio's enumeration is known", () =>
    Effect.gen(function*() {
      for (const word of words) {
        const { status: known } = yield* step({ ...status, MessageStatus: word })
        assert.strictEqual(known, statuses[word] ?? "unknown")
        assert.strictEqual(known === "unknown", word === "received" || word === "receiving")
      }
      for (const word of Object.keys(statuses)) assert.include(words, word)
    }))

  it.effect("is known in any letter case, and kept as it was sent", () =>
    Effect.gen(function*() {
      assert.deepInclude(yield* step({ ...status, MessageStatus: "Delivered" }), {
        status: "delivered",
        carrierStatus: "Delivered"
      })
    }))

  it.effect("that nobody has seen is unknown, and never an error", () =>
    Effect.gen(function*() {
      for (const word of ["teleported", "constructor", "__proto__", "toString", " delivered", "😀"]) {
        assert.deepInclude(yield* step({ ...status, MessageStatus: word }), { status: "unknown", carrierStatus: word })
      }
    }))

  it("maps to a normalised one", () => {
    for (const known of Object.values(statuses)) assert.isTrue(Schema.is(Status)(known))
  })
})

layer(Webhooks.layer)("an inbound message", (it) => {
  it.effect("keeps its text to the letter", () =>
    Effect.gen(function*() {
      for (const text of ["", " ", "hi\r\n ", "a+b & c 😀 ", "STOP", "%20", "\u0000", "null", "<b>", "=1+1"]) {
        assert.deepStrictEqual((yield* message({ ...inbound, Body: text })).content, new Content.TextContent({ text }))
      }
    }))

  it.effect("without a message id is malformed, since no repetition of it would be recognized", () =>
    Effect.gen(function*() {
      const { MessageSid: _1, SmsMessageSid: _2, SmsSid: _3, ...rest } = inbound
      assert.deepStrictEqual(yield* refusal(rest), ["MessageSid"])
      assert.deepStrictEqual(yield* refusal({ ...rest, MessageSid: "", SmsSid: [] }), ["MessageSid"])
      assert.strictEqual((yield* message({ ...rest, SmsSid: sid })).externalId, sid)
    }))

  it.effect("without a text is empty, not lost", () =>
    Effect.gen(function*() {
      const { Body: _, ...rest } = inbound
      for (const payload of [rest, { ...rest, Body: null }, { ...rest, Body: {} }]) {
        assert.deepStrictEqual((yield* message(payload)).content, new Content.TextContent({ text: "" }))
      }
    }))

  it.effect("is known while Twilio still receives it, and without SmsStatus", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* message({ ...inbound, SmsStatus: "receiving" })).sender, inbound.From)
      const { SmsStatus: _, ...rest } = inbound
      assert.strictEqual((yield* message(rest)).sender, inbound.From)
      assert.strictEqual((yield* one({ AccountSid: "AC1" }))._tag, "Unrecognized")
    }))

  it.effect("is from any kind of address", () =>
    Effect.gen(function*() {
      for (const address of ["+16505550111", "12345", "ACME", "whatsapp:+16505550111", "rcs:acme_agent", "Anonymous"]) {
        assert.strictEqual((yield* message({ ...inbound, From: address })).sender, address)
      }
    }))

  it.effect("that lacks its addresses is malformed, and the error names both", () =>
    Effect.gen(function*() {
      const { From: _, To: __, ...rest } = inbound
      assert.deepStrictEqual(yield* refusal(rest), ["From", "To"])
      assert.deepStrictEqual(yield* refusal({ ...inbound, From: "", To: null }), ["From", "To"])
    }))

  it.effect("is not lost when an address is repeated", () =>
    Effect.gen(function*() {
      const repeated = yield* message({ ...inbound, From: [inbound.From, "other"], To: [inbound.To, inbound.To] })
      assert.deepStrictEqual<ReadonlyArray<string>>([repeated.sender, repeated.recipient], [inbound.From, inbound.To])
    }))

  it.effect("is the same message when the fallback URL gets it", () =>
    Effect.gen(function*() {
      const fallback = yield* message({ ...inbound, ErrorCode: "11200", ErrorUrl: "https://example.com/sms" })
      assert.strictEqual(fallback.idempotencyKey, (yield* message(inbound)).idempotencyKey)
      assert.deepStrictEqual(fallback.metadata, { ErrorCode: "11200", ErrorUrl: "https://example.com/sms" })
    }))

  it.effect("carries the opt-out keyword that Twilio saw", () =>
    Effect.gen(function*() {
      const { metadata } = yield* message({ ...inbound, Body: "stop", OptOutType: "STOP", ProfileName: "" })
      assert.deepStrictEqual(metadata, { OptOutType: "STOP" })
    }))

  it.effect("that is a place has its coordinates or its name, once", () =>
    Effect.gen(function*() {
      const place = { latitude: 37.78789, longitude: -122.391664 }
      const at = { ...inbound, Body: "", Latitude: "37.787890", Longitude: "-122.391664" }
      const of = (fields: object) => Effect.map(message({ ...at, ...fields }), ({ content }) => content)
      assert.deepStrictEqual(yield* of({}), new Content.LocationContent(place))
      assert.deepStrictEqual(
        yield* of({ Latitude: "-0.0", Longitude: "-180" }),
        new Content.LocationContent({ latitude: 0, longitude: -180 })
      )
      assert.deepStrictEqual(
        yield* of({ Latitude: "1.2E-7", Longitude: "-3e-05" }),
        new Content.LocationContent({ latitude: 1.2e-7, longitude: -3e-5 })
      )
      const named = new Content.LocationContent({ ...place, label: "Twilio" })
      assert.deepStrictEqual(yield* of({ Label: "Twilio" }), named)
      assert.deepStrictEqual(yield* of({ Label: "Twilio", Body: "Twilio" }), named)
      assert.deepStrictEqual(Content.parts(yield* of({ Label: "Twilio", Body: "Here" })), [
        new Content.TextContent({ text: "Here" }),
        named
      ])
      for (const Latitude of ["", "91", "north", "1e1", "0x10"]) {
        assert.deepStrictEqual(
          yield* of({ Latitude, Address: "Beale St" }),
          new Content.LocationContent({ address: "Beale St" })
        )
      }
      assert.strictEqual((yield* one({ ...at, Latitude: "north" }))._tag, "Unrecognized")
    }))

  it.effect("that seems empty and is of another kind than text is unrecognized", () =>
    Effect.gen(function*() {
      const empty = { ...inbound, Body: "" }
      for (
        const fields of [{ MessageType: "contacts" }, { NumMedia: "11" }, { Poll: "{}" }]
      ) assert.strictEqual((yield* one({ ...empty, ...fields }))._tag, "Unrecognized", JSON.stringify(fields))
      for (const fields of [{ MessageType: "text" }, { MessageType: "" }, { FromCity: "Quebec" }, { Poll: "" }]) {
        assert.isTrue(Content.isEmpty((yield* message({ ...empty, ...fields })).content))
      }
    }))

  it.effect("keeps every field that the library does not know", () =>
    Effect.gen(function*() {
      const payload = { ...inbound, AddOns: `{"status":"successful"}`, Unheard_of: ["1", "2"] }
      assert.deepStrictEqual((yield* message(payload)).raw, payload)
    }))
})

const file = (index: number) => ({
  [`MediaUrl${index}`]: `https://api.twilio.com/Media/ME${index}`,
  [`MediaContentType${index}`]: "image/jpeg"
})

const files = (indices: ReadonlyArray<number>) =>
  Object.fromEntries(indices.flatMap((index) => Object.entries(file(index))))

const mediaUrls = (payload: Readonly<Record<string, unknown>>) =>
  Effect.map(message(payload), ({ content }) => Content.media(content).map(({ url }) => url.split("/").at(-1)))

layer(Webhooks.layer)("a webhook of another product", (it) => {
  it.effect("is unrecognized, with its type, also where it has a text or a status", () =>
    Effect.gen(function*() {
      const conversation = { ConversationSid: "CH1", MessageSid: "IM1", Author: "+16505550111", Body: "hi" }
      for (
        const [payload, type] of [
          [{ ...conversation, EventType: "onMessageAdded" }, "onMessageAdded"],
          [{ ...conversation, EventType: "onMessageAdd", From: "+16505550111", To: "+16505550100" }, "onMessageAdd"],
          [{ ...conversation, EventType: "onDeliveryUpdated", Status: "delivered" }, "onDeliveryUpdated"],
          [conversation, undefined],
          [{ event_type: "click", from: "+16505550100", to: "+16505550111", link: "https://x.test" }, "click"],
          [{ EventType: "task.created", TaskSid: "WT1" }, "task.created"]
        ] as const
      ) {
        const event = yield* one(payload)
        assert.strictEqual(event._tag, "Unrecognized")
        assert.deepStrictEqual(event._tag === "Unrecognized" && event.eventType, type)
      }
    }))

  it.effect("is not what reports that a message was read", () =>
    Effect.gen(function*() {
      const read = { ...status, MessageStatus: "read", SmsStatus: "read", EventType: "READ", ChannelPrefix: "whatsapp" }
      assert.strictEqual((yield* step(read)).status, "read")
    }))
})

layer(Webhooks.layer)("media", (it) => {
  it.effect.each(["", " ", "text", "-1", "1e9", "NaN", "0x1", "999999999999", undefined, null, [], {}, ["1"], 1])(
    "are found whatever NumMedia says: %j",
    (NumMedia) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* mediaUrls({ ...inbound, NumMedia }), [])
        assert.deepStrictEqual(yield* mediaUrls({ ...inbound, ...file(0), ...file(1), NumMedia }), ["ME0", "ME1"])
      })
  )

  it.effect("that are announced and missing are there as files without a URL", () =>
    Effect.gen(function*() {
      const missing = new Content.FileContent({ unavailable: "Twilio gives no URL of the file" })
      const parts = (fields: object) =>
        Effect.map(message({ ...inbound, ...fields }), ({ content }) => Content.parts(content))
      assert.deepStrictEqual(yield* parts({ NumMedia: "1", Body: "" }), [missing])
      assert.deepStrictEqual(yield* parts({ NumMedia: 2 }), [new Content.TextContent({ text: "hi" }), missing, missing])
      const both = yield* parts({ NumMedia: "2", ...file(1) })
      assert.deepStrictEqual(both.map(({ _tag }) => _tag), ["TextContent", "MediaContent", "FileContent"])
      assert.lengthOf(yield* parts({ NumMedia: "1", ...file(0), ...file(1) }), 3)
    }))

  it.effect("keep Twilio's order, also past nine", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* mediaUrls({ ...inbound, ...files([10, 2, 0, 1, 11]) }),
        ["ME0", "ME1", "ME2", "ME10", "ME11"]
      )
    }))

  it.effect("have the text as caption when there is one file, and after the text when there are more", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        (yield* message({ ...inbound, ...file(0) })).content,
        new Content.MediaContent({ url: "https://api.twilio.com/Media/ME0", mimeType: "image/jpeg", caption: "hi" })
      )
      const { content } = yield* message({ ...inbound, ...file(1), ...file(0) })
      assert.isTrue(content._tag === "CompositeContent")
      assert.deepStrictEqual(
        content._tag === "CompositeContent" &&
          content.parts.map((part) => part._tag === "MediaContent" ? part.url.slice(-3) : Content.text(part)),
        ["hi", "ME0", "ME1"]
      )
    }))

  it.effect("alone have no text", () =>
    Effect.gen(function*() {
      const { channelType, content } = yield* message({ ...inbound, ...file(0), Body: "" })
      assert.notProperty(content, "caption")
      assert.strictEqual(channelType, "mms")
    }))

  it.effect("need no MIME type, and those without a URL are none", () =>
    Effect.gen(function*() {
      const { content } = yield* message({ ...inbound, MediaUrl0: "https://example.com/a", MediaContentType0: "" })
      assert.notProperty(content, "mimeType")
      for (const url of ["", null, {}, 0]) assert.deepStrictEqual(yield* mediaUrls({ ...inbound, MediaUrl0: url }), [])
    }))

  it.effect("are counted once, and only under Twilio's names", () =>
    Effect.gen(function*() {
      const others = {
        MediaUrl: "x",
        MediaUrl00: "x",
        MediaUrl01: "x",
        mediaUrl1: "x",
        MediaUrl1000: "x",
        MediaUrlX: "x"
      }
      assert.deepStrictEqual(yield* mediaUrls({ ...inbound, ...file(0), ...file(1), ...others }), ["ME0", "ME1"])
      assert.deepStrictEqual(yield* mediaUrls({ ...inbound, MediaUrl0: ["a/ME0", "", "b/ME1"] }), ["ME0", "ME1"])
    }))

  it.effect("and text are never lost", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider
      const indices = fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 12 })
      fc.assert(fc.property(indices, fc.string({ unit: "grapheme" }), fc.string(), (indices, Body, NumMedia) => {
        const [event] = Effect.runSync(provider.decodePayload({ ...inbound, ...files(indices), Body, NumMedia }))
        if (event?._tag === "Unrecognized") {
          // Twilio counts files and gives none.
          assert.match(NumMedia, /^[1-9]\d*$/)
          return assert.deepStrictEqual([indices, Body], [[], ""])
        }
        const { content } = Option.getOrThrow(toInbound(event!))
        assert.strictEqual(Content.text(content), Body)
        assert.deepStrictEqual(
          Content.media(content).map(({ url }) => Number(url.split("ME").at(-1))),
          indices.toSorted((a, b) => a - b)
        )
      }))
    }))
})

layer(Webhooks.layer)("a webhook", (it) => {
  it.effect("is decoded once it was verified, and the compiler insists", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider
      const request: WebhookRequest = Webhooks.request({ url: "https://example.com", body: "", signature: undefined })
      // @ts-expect-error a request that nobody verified
      assert.isFunction(() => provider.decode(request))
    }))

  it.effect("that is a form is read as a form, also when it looks like JSON", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider
      const body = JSON.stringify(inbound)
      const url = "https://example.com/sms"
      const request = Webhooks.request({ url, body, signature: yield* Webhooks.sign(url, body) })
      const [event] = yield* provider.decode(yield* provider.verify(request))
      assert.strictEqual(event?._tag, "Unrecognized")
    }))

  it.effect("by GET is read from its query, without the fragment", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider
      for (const [end, text] of [["", "hi"], ["#&Body=forged", "hi"], ["&Body=second", "hi"]] as const) {
        const url = `https://example.com/sms?${Webhooks.encode(inbound)}${end}`
        const [event] = yield* provider.decode(
          unverifiedWebhook("twilio", Webhooks.request({ method: "GET", url, body: "Body=body", signature: undefined }))
        )
        assert.strictEqual(Content.text(Option.getOrThrow(toInbound(event!)).content), text)
      }
      const bare = Webhooks.request({ method: "GET", url: "https://example.com/sms", signature: undefined })
      assert.strictEqual((yield* provider.decode(unverifiedWebhook("twilio", bare)))[0]?._tag, "Unrecognized")
    }))

  it.effect("is answered with empty TwiML, because Twilio would text a plain body to the customer", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* SmsProvider).acknowledgement, {
        status: 200,
        contentType: "text/xml",
        body: "<Response/>"
      })
    }))
})

layer(Webhooks.layer)("a WhatsApp message", (it) => {
  const whatsapp = { ...inbound, From: "whatsapp:+5215512345678", To: "whatsapp:+16505550100" }
  const userId = "MX.13491208655302741918"

  it.effect("names its sender by the ids that Twilio gives beside the number", () =>
    Effect.gen(function*() {
      const { sender, senderAliases } = yield* message({ ...whatsapp, WaId: "525512345678", ExternalUserId: userId })
      assert.strictEqual(sender, whatsapp.From as string)
      assert.deepStrictEqual(senderAliases?.map(String), [`whatsapp:${userId}`])
      const other = yield* message({ ...whatsapp, WaId: "16505550111" })
      assert.deepStrictEqual(other.senderAliases?.map(String), ["whatsapp:+16505550111"])
      for (const WaId of ["", "5215512345678", "Ana", "1"]) {
        assert.isUndefined((yield* message({ ...whatsapp, WaId })).senderAliases)
      }
      assert.isUndefined((yield* message({ ...inbound, WaId: "16505550112", ExternalUserId: userId })).senderAliases)
    }))

  it.effect("may come from a person who hides the number", () =>
    Effect.gen(function*() {
      const { From: _, ...fields } = whatsapp
      for (
        const payload of [
          { ...whatsapp, From: `whatsapp:${userId}` },
          { ...fields, ExternalUserId: userId },
          { ...whatsapp, From: "", ExternalUserId: userId },
          { ...whatsapp, From: "whatsapp:", ExternalUserId: `whatsapp:${userId}` }
        ]
      ) {
        const { raw, sender, senderAliases } = yield* message(payload)
        assert.strictEqual(sender as string, `whatsapp:${userId}`)
        assert.isUndefined(senderAliases)
        assert.deepStrictEqual(raw, payload)
      }
    }))
})

it.effect("events carry the provider's name of the registry", () =>
  Effect.gen(function*() {
    const event = yield* message(inbound)
    assert.strictEqual(event.provider, "twilio-ca")
    assert.strictEqual(event.channelId, "sms-twilio-ca")
  }).pipe(Effect.provide(Webhooks.layerWith(Webhooks.authToken, "twilio-ca"))))
