/**
 * What every provider must do when it sends, whatever its dialect. A provider's
 * test gives its layer and a folder of fixtures; a real server on this machine
 * plays the carrier.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Exit, Layer, Schema, type Scope } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { HttpClient, type HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { CompositeContent, MediaContent, TextContent } from "../../src/Content.ts"
import { type OutboundMessage, SendReceipt } from "../../src/Message.ts"
import type { SendOptions } from "../../src/provider/Sending.ts"
import { type Service as Provider, SmsProvider } from "../../src/provider/SmsProvider.ts"
import type { SmsErrorReason } from "../../src/SmsError.ts"
import * as Carrier from "../send/carrier.ts"
import {
  clients,
  customer,
  decodeMessage,
  file,
  fixtures,
  message,
  ours,
  passTime,
  refusals
} from "../send/fixtures.ts"
import { testPrivacy } from "../send/privacy.ts"

const encodeReceipt = Schema.encodeEffect(Schema.toCodecJson(SendReceipt))

export interface Subject {
  /** The provider's name, and the folder of its fixtures. */
  readonly name: string
  /** The provider, with these options beside those that it needs. */
  readonly layer: (
    options: SendOptions & Readonly<Record<string, unknown>>
  ) => Layer.Layer<SmsProvider, unknown, HttpClient.HttpClient>
  /** The credentials that the layer uses: nothing that is told may hold them. */
  readonly secrets: ReadonlyArray<string>
  /** How the carrier accepts a message. */
  readonly accepts: (id: string) => { readonly status: number; readonly body: unknown }
  /** The text that a request carries. */
  readonly textOf: (request: Carrier.Received) => string
}

