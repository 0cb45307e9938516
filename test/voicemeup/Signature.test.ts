import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted } from "effect"
import * as fc from "fast-check"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"

const token = "s3cret+/= token&#%ü"
const base = "https://sms.example.com/webhooks/sms/voicemeup/inbound"

const make = (verification: VoiceMeUp.Verification) =>
  VoiceMeUp.makeWebhook({ verification }).pipe(Effect.provide(NodeCrypto.layer))

const withTokens = (...tokens: ReadonlyArray<string>) =>
  make({ scheme: "Token", token: tokens.map((token) => Redacted.make(token)) })

const call = (url: string) => WebhookRequest.make({ url, headers: { "content-type": "application/json" }, body: "{}" })

const encoded = encodeURIComponent(token)

describe("VoiceMeUp token", () => {
  it.effect("accepts the callback URL that it builds, whatever the token holds", () =>
    Effect.gen(function*() {
      for (const value of [token, "plain", " inner space ", "a+b", "%41", "é\u{1F600}"]) {
        const provider = yield* withTokens(value)
        for (const url of [base, `${base}?tenant=7`, `${base}?`]) {
          const called = yield* VoiceMeUp.callbackUrl({ url, token: Redacted.make(value) })
          assert.strictEqual((yield* provider.verify(call(called))).provider, "voicemeup")
        }
      }
    }))

  it.effect("refuses to build a callback URL with an empty token", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(VoiceMeUp.callbackUrl({ url: base, token: Redacted.make("") }))
      assert.strictEqual(error._tag, "CryptoError")
    }))

  it.effect("accepts either token while one is being replaced", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens("old-token", "new-token")
      yield* provider.verify(call(`${base}?token=old-token`))
      yield* provider.verify(call(`${base}?token=new-token`))
      const error = yield* Effect.flip(provider.verify(call(`${base}?token=old-tokennew-token`)))
      assert.strictEqual(error.reason._tag, "InvalidSignature")
    }))

  it.effect("accepts every way to percent-encode the token, other parameters, and a fragment", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens("abc-/x")
      for (
        const query of ["token=abc-/x", "token=abc-%2Fx", "token=%61bc-%2fx", "a=1&token=abc-/x&b=2", "token=abc-/x#y"]
      ) {
        yield* provider.verify(call(`${base}?${query}`))
      }
    }))

  it.effect("names the missing query parameter", () =>
    Effect.gen(function*() {
      const provider = yield* make({ scheme: "Token", token: Redacted.make(token), parameter: "key" })
      yield* provider.verify(call(`${base}?key=${encoded}`))
      for (const url of [base, `${base}?`, `${base}?key=`, `${base}?token=${encoded}`, `${base}#?key=${encoded}`]) {
        const { reason } = yield* Effect.flip(provider.verify(call(url)))
        assert.strictEqual(reason._tag, "MissingSignature")
        assert.strictEqual(reason.message, "Missing query parameter key")
      }
    }))

  it.effect("refuses a parameter that occurs more than once, even if each is right", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens(token)
      for (
        const query of [`token=${encoded}&token=${encoded}`, `token=${encoded}&token=x`, `token=x&token=${encoded}`]
      ) {
        const error = yield* Effect.flip(provider.verify(call(`${base}?${query}`)))
        assert.strictEqual(error.reason._tag, "InvalidSignature")
        assert.strictEqual(error.status, 403)
      }
    }))

  it.effect("refuses prefixes, extensions and other spellings, of any length", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens(token)
      const prefixes = [...token].map((_, length) => token.slice(0, length)).slice(1)
      for (const value of [...prefixes, `${token}x`, token.toUpperCase(), "x".repeat(1000), "\0", "undefined"]) {
        const { reason } = yield* Effect.flip(provider.verify(call(`${base}?token=${encodeURIComponent(value)}`)))
        assert.strictEqual(reason._tag, "InvalidSignature")
      }
    }))

  it.effect("refuses any token but the right one, and never repeats it", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens(token)
      fc.assert(fc.property(fc.string({ unit: "binary", minLength: 8 }), (value) => {
        const url = `${base}?${new URLSearchParams({ token: value })}`
        const exit = Effect.runSyncExit(Effect.flip(provider.verify(call(url))))
        assert.isTrue(Exit.isSuccess(exit))
        const error = Exit.isSuccess(exit) ? exit.value : undefined
        assert.strictEqual(error?.reason._tag, "InvalidSignature")
        assert.isFalse(JSON.stringify(error).includes(JSON.stringify(value).slice(1, -1)))
        assert.isFalse(JSON.stringify(error).includes(token))
      }))
    }))

  it.effect("survives any query", () =>
    Effect.gen(function*() {
      const provider = yield* withTokens(token)
      fc.assert(fc.property(fc.string({ unit: "binary" }), (query) => {
        assert.isTrue(Exit.isSuccess(Effect.runSyncExit(Effect.flip(provider.verify(call(`${base}?${query}`))))))
      }))
    }))

  it.effect.each([
    { query: `token=%20${encoded}%0A`, hint: "the token without the white space around it" },
    { query: `token=${encodeURIComponent(encoded)}`, hint: "the token percent-decoded once more" },
    {
      query: "token=a+b",
      tokens: ["a+b"],
      hint: "the token with + in place of its spaces: write + as %2B in the callback URL"
    },
    { query: "token=abc", tokens: ["abc\n"], hint: "the configured token without the white space around it" },
    { query: `token=${encoded}&token=x`, hint: "query parameter token if it occurs only once" },
    { query: "token=guess", hint: undefined },
    { query: `token=x&token=${encoded}`, hint: undefined }
  ])("tells the operator of $query that it matches: $hint", ({ hint, query, tokens }) =>
    Effect.gen(function*() {
      const provider = yield* withTokens(...tokens ?? [token])
      const { reason } = yield* Effect.flip(provider.verify(call(`${base}?${query}`)))
      assert.strictEqual(reason._tag === "InvalidSignature" ? reason.hint : "another reason", hint)
    }))

  it.effect("lets everybody in when verification is switched off by name", () =>
    Effect.gen(function*() {
      const provider = yield* make({ scheme: "None" })
      assert.strictEqual((yield* provider.verify(call(base))).provider, "voicemeup")
      assert.strictEqual((yield* Effect.flip(provider.verify({ ...call(base), method: "GET" }))).status, 405)
    }))
})
