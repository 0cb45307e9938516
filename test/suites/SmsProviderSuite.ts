/**
 * What every provider must do, whatever its dialect. A provider's test gives
 * its layer, a way to sign, and a folder of fixtures.
 */
import { assert, it, type Vitest } from "@effect/vitest"
import { Cause, Effect, Exit, type Layer, Option, Result, Schema } from "effect"
import * as fc from "fast-check"
import { readdirSync, readFileSync } from "node:fs"
import { inspect } from "node:util"
import * as Content from "../../src/Content.ts"
import type { Payload } from "../../src/Payload.ts"
import { formFromText } from "../../src/provider/Body.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { WebhookError } from "../../src/WebhookError.ts"
import { toInbound, WebhookEvent } from "../../src/WebhookEvent.ts"
import { unverifiedWebhook, type WebhookRequest } from "../../src/WebhookRequest.ts"

/** A request that still lacks its signature. */
export interface Unsigned {
  readonly method: string
  readonly url: string
  readonly contentType: string
  readonly body: string
}

export interface Subject<E> {
  /** The provider's name, and the folder of its fixtures. */
  readonly name: string
  /** The provider with the secrets that `sign` uses. */
  readonly layer: Layer.Layer<SmsProvider, E>
  /** The correctly signed request. */
  readonly sign: (unsigned: Unsigned) => Effect.Effect<WebhookRequest, unknown>
  /** The same request with its signature taken away. Absent for a provider that checks none. */
  readonly withoutSignature?: (request: WebhookRequest) => WebhookRequest
  /** What the signature covers: one flipped bit there must be refused. Headers by name. */
  readonly covers: {
    readonly body: boolean
    readonly url: boolean
    readonly headers: ReadonlyArray<string>
  }
  /** Changed requests that are accepted on purpose. Each kind has a test of its own with the provider. */
  readonly acceptedOnPurpose?: (original: WebhookRequest, changed: WebhookRequest) => boolean
  /** How the body text becomes the payload that the events carry as `raw`. */
  readonly payload?: (fixture: Fixture) => Payload
}

export interface Fixture {
  readonly name: string
  readonly source: string
  readonly request: Unsigned
  readonly expected: ReadonlyArray<unknown>
}

const folder = (name: string) => new URL(`../fixtures/${name}/`, import.meta.url)

/** The pairs of a folder: what was received, and what it means. */
export const fixtures = (name: string): ReadonlyArray<Fixture> =>
  readdirSync(folder(name)).filter((file) => file.endsWith(".request.json")).sort().map((file) => {
    const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder(name)), "utf8"))
    const { body = "", contentType = "", method = "POST", query, source } = read(file)
    return {
      name: file.slice(0, -".request.json".length),
      source,
      request: {
        method,
        url: `https://sms.example.com/webhooks/sms/${name}/inbound${query === undefined ? "" : `?${query}`}`,
        contentType,
        body
      },
      expected: read(file.replace(".request.json", ".expected.json"))
    }
  })

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

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = Uint8Array.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

/** Every text that differs from this ASCII text in one bit and is still text. */
const flippedTexts = function*(text: string): Iterable<string> {
  const bytes = encoder.encode(text)
  for (let bit = 0; bit < bytes.length * 8; bit++) yield Buffer.from(flip(bytes, bit)).toString("latin1")
}

/** Every request that differs from this one in one covered bit. */
const flips = function*(request: WebhookRequest, covers: Subject<never>["covers"]): Iterable<WebhookRequest> {
  if (covers.body) {
    for (let bit = 0; bit < request.body.length * 8; bit++) yield { ...request, body: flip(request.body, bit) }
  }
  if (covers.url) { for (const url of flippedTexts(request.url)) yield { ...request, url } }
  for (const name of covers.headers) {
    for (const value of flippedTexts(request.headers[name]!)) {
      yield { ...request, headers: { ...request.headers, [name]: value } }
    }
  }
}

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

