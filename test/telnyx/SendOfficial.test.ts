/** What Telnyx's SDK sends for a message, over real HTTP, is what we send. */
import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, DateTime, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Telnyx as Sdk } from "telnyx"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import type { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Tweetnacl from "../../src/telnyx/Tweetnacl.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, message, ours } from "../../src/testing/internal/sendSubject.ts"
import { testOfficial, testOfficialQueries } from "../officialSdk.ts"
import { publicKey } from "./keys.ts"

const apiKey = "KEY0123456789_t0psecret"

const providerAt = (baseUrl: string, options: Partial<Telnyx.Options> = {}) =>
  Effect.map(
    Layer.build(
      Telnyx.layer({ publicKey, apiKey: Redacted.make(apiKey), ...options, baseUrl }).pipe(
        Layer.provide([NodeCrypto.layer, NodeHttpClient.layerUndici])
      )
    ),
    Context.get(SmsProvider)
  )

/** The parameters of a group message. The SDK writes them in the order in which they are given. */
const groupParametersOf = (
  sent: OutboundMessage,
  { from: defaultFrom, statusCallback }: Partial<Telnyx.Options>
): Sdk.MessageSendGroupMmsParams => {
  const text = Content.text(sent.content)
  const media = Content.media(sent.content)
  const webhookUrl = sent.statusCallback ?? statusCallback
  return {
    from: sent.from ?? defaultFrom ?? "",
    to: [...sent.recipients],
    ...(text !== "" && { text }),
    ...(media.length > 0 && { media_urls: media.map(({ url }) => url) }),
    ...(webhookUrl !== undefined && { webhook_url: webhookUrl })
  }
}

/** The SDK writes the parameters in the order in which they are given. */
const parametersOf = (
  sent: OutboundMessage,
  { from: defaultFrom, messagingProfileId, statusCallback }: Partial<Telnyx.Options>
): Sdk.MessageSendParams => {
  const from = sent.from ?? defaultFrom
  const text = Content.text(sent.content)
  const media = Content.media(sent.content)
  const webhookUrl = sent.statusCallback ?? statusCallback
  return {
    ...(from !== undefined && { from }),
    to: sent.to,
    ...(text !== "" && { text }),
    ...(media.length > 0 && { media_urls: media.map(({ url }) => url) }),
    ...(messagingProfileId !== undefined && { messaging_profile_id: messagingProfileId }),
    ...(webhookUrl !== undefined && { webhook_url: webhookUrl }),
    ...(sent.sendAt !== undefined && { send_at: DateTime.formatIso(sent.sendAt).replace(".000Z", "Z") })
  }
}

testOfficial<Telnyx.Options>({
  name: "telnyx",
  title: "Telnyx",
  acceptance: CarrierServer.answer(200, { data: { id: "1", to: [{ phone_number: customer, status: "queued" }] } }),
  from: customer,
  providerAt,
  sendWithSdk: (url, { message, options }) => {
    const { messages } = new Sdk({ apiKey, baseURL: `${url}/v2`, maxRetries: 0 })
    return message.recipients.length > 1
      ? messages.sendGroupMms(groupParametersOf(message, options))
      : messages.send(parametersOf(message, options))
  }
})

testOfficialQueries({
  title: "Telnyx",
  answer: { data: {} },
  providerAt,
  queries: [{
    what: "a message",
    ask: ({ fetchStatus }) => fetchStatus!({ messageId: "1" }),
    askWithSdk: (url) => new Sdk({ apiKey, baseURL: `${url}/v2`, maxRetries: 0 }).messages.retrieve("1")
  }]
})

it.effect("asks once where Telnyx's SDK asks three times: for a recipient who opted out", () =>
  Effect.gen(function*() {
    const blocked = { errors: [{ code: "40300", title: "Blocked due to STOP message" }] }
    const carrier = yield* CarrierServer.serve(CarrierServer.answer(409, blocked, { "retry-after-ms": "1" }))
    const provider = yield* providerAt(carrier.url)
    const error = yield* Effect.flip(provider.send(message("hi", { from: ours })))
    assert.strictEqual(error.reason._tag, "OptedOut")
    assert.isFalse(error.isRetryable || error.canFailOver)
    assert.lengthOf(carrier.requests, 1)
    const sdk = new Sdk({ apiKey, baseURL: `${carrier.url}/v2` })
    yield* Effect.promise(() => sdk.messages.send({ from: ours, to: customer, text: "hi" }).catch(() => {}))
    assert.lengthOf(carrier.requests, 1 + 3)
  }))

describe("the rules of Telnyx", () => {
  const profile = { messagingProfileId: "16fd2706-8baf-433b-82eb-8c7fada847da" }

  const refusal = Effect.fnUntraced(function*(sent: OutboundMessage, options: Partial<Telnyx.Options> = {}) {
    const provider = yield* providerAt(yield* CarrierServer.closedUrl, { retry: { times: 0 }, ...options })
    const { reason } = yield* Effect.flip(provider.send(sent))
    return "field" in reason ? `${reason._tag} ${reason.field}` : reason._tag
  })
  // Nobody listens there, so this is what got as far as a request.
  const tried = "ProviderUnavailable"

  it.effect("schedule 5 minutes to 5 days ahead", () =>
    Effect.gen(function*() {
      const now = Date.parse("2026-01-01T00:00:00Z")
      yield* TestClock.setTime(now)
      const at = (millis: number) => message("hi", { from: ours, sendAt: DateTime.makeUnsafe(now + millis) })
      assert.strictEqual(yield* refusal(at(299_999)), "InvalidMessage sendAt")
      assert.strictEqual(yield* refusal(at(300_000)), tried)
      assert.strictEqual(yield* refusal(at(5 * 86_400_000)), tried)
      assert.strictEqual(yield* refusal(at(5 * 86_400_000 + 1)), "InvalidMessage sendAt")
    }))

  it.effect("send from a name with a profile only, and not to the United States and Canada", () =>
    Effect.gen(function*() {
      const from = (name: string, to = "+447700900123") =>
        message("hi", { from: Address.make(name), to: Address.make(to) })
      assert.strictEqual(yield* refusal(from("ACME")), "NotSupported from")
      assert.strictEqual(yield* refusal(from("ACME"), profile), tried)
      assert.strictEqual(
        yield* refusal(message("hi", { to: Address.make("+447700900123") }), {
          ...profile,
          from: Address.make("ACME")
        }),
        tried
      )
      for (const to of ["+15145550142", "+12125550142", "+17875550142"]) {
        assert.strictEqual(yield* refusal(from("ACME", to), profile), "NotSupported from")
      }
      assert.strictEqual(yield* refusal(from("ACME", "+18765550142"), profile), tried)
      // None of them is a number, and none may pass for one.
      for (const name of ["ACME AND SONS", "AC-ME"]) {
        assert.strictEqual(yield* refusal(from(name), profile), "NotSupported from")
      }
      for (const name of ["(418) 555-1234", "4185551234", "1-2"]) {
        assert.strictEqual(yield* refusal(from(name), profile), "InvalidSender from")
      }
    }))

  it.effect("leave the sender to a profile, and to nothing else", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refusal(message("hi")), "NotSupported from")
      assert.strictEqual(yield* refusal(message("hi"), profile), tried)
    }))

  it.effect("take ten segments, and count as UCS-2 what its alphabet lacks", () =>
    Effect.gen(function*() {
      const long = (text: string) => refusal(message(text, { from: ours }))
      assert.strictEqual(yield* long("a".repeat(1530)), tried)
      assert.strictEqual(yield* long("€".repeat(765)), "NotSupported content.text")
      assert.strictEqual(yield* long("字".repeat(670)), tried)
      assert.strictEqual(yield* long("字".repeat(671)), "NotSupported content.text")
      for (const letter of "ΔΩÇ") {
        assert.strictEqual(yield* long(`${letter}${"a".repeat(669)}`), tried)
        assert.strictEqual(yield* long(`${letter}${"a".repeat(670)}`), "NotSupported content.text")
      }
    }))

  it.effect("send to a group of eight in the United States and Canada, from a number, and at once", () =>
    Effect.gen(function*() {
      const numbers = Array.from({ length: 8 }, (_, index) => Address.make(`+1514555010${index + 1}`))
      const group = (participants: ReadonlyArray<string>, fields: Partial<OutboundMessage> = {}) =>
        message("hi", { from: ours, participants: participants.map((each) => Address.make(each)), ...fields })
      assert.strictEqual(yield* refusal(group(numbers.slice(1))), tried)
      assert.strictEqual(yield* refusal(group(numbers)), "NotSupported participants")
      assert.strictEqual(yield* refusal(group(["+447700900123"])), "NotSupported participants")
      assert.strictEqual(yield* refusal(group(["12345"])), "NotSupported participants")
      assert.strictEqual(yield* refusal(group(["5145550101"])), "InvalidRecipient participants")
      const abroad = group(numbers.slice(1), { to: Address.make("+18765550142") })
      assert.strictEqual(yield* refusal(abroad), "NotSupported participants")
      assert.strictEqual(yield* refusal(group(numbers.slice(1), { from: Address.make("12345") })), "NotSupported from")
      const sendAt = DateTime.makeUnsafe(600_000)
      assert.strictEqual(yield* refusal(group(numbers.slice(1), { sendAt })), "NotSupported sendAt")
      const { from: _, ...unsent } = group(numbers.slice(1))
      assert.strictEqual(yield* refusal(message("hi", unsent), profile), "NotSupported from")
    }))

  it.effect("have no validity and no reference", () =>
    Effect.gen(function*() {
      const provider = yield* providerAt(yield* CarrierServer.closedUrl)
      assert.deepStrictEqual(provider.capabilities.send?.options, ["sendAt", "statusCallback"])
    }))
})

