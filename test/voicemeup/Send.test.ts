import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Address } from "../../src/Address.ts"
import { CompositeContent, MediaContent, TextContent } from "../../src/Content.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, file, message, ours } from "../../src/testing/internal/sendSubject.ts"
import * as SendSuite from "../../src/testing/SendSuite.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { refusalFixtures, sendFixtures } from "../fixtures.ts"

const authToken = "t0psecret+token"

const options: VoiceMeUp.Options = {
  verification: { scheme: "None" },
  username: "api@example.com",
  authToken: Redacted.make(authToken)
}

const queued = (id: string) => ({
  response_details: {
    response_status: "success",
    response_messages: { message: { code: "queued_sms_hash", _content: id } }
  }
})

SendSuite.suite({
  name: "voicemeup",
  fixtures: sendFixtures("voicemeup"),
  refusals: refusalFixtures("voicemeup"),
  layer: (more) => VoiceMeUp.layer({ ...options, ...more }).pipe(Layer.provide(NodeCrypto.layer)),
  secrets: [authToken],
  accepts: (id) => ({ status: 200, body: queued(id) }),
  textOf: ({ body }) => new URLSearchParams(body).get("message") ?? ""
})

const services = Layer.mergeAll(NodeCrypto.layer, NodeHttpClient.layerUndici)

const providerAt = (baseUrl: string, more: Partial<VoiceMeUp.Options> = {}) =>
  Effect.map(
    Layer.build(Layer.provide(VoiceMeUp.layer({ ...options, from: ours, ...more, baseUrl }), services)),
    Context.get(SmsProvider)
  )

