/**
 * The conformance suite for providers that receive: how every carrier must
 * handle webhooks, whatever their format. It needs `@effect/vitest`, `vitest`
 * and `fast-check`, which are optional peer dependencies.
 *
 * Call {@link suite} in a test file. It verifies and decodes every fixture,
 * changes each covered bit of a signed webhook, decodes thousands of damaged
 * payloads, and looks for numbers and texts in every error.
 *
 * @since 0.1.0
 */
import { assert, it as vitest } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { inspect } from "node:util"
import * as Content from "../Content.ts"
import type { Payload } from "../Payload.ts"
import { formFromText } from "../provider/Body.ts"
import { SmsProvider } from "../provider/SmsProvider.ts"
import { WebhookError } from "../WebhookError.ts"
import { toInbound, WebhookEvent } from "../WebhookEvent.ts"
import { unverifiedWebhook, type WebhookRequest } from "../WebhookRequest.ts"
import { type Covers, flips, inputs } from "./internal/changes.ts"

export type { Covers }

/**
 * A request before it is signed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unsigned {
  readonly method: string
  readonly url: string
  readonly contentType: string
  readonly body: string
}

/**
 * A webhook and the events that it decodes to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixture {
  /** The case that it covers, such as `inbound-mms-two-files`. */
  readonly name: string
  /** The source: the URL of the carrier's documentation, or how the webhook was captured. */
  readonly source: string
  readonly request: Unsigned
  /**
   * The events as JSON, without their `raw`: what
   * `Schema.toCodecJson(Schema.Array(WebhookEvent))` encodes them to. Write
   * them by hand, from the carrier's documentation.
   */
  readonly expected: ReadonlyArray<unknown>
}

/**
 * The description of a provider that the suite tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject<E> {
  /** The provider's name. */
  readonly name: string
  /** Provides the provider, configured with the secrets that `sign` uses. */
  readonly layer: Layer.Layer<SmsProvider, E>
  /**
   * The webhooks to test, with at least one POST. Include one for each kind of
   * message and report, one with every optional field absent, and one of each
   * unrecognized type.
   */
  readonly fixtures: ReadonlyArray<Fixture>
  /** Signs a request correctly. */
  readonly sign: (unsigned: Unsigned) => Effect.Effect<WebhookRequest, unknown>
  /** Removes the signature. Absent for a provider that verifies none. */
  readonly withoutSignature?: (request: WebhookRequest) => WebhookRequest
  /**
   * The parts that the signature covers. The suite flips every bit of them, and
   * each changed request must be refused.
   */
  readonly covers: Covers
  /**
   * Returns whether a changed request is accepted on purpose, for example with
   * the host in another letter case. Test each such case separately.
   */
  readonly acceptedOnPurpose?: (original: WebhookRequest, changed: WebhookRequest) => boolean
  /**
   * Parses a body into the payload that the events contain as `raw`. By
   * default, a JSON body is parsed as JSON, and anything else as a form.
   */
  readonly payload?: (fixture: Fixture) => Payload
}

const payloadOf = ({ request }: Fixture): Payload => {
  if (request.method === "GET") return formFromText(new URL(request.url).search)
  return request.contentType.startsWith("application/json")
    ? JSON.parse(request.body)
    : formFromText(request.body)
}

const encodeEvents = Schema.encodeEffect(Schema.toCodecJson(Schema.Array(WebhookEvent)))
const decodeEvents = Schema.decodeUnknownEffect(Schema.toCodecJson(Schema.Array(WebhookEvent)))

const withoutRaw = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutRaw)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).filter(([key]) => key !== "raw").map(([key, value]) => [key, withoutRaw(value)])
  )
}

const encoder = new TextEncoder()

