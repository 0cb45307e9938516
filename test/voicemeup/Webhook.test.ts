import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Option } from "effect"
import * as Content from "../../src/Content.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import * as WebhookEvent from "../../src/WebhookEvent.ts"
import { webhookFixtures } from "../fixtures.ts"

const make = (timeZone?: string) =>
  VoiceMeUp.makeWebhook({ verification: { scheme: "None" }, timeZone }).pipe(Effect.provide(NodeCrypto.layer))

const parties = { source_number: "14188050723", destination_number: "14184805945" }

const decodeOne = Effect.fnUntraced(function*(payload: Record<string, unknown>, timeZone?: string) {
  const provider = yield* make(timeZone)
  const events = yield* provider.decodePayload({ ...parties, ...payload })
  assert.strictEqual(events.length, 1)
  return events[0]!
})

const messageOf = (payload: Record<string, unknown>, timeZone?: string) =>
  Effect.flatMap(decodeOne(payload, timeZone), (event) => Effect.fromOption(WebhookEvent.toInbound(event)))

const receivedAt = (text: unknown, timeZone?: string) =>
  Effect.map(
    messageOf({ datetime_transmission: text }, timeZone),
    ({ receivedAt }) => receivedAt === undefined ? undefined : DateTime.formatIso(receivedAt)
  )

const link = "https://clients.voicemeup.com/file/c3efc8a3"

describe("VoiceMeUp direction", () => {
  it.effect.each(["outbound", "OUTBOUND", "out", "unknown", " ", "constructor"])(
    "a row of direction %j is never inbound",
    (direction) =>
      Effect.gen(function*() {
        const event = yield* decodeOne({ direction, message: "Reply" })
        assert.strictEqual(event._tag, "Unrecognized")
        assert.strictEqual(event._tag === "Unrecognized" ? event.eventType : undefined, direction)
        assert.isTrue(Option.isNone(WebhookEvent.toInbound(event)))
      })
  )

  it.effect.each(["inbound", "INBOUND", " Inbound", "", null, undefined])(
    "a row of direction %j is inbound",
    (direction) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* decodeOne({ direction, message: "Hi" }))._tag, "InboundMessage")
      })
  )
})

describe("A VoiceMeUp notice", () => {
  it.effect("that has no numbers is unrecognized, with its type, also where it has a text", () =>
    Effect.gen(function*() {
      const provider = yield* make()
      for (
        const [payload, type] of [
          [{ event: "did.added" }, "did.added"],
          [{ type: "x" }, "x"],
          [{ event: "maintenance", message: "Tonight at two" }, "maintenance"],
          [{ type: "bill", attachment: "https://clients.voicemeup.com/bill.pdf" }, "bill"],
          [{}, undefined]
        ] as const
      ) {
        const [event] = yield* provider.decodePayload(payload)
        assert.deepStrictEqual(event?._tag === "Unrecognized" && event.eventType, type)
      }
    }))
})