describe("voicemeup sends", () => {
  const acceptance: CarrierServer.Behaviour = (_, number) => CarrierServer.answer(200, queued(`hash-${number}`))

  const formsOf = (carrier: CarrierServer.CarrierServer) =>
    carrier.requests.map(({ body }) => {
      const { attachment, message } = Object.fromEntries(new URLSearchParams(body))
      return { attachment, message }
    })

  it.effect("each file in a message of its own, the captions with the first, and names all messages", () =>
    Effect.gen(function*() {
      const carrier = yield* CarrierServer.serve(acceptance)
      const provider = yield* providerAt(carrier.url)
      const captioned = (name: string, caption: string) => new MediaContent({ ...file(name), caption })
      const content = new CompositeContent({
        parts: [new TextContent({ text: "look:" }), captioned("a", "one\ntwo"), file("b"), captioned("c", "three")]
      })
      const receipt = yield* provider.send(message(content))
      assert.deepStrictEqual(receipt.messageIds, ["hash-1", "hash-2", "hash-3"])
      const url = (name: string) => `https://media.example.com/${name}.jpg`
      assert.deepStrictEqual(formsOf(carrier), [
        { message: "look:\none\ntwo\nthree", attachment: url("a") },
        { message: undefined, attachment: url("b") },
        { message: undefined, attachment: url("c") }
      ])
    }))

  it.effect("a long caption in parts too, and the white space as it was written", () =>
    Effect.gen(function*() {
      const carrier = yield* CarrierServer.serve(acceptance)
      const provider = yield* providerAt(carrier.url, { longText: "split" })
      const caption = "word\n\n  word\t".repeat(120).trim()
      yield* provider.send(message(new MediaContent({ ...file("a"), caption })))
      const forms = formsOf(carrier)
      assert.lengthOf(forms, 2)
      assert.strictEqual(forms.map(({ message }) => message).join(""), caption)
      assert.deepStrictEqual(forms.map(({ attachment }) => attachment === undefined), [false, true])
    }))

  it.effect("and says which parts are queued when a later one is refused, so that nothing goes out twice", () =>
    Effect.gen(function*() {
      const refusal = CarrierServer.answer(200, {
        response_details: {
          response_status: "error",
          response_messages: { message: { code: "duplicate_entry", _content: "SMS already queued" } }
        }
      })
      const carrier = yield* CarrierServer.serve(CarrierServer.inTurn(acceptance, refusal))
      const provider = yield* providerAt(carrier.url, { longText: "split" })
      const error = yield* Effect.flip(provider.send(message("word ".repeat(300))))
      assert.deepInclude(error.reason, {
        _tag: "DuplicateMessage",
        code: "duplicate_entry",
        detail: "SMS already queued"
      })
      assert.deepStrictEqual(error.accepted?.messageIds, ["hash-1"])
      assert.deepStrictEqual(error.part, { number: 2, of: 2 })
      assert.isFalse(error.isRetryable || error.canFailOver)
      assert.lengthOf(carrier.requests, 2)
    }))

  it.effect("to and from numbers only, as they are", () =>
    Effect.gen(function*() {
      const provider = yield* providerAt(yield* CarrierServer.closedUrl)
      const reasonOf = (sent: OutboundMessage) =>
        Effect.map(Effect.flip(provider.send(sent)), ({ reason }) => reason._tag)
      for (const to of ["(418) 555-1234", "4185551234", "14185551234", "418-555-1234"]) {
        assert.strictEqual(yield* reasonOf(message("hi", { to: Address.make(to) })), "InvalidRecipient", to)
        assert.strictEqual(yield* reasonOf(message("hi", { from: Address.make(to) })), "InvalidSender", to)
      }
      assert.strictEqual(yield* reasonOf(message("hi", { to: Address.make("12345") })), "NotSupported")
    }))

  it.effect("to the host of the environment, with the credentials in the body alone", () =>
    Effect.gen(function*() {
      const hostOf = Effect.fnUntraced(function*(environment: VoiceMeUp.Options["environment"]) {
        const seen: Array<string> = []
        const client = HttpClient.make((request, url) =>
          Effect.sync(() => {
            seen.push(url.href, JSON.stringify(request.headers))
            return HttpClientResponse.fromWeb(request, Response.json(queued("1")))
          })
        )
        const layer = VoiceMeUp.layer({ ...options, environment, from: ours }).pipe(
          Layer.provide([NodeCrypto.layer, Layer.succeed(HttpClient.HttpClient, client)])
        )
        yield* Context.get(yield* Layer.build(layer), SmsProvider).send(message("hi", { to: customer }))
        const [url, headers] = seen
        assert.notMatch(`${url} ${headers}`, /example|t0psecret/)
        return url
      })
      const path = "/api/v1.1/json/queue_sms"
      assert.strictEqual(yield* hostOf(undefined), `https://clients.voicemeup.com${path}`)
      assert.strictEqual(yield* hostOf("production"), `https://clients.voicemeup.com${path}`)
      assert.strictEqual(yield* hostOf("sandbox"), `https://dev-clients.voicemeup.com${path}`)
    }))

  it.effect("from no environment but the two, and with no empty token", () =>
    Effect.gen(function*() {
      const failureOf = (more: object) =>
        Effect.flip(Layer.build(Layer.provide(VoiceMeUp.layer({ ...options, ...more }), services)))
      for (const environment of ["Sandbox", "dev", "", "constructor"]) {
        assert.strictEqual((yield* failureOf({ environment }))._tag, "IllegalArgumentError", environment)
      }
      assert.strictEqual((yield* failureOf({ authToken: Redacted.make(" ") }))._tag, "CryptoError")
    }))

  it.effect("as it is configured", () =>
    Effect.gen(function*() {
      const layer = VoiceMeUp.layerConfig({
        verification: Config.map(Config.Redacted("WEBHOOK_TOKEN"), (token) => ({ scheme: "Token" as const, token })),
        username: Config.String("USERNAME"),
        authToken: Config.Redacted("TOKEN"),
        environment: Config.Literals(["production", "sandbox"], "ENVIRONMENT")
      })
      const environment = { WEBHOOK_TOKEN: "w", USERNAME: "u", TOKEN: "t", ENVIRONMENT: "sandbox" }
      const config = ConfigProvider.layer(ConfigProvider.fromUnknown(environment))
      const provider = Context.get(yield* Layer.build(Layer.provide(layer, [services, config])), SmsProvider)
      assert.strictEqual(provider.capabilities.receive?.verification.scheme, "token")
      assert.deepInclude(provider.capabilities.send, { maxMedia: 1, maxLength: 1000, options: [] })
    }))
})

it("says what the codes mean", () => {
  const meanings = {
    duplicate_entry: "DuplicateMessage",
    permission_refused: "Authentication",
    queued_sms_hash: undefined,
    constructor: undefined
  }
  for (const [code, meaning] of Object.entries(meanings)) assert.strictEqual(VoiceMeUp.refusalOf(code), meaning, code)
})
