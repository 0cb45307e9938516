import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Signature } from "effect/crypto"
import { Base64 } from "effect/encoding"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Tweetnacl from "../../src/telnyx/Tweetnacl.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { privateKey, publicKey } from "./keys.ts"

const sent = String
  .raw`{"data": {"url": "https:\/\/media.telnyx.com\/1", "text": "caf\u00e9, [ok]: 1"}, "meta": [1, 2]}`
const value = JSON.parse(sent)

/** The hint for a request with this timestamp that was signed over exactly `text` and arrived with `received`. */
const hintForText = (received: string, text: string, layer = Telnyx.layerWebhook({ publicKey })) =>
  Effect.gen(function*() {
    const provider = yield* SmsProvider
    const signature = yield* Signature.Signature
    const seed = Buffer.from(Redacted.value(privateKey), "base64")
    const key = yield* Signature.privateKey(Signature.ed25519, Uint8Array.from(seed))
    const tag = yield* signature.sign(key, new TextEncoder().encode(text))
    const { reason } = yield* Effect.flip(provider.verify(WebhookRequest.make({
      url: "https://sms.example.com/",
      headers: {
        "content-type": "application/json",
        "telnyx-signature-ed25519": Base64.encode(tag),
        "telnyx-timestamp": "0"
      },
      body: received
    })))
    assert.strictEqual(reason._tag, "InvalidSignature")
    return reason._tag === "InvalidSignature" ? reason.hint : undefined
  }).pipe(Effect.provide(Layer.provideMerge(layer, NodeCrypto.layer)))

const hintFor = (received: string, signed: string) => hintForText(received, `0|${signed}`)

describe("Telnyx diagnosis", () => {
  it.effect.each([
    {
      what: "a body that was written anew without white space",
      received: JSON.stringify({ a: 1, b: ["x", {}] }),
      signed: `{"a": 1, "b": ["x", {}]}`,
      hint: "JSON with spaces after commas"
    },
    {
      what: "a body that was indented",
      received: JSON.stringify(value, null, 2),
      signed: JSON.stringify(value),
      hint: "JSON without white space"
    },
    {
      what: "a body whose slashes were unescaped",
      received: JSON.stringify({ url: "https://a/b" }),
      signed: String.raw`{"url":"https:\/\/a\/b"}`,
      hint: "with / escaped"
    },
    {
      what: "a body whose escapes were written out",
      received: JSON.stringify({ text: "café 😀" }),
      signed: String.raw`{"text":"caf\u00e9 \ud83d\ude00"}`,
      hint: "without white space, with all but ASCII escaped"
    },
    {
      what: "a body that Python wrote and a framework wrote anew",
      received: JSON.stringify({ text: "é", list: [], of: [1, { a: null }], none: {} }),
      signed: String.raw`{"text": "\u00e9", "list": [], "of": [1, {"a": null}], "none": {}}`,
      hint: "with spaces after commas and colons, with all but ASCII escaped"
    },
    { what: "a body that gained a line break", received: "{}\n", signed: "{}", hint: "without its last line break" },
    { what: "a text that gained a line break", received: "x\r\n", signed: "x", hint: "without its last line break" },
    { what: "a body that lost a line break", received: "x", signed: "x\n", hint: "with a line break" }
  ])("finds $what", ({ hint, received, signed }) =>
    Effect.gen(function*() {
      assert.include(yield* hintFor(received, signed), hint)
    }))

  it.effect("finds a signature over the body alone, and one with a dot", () =>
    Effect.gen(function*() {
      assert.include(yield* hintForText("{}", "{}"), "without the timestamp")
      assert.include(yield* hintForText("{}", "0.{}"), "a dot")
    }))

  it.effect("says nothing when nothing fits", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* hintFor(`{"a":1}`, `{"a":2}`))
      assert.isUndefined(yield* hintFor("", "x"))
      assert.isUndefined(yield* hintFor("[1]", "[ 1]"))
    }))

  it.effect("is not tried with tweetnacl, where a forged request would cost ten times as much", () =>
    Effect.gen(function*() {
      const portable = Telnyx.layerWebhookNoDeps({ publicKey }).pipe(Layer.provide(Tweetnacl.layer))
      assert.isDefined(yield* hintForText("{}", "{}"))
      assert.isUndefined(yield* hintForText("{}", "{}", portable))
    }))

  it.effect("survives a body that is nested as deep as it can be", () =>
    Effect.gen(function*() {
      const deep = `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`
      assert.isUndefined(yield* hintFor(deep, "{}"))
    }))

  it.effect("never repeats what is in the body", () =>
    Effect.gen(function*() {
      const hint = yield* hintFor(JSON.stringify(value), JSON.stringify(value, null, 1).replaceAll(/\n */g, ""))
      assert.notInclude(hint ?? "", "caf")
    }))
})
