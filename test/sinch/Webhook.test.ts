import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { DateTime, Effect, Layer, Option } from "effect"
import * as fc from "fast-check"
import { BinaryContent, FileContent, isEmpty, MediaContent, parts, text, TextContent } from "../../src/Content.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as MmsAggregator from "../../src/mms/MmsAggregator.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Sinch from "../../src/sinch/index.ts"
import { MessagePart, toInbound, Unrecognized, type WebhookEvent } from "../../src/WebhookEvent.ts"
import { webhookFixtures } from "../fixtures.ts"
import { base64, header16, header8, latin1, pack, septetsOf, ucs2 } from "../userData.ts"
import { inZone } from "./inZone.ts"

const provider = Sinch.layerWebhook({ verification: Sinch.unsigned }).pipe(Layer.provide(NodeCrypto.layer))

const decode = (payload: Readonly<Record<string, unknown>>) =>
  SmsProvider.use((provider) => provider.decodePayload(payload))

const one = <A extends WebhookEvent>(is: new(...args: Array<never>) => A, payload: Readonly<Record<string, unknown>>) =>
  Effect.map(decode(payload), (events): A => {
    assert.lengthOf(events, 1)
    const event = events[0]!
    assert.isTrue(event instanceof is, event._tag)
    return event as A
  })

const issues = (payload: Readonly<Record<string, unknown>>) =>
  Effect.map(
    Effect.flip(decode(payload)),
    ({ reason }) => reason._tag === "InvalidPayload" ? reason.issues.map(({ field }) => field) : []
  )

const message = { type: "mo_text", id: "1", from: "12015555555", to: "12017777777", body: "Hello" }
const report = {
  type: "recipient_delivery_report_sms",
  batch_id: "B",
  recipient: "12015555555",
  status: "Failed",
  code: 34,
  at: "2024-06-06T07:52:37.386Z"
}
const batch = {
  type: "delivery_report_sms",
  batch_id: "B",
  total_message_count: 1,
  statuses: [{ code: 0, status: "Delivered", count: 1, recipients: ["12015555555"] }]
}