/** What an event says about people, in the forms in which it could turn up elsewhere. */
const privateTexts = (event: WebhookEvent): ReadonlyArray<string> => {
  const addresses = event._tag === "DeliveryStatus" ? [event.sender, event.recipient] : []
  const message = Option.getOrUndefined(toInbound(event))
  if (message !== undefined) addresses.push(message.sender, message.recipient)
  return [
    ...addresses.flatMap((address) => address === undefined ? [] : [address, address.replace(/^\D*/, "")]),
    ...message === undefined ? [] : [Content.text(message.content), encodeURIComponent(Content.text(message.content))],
    ...message === undefined ? [] : Content.media(message.content).map(({ url }) => url)
    // A word such as `code` may be in an error by chance.
  ].filter((text) => text.length > 5)
}

/** Every place where a log or an answer could take a text from. */
const printed = (error: WebhookError): string =>
  [
    String(error),
    error.message,
    JSON.stringify(error),
    JSON.stringify(Schema.encodeSync(Schema.toCodecJson(WebhookError))(error)),
    inspect(error, { depth: Infinity, showHidden: true }),
    Cause.pretty(Cause.fail(error))
  ].join("\n").replace(/^ +at .*$/gm, "")

const oddValues = fc.oneof(
  fc.constantFrom(null, "", " ", 0, -1, 1e21, true, [], {}, [null], [{}], [""], { a: null }, "received", "inbound"),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: "grapheme" })
)

/** A payload with some members, at any depth, taken away or replaced. */
const mutated = (payload: Payload): fc.Arbitrary<Payload> =>
  fc.array(fc.tuple(fc.nat(), fc.option(oddValues, { nil: undefined })), { minLength: 1, maxLength: 4 }).map(
    (changes) => {
      const copy = structuredClone(payload) as Record<string, unknown>
      for (const [pick, value] of changes) {
        const places: Array<readonly [Record<string, unknown>, string]> = []
        const visit = (node: unknown): void => {
          if (typeof node !== "object" || node === null) return
          for (const key of Object.keys(node)) {
            places.push([node as Record<string, unknown>, key])
            visit((node as Record<string, unknown>)[key])
          }
        }
        visit(copy)
        if (places.length === 0) break
        const [node, key] = places[pick % places.length]!
        if (value === undefined) delete node[key]
        // A shared constant assigned twice could become a cycle.
        else node[key] = structuredClone(value)
      }
      return copy
    }
  )

const assertTotal = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return
  assert.isFalse(Cause.hasDies(exit.cause), Cause.pretty(exit.cause))
  for (const reason of exit.cause.reasons) {
    assert.isTrue(Cause.isFailReason(reason) && reason.error instanceof WebhookError)
    assert.strictEqual((reason as Cause.Fail<WebhookError>).error.reason._tag, "InvalidPayload")
  }
}

export const suite = <E>(subject: Subject<E>, testApi: Vitest.MethodsNonLive = it) => {
  const cases = fixtures(subject.name)
  const [shortest] = cases.map(({ request }) => request).filter(({ method }) => method === "POST")
    .sort((a, b) => a.body.length - b.body.length)
  const signed = subject.sign(shortest!)
  const firstGet = cases.map(({ request }) => request).find(({ method }) => method === "GET")

  testApi.layer(subject.layer)(`SmsProvider (${subject.name})`, (it) => {
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
          const arbitrary = fc.oneof(
            fc.record({ type: fc.constant("json"), body: fc.uint8Array({ maxLength: 200 }) }),
            fc.record({ type: fc.constant("form"), body: fc.uint8Array({ maxLength: 200 }) }),
            fc.record({
              type: fc.constant("form"),
              body: fc.dictionary(fc.string(), fc.string()).map((form) =>
                encoder.encode(`${new URLSearchParams(form)}`)
              )
            }),
            fc.record({ type: fc.constant("json"), body: fc.json().map((text) => encoder.encode(text)) }),
            ...payloads.map((payload) => fc.record({ type: fc.constant("payload"), payload: mutated(payload) }))
          )
          fc.assert(
            fc.property(arbitrary, (input) => {
              const decoded = "payload" in input
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