const assertAllRefused = Effect.fnUntraced(function*(
  requests: Iterable<WebhookRequest>,
  original: WebhookRequest,
  acceptedOnPurpose: Subject<never>["acceptedOnPurpose"]
) {
  const provider = yield* SmsProvider
  let count = 0
  for (const changed of requests) {
    if (acceptedOnPurpose?.(original, changed) === true) continue
    const exit = yield* Effect.exit(provider.verify(changed))
    assert.isTrue(Exit.isFailure(exit), `accepted a changed request: ${changed.url} ${JSON.stringify(changed.headers)}`)
    assert.isFalse(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    count++
  }
  assert.isAbove(count, 100)
})

/** Returns the personal data of an event, in the forms in which it could appear elsewhere. */
const privateTexts = (event: WebhookEvent): ReadonlyArray<string> => {
  const addresses = event._tag === "DeliveryStatus" ? [event.sender, event.recipient] : []
  const message = Option.getOrUndefined(toInbound(event))
  if (message !== undefined) addresses.push(message.sender, message.recipient)
  return [
    ...addresses.flatMap((address) => address === undefined ? [] : [address, address.replace(/^\D*/, "")]),
    ...message === undefined ? [] : [Content.text(message.content), encodeURIComponent(Content.text(message.content))],
    ...message === undefined ? [] : Content.media(message.content).map(({ url }) => url)
    // Short words such as `code` may occur in an error by coincidence.
  ].filter((text) => text.length > 5)
}

/** Formats an error in every way that a log or a response could. */
const printed = (error: WebhookError): string =>
  [
    String(error),
    error.message,
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(Schema.toCodecJson(WebhookError))(error)),
    inspect(error, { depth: Infinity, showHidden: true }),
    Cause.pretty(Cause.fail(error))
  ].join("\n").replace(/^ +at .*$/gm, "")

const assertTotal = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return
  assert.isFalse(Cause.hasDies(exit.cause), Cause.pretty(exit.cause))
  for (const reason of exit.cause.reasons) {
    assert.isTrue(Cause.isFailReason(reason) && reason.error instanceof WebhookError)
    assert.strictEqual((reason as Cause.Fail<WebhookError>).error.reason._tag, "InvalidPayload")
  }
}

