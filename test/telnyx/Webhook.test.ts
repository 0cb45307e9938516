import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import * as fc from "fast-check"
import { FileContent, LocationContent, media, MediaContent, parts, text } from "../../src/Content.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import { classes, eventsOf } from "../../src/provider/internal/classes.ts"
import { decode as decodeTelnyx } from "../../src/telnyx/core/decode.ts"
import { Unrecognized, type WebhookEvent } from "../../src/WebhookEvent.ts"
import { webhookFixtures } from "../fixtures.ts"

const decode = (payload: Readonly<Record<string, unknown>>) => eventsOf(decodeTelnyx(classes, "telnyx", payload))

const event = (event_type: string, payload: unknown, data: Readonly<Record<string, unknown>> = {}) => ({
  data: {
    event_type,
    id: "event-1",
    occurred_at: "2024-01-15T20:16:07.588+00:00",
    payload,
    record_type: "event",
    ...data
  }
})

const inbound = { id: "message-1", direction: "inbound", from: { phone_number: "+13125550001" }, to: "+17735550002" }
const outbound = {
  id: "message-1",
  direction: "outbound",
  from: { phone_number: "+17735550002" },
  to: [{ phone_number: "+13125550001", status: "delivered" }]
}

const one = Effect.fnUntraced(function*<A extends WebhookEvent>(
  payload: Readonly<Record<string, unknown>>,
  guard: (event: WebhookEvent) => event is A
) {
  const [event, ...rest] = yield* decode(payload)
  assert.isEmpty(rest)
  if (event === undefined || !guard(event)) return assert.fail(`unexpected ${event?._tag}`)
  return event
})

const isInbound = (event: WebhookEvent): event is InboundMessage => event instanceof InboundMessage
const isStatus = (event: WebhookEvent): event is DeliveryStatus => event instanceof DeliveryStatus
const isUnrecognized = (event: WebhookEvent): event is Unrecognized => event instanceof Unrecognized

/** The same JSON with the members of every object in another order. */
const shuffled = (value: unknown, next: () => number): unknown => {
  if (Array.isArray(value)) return value.map((value) => shuffled(value, next))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, value]) => ({
    at: next(),
    entry: [key, shuffled(value, next)] as const
  }))
  return Object.fromEntries(entries.sort((a, b) => a.at - b.at).map(({ entry }) => entry))
}