it.effect("is made from configuration, on either Ed25519, and not with an empty key", () =>
  Effect.gen(function*() {
    const environment = { TELNYX_PUBLIC_KEY: publicKey, TELNYX_API_KEY: apiKey }
    const services = Layer.mergeAll(
      NodeCrypto.layer,
      NodeHttpClient.layerUndici,
      ConfigProvider.layer(ConfigProvider.fromUnknown(environment))
    )
    const configured = Telnyx.layerConfig({
      publicKey: Config.String("TELNYX_PUBLIC_KEY"),
      apiKey: Config.Redacted("TELNYX_API_KEY")
    })
    const options = { publicKey, apiKey: Redacted.make(apiKey) }
    const portable = Telnyx.layerNoDeps(options).pipe(Layer.provide(Tweetnacl.layer))
    for (const layer of [configured, portable]) {
      const provider = Context.get(yield* Layer.build(Layer.provide(layer, services)), SmsProvider)
      assert.strictEqual(provider.capabilities.send?.maxMedia, 10)
      assert.strictEqual(provider.capabilities.receive?.verification.scheme, "signature")
    }
    const empty = Telnyx.layer({ ...options, apiKey: Redacted.make(" ") })
    const error = yield* Effect.flip(Layer.build(Layer.provide(empty, services)))
    assert.strictEqual(error.reason._tag, "InvalidKey")
  }))

it("says what the codes of delivery statuses mean", () => {
  const meanings = {
    "40001": "InvalidRecipient",
    "40002": "ContentRejected",
    "40003": "ContentRejected",
    "40004": "Unreachable",
    "40005": "Unreachable",
    "40006": "Unreachable",
    "40007": "InvalidMessage",
    "40008": "Unreachable",
    "40009": "ContentRejected",
    "40010": "UnregisteredSender",
    "40011": "RateLimited",
    "40012": "InvalidRecipient",
    "40013": "InvalidSender",
    "40014": "Unreachable",
    "40015": "ContentRejected",
    "40016": "RateLimited",
    "40017": "ContentRejected",
    "40018": "RateLimited",
    "40019": "UnregisteredSender",
    "40020": "ContentRejected",
    "40099": "Unreachable",
    "40199": "InvalidSender",
    "10099": "InvalidMessage",
    "40399": undefined,
    "12345": undefined,
    "constructor": undefined,
    "": undefined
  }
  for (const [code, meaning] of Object.entries(meanings)) assert.strictEqual(Telnyx.refusalOf(code), meaning, code)
})