describe("VoiceMeUp parts", () => {
  const roleOf = (payload: Record<string, unknown>) =>
    Effect.map(decodeOne(payload), (event) => event._tag === "MessagePart" ? event.role : event._tag)

  it.effect.each([
    { attachment: `${link}.mms.html`, type: "text/html" },
    { attachment: `${link}.mms.html`, type: undefined },
    { attachment: `${link}.mms.html`, type: "image/jpeg" },
    { attachment: `${link}.MMS.HTML`, type: "TEXT/HTML" },
    { attachment: `${link}.mms.html?size=1`, type: "text/html; charset=utf-8" },
    { attachment: `${link}.mms.html#top`, type: undefined },
    { attachment: `${link}.mms.smil`, type: "application/smil" },
    { attachment: `${link}.mms.php?x=1`, type: "text/html;charset=utf-8" },
    { attachment: `${link}.mms.xml`, type: "Application/SMIL" },
    { attachment: " /file/c3efc8a3.mms.html?relative ", type: undefined }
  ])(
    "$attachment of type $type is a wrapper, in any letter case and with any query",
    ({ attachment, type }) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* roleOf({ attachment, attachment_mime_type: type }), "wrapper")
      })
  )

  it.effect.each([
    { attachment: `${link}.mms.jpg`, type: "image/jpeg" },
    { attachment: `${link}.mms.jpg?name=x.mms.html`, type: "image/jpeg" },
    { attachment: `${link}.jpg#.mms.html`, type: undefined },
    { attachment: "https://x.mms.example.com/page.html", type: "text/html" },
    { attachment: "https://cdn.voicemeup.com/page.html?f=.mms.", type: "text/html" },
    { attachment: `${link}.mms.html/photo.jpg`, type: "image/jpeg" },
    { attachment: "not a URL", type: "text/html" }
  ])("$attachment of type $type is a file", ({ attachment, type }) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* roleOf({ attachment, attachment_mime_type: type }), "media")
    }))

  it.effect.each(["", " ", null, [], {}, undefined])(
    "an attachment of %j is none",
    (attachment) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* roleOf({ attachment, message: "Hi" }), "InboundMessage")
      })
  )

  it.effect("a wrapper never shows its own description as media", () =>
    Effect.gen(function*() {
      const message = yield* messageOf({ attachment: `${link}.mms.html`, message: "Look" })
      assert.deepStrictEqual(Content.media(message.content), [])
      assert.strictEqual(Content.text(message.content), "Look")
      assert.strictEqual(message.channelType, "sms")
    }))

  it.effect("every file of a repeated attachment is there, each with its type", () =>
    Effect.gen(function*() {
      const attachment = [`${link}.mms.jpg`, "", `${link}.mms.mp4`]
      const attachment_mime_type = ["image/jpeg", "video/mp4"]
      assert.strictEqual(yield* roleOf({ attachment, attachment_mime_type }), "media")
      const { content } = yield* messageOf({ attachment, attachment_mime_type, message: "Two" })
      assert.deepStrictEqual(Content.media(content).map(({ mimeType, url }) => [url, mimeType]), [
        [`${link}.mms.jpg`, "image/jpeg"],
        [`${link}.mms.mp4`, "video/mp4"]
      ])
      assert.strictEqual(yield* roleOf({ attachment: [`${link}.mms.html`, `${link}.mms.jpg`] }), "media")
      const untyped = yield* messageOf({ attachment: ["a", "b"], attachment_mime_type: ["", "video/mp4"] })
      assert.deepStrictEqual(Content.media(untyped.content).map(({ mimeType }) => mimeType), [undefined, "video/mp4"])
    }))

  it.effect.each([
    [{ url: `${link}.mms.jpg`, mime_type: "image/jpeg" }],
    [[{ attachment: `${link}.mms.jpg`, mime_type: "image/jpeg" }]]
  ])("a file is there as an object too: %j", ([attachment]) =>
    Effect.gen(function*() {
      const { content } = yield* messageOf({ attachment, message: "Look" })
      const image = new Content.MediaContent({ url: `${link}.mms.jpg`, mimeType: "image/jpeg", caption: "Look" })
      assert.deepStrictEqual(content, image)
    }))

  it.effect("a file without a link is there, and marked unavailable", () =>
    Effect.gen(function*() {
      const unavailable = "VoiceMeUp gives no URL of the file"
      const of = (fields: Record<string, unknown>) => Effect.map(messageOf(fields), ({ content }) => content)
      assert.deepStrictEqual(yield* of({ attachment: { size: 4 } }), new Content.FileContent({ unavailable }))
      assert.deepStrictEqual(
        yield* of({ attachment_mime_type: "image/png" }),
        new Content.FileContent({ mimeType: "image/png", unavailable })
      )
    }))

  it.effect("a wrapper without text brings no message", () =>
    Effect.gen(function*() {
      const event = yield* decodeOne({ attachment: `${link}.mms.html`, message: "" })
      assert.isTrue(Option.isNone(WebhookEvent.toInbound(event)))
    }))

  it.effect("the parts of one MMS have one key, and their own ids", () =>
    Effect.gen(function*() {
      const provider = yield* make()
      const parts = yield* Effect.forEach(
        webhookFixtures("voicemeup").filter(({ name }) => name.startsWith("mms-split-")),
        ({ request }) => provider.decodePayload(JSON.parse(request.body))
      )
      const [wrapper, media] = parts.flat()
      assert.isTrue(wrapper?._tag === "MessagePart" && media?._tag === "MessagePart")
      if (wrapper?._tag !== "MessagePart" || media?._tag !== "MessagePart") return
      assert.deepStrictEqual([wrapper.role, media.role], ["wrapper", "media"])
      assert.strictEqual(wrapper.correlationKey, media.correlationKey)
      assert.notStrictEqual(wrapper.message.idempotencyKey, media.message.idempotencyKey)
      assert.strictEqual(wrapper.message.externalId, "c3efc8a3-f901-52ac-9868-93f6e89d10f6")
    }))

  it.effect("a number with and without + gives the same key", () =>
    Effect.gen(function*() {
      const common = { attachment: `${link}.mms.jpg`, datetime_transmission: "2026-01-28 13:00:14" }
      const bare = yield* decodeOne(common)
      const plus = yield* decodeOne({ ...common, source_number: "+14188050723", destination_number: " 14184805945" })
      assert.strictEqual(
        bare._tag === "MessagePart" ? bare.correlationKey : undefined,
        plus._tag === "MessagePart" ? plus.correlationKey : ""
      )
    }))

  it.effect.each([undefined, null, "", {}])(
    "parts without a time of sending (%j) have no key to share with unrelated messages",
    (datetime_transmission) =>
      Effect.gen(function*() {
        const event = yield* decodeOne({
          attachment: `${link}.mms.jpg`,
          datetime_transmission,
          datetime: "2026-01-28 13:00:16"
        })
        assert.isTrue(event._tag === "MessagePart" && !("correlationKey" in event))
      })
  )

  it.effect("a plain SMS of the same second is a message of its own", () =>
    Effect.gen(function*() {
      const datetime_transmission = "2026-01-28 13:00:14"
      assert.strictEqual((yield* decodeOne({ message: "Hi", datetime_transmission }))._tag, "InboundMessage")
    }))
})

