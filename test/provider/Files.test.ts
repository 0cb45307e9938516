/**
 * Files that a payload names otherwise than its reference. The kinds are those of
 * two fixtures: `contentType` and code 200 in Sinch's Python SDK, and
 * `media_urls[]` on RoomKit's page about SMS providers. Other names are those of
 * gateways beside these carriers: `MediaUrl` (Twilio's requests), `mediaUrls`
 * (Plivo, Kaleyra), `attachments` (Vonage, Front), `file_url` (MessageBird).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Carriers from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import type { Payload } from "../../src/Payload.ts"
import * as Files from "../../src/provider/core/files.ts"

const url = "https://media.example.com/a.jpg"
const [sender, recipient] = ["15145550142", "15145550100"]

const telnyx = (fields: Payload): Payload => ({
  data: {
    event_type: "message.received",
    payload: { id: "1", direction: "inbound", from: { phone_number: `+${sender}` }, to: `+${recipient}`, ...fields }
  }
})

const sinch = (fields: Payload): Payload => ({ type: "mo_media", id: "1", from: sender, to: recipient, ...fields })

const voicemeup = (fields: Payload): Payload => ({
  source_number: sender,
  destination_number: recipient,
  sms_hash: "1",
  message: "Look",
  ...fields
})

const filesOf = (carrier: string, payload: Payload) =>
  Effect.map(Carriers.extractSmsMeta(carrier, payload), ({ events: [event] }) => {
    const message = event?._tag === "MessagePart" ? event.message : event
    assert(message?._tag === "InboundMessage", event?._tag)
    return { text: Content.text(message.content), files: Content.media(message.content) }
  })

describe("a file", () => {
  it.effect.each(
    [
      ["telnyx", telnyx({ text: "Look", media: [{ media_url: url, contentType: "image/jpeg" }] })],
      ["telnyx", telnyx({ text: "Look", mediaUrls: [{ URL: url, mime_type: "image/jpeg" }] })],
      ["telnyx", telnyx({ text: "Look", attachments: [{ href: url, "content-type": "image/jpeg" }] })],
      ["telnyx", telnyx({ text: "Look", media: [{ url, content_type: "image/jpeg" }], media_url: url })],
      ["sinch", sinch({ body: { message: "Look", media: [{ mediaUrl: url, content_type: "image/jpeg" }] } })],
      ["sinch", sinch({ body: { message: "Look", media: { file_url: url, mimeType: "image/jpeg" } } })],
      ["sinch", sinch({ body: { message: "Look", attachments: [{ link: url, MediaType: "image/jpeg" }] } })],
      ["sinch", sinch({ body: [{ url, content_type: "image/jpeg" }], message: "Look" })],
      ["sinch", sinch({ type: "mo_text", body: "Look", attachments: [{ url, content_type: "image/jpeg" }] })],
      ["voicemeup", voicemeup({ attachment: [{ link: url, contentType: "image/jpeg" }] })],
      ["voicemeup", voicemeup({ attachment: { fileUrl: url, type: "mms", mimeType: "image/jpeg" } })],
      ["voicemeup", voicemeup({ attachments: [{ url, mime_type: "image/jpeg" }] })]
    ] as const
  )("is not lost under another name (%s %j)", ([carrier, payload]) =>
    Effect.gen(function*() {
      const { files, text } = yield* filesOf(carrier, payload)
      assert.strictEqual(text, "Look")
      assert.deepStrictEqual(files.map(({ mimeType, url }) => ({ mimeType, url })), [{ mimeType: "image/jpeg", url }])
    }))

  it("has the URL of the name that carriers use most, and no other text", () => {
    assert.strictEqual(
      Files.urlOf({ thumbnail_url: "https://t.example", media_url: url, link: "https://l.example" }),
      url
    )
    assert.strictEqual(Files.urlOf({ url: "relative.jpg", link: url }), "relative.jpg")
    for (const item of [undefined, null, 5, "a.jpg", [], [url], {}, { link: "a.jpg" }, { thumbnail_url: url }]) {
      assert.isUndefined(Files.urlOf(item))
    }
  })
})

const item = { url, content_type: "image/jpeg" }

describe("a file that Sinch stored or not", () => {
  const unavailable = (entry: Payload) =>
    Effect.map(filesOf("sinch", sinch({ body: { media: [entry] } })), ({ files }) => files[0]?.unavailable)

  it.effect.each([
    {},
    { status: "UPLOADED", code: 200 },
    { status: "Stored", code: "0" },
    { status: "", code: "" },
    { status: null, code: null },
    { code: "OK" },
    { code: "201" },
    { status: 200 },
    { status: "0" },
    { status: "Uploaded", code: 404 }
  ])("is available: %j", (fields) =>
    Effect.gen(function*() {
      assert.isUndefined(yield* unavailable({ ...item, ...fields }))
    }))

  it.effect.each([
    { status: "FAILED", code: 0 },
    { status: "Not uploaded" },
    { status: "Upload timed out" },
    { status: "Too large", code: 200 },
    { status: "404" },
    { status: 500 },
    { code: 1 },
    { code: "Failed" }
  ])("is still there, and marked: %j", (fields) =>
    Effect.gen(function*() {
      assert.include(yield* unavailable({ ...item, ...fields }), "Sinch could not store the file")
    }))
})

describe("an address or an id", () => {
  it.effect.each(
    [
      ["sinch", { type: "mo_text", from: Number(sender), to: [Number(recipient)], body: "Look" }],
      ["sinch", { type: "mo_text", from: [sender], to: Number(recipient), body: "Look" }],
      ["telnyx", telnyx({ from: Number(sender), to: [Number(recipient)], text: "Look" })],
      ["voicemeup", voicemeup({ source_number: [Number(sender)], destination_number: Number(recipient) })]
    ] as const
  )("may be a number, in a list or alone (%s %j)", ([carrier, payload]) =>
    Effect.gen(function*() {
      const meta = yield* Carriers.extractSmsMeta(carrier, payload)
      assert.deepStrictEqual<unknown>([meta.sender, meta.recipient, meta.body], [`+${sender}`, `+${recipient}`, "Look"])
    }))

  it.effect("of a Sinch batch may be a number", () =>
    Effect.gen(function*() {
      const report = { batch_id: 1234, recipient: Number(sender), status: "Delivered", code: "0" }
      const type = "recipient_delivery_report_sms"
      const meta = yield* Carriers.extractSmsMeta("sinch", { type, ...report })
      assert.deepStrictEqual(
        meta.toStatuses().map(({ messageId, recipient, status }) => [messageId, recipient, status]),
        [
          ["1234", `+${sender}`, "delivered"]
        ] as never
      )
    }))
})

it.effect("the error of a Telnyx report may be alone, outside a list", () =>
  Effect.gen(function*() {
    const to = [{ phone_number: `+${sender}`, status: "DELIVERY_FAILED" }]
    const payload = { id: "1", to, errors: { code: 40001, title: "Landline" } }
    const { events } = yield* Carriers.extractSmsMeta("telnyx", { data: { event_type: "message.finalized", payload } })
    assert.deepInclude(events[0], { status: "undelivered", errorCode: "40001", errorMessage: "Landline" })
  }))

it.effect("the advertisement that a WhatsApp message comes from can be reached through Telnyx", () =>
  Effect.gen(function*() {
    // https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples, "Received Message Triggered by
    // Click to WhatsApp Ads".
    const referral = {
      source_url: "https://fb.me/abc",
      source_id: "120",
      source_type: "ad",
      headline: "Summer",
      body: "Half price",
      media_type: "image",
      image_url: "https://media.example.com/ad.jpg",
      ctwa_clid: "ARA"
    }
    const context = { from: recipient, id: "wamid.1", forwarded: true }
    const body = { type: "text", text: { body: "Hello" }, referral, context }
    const meta = yield* Carriers.extractSmsMeta("telnyx", telnyx({ type: "WHATSAPP", body }))
    const [event] = meta.events
    assert(event?._tag === "InboundMessage")
    const expected = {
      ...Object.fromEntries(Object.entries(referral).map(([key, value]) => [`body.referral.${key}`, value])),
      "body.context.forwarded": "true"
    }
    assert.deepInclude(event.metadata, expected)
  }))

it.effect.each(
  [
    ["twilio", { specversion: "1.0", type: "com.twilio.messaging.message.delivered", data: {} }],
    ["twilio", { EventType: "onDeliveryUpdated", ConversationSid: "CH1", Status: "read", MessageSid: "IM1" }],
    ["telnyx", { data: { event_type: "10dlc.campaign.update", payload: { campaignId: "C" } } }],
    ["telnyx", { data: { event_type: "call.initiated", payload: { from: `+${sender}`, to: `+${recipient}` } } }],
    ["sinch", { eventType: "PROVISIONING_TO_VOICE_PLATFORM", resourceId: "+1" }],
    ["sinch", { event: "ice", callid: "1", cli: sender }],
    ["voicemeup", { event: "call", source_number: sender, destination_number: recipient }]
  ] as const
)("an event that is none of ours has its type (%s %j)", ([carrier, payload]) =>
  Effect.gen(function*() {
    const { events: [event] } = yield* Carriers.extractSmsMeta(carrier, payload)
    assert(event?._tag === "Unrecognized")
    const types: ReadonlyArray<unknown> = ["type", "EventType", "eventType", "event"].map((key) =>
      (payload as Payload)[key]
    )
    const data = (payload as { readonly data?: Payload }).data
    assert.include([...types, data?.["event_type"]], event.eventType)
    assert.isDefined(event.eventType)
  }))