layer(provider)("Sinch webhooks", (it) => {
  describe("Reports", () => {
    it.effect("a delivery report is never inbound, and always has a key to tell a repetition by", () =>
      Effect.gen(function*() {
        const types = [
          "recipient_delivery_report_sms",
          "recipient_delivery_report_mms",
          "delivery_report_sms",
          "delivery_report_mms"
        ]
        // Even one that carries what a message has.
        const message = { id: "1", from: "12015555555", to: "12017777777", body: "Hello", media: [] }
        const payloads = types.flatMap((type) => [
          { ...report, ...batch, type },
          { ...message, ...report, ...batch, type },
          { ...message, ...report, ...batch, type, statuses: [] }
        ])
        for (const payload of [...payloads, { ...message, batch_id: "B" }, { batch_id: "B", status: "Delivered" }]) {
          for (const event of yield* decode(payload)) {
            assert.notInstanceOf(event, InboundMessage)
            assert.strictEqual(toInbound(event)._tag, "None")
            if (event instanceof DeliveryStatus) assert.match(event.idempotencyKey, /^B:\+12015555555:/)
          }
        }
        for (const { expected, name } of webhookFixtures("sinch").filter(({ name }) => name.startsWith("status-"))) {
          assert.notInclude(JSON.stringify(expected), "InboundMessage", name)
        }
      }))

    it.effect.each(
      [
        ["Queued", "queued", false],
        ["Dispatched", "sent", false],
        ["Delivered", "delivered", true],
        ["Aborted", "failed", true],
        ["Rejected", "failed", true],
        ["Failed", "undelivered", true],
        ["Deleted", "undelivered", true],
        ["Expired", "expired", true],
        ["Cancelled", "canceled", true],
        ["Unknown", "unconfirmed", true],
        ["Teleported", "unknown", false],
        ["constructor", "unknown", false],
        ["__proto__", "unknown", false]
      ] as const
    )("reads the status %s in any letter case", ([word, expected, isTerminal]) =>
      Effect.gen(function*() {
        for (const status of [word, word.toUpperCase(), word.toLowerCase()]) {
          const event = yield* one(DeliveryStatus, { ...report, status })
          assert.deepInclude(event, { status: expected, carrierStatus: status })
          assert.strictEqual(event.isTerminal, isTerminal)
          const [counted] = yield* decode({ ...batch, statuses: [{ code: 34, status, count: 3 }] })
          assert.deepInclude(counted, { status: expected, carrierStatus: status, count: 3 })
        }
      }))

    it.effect("an error code is text, comes from a number or from text, and is absent while nothing went wrong", () =>
      Effect.gen(function*() {
        const codeOf = (status: string, code: unknown) =>
          Effect.map(
            one(DeliveryStatus, { ...report, status, code, status_message: "why" }),
            (event) => [event.errorCode, event.errorMessage]
          )
        assert.deepStrictEqual(yield* codeOf("Failed", 34), ["34", "why"])
        assert.deepStrictEqual(yield* codeOf("Aborted", "402"), ["402", "why"])
        // Code 0 does not mean delivered: the status decides.
        assert.deepStrictEqual(yield* codeOf("Failed", 0), ["0", "why"])
        assert.deepStrictEqual(yield* codeOf("Failed", null), [undefined, "why"])
        for (const [status, code] of [["Delivered", 0], ["Queued", 400], ["Dispatched", 401]] as const) {
          assert.deepStrictEqual(yield* codeOf(status, code), [undefined, undefined])
        }
      }))

    it.effect("repetitions of a step have one key, and no two steps share one", () =>
      Effect.gen(function*() {
        const keyOf = (change: object) =>
          Effect.map(one(DeliveryStatus, { ...report, ...change }), (event) => event.idempotencyKey)
        const same = [
          {},
          { at: "2024-06-06T07:52:39Z" },
          { status: "FAILED", code: "34" },
          { recipient: "+12015555555" },
          { client_reference: "new" }
        ]
        const different = [
          { batch_id: "C" },
          { recipient: "12015555556" },
          { recipient: undefined },
          { status: "Dispatched" },
          { code: 35 },
          { status: "Deleted" }
        ]
        assert.strictEqual(new Set(yield* Effect.forEach(same, keyOf)).size, 1)
        assert.strictEqual(new Set(yield* Effect.forEach([{}, ...different], keyOf)).size, different.length + 1)
      }))

    it.effect("a full report gives one status for every recipient it lists, exactly once", () =>
      Effect.gen(function*() {
        const service = yield* SmsProvider
        const numbers = fc.uniqueArray(fc.integer({ min: 10_000_000, max: 999_999_999 }).map(String), { maxLength: 60 })
        const words = fc.constantFrom("Delivered", "Failed", "Aborted", "Queued", "Brand new")
        const split = fc.record({
          numbers,
          sizes: fc.array(fc.record({ size: fc.nat(8), status: words, code: fc.nat(420) }))
        })
        fc.assert(fc.property(split, ({ numbers, sizes }) => {
          let start = 0
          const statuses = sizes.flatMap(({ code, size, status }) => {
            const recipients = numbers.slice(start, start += size)
            return recipients.length === 0 ? [] : [{ status, code, count: recipients.length, recipients }]
          })
          const payload = { ...batch, statuses }
          const events = Effect.runSync(service.decodePayload(payload))
          if (statuses.length === 0) return assert.deepStrictEqual(events.map((event) => event._tag), ["Unrecognized"])
          const seen = events.map((event) =>
            event instanceof DeliveryStatus ? [event.recipient as string, event.carrierStatus] : []
          )
          const listed = statuses.flatMap(({ recipients, status }) =>
            recipients.map((digits) => [`+${digits}`, status])
          )
          assert.deepStrictEqual(seen, listed)
          assert.strictEqual(
            new Set(events.map((event) => event._tag === "DeliveryStatus" && event.idempotencyKey)).size,
            listed.length
          )
          for (const event of events) assert.deepStrictEqual((event as DeliveryStatus).raw, payload)
        }))
      }))

    it.effect("a report of a thousand recipients is a thousand statuses", () =>
      Effect.gen(function*() {
        const recipients = Array.from({ length: 1000 }, (_, index) => String(12_015_550_000 + index))
        const events = yield* decode({
          ...batch,
          statuses: [{ code: 0, status: "Delivered", count: 1000, recipients }]
        })
        assert.lengthOf(events, 1000)
      }))

    it.effect("a summary gives one status for every entry, with its count and without a recipient", () =>
      Effect.gen(function*() {
        for (const recipients of [undefined, null, [], [null, ""], "12015555555"]) {
          const statuses = [{ code: 0, status: "Delivered", count: 2, recipients }, {
            code: 402,
            status: "Aborted",
            count: "1",
            recipients
          }]
          const events = yield* decode({ ...batch, statuses })
          assert.deepStrictEqual(
            events.map((event) =>
              event instanceof DeliveryStatus && [event.status, event.count, event.recipient, event.errorCode]
            ),
            [["delivered", 2, undefined, undefined], ["failed", 1, undefined, "402"]]
          )
        }
        for (const count of [undefined, null, "many", 1.5, {}]) {
          const event = yield* one(DeliveryStatus, { ...batch, statuses: [{ code: 0, status: "Delivered", count }] })
          assert.isUndefined(event.count)
        }
      }))

    it.effect("a report without statuses is carried as unrecognized", () =>
      Effect.gen(function*() {
        for (const statuses of [[], null, undefined, {}, "x"]) {
          const event = yield* one(Unrecognized, { ...batch, statuses })
          assert.strictEqual(event.eventType, "delivery_report_sms")
          assert.deepStrictEqual(event.raw, { ...batch, statuses })
        }
      }))

    it.effect("the time of a report is when Sinch made it, else when the operator did", () =>
      Effect.gen(function*() {
        const timeOf = (change: object) =>
          Effect.map(one(DeliveryStatus, { ...report, ...change }), ({ timestamp }) =>
            timestamp && DateTime.formatIso(timestamp))
        const operator_status_at = "2024-06-06T07:52:00Z"
        assert.strictEqual(yield* timeOf({ operator_status_at }), "2024-06-06T07:52:37.386Z")
        assert.strictEqual(yield* timeOf({ operator_status_at, at: undefined }), "2024-06-06T07:52:00.000Z")
        assert.isUndefined(yield* timeOf({ at: "yesterday" }))
      }))

    it.effect("a malformed report names the fields that are missing", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* issues({ type: report.type }), ["batch_id", "status"])
        assert.deepStrictEqual(yield* issues({ ...report, batch_id: "", status: 5 }), ["batch_id", "status"])
        assert.deepStrictEqual(yield* issues({ ...batch, statuses: [{ code: 0, status: "Delivered" }, {}, null] }), [
          "statuses.1.status",
          "statuses.2"
        ])
      }))
  })

  describe("Messages", () => {
    it.effect("an MMS has its text and files in an object body", () =>
      Effect.gen(function*() {
        const media = [{ url: "https://media.example.com/1", content_type: "image/png", status: "Uploaded", code: 0 }]
        const event = yield* one(InboundMessage, { ...message, type: "mo_media", body: { message: "Look", media } })
        assert.strictEqual(event.channelType, "mms")
        assert.deepInclude(event.content, {
          _tag: "MediaContent",
          caption: "Look",
          url: media[0]!.url,
          mimeType: "image/png"
        })
        // Whatever the type says, and also without a type.
        for (const type of ["mo_text", undefined]) {
          const same = yield* one(InboundMessage, { ...message, type, body: { message: "Look", media } })
          assert.deepStrictEqual(same.content, event.content)
        }
      }))

    it.effect("a file has its type under any of the names that are in use, or none", () =>
      Effect.gen(function*() {
        for (const key of ["content_type", "contentType", "mimeType", "mime_type", "other"]) {
          const media = [{ url: "https://media.example.com/1", [key]: "image/png" }]
          for (const body of [{ media }, "x"]) {
            const { content } = yield* one(InboundMessage, { ...message, body, ...(body === "x" && { media }) })
            assert.strictEqual(content._tag, "MediaContent")
            assert.strictEqual(
              content._tag === "MediaContent" ? content.mimeType : "",
              key === "other" ? undefined : "image/png"
            )
          }
        }
      }))

    describe("a file", () => {
      const url = "https://media.example.com/1"
      const file = (item: unknown, payload: object = {}) =>
        Effect.map(
          one(InboundMessage, { ...message, type: "mo_media", body: { message: "Look", media: [item] }, ...payload }),
          ({ content }) => parts(content).find(({ _tag }) => _tag !== "TextContent")
        )
      const stored = (item: unknown, payload?: object) =>
        Effect.gen(function*() {
          assert.deepInclude(yield* file(item, payload), { _tag: "MediaContent", url }, JSON.stringify(item))
          assert.notProperty(yield* file(item, payload), "unavailable", JSON.stringify(item))
        })

      it.effect("is there when its status says so, whatever the code", () =>
        Effect.gen(function*() {
          for (const status of ["Uploaded", "UPLOADED", "uploaded", "Scanned"]) {
            for (const code of [0, 200, 2, "0", "200", "broken", undefined, null]) yield* stored({ url, status, code })
          }
        }))

      it.effect("without a status is there when the code is one of success, or there is none", () =>
        Effect.gen(function*() {
          for (const code of [0, 200, "0", "201", undefined, null, {}]) yield* stored({ url, code })
          for (const status of [undefined, null, "", {}]) yield* stored({ url, status, code: 200 })
        }))

      it.effect("that Sinch could not store is listed, and marked unavailable", () =>
        Effect.gen(function*() {
          for (
            const [item, unavailable] of [
              [{ status: "Failed", code: 1 }, "Sinch could not store the file: Failed, code 1"],
              [{ status: "FAILED" }, "Sinch could not store the file: FAILED"],
              [{ status: "Failed", code: 0 }, "Sinch could not store the file: Failed, code 0"],
              [{ code: 2 }, "Sinch could not store the file: code 2"],
              [{ code: "3" }, "Sinch could not store the file: code 3"],
              [{ status: "Expired", code: 0 }, "Sinch could not store the file: Expired, code 0"],
              [{ status: "Not uploaded" }, "Sinch could not store the file: Not uploaded"]
            ] as const
          ) {
            const content_type = "image/png"
            assert.deepStrictEqual(
              yield* file({ url, content_type, ...item }),
              new MediaContent({ url, mimeType: content_type, caption: "Look", unavailable })
            )
            assert.deepStrictEqual(
              yield* file({ content_type, ...item }),
              new FileContent({ mimeType: content_type, unavailable })
            )
          }
          const without = yield* file({ status: "Uploaded", code: 0, url: "" })
          assert.deepStrictEqual(without, new FileContent({ unavailable: "Sinch gives no URL of the file" }))
          for (const item of [{ size: 4711 }, { id: "a" }, "media/1.png"]) {
            assert.deepStrictEqual(yield* file(item), without)
          }
        }))

      it.effect("is found in any place and form that is in use", () =>
        Effect.gen(function*() {
          yield* stored(url)
          for (
            const payload of [
              { body: { url } },
              { body: { message: "Look", url, subject: "x" } },
              { body: { media: { url } } },
              { body: { media: url } },
              { body: "Look", media: { url } },
              { body: "Look", media: [url] },
              { body: { text: "Look" }, media: [{ url }] },
              { type: "MO_MEDIA" },
              { type: "Mo_Text" }
            ]
          ) yield* stored({ url }, payload)
        }))

      it.effect("stays beside others in their order, and nothing is not a file", () =>
        Effect.gen(function*() {
          const media = [null, { code: 2 }, {}, { url }, "", 0, { url: `${url}a`, status: "Failed" }]
          const { channelType, content, raw } = yield* one(InboundMessage, {
            ...message,
            body: { message: "Look", media }
          })
          assert.deepStrictEqual(parts(content).map(({ _tag }) => _tag), [
            "TextContent",
            "FileContent",
            "MediaContent",
            "MediaContent"
          ])
          assert.strictEqual(channelType, "mms")
          assert.deepStrictEqual(raw["body"], { message: "Look", media })
        }))
    })

    it.effect("a message is not lost over numbers in the place of texts", () =>
      Effect.gen(function*() {
        const event = yield* one(InboundMessage, {
          ...message,
          id: 1,
          from: 12015555555,
          to: ["12017777777"],
          body: 4711
        })
        assert.deepStrictEqual<unknown>([event.sender, event.recipient, text(event.content), event.externalId], [
          "+12015555555",
          "+12017777777",
          "4711",
          "1"
        ])
      }))

    describe("a binary message", () => {
      const binary = (body: string, udh?: string) => ({ ...message, type: "mo_binary", body, udh })

      it.effect("that is for a program has its bytes and their header, and no text", () =>
        Effect.gen(function*() {
          const event = yield* one(InboundMessage, binary("AAEC/w==", "06050423F40000"))
          assert.deepStrictEqual(event.content, new BinaryContent({ data: "AAEC/w==", header: "06050423F40000" }))
          assert.strictEqual(text(event.content), "")
          assert.deepStrictEqual(event.metadata, { udh: "06050423F40000" })
          assert.strictEqual(event.raw["body"], "AAEC/w==")
        }))

      it.effect("that is text is its text, and an empty one is empty", () =>
        Effect.gen(function*() {
          const hello = yield* one(InboundMessage, binary(base64(latin1("Hello"))))
          assert.deepStrictEqual(hello.content, new TextContent({ text: "Hello" }))
          const empty = yield* one(InboundMessage, binary(""))
          assert.deepStrictEqual([empty.content, empty.metadata], [new TextContent({ text: "" }), {}])
        }))

      it.effect("is a part where its header says so, and the parts have one key", () =>
        Effect.gen(function*() {
          const part = (udh: string, change: object = {}) =>
            one(MessagePart, { ...binary(base64(latin1("Hello")), udh), ...change })
          const first = yield* part(header8(0xcc, 3, 1))
          assert.deepInclude(first, { role: "segment", provider: "sinch" })
          assert.deepInclude(first.segment, { number: 1, total: 3, data: base64(latin1("Hello")) })
          assert.strictEqual(text(first.message.content), "Hello")
          const keys = yield* Effect.forEach([
            part(header8(0xcc, 3, 2), { id: "2" }),
            part(header8(0xcc, 3, 3).toUpperCase(), { from: "+12015555555" }),
            part(header8(0xcd, 3, 1)),
            part(header8(0xcc, 2, 1)),
            part(header16(0xcc, 3, 1)),
            part(header8(0xcc, 3, 1), { from: "12015555556" }),
            part(header8(0xcc, 3, 1), { to: "12017777778" })
          ], Effect.map(({ correlationKey }) => correlationKey))
          const sames = keys.map((key) => key === first.correlationKey)
          assert.deepStrictEqual(sames, [true, true, false, false, false, false, false])
        }))

      it.effect("is whole where its header names one part or makes no sense", () =>
        Effect.gen(function*() {
          for (const udh of [header8(1, 1, 1), header8(1, 2, 3), header8(1, 2, 0), "0605", "xyz"]) {
            const { content } = yield* one(InboundMessage, binary(base64(latin1("Hello")), udh))
            assert.isFalse(isEmpty(content), udh)
          }
        }))

      it.effect("of several parts is joined by the aggregator, in any order and any alphabet", () =>
        Effect.gen(function*() {
          const said = "Do you deliver on Saturday? ".repeat(9).trim()
          const alphabets = [(text: string) => pack(septetsOf(text), 1), ucs2, latin1]
          for (const [reference, encode] of alphabets.entries()) {
            const aggregator = yield* MmsAggregator.makeMemory()
            const texts = [said.slice(0, 100), said.slice(100, 200), said.slice(200)]
            const parts = yield* Effect.forEach(texts, (text, index) =>
              one(MessagePart, {
                ...binary(base64(encode(text)), header8(reference, 3, index + 1)),
                id: `${reference}-${index + 1}`
              }))
            const outcomes = yield* Effect.forEach([parts[2]!, parts[0]!, parts[0]!, parts[1]!], aggregator.offer)
            assert.deepStrictEqual(outcomes.map(Option.isSome), [false, false, false, true])
            const whole = Option.getOrThrow(outcomes[3]!)
            assert.strictEqual(text(whole.content), said)
            assert.deepInclude(whole, { externalId: `${reference}-1`, segments: 3 })
          }
        }).pipe(Effect.scoped))
    })

    it.effect("a message keeps its id, its payload and what the operator said", () =>
      Effect.gen(function*() {
        const payload = {
          ...message,
          operator_id: 311071,
          client_reference: "order 7",
          sent_at: "2024-06-06T07:52:36Z",
          send_at: "ignored",
          over_charge_amount: 1
        }
        const event = yield* one(InboundMessage, payload)
        assert.deepStrictEqual<ReadonlyArray<string | undefined>>(
          [event.externalId, event.idempotencyKey, event.sender, event.recipient],
          ["1", "1", "+12015555555", "+12017777777"]
        )
        assert.deepStrictEqual(event.metadata, {
          operator_id: "311071",
          client_reference: "order 7",
          sent_at: "2024-06-06T07:52:36Z"
        })
        assert.deepStrictEqual(event.raw, payload)
        assert.isUndefined((yield* one(InboundMessage, { ...message, id: null })).idempotencyKey)
      }))

    it.effect("a number comes with or without a plus; a short code and a sender name are kept", () =>
      Effect.gen(function*() {
        for (
          const [from, sender] of [
            ["12015555555", "+12015555555"],
            ["+12015555555", "+12015555555"],
            ["12345", "12345"],
            ["ACME", "ACME"],
            ["0012015555555", "0012015555555"]
          ] as const
        ) {
          assert.strictEqual<string>((yield* one(InboundMessage, { ...message, from })).sender, sender)
        }
      }))

    it.effect("without a type, only what looks like a message is one", () =>
      Effect.gen(function*() {
        const { type: _, ...flat } = message
        for (
          const payload of [flat, { ...flat, body: "" }, { ...flat, body: undefined, media: [] }, {
            ...flat,
            type: null
          }]
        ) {
          yield* one(InboundMessage, payload)
        }
        const { body: _body, ...bodiless } = flat
        for (
          const payload of [bodiless, { ...flat, body: null }, { ...flat, from: "" }, { ...flat, batch_id: "B" }, {}]
        ) {
          assert.isUndefined((yield* one(Unrecognized, payload)).eventType)
        }
      }))

    it.effect("an unknown type is carried as unrecognized, even with a sender and a text", () =>
      Effect.gen(function*() {
        for (const type of ["mo_hologram", "MO-TEXT", "constructor", "delivery_report", "5"]) {
          const payload = { ...message, type }
          const event = yield* one(Unrecognized, payload)
          assert.strictEqual(event.eventType, type)
          assert.deepStrictEqual(event.raw, payload)
        }
      }))

    it.effect("a malformed message names the fields, never their values", () =>
      Effect.gen(function*() {
        const payload = { ...message, from: { number: "12015555555" }, to: null }
        assert.deepStrictEqual(yield* issues(payload), ["from", "to"])
        assert.notInclude(String(yield* Effect.flip(decode(payload))), "1201")
      }))
  })

  it.effect("reads a time without a zone as UTC, in whatever zone the server is", () =>
    Effect.gen(function*() {
      const times = [
        ["2022-08-24T14:15:22", "2022-08-24T14:15:22.000Z"],
        ["2022-08-24 14:15", "2022-08-24T14:15:00.000Z"],
        ["2022-08-24T14:15:22.5", "2022-08-24T14:15:22.500Z"],
        ["2022-08-24T14:15:22.123456789", "2022-08-24T14:15:22.123Z"],
        ["2022-08-24T14:15:22.123456789Z", "2022-08-24T14:15:22.123Z"],
        ["2022-08-24T14:15:22+02:00", "2022-08-24T12:15:22.000Z"]
      ] as const
      const offsets = new Set<number>()
      for (const zone of ["UTC", "America/Montreal", "Asia/Kathmandu", "Pacific/Auckland"]) {
        yield* inZone(
          zone,
          Effect.gen(function*() {
            offsets.add(new Date("2022-08-24T14:15:22Z").getTimezoneOffset())
            for (const [time, expected] of times) {
              const { receivedAt } = yield* one(InboundMessage, { ...message, received_at: time })
              assert.strictEqual(receivedAt && DateTime.formatIso(receivedAt), expected, zone)
              const { timestamp } = yield* one(DeliveryStatus, { ...report, at: time })
              assert.strictEqual(timestamp && DateTime.formatIso(timestamp), expected, zone)
            }
          })
        )
      }
      // The zone did change.
      assert.strictEqual(offsets.size, 4)
    }))
})

it("names the source of every fixture", () => {
  for (const { source } of webhookFixtures("sinch")) assert.match(source, /^https:\/\//)
})