describe("VoiceMeUp fields", () => {
  it.effect("names every missing party", () =>
    Effect.gen(function*() {
      const provider = yield* make()
      for (const value of [undefined, null, "", "  ", {}, [], true]) {
        const { reason } = yield* Effect.flip(
          provider.decodePayload({ source_number: value, destination_number: value, message: "secret text" })
        )
        assert.strictEqual(
          reason.message,
          "source_number: Expected a phone number; destination_number: Expected a phone number"
        )
      }
    }))

  it.effect("message: null is empty text", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* messageOf({ message: null })).content, new Content.TextContent({ text: "" }))
    }))

  it.effect("keeps text as it is, and the caption of a file", () =>
    Effect.gen(function*() {
      const message = yield* messageOf({ message: " a\n b ", attachment: `${link}.mms.jpg`, attachment_mime_type: "" })
      assert.deepStrictEqual(
        message.content,
        new Content.MediaContent({ url: `${link}.mms.jpg`, caption: " a\n b " })
      )
    }))

  it.effect("recognises a repetition by the hash, else by the row, else not at all", () =>
    Effect.gen(function*() {
      const ids = (payload: Record<string, unknown>) =>
        Effect.map(messageOf(payload), ({ externalId, idempotencyKey }) => [externalId, idempotencyKey])
      assert.deepStrictEqual(yield* ids({ sms_hash: "h", sms_log_id: "1" }), ["h", "h"])
      assert.deepStrictEqual(yield* ids({ sms_hash: "", sms_log_id: 1 }), ["1", "1"])
      assert.deepStrictEqual(yield* ids({}), [undefined, undefined])
    }))

  it.effect("ignores what an object inherits, and survives fields named after it", () =>
    Effect.gen(function*() {
      const payload = JSON.parse(
        "{\"__proto__\":{\"message\":\"no\",\"direction\":\"outbound\"},\"constructor\":\"x\"}"
      )
      assert.strictEqual((yield* decodeOne(payload))._tag, "Unrecognized")
      const message = yield* messageOf({ ...payload, message: "Hi" })
      assert.strictEqual(Content.text(message.content), "Hi")
      assert.isTrue(Object.hasOwn(message.raw, "constructor"))
    }))
})

describe("VoiceMeUp times", () => {
  it.effect("are left alone without a time zone, and stay in the metadata", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* receivedAt("2026-01-28 13:00:14"))
      const { metadata } = yield* messageOf({ datetime_transmission: "2026-01-28 13:00:14" })
      assert.strictEqual(metadata["datetime_transmission"], "2026-01-28 13:00:14")
    }))

  it.effect.each([
    ["2026-01-28 13:00:14", "America/Toronto", "2026-01-28T18:00:14.000Z"],
    ["2026-07-28 13:00:14", "America/Toronto", "2026-07-28T17:00:14.000Z"],
    ["2026-07-28T13:00:14.5", "America/Toronto", "2026-07-28T17:00:14.500Z"],
    ["2026-01-28 13:00:14", "UTC", "2026-01-28T13:00:14.000Z"],
    // The hour that comes twice, and the one that does not come.
    ["2026-11-01 01:30:00", "America/Toronto", "2026-11-01T05:30:00.000Z"],
    ["2026-03-08 02:30:00", "America/Toronto", "2026-03-08T07:30:00.000Z"]
  ])("%s in %s is %s", ([text, zone, instant]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* receivedAt(text, zone), instant)
    }))

  it.effect("with an offset mean the same in every zone", () =>
    Effect.gen(function*() {
      for (const zone of [undefined, "America/Toronto", "Asia/Tokyo"]) {
        assert.strictEqual(yield* receivedAt("2026-01-27T10:30:00Z", zone), "2026-01-27T10:30:00.000Z")
        assert.strictEqual(yield* receivedAt("2026-01-27t10:30:00-05:00", zone), "2026-01-27T15:30:00.000Z")
      }
    }))

  it.effect("fall back to when the row was stored", () =>
    Effect.gen(function*() {
      const { receivedAt } = yield* messageOf({ datetime: "2026-01-28 13:00:16" }, "UTC")
      assert.strictEqual(receivedAt === undefined ? "" : DateTime.formatIso(receivedAt), "2026-01-28T13:00:16.000Z")
    }))

  it.effect.each(["yesterday", "2026", "1769608814", "2026-13-45 99:99:99", "2026-01-28", "Sat 5", null, 5])(
    "that make no sense (%j) are absent, and the message is not lost",
    (text) =>
      Effect.gen(function*() {
        assert.isUndefined(yield* receivedAt(text, "America/Toronto"))
      })
  )
})