/**
 * Registers the tests of a provider.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = <E>(subject: Subject<E>): void => {
  const cases = subject.fixtures
  const [shortest] = cases.map(({ request }) => request).filter(({ method }) => method === "POST")
    .sort((a, b) => a.body.length - b.body.length)
  assert.isDefined(shortest, `${subject.name} has no fixture with a POST`)
  const signed = subject.sign(shortest)
  const firstGet = cases.map(({ request }) => request).find(({ method }) => method === "GET")

  vitest.layer(subject.layer)(`SmsProvider (${subject.name})`, (it) => {
    it.effect.each(cases)("verifies and decodes $name", (fixture) =>
      Effect.gen(function*() {
        const provider = yield* SmsProvider
        assert.isNotEmpty(fixture.source)
        const events = yield* provider.decode(yield* provider.verify(yield* subject.sign(fixture.request)))
        assert.deepStrictEqual(withoutRaw(yield* encodeEvents(events)), fixture.expected)
        const raw = (subject.payload ?? payloadOf)(fixture)
        for (const event of events) {
          assert.deepStrictEqual(event._tag === "MessagePart" ? event.message.raw : event.raw, raw)
          assert.strictEqual(event.provider, subject.name)
        }
        assert.deepStrictEqual(yield* decodeEvents(yield* encodeEvents(events)), events)
      }))

    it.effect.each(cases)(
      "decodes $name the same from a payload that was parsed before",
      (fixture) =>
        Effect.gen(function*() {
          const provider = yield* SmsProvider
          const raw = (subject.payload ?? payloadOf)(fixture)
          assert.deepStrictEqual(withoutRaw(yield* encodeEvents(yield* provider.decodePayload(raw))), fixture.expected)
        })
    )

    const { withoutSignature } = subject
    if (withoutSignature !== undefined) {
      it.effect("refuses a webhook that is not signed", () =>
        Effect.gen(function*() {
          const provider = yield* SmsProvider
          const error = yield* Effect.flip(provider.verify(withoutSignature(yield* signed)))
          assert.strictEqual(error.reason._tag, "MissingSignature")
          assert.strictEqual(error.status, 403)
          assert.strictEqual(error.provider, subject.name)
        }))

      it.effect("refuses a webhook with any one covered bit changed", () =>
        Effect.gen(function*() {
          const request = yield* signed
          yield* assertAllRefused(flips(request, subject.covers), request, subject.acceptedOnPurpose)
        }), 60_000)
    }

    if (firstGet !== undefined) {
      it.effect("refuses a GET with any one covered bit changed", () =>
        Effect.gen(function*() {
          const request = yield* subject.sign(firstGet)
          const changes = flips(request, { ...subject.covers, body: false })
          yield* assertAllRefused(changes, request, subject.acceptedOnPurpose)
        }), 60_000)
    }

    it.effect.each(cases)("keeps texts and numbers of $name out of every error", (fixture) =>
      Effect.gen(function*() {
        const provider = yield* SmsProvider
        const request = yield* subject.sign(fixture.request)
        const raw = (subject.payload ?? payloadOf)(fixture)
        const texts = (yield* provider.decodePayload(raw)).flatMap(privateTexts)
        const headers = (changes: Record<string, string>) => ({
          ...request,
          headers: { ...request.headers, ...changes }
        })
        const { body } = request
        const attempts: ReadonlyArray<Effect.Effect<unknown, WebhookError>> = [
          ...(withoutSignature === undefined ? [] : [provider.verify(withoutSignature(request))]),
          provider.verify(headers({ "content-type": "text/plain" })),
          provider.verify({ ...request, method: "PUT" }),
          provider.verify({ ...request, url: `${request.url}x` }),
          provider.verify({ ...request, body: encoder.encode(`${fixture.request.body}x`) }),
          ...subject.covers.headers.map((name) => provider.verify(headers({ [name]: `x${request.headers[name]}` }))),
          ...[body.subarray(1), body.subarray(0, -1), encoder.encode("{"), Uint8Array.of(0xff, ...body)].map((body) =>
            provider.decode(unverifiedWebhook(subject.name, { ...request, body }))
          ),
          ...Object.keys(raw).flatMap((key) =>
            [undefined, "", { [key]: raw[key] }, [[raw[key]]]].map((value) =>
              provider.decodePayload({ ...raw, [key]: value })
            )
          )
        ]
        let count = 0
        for (const attempt of attempts) {
          const result = yield* Effect.result(attempt)
          if (Result.isSuccess(result)) continue
          for (const text of texts) assert.notInclude(printed(result.failure), text)
          count++
        }
        assert.isAtLeast(count, 3)
      }))

    it.effect("refuses another content type and another method", () =>
      Effect.gen(function*() {
        const provider = yield* SmsProvider
        const request = yield* signed
        const other = { ...request, headers: { ...request.headers, "content-type": "text/plain" } }
        assert.strictEqual((yield* Effect.flip(provider.verify(other))).status, 415)
        assert.strictEqual((yield* Effect.flip(provider.verify({ ...request, method: "PUT" }))).status, 405)
      }))

    it.effect("does not decode what another provider verified", () =>
      Effect.gen(function*() {
        const provider = yield* SmsProvider
        const error = yield* Effect.flip(provider.decode(unverifiedWebhook("another", yield* signed)))
        assert.strictEqual(error.reason._tag, "InvalidPayload")
      }))

    it.effect(
      "decodes any bytes, form or JSON to events or to an error that names the field",
      () =>
        Effect.gen(function*() {
          const provider = yield* SmsProvider
          const request = yield* signed
          const decodeBytes = (contentType: string, body: Uint8Array) =>
            provider.decode(
              unverifiedWebhook(subject.name, { ...request, headers: { "content-type": contentType }, body })
            )
          const payloads = cases.map(subject.payload ?? payloadOf)
          fc.assert(
            fc.property(inputs(payloads), (input) => {
              const decoded = input.type === "payload"
                ? provider.decodePayload(input.payload)
                : decodeBytes(
                  input.type === "json" ? "application/json" : "application/x-www-form-urlencoded",
                  input.body
                )
              assertTotal(Effect.runSyncExit(decoded))
            }),
            { numRuns: 10_000 }
          )
        }),
      120_000
    )

    it.effect("acknowledges with nothing that a customer could read", () =>
      Effect.gen(function*() {
        const { acknowledgement } = yield* SmsProvider
        assert.strictEqual(acknowledgement.status, 200)
        assert.include(["text/xml", "application/json"], acknowledgement.contentType)
      }))
  })
}