describe("Telnyx webhook", () => {
  it.effect.each(["message.sent", "message.finalized", "message.read", "message.delivered", "message.failed"])(
    "%s is never inbound, with any direction or none",
    (type) =>
      Effect.gen(function*() {
        for (const direction of [undefined, null, "", "outbound", "inbound", "INBOUND", 1, {}]) {
          const events = yield* decode(event(type, { ...outbound, direction }))
          assert.isNotEmpty(events)
          assert.isFalse(events.some(isInbound))
        }
      })
  )

  it.effect("message.received is inbound without a direction, and never a delivery status", () =>
    Effect.gen(function*() {
      const { direction: _, ...rest } = inbound
      const message = yield* one(event("message.received", rest), isInbound)
      assert.strictEqual(message.externalId, "message-1")
      for (const direction of ["outbound", "inbound", undefined, 1]) {
        assert.isFalse((yield* decode(event("message.received", { ...inbound, direction }))).some(isStatus))
      }
    }))

  it.effect("finalized is no status: the state of each recipient is, and its error with it", () =>
    Effect.gen(function*() {
      const events = yield* decode(event("message.finalized", {
        ...outbound,
        to: [
          { phone_number: "+13125550001", status: "delivered" },
          { phone_number: "+13125550002", status: "delivery_failed" },
          { phone_number: "+13125550003", status: "sending_failed" }
        ],
        errors: [{ code: "40001", title: "Not routable" }]
      }))
      assert.deepStrictEqual(
        events.filter(isStatus).map((event) => [event.recipient as string, event.status, event.errorCode]),
        [
          ["+13125550001", "delivered", undefined],
          ["+13125550002", "undelivered", "40001"],
          ["+13125550003", "failed", "40001"]
        ]
      )
      assert.strictEqual(new Set(events.filter(isStatus).map((event) => event.idempotencyKey)).size, 3)
    }))

  it.effect("media that is null, absent or no list is no media", () =>
    Effect.gen(function*() {
      for (const media of [null, undefined, [], {}, "", [null], [{}], [{ url: "" }]]) {
        const message = yield* one(event("message.received", { ...inbound, text: "hi", media }), isInbound)
        assert.deepInclude({ ...message.content }, { _tag: "TextContent", text: "hi" })
        assert.strictEqual(message.channelType, "sms")
      }
    }))

  it.effect("media without a URL are there as files, whatever else Telnyx says of them", () =>
    Effect.gen(function*() {
      const unavailable = "Telnyx gives no URL of the file"
      for (
        const media of ["x", [{ url: 1 }], [{ hash_sha256: "fd1c", size: 51 }], ["/files/a.png"], { 0: { url: "x" } }]
      ) {
        const { content } = yield* one(event("message.received", { ...inbound, text: "hi", media }), isInbound)
        assert.deepStrictEqual(parts(content).slice(1), [new FileContent({ unavailable })], JSON.stringify(media))
      }
      const media = [{ mime_type: "image/png" }]
      const { content } = yield* one(event("message.received", { ...inbound, media }), isInbound)
      assert.deepStrictEqual(content, new FileContent({ mimeType: "image/png", unavailable }))
    }))

  it.effect("a body that is text is the text of a message without one", () =>
    Effect.gen(function*() {
      const of = (fields: object) => one(event("message.received", { ...inbound, ...fields }), isInbound)
      assert.strictEqual(text((yield* of({ body: "hi" })).content), "hi")
      assert.strictEqual(text((yield* of({ text: "hi", body: "other" })).content), "hi")
    }))

  it.effect("media are found as objects or URLs, in a list or alone, under either name, each once", () =>
    Effect.gen(function*() {
      const [a, b] = ["https://media.telnyx.com/a", "https://media.telnyx.com/b"]
      for (
        const fields of [
          { media: [{ url: a, content_type: "image/png" }, { url: b }] },
          { media: [a, b] },
          { media_urls: [a, b] },
          { media: { url: a }, media_urls: b },
          { media: [{ url: a }, { url: b }], media_urls: [a, b] }
        ]
      ) {
        const { content } = yield* one(event("message.received", { ...inbound, text: "hi", ...fields }), isInbound)
        assert.deepStrictEqual(media(content).map(({ url }) => url), [a, b])
        assert.strictEqual(text(content), "hi")
      }
    }))

  it.effect("a WhatsApp user is named by the user ID beside the number, and by it alone when the number is hidden", () =>
    Effect.gen(function*() {
      const body = { type: "text", text: { body: "hi" }, from_user_id: "US.13491208655302741918" }
      const userId = "whatsapp:US.13491208655302741918"
      const beside = yield* one(event("message.received", { ...inbound, body }), isInbound)
      assert.deepStrictEqual(beside.senderAliases?.map(String), [userId])
      assert.notStrictEqual(beside.sender as string, userId)
      assert.strictEqual(beside.metadata["body.from_user_id"], body.from_user_id)
      const { from: _, ...hidden } = inbound
      const alone = yield* one(event("message.received", { ...hidden, body }), isInbound)
      assert.strictEqual(alone.sender as string, userId)
      assert.isUndefined(alone.senderAliases)
    }))

  it.effect("a body that is not understood makes the event unrecognized, and an empty one a message", () =>
    Effect.gen(function*() {
      const receive = (body: unknown) => decode(event("message.received", { ...inbound, type: "WHATSAPP", body }))
      for (
        const body of [
          { type: "unsupported" },
          { type: "order", order: { items: [1] } },
          { poll: { question: "?" } },
          { location: { latitude: "north", longitude: "west" } },
          { contacts: [{ birthday: "1990-01-01" }] },
          { image: { sha256: "x" } },
          { reaction: { message_id: "wamid.1", emoji: "" } }
        ]
      ) {
        const [unread] = yield* receive(body)
        assert.strictEqual(unread?._tag, "Unrecognized", JSON.stringify(body))
      }
      for (const body of [undefined, null, {}, { id: "1", type: "text", text: { body: "" } }, { text: "" }, []]) {
        const [empty] = yield* receive(body)
        assert.strictEqual(empty?._tag, "InboundMessage", JSON.stringify(body))
      }
    }))

  it.effect("a place near the origin and a file beside its payload are content", () =>
    Effect.gen(function*() {
      const of = (body: object) =>
        Effect.map(one(event("message.received", { ...inbound, body }), isInbound), ({ content }) => content)
      assert.deepStrictEqual(
        yield* of({ location: { latitude: 1e-8, longitude: -0.5 } }),
        new LocationContent({ latitude: 1e-8, longitude: -0.5 })
      )
      assert.deepStrictEqual(
        yield* of({ user_file: { file_uri: "https://x.test/1", mime_type: "image/png" } }),
        new MediaContent({ url: "https://x.test/1", mimeType: "image/png" })
      )
    }))

  it.effect("letter case and numbers in the place of texts cost no message", () =>
    Effect.gen(function*() {
      for (const type of ["MESSAGE.RECEIVED", "Message.Received"]) {
        for (const direction of ["Inbound", "INBOUND", undefined]) {
          const from = { phone_number: 13125550001 }
          const message = yield* one(
            event(type, { ...inbound, from, to: 17735550002, text: 4711, direction }),
            isInbound
          )
          assert.deepStrictEqual<unknown>([message.sender, message.recipient, text(message.content)], [
            "+13125550001",
            "+17735550002",
            "4711"
          ])
        }
      }
      const [status] = yield* decode(event("MESSAGE.FINALIZED", { ...outbound, direction: "OUTBOUND" }))
      assert.strictEqual(status?._tag, "DeliveryStatus")
    }))

  it.effect("a text that is null or absent is empty, and one of white space is kept", () =>
    Effect.gen(function*() {
      for (const text of [null, undefined, ""]) {
        const message = yield* one(event("message.received", { ...inbound, text }), isInbound)
        assert.deepInclude({ ...message.content }, { _tag: "TextContent", text: "" })
      }
      const message = yield* one(event("message.received", { ...inbound, text: " \n" }), isInbound)
      assert.deepInclude({ ...message.content }, { text: " \n" })
    }))

  it.effect("the same message is the same under another event id, as after a failover", () =>
    Effect.gen(function*() {
      const first = yield* one(event("message.received", inbound), isInbound)
      const second = yield* one(
        { ...event("message.received", inbound, { id: "event-2" }), meta: { attempt: 3 } },
        isInbound
      )
      assert.strictEqual(first.idempotencyKey, second.idempotencyKey)
    }))

  it.effect("finalized after sent is another step", () =>
    Effect.gen(function*() {
      const to = [{ phone_number: "+13125550001", status: "sent" }]
      const sent = yield* one(event("message.sent", { ...outbound, to }), isStatus)
      const final = yield* one(event("message.finalized", outbound), isStatus)
      const again = yield* one(event("message.finalized", outbound, { id: "event-2" }), isStatus)
      assert.notStrictEqual(sent.idempotencyKey, final.idempotencyKey)
      assert.strictEqual(final.idempotencyKey, again.idempotencyKey)
      assert.strictEqual(sent.messageId, final.messageId)
    }))

  it.effect("a time is of the step, and else of the event", () =>
    Effect.gen(function*() {
      const times = { sent_at: "2024-01-15T21:00:00.001+00:00", completed_at: "2024-01-15T21:00:00.002+00:00" }
      const timeOf = (type: string, payload: object) =>
        Effect.map(one(event(type, payload), isStatus), ({ timestamp }) => timestamp && DateTime.formatIso(timestamp))
      assert.strictEqual(yield* timeOf("message.sent", { ...outbound, ...times }), "2024-01-15T21:00:00.001Z")
      assert.strictEqual(yield* timeOf("message.finalized", { ...outbound, ...times }), "2024-01-15T21:00:00.002Z")
      assert.strictEqual(yield* timeOf("message.read", { ...outbound, ...times }), "2024-01-15T20:16:07.588Z")
      assert.strictEqual(yield* timeOf("message.finalized", outbound), "2024-01-15T20:16:07.588Z")
    }))

  it.effect.each([
    ["queued", "queued", false],
    ["scheduled", "scheduled", false],
    ["sending", "sending", false],
    ["sent", "sent", false],
    ["delivered", "delivered", true],
    ["DELIVERED", "delivered", true],
    ["read", "read", true],
    ["delivery_failed", "undelivered", true],
    ["sending_failed", "failed", true],
    ["expired", "expired", true],
    ["cancelled", "canceled", true],
    ["delivery_unconfirmed", "unconfirmed", true],
    ["unknown", "unconfirmed", true],
    ["webhook_delivered", "unknown", false],
    ["received", "unknown", false],
    ["constructor", "unknown", false],
    ["__proto__", "unknown", false]
  ])("the word %s is %s", ([word, status, terminal]) =>
    Effect.gen(function*() {
      const to = [{ phone_number: "+13125550001", status: word }]
      const event_ = yield* one(event("message.finalized", { ...outbound, to }), isStatus)
      assert.deepStrictEqual([event_.carrierStatus, event_.status, event_.isTerminal], [word, status, terminal])
    }))

  it.effect("a status without recipients is still a status, and a repeated recipient counts once", () =>
    Effect.gen(function*() {
      for (const to of [[], null, undefined, 7, [null], [[]], [{}], ""]) {
        const status = yield* one(event("message.finalized", { ...outbound, to }), isStatus)
        assert.deepStrictEqual([status.recipient, status.status], [undefined, "unknown"])
      }
      yield* one(event("message.finalized", { ...outbound, to: [...outbound.to, ...outbound.to] }), isStatus)
    }))

  it.effect("a message without id, sender or recipient is refused with the path of each field and no value", () =>
    Effect.gen(function*() {
      const issues = (type: string, payload: unknown) =>
        Effect.map(Effect.flip(decode(event(type, payload))), (error) => error.issues.map(({ field }) => field))
      assert.deepStrictEqual(yield* issues("message.received", { ...inbound, id: null }), ["data.payload.id"])
      assert.deepStrictEqual(yield* issues("message.finalized", { ...outbound, id: "" }), ["data.payload.id"])
      const all = ["data.payload.id", "data.payload.from", "data.payload.to"]
      assert.deepStrictEqual(yield* issues("message.received", null), all)
      assert.deepStrictEqual(yield* issues("message.received", { from: {}, to: [{}] }), all)
      const error = yield* Effect.flip(decode(event("message.received", { ...inbound, id: undefined, text: "secret" })))
      assert.notInclude(JSON.stringify(error) + error.message, "secret")
      assert.notInclude(error.message, "+1")
    }))

  it.effect.each([
    "message.echo",
    "message.queued",
    "10dlc.brand.update",
    "messaging-profile.spend-limit-reached",
    "toString"
  ])(
    "%s is carried as unrecognized",
    (type) =>
      Effect.gen(function*() {
        const payload = event(type, inbound)
        const unrecognized = yield* one(payload, isUnrecognized)
        assert.strictEqual(unrecognized.eventType, type)
        assert.deepStrictEqual(unrecognized.raw, payload)
      })
  )

  it.effect("anything else is carried as unrecognized too", () =>
    Effect.gen(function*() {
      for (const payload of [{}, { data: null }, { data: [] }, { data: {} }, { sms_id: "1", direction: "inbound" }]) {
        assert.isUndefined((yield* one(payload, isUnrecognized)).eventType)
      }
    }))

  it.effect("a value nested a hundred thousand deep is no problem", () =>
    Effect.gen(function*() {
      const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)
      const payload = { ...inbound, tags: deep, cc: deep, media: deep, errors: deep, text: deep }
      yield* one(event("message.received", payload), isInbound)
      yield* one(event("message.finalized", { ...payload, direction: "outbound", to: deep }), isStatus)
    }))

  it.effect.each(webhookFixtures("telnyx"))(
    "$name means the same whatever the order of its members",
    ({ request }) =>
      Effect.gen(function*() {
        const payload = JSON.parse(request.body)
        const expected = yield* decode(payload)
        fc.assert(
          fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
            const reordered = shuffled(payload, () => numbers.next().value) as Record<string, unknown>
            assert.deepStrictEqual(Effect.runSync(decode(reordered)), expected)
          }),
          { numRuns: 30 }
        )
      })
  )
})