export const suite = ({ accepts, layer, name, secrets, textOf }: Subject): void => {
  const providerAt = (
    url: string,
    options: SendOptions & Readonly<Record<string, unknown>> = {},
    client: Layer.Layer<HttpClient.HttpClient> = clients.undici
  ): Effect.Effect<Provider, unknown, Scope.Scope> =>
    Effect.map(
      Layer.build(layer({ from: ours, baseUrl: url, ...options }).pipe(Layer.provide(client))),
      Context.get(SmsProvider)
    )

  const acceptance: Carrier.Behaviour = (response, request, number) => {
    const { body, status } = accepts(`id-${number}`)
    Carrier.answer(status, body)(response, request, number)
  }
  const accepted = accepts("id-1")

  const refusalOf = (provider: Provider, sent: OutboundMessage) => Effect.flip(provider.send(sent))

  /** One send to a carrier that behaves so, with all the time in the world. */
  const outcomeOf = Effect.fnUntraced(function*(
    behave: Carrier.Behaviour,
    options: SendOptions = {},
    client: Layer.Layer<HttpClient.HttpClient> = clients.undici,
    step: Duration.Input = "1 second"
  ) {
    const carrier = yield* Carrier.serve(behave)
    const provider = yield* providerAt(carrier.url, options, client)
    const fiber = yield* Effect.forkChild(Effect.exit(provider.send(message("hello"))))
    yield* carrier.received(1)
    const exit = yield* passTime(fiber, step)
    const error = Exit.isFailure(exit) ? yield* Effect.flip(exit) : undefined
    return { requests: carrier.requests, exit, reason: error?.reason, error }
  })

  describe(`${name} sends`, () => {
    for (const [clientName, client] of Object.entries(clients)) {
      it.effect.each(fixtures(name))(
        `$name as the carrier wants it, over ${clientName}`,
        (fixture) =>
          Effect.gen(function*() {
            const carrier = yield* Carrier.serve(Carrier.answer(fixture.answer.status, fixture.answer.body))
            const options = { from: undefined, ...fixture.options }
            // The times in the fixtures lie in the future of this one.
            yield* TestClock.setTime(Date.parse("2026-01-01T00:00:00Z"))
            const provider = yield* providerAt(carrier.url, options, client)
            const receipt = yield* provider.send(yield* decodeMessage(fixture.message))
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

      it.effect(`tells a connection that is refused from one that is lost, over ${clientName}`, () =>
        Effect.gen(function*() {
          const provider = yield* providerAt(yield* Carrier.closedUrl, { retry: { times: 0 } }, client)
          const refused = yield* refusalOf(provider, message("hello"))
          assert.strictEqual(refused.reason._tag, "ProviderUnavailable")
          assert.isTrue(refused.isRetryable && refused.canFailOver)
          for (const behave of [Carrier.reset, Carrier.cut(accepted.status, accepted.body)]) {
            const { reason, requests } = yield* outcomeOf(behave, {}, client)
            assert.deepInclude(reason, { _tag: "OutcomeUnknown", because: "ConnectionLost" })
            assert.lengthOf(requests, 1)
          }
        }))

      it.effect(`goes nowhere else when it is redirected, over ${clientName}`, () =>
        Effect.gen(function*() {
          const elsewhere = yield* Carrier.serve(acceptance)
          for (const status of [301, 302, 303, 307, 308]) {
            const redirect = Carrier.answer(status, "", { location: `${elsewhere.url}/login` })
            const { reason, requests } = yield* outcomeOf(redirect, {}, client)
            assert.strictEqual(reason?._tag, "UnexpectedResponse")
            assert.lengthOf(requests, 1)
          }
          assert.lengthOf(elsewhere.requests, 0)
        }))
    }

    it.effect("nothing that the carrier cannot take", () =>
      Effect.gen(function*() {
        const carrier = yield* Carrier.serve(acceptance)
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
          assert.strictEqual(error.canFailOver, reason === "NotSupported", what)
        }
        assert.lengthOf(carrier.requests, 0)
      }))

    it.effect("a text as long as the carrier takes, whole", () =>
      Effect.gen(function*() {
        const carrier = yield* Carrier.serve(acceptance)
        const provider = yield* providerAt(carrier.url)
        const { maxLength, maxSegments = Infinity } = provider.capabilities.send!
        const text = "a".repeat(Math.min(maxLength, maxSegments * 153))
        yield* provider.send(message(text))
        assert.deepStrictEqual(carrier.requests.map(textOf), [text])
        assert.strictEqual((yield* refusalOf(provider, message(`${text}a`))).reason._tag, "NotSupported")
      }))

    it.effect.prop("a longer text in several messages when it is told to, without losing a character", {
      text: Schema.String.check(Schema.isMinLength(1)),
      filling: Schema.Literals(["word ", "é", "👩‍🚀", "\n  ", "字", "€"]),
      times: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 1500 }))
    }, ({ filling, text, times }) =>
      Effect.gen(function*() {
        const long = `x${text.toWellFormed()}${filling.repeat(times)}`
        const carrier = yield* Carrier.serve(acceptance)
        const provider = yield* providerAt(carrier.url, { longText: "split" })
        const receipt = yield* provider.send(message(long))
        const texts = carrier.requests.map(textOf)
        assert.strictEqual(texts.join(""), long)
        assert.deepStrictEqual([...receipt.messageIds], texts.map((_, index) => `id-${index + 1}`))
        assert.isTrue(texts.every((text) => text.length <= provider.capabilities.send!.maxLength))
      }), { arbitrary: { runs: 15 } })

    it.effect("several files in as many messages as it takes when it is told to, the text with the first", () =>
      Effect.gen(function*() {
        const carrier = yield* Carrier.serve(acceptance)
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

    it.effect("the parts in order, and says which went out when one fails", () =>
      Effect.gen(function*() {
        const refusal = Carrier.answer(403, {})
        const carrier = yield* Carrier.serve(Carrier.inTurn(acceptance, acceptance, refusal))
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

  describe(`${name} tells what became of a message`, () => {
    it.effect.each(refusals(name).cases)(
      "$reason for HTTP $status and $code",
      ({ body, code, reason, status }) =>
        Effect.gen(function*() {
          const outcome = yield* outcomeOf(Carrier.answer(status, body), { retry: { times: 0 } })
          assert.strictEqual(outcome.reason?._tag, reason)
          assert.strictEqual(outcome.reason?.code, code)
          assert.strictEqual(outcome.reason?.status, status)
          assert.lengthOf(outcome.requests, 1)
        })
    )

    it.effect.each([200, 201, 202, 204, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504])(
      "whatever it says with HTTP %s: a refusal is one, and the rest is unknown",
      (status) =>
        Effect.gen(function*() {
          const whole = JSON.stringify(accepted.body)
          const bodies = [
            "",
            "<html><body>Maintenance</body></html>",
            whole.slice(0, whole.length >> 1),
            "null",
            "[]",
            "{}",
            "\"ok\"",
            "12",
            "{\"error\":{}}",
            "{\"errors\":[null]}",
            "\u0000",
            "x".repeat(600_000)
          ]
          const isUnknown = status < 300 || status === 408 || status >= 500
          for (const body of bodies) {
            const { reason, requests } = yield* outcomeOf(Carrier.answer(status, status === 204 ? "" : body), {
              retry: { times: 0 }
            })
            assert.strictEqual(reason?._tag === "OutcomeUnknown", isUnknown, body.slice(0, 20))
            assert.lengthOf(requests, 1)
          }
        })
    )

    it.effect.prop("for any JSON that a carrier may answer with", {
      body: Arbitrary.schema(Schema.Json),
      status: Schema.Literals([200, 201, 400, 403, 409, 422, 500])
    }, ({ body, status }) =>
      Effect.gen(function*() {
        const { exit } = yield* outcomeOf(Carrier.answer(status, JSON.stringify(body)))
        // An error of the type, and no defect.
        assert.isTrue(Exit.isSuccess(exit) || exit.cause.reasons.every(({ _tag }) => _tag === "Fail"))
      }), { arbitrary: { runs: 100 } })

    it.effect("a refusal whose explanation is cut off is a refusal", () =>
      Effect.gen(function*() {
        const { reason } = yield* outcomeOf(Carrier.cut(403, { code: "1", text: "words ".repeat(20) }))
        assert.strictEqual(reason?._tag, "Authentication")
      }))

    it.effect("an answer that comes slowly is an answer", () =>
      Effect.gen(function*() {
        const carrier = yield* Carrier.serve(Carrier.slow(accepted.status, accepted.body))
        const provider = yield* providerAt(carrier.url)
        assert.deepStrictEqual((yield* provider.send(message("hello"))).messageIds, ["id-1"])
      }))

    it.effect.each(
      [
        ["no answer", Carrier.hang],
        ["half an answer", Carrier.stall(accepted.status, accepted.body)]
      ] as const
    )("a timeout with %s is never repeated", ([, behave]) =>
      Effect.gen(function*() {
        const carrier = yield* Carrier.serve(behave)
        const provider = yield* providerAt(carrier.url, { timeout: "10 seconds", retry: { times: 5 } })
        const fiber = yield* Effect.forkChild(Effect.flip(provider.send(message("hello"))))
        yield* carrier.received(1)
        yield* TestClock.adjust("9 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        const error = yield* passTime(fiber, "1 second")
        assert.deepInclude(error.reason, { _tag: "OutcomeUnknown", because: "Timeout" })
        assert.isFalse(error.isRetryable || error.canFailOver)
        yield* TestClock.adjust("1 hour")
        assert.lengthOf(carrier.requests, 1)
      }))
  })

  describe(`${name} repeats what did not go out`, () => {
    const busy = (headers: Readonly<Record<string, string>> = {}) => Carrier.answer(429, {}, headers)

    /** When the requests are made, on the clock of the test. */
    const timed = () => {
      const times: Array<number> = []
      const transformClient = HttpClient.mapRequestEffect((request: HttpClientRequest.HttpClientRequest) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          times.push(now)
          return request
        })
      )
      return { times, transformClient }
    }

    it.effect.each([["seconds", "20"], ["a date", "Thu, 01 Jan 2026 00:00:20 GMT"]] as const)(
      "after the time that the carrier asks for, in %s",
      ([, retryAfter]) =>
        Effect.gen(function*() {
          const start = Date.parse("2026-01-01T00:00:00Z")
          yield* TestClock.setTime(start)
          const { times, transformClient } = timed()
          const carrier = yield* Carrier.serve(Carrier.inTurn(busy({ "retry-after": retryAfter }), acceptance))
          const provider = yield* providerAt(carrier.url, { transformClient })
          const fiber = yield* Effect.forkChild(provider.send(message("hello")))
          yield* carrier.received(1)
          const receipt = yield* passTime(fiber, "100 millis")
          assert.deepStrictEqual(receipt.messageIds, ["id-2"])
          assert.lengthOf(times, 2)
          assert.isAtLeast(times[1]! - start, 20_000)
        })
    )

    it.effect("later each time, and as often as it is told, and then gives the reason", () =>
      Effect.gen(function*() {
        const { times, transformClient } = timed()
        const retry = { times: 4, delay: "1 second", maxDelay: "3 seconds" } as const
        const { error, reason, requests } = yield* outcomeOf(
          busy(),
          { retry, transformClient },
          clients.undici,
          "10 millis"
        )
        assert.strictEqual(reason?._tag, "RateLimited")
        assert.isTrue(error?.isRetryable)
        assert.lengthOf(requests, 5)
        const waits = times.slice(1).map((time, index) => time - times[index]!)
        for (const [index, least] of [800, 1600, 2400, 2400].entries()) assert.isAtLeast(waits[index]!, least)
      }))

    it.effect("not when the carrier asks for more patience than there is", () =>
      Effect.gen(function*() {
        const { reason, requests } = yield* outcomeOf(busy({ "retry-after": "3600" }))
        assert.deepInclude(reason, { _tag: "RateLimited", retryAfter: Duration.hours(1) })
        assert.lengthOf(requests, 1)
      }))

    it.effect("when the carrier could not be reached", () =>
      Effect.gen(function*() {
        const { times, transformClient } = timed()
        const url = yield* Carrier.closedUrl
        const provider = yield* providerAt(url, { retry: { times: 2, delay: "1 second" }, transformClient })
        const fiber = yield* Effect.forkChild(Effect.flip(provider.send(message("hello"))))
        const error = yield* passTime(fiber, "1 second")
        assert.strictEqual(error.reason._tag, "ProviderUnavailable")
        assert.lengthOf(times, 3)
      }))
  })

  testPrivacy({ accepted, acceptance, name, providerAt, secrets })
}
