/**
 * Tests the request of each message, and the messages that are refused before
 * any request.
 */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { Address } from "../../Address.ts"
import { CompositeContent, MediaContent, TextContent } from "../../Content.ts"
import { type OutboundMessage, SendReceipt } from "../../Message.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { SmsErrorReason } from "../../SmsError.ts"
import * as CarrierServer from "../CarrierServer.ts"
import { clients, customer, decodeMessage, file, message, outcomeOf, type Rig, type Subject } from "./sendSubject.ts"

const encodeReceipt = Schema.encodeEffect(Schema.toCodecJson(SendReceipt))

/** The current time of the tests. Times in fixtures are later than this one. */
const start = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-01T00:00:00Z"))

const refusalOf = (provider: Provider, sent: OutboundMessage) => Effect.flip(provider.send(sent))

export const testRequests = ({ fixtures, name, textOf }: Subject, rig: Rig): void => {
  const { acceptance, accepted, providerAt } = rig

  describe(`${name} sends`, () => {
    for (const [clientName, client] of Object.entries(clients)) {
      it.effect.each(fixtures)(
        `$name as the carrier wants it, over ${clientName}`,
        (fixture) =>
          Effect.gen(function*() {
            const carrier = yield* CarrierServer.serve(CarrierServer.answer(fixture.answer.status, fixture.answer.body))
            const options = { from: undefined, ...fixture.options }
            yield* TestClock.setTime(start)
            const provider = yield* providerAt(carrier.url, options, client)
            const receipt = yield* provider.send(yield* decodeMessage(fixture.message), { intentId: fixture.intentId })
            assert.lengthOf(carrier.requests, 1)
            const request = carrier.requests[0]!
            assert.strictEqual(request.method, fixture.request.method)
            assert.strictEqual(request.path, fixture.request.path)
            assert.strictEqual(request.body, fixture.request.body)
            assert.deepInclude(request.headers, fixture.request.headers)
            assert.notProperty(request.headers, "traceparent")
            assert.notProperty(request.headers, "b3")
            assert.deepStrictEqual(yield* encodeReceipt(receipt), fixture.receipt)
          })
      )

      it.effect(`distinguishes a refused connection from a lost one, over ${clientName}`, () =>
        Effect.gen(function*() {
          const provider = yield* providerAt(yield* CarrierServer.closedUrl, { retry: { times: 0 } }, client)
          const refused = yield* refusalOf(provider, message("hello"))
          assert.strictEqual(refused.reason._tag, "ProviderUnavailable")
          assert.isTrue(refused.isRetryable && refused.canFailOver)
          for (const behave of [CarrierServer.reset, CarrierServer.cut(accepted.status, accepted.body)]) {
            const { reason, requests } = yield* outcomeOf(rig, behave, {}, { client })
            assert.deepInclude(reason, { _tag: "OutcomeUnknown", because: "ConnectionLost" })
            assert.lengthOf(requests, 1)
          }
        }))

      it.effect(`follows no redirect, over ${clientName}`, () =>
        Effect.gen(function*() {
          const elsewhere = yield* CarrierServer.serve(acceptance)
          for (const status of [301, 302, 303, 307, 308]) {
            const redirect = CarrierServer.answer(status, "", { location: `${elsewhere.url}/login` })
            const { reason, requests } = yield* outcomeOf(rig, redirect, {}, { client })
            assert.strictEqual(reason?._tag, "UnexpectedResponse")
            assert.lengthOf(requests, 1)
          }
          assert.lengthOf(elsewhere.requests, 0)
        }))
    }

    it.effect("nothing that the carrier cannot take", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(acceptance)
        const provider = yield* providerAt(carrier.url, { severalMedia: "refuse" })
        const { maxLength, maxMedia, options, recipients, senders } = provider.capabilities.send!
        const tooMany = Array.from({ length: maxMedia + 1 }, (_, index) => file(`${index}`))
        const refused: ReadonlyArray<readonly [string, OutboundMessage, SmsErrorReason["_tag"]]> = [
          ["no text", message(""), "InvalidMessage"],
          ["blank text", message(" \n\t\u00A0"), "InvalidMessage"],
          ["a long blank text", message(" ".repeat(maxLength + 500)), "InvalidMessage"],
          ["half of a surrogate pair", message("hello \uD83D"), "InvalidMessage"],
          ["a local file", message(new MediaContent({ url: "file:///etc/passwd" })), "InvalidMessage"],
          ["no URL", message(new MediaContent({ url: "picture.jpg" })), "InvalidMessage"],
          ["a recipient that is no number", message("hi", { to: Address.make("ACME") }), "InvalidRecipient"],
          ["a longer text", message("a".repeat(maxLength + 1)), "NotSupported"],
          ["more files", message(new CompositeContent({ parts: [tooMany[0]!, ...tooMany.slice(1)] })), "NotSupported"],
          ...recipients.includes("ChannelAddress")
            ? []
            : [
              ["another channel", message("hi", { to: Address.make(`whatsapp:${customer}`) }), "NotSupported"] as const
            ],
          ...senders.includes("SenderId")
            ? [
              [
                "media from a name",
                message(file("a"), { from: Address.make("ACME") }),
                "NotSupported"
              ] as const
            ]
            : [["a name as sender", message("hi", { from: Address.make("ACME") }), "NotSupported"] as const],
          [
            "a number from another channel",
            message("hi", { from: Address.make("whatsapp:+15145550100") }),
            "InvalidSender"
          ],
          ...recipients.includes("ChannelAddress")
            ? ["+15145550100", "12345", "ACME", "messenger:+15145550100"].map((from) =>
              [
                `another channel from ${from}`,
                message("hi", { to: Address.make(`whatsapp:${customer}`), from: Address.make(from) }),
                "InvalidSender"
              ] as const
            )
            : [],
          ...["(514) 555-0142", "+1 514 555 0142", "15145550142", "tel:+15145550142", "whatsapp:15145550142"].map((
            to
          ) =>
            [`a recipient that is written ${to}`, message("hi", { to: Address.make(to) }), "InvalidRecipient"] as const
          ),
          ...options.includes("reference")
            ? []
            : [["a reference", message("hi", { reference: "order-1" }), "NotSupported"] as const],
          ...options.includes("statusCallback")
            ? [["a callback to no URL", message("hi", { statusCallback: "here" }), "InvalidMessage"] as const]
            : [["a callback", message("hi", { statusCallback: "https://example.com" }), "NotSupported"] as const]
        ]
        for (const [what, sent, reason] of refused) {
          const error = yield* refusalOf(provider, sent)
          assert.strictEqual(error.reason._tag, reason, what)
          assert.strictEqual(error.provider, name)
          assert.strictEqual(error.canFailOver, ["NotSupported", "InvalidSender"].includes(reason), what)
          if (reason === "InvalidRecipient") assert.match(error.reason.message, /^to: expected a phone number as \+/)
          if (reason === "InvalidSender") assert.match(error.reason.message, /^from: expected a /)
        }
        assert.lengthOf(carrier.requests, 0)
      }))

    it.effect("a text as long as the carrier takes, whole", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(acceptance)
        const provider = yield* providerAt(carrier.url)
        const { maxLength, maxSegments = Infinity } = provider.capabilities.send!
        const text = "a".repeat(Math.min(maxLength, maxSegments * 153))
        yield* provider.send(message(text))
        assert.deepStrictEqual(carrier.requests.map(textOf), [text])
        assert.strictEqual((yield* refusalOf(provider, message(`${text}a`))).reason._tag, "NotSupported")
      }))

    it.effect.prop("a longer text in several messages with `split`, without losing a character", {
      text: Schema.String.check(Schema.isMinLength(1)),
      filling: Schema.Literals(["word ", "é", "👩‍🚀", "\n  ", "字", "€"]),
      times: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 1500 }))
    }, ({ filling, text, times }) =>
      Effect.gen(function*() {
        const long = `x${text.toWellFormed()}${filling.repeat(times)}`
        const carrier = yield* CarrierServer.serve(acceptance)
        const provider = yield* providerAt(carrier.url, { longText: "split" })
        const receipt = yield* provider.send(message(long))
        const texts = carrier.requests.map(textOf)
        assert.strictEqual(texts.join(""), long)
        assert.deepStrictEqual([...receipt.messageIds], texts.map((_, index) => `id-${index + 1}`))
        assert.isTrue(texts.every((text) => text.length <= provider.capabilities.send!.maxLength))
      }), { arbitrary: { runs: 15 } })

    it.effect("several files in as many messages as needed with `split`, the text with the first", () =>
      Effect.gen(function*() {
        const carrier = yield* CarrierServer.serve(acceptance)
        const provider = yield* providerAt(carrier.url, { severalMedia: "split" })
        const { maxMedia } = provider.capabilities.send!
        const files = Array.from({ length: maxMedia + 1 }, (_, index) => file(`picture-${index}`))
        const receipt = yield* provider.send(
          message(new CompositeContent({ parts: [new TextContent({ text: "look" }), ...files] }))
        )
        assert.lengthOf(receipt.messageIds, 2)
        const [first, second] = carrier.requests
        assert.deepStrictEqual([textOf(first!), textOf(second!)], ["look", ""])
        for (const [index] of files.entries()) {
          const [holder, other] = index < maxMedia ? [first, second] : [second, first]
          assert.include(decodeURIComponent(holder!.body), `picture-${index}.jpg`)
          assert.notInclude(decodeURIComponent(other!.body), `picture-${index}.jpg`)
        }
      }))

    it.effect("the parts in order, and reports which were sent when one fails", () =>
      Effect.gen(function*() {
        const refusal = CarrierServer.answer(403, {})
        const carrier = yield* CarrierServer.serve(CarrierServer.inTurn(acceptance, acceptance, refusal))
        const provider = yield* providerAt(carrier.url, { longText: "split" })
        const { maxLength } = provider.capabilities.send!
        const error = yield* refusalOf(provider, message("word ".repeat(maxLength)))
        assert.lengthOf(carrier.requests, 3)
        assert.deepStrictEqual(error.accepted?.messageIds, ["id-1", "id-2"])
        assert.strictEqual(error.part?.number, 3)
        assert.isAbove(error.part?.of ?? 0, 3)
        assert.isFalse(error.isRetryable || error.canFailOver)
      }))
  })
}
