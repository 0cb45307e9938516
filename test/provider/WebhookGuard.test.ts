import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Secrets from "../../src/provider/Secrets.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as WebhookGuard from "../../src/provider/WebhookGuard.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import type { WebhookHead } from "../../src/WebhookRequest.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as telnyxKeys from "../telnyx/keys.ts"

const url = "https://sms.example.com/hook"
const secret = (text: string) => Redacted.make(text)

const head = (parts: { readonly url?: string; readonly headers?: Readonly<Record<string, string>> }): WebhookHead => ({
  method: "POST",
  url: parts.url ?? url,
  headers: parts.headers ?? {}
})

/** `passes`, or the reason. */
const outcome = (guard: WebhookGuard.WebhookGuard, given: WebhookHead) =>
  Effect.gen(function*() {
    const result = yield* Effect.result((yield* guard("Test")).check(given))
    return result._tag === "Success" ? "passes" : result.failure._tag
  })

const basic = (username: string, password: string) =>
  head({ headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` } })

describe("a token", () => {
  it.effect("is one of those that are set, in the query parameter that is chosen, once", () =>
    Effect.gen(function*() {
      const guard = WebhookGuard.token({ token: [secret("new"), secret("old")], parameter: "key" })
      const outcomes: ReadonlyArray<readonly [string, string]> = [
        ["?key=new", "passes"],
        ["?key=old", "passes"],
        ["?a=1&key=%6eew", "passes"],
        ["", "MissingSignature"],
        ["?key=", "MissingSignature"],
        ["?token=new", "MissingSignature"],
        ["#?key=new", "MissingSignature"],
        ["?key=newold", "InvalidSignature"],
        ["?key=ne", "InvalidSignature"],
        ["?key=newnew", "InvalidSignature"],
        ["?key=new&key=new", "InvalidSignature"]
      ]
      for (const [query, expected] of outcomes) {
        assert.strictEqual(yield* outcome(guard, head({ url: url + query })), expected, query)
      }
    }))

  it.effect("is in the URL that is built for it", () =>
    Effect.gen(function*() {
      const token = [secret("a+b&c ü"), secret("old")]
      const built = yield* WebhookGuard.callbackUrl({ url: `${url}?tenant=7`, token })
      assert.strictEqual(yield* outcome(WebhookGuard.token({ token }), head({ url: built })), "passes")
    }))
})

describe("Basic authentication", () => {
  const guard = WebhookGuard.basicAuth({ username: "sinch", password: [secret("new:ü"), secret("old")] })

  it.effect("takes the user with one of the passwords, and asks for them where they are missing", () =>
    Effect.gen(function*() {
      const utf8 = Buffer.from("sinch:new:ü").toString("base64")
      for (const authorization of [`Basic ${utf8}`, `basic  ${utf8}`, ` BASIC ${utf8} `]) {
        assert.strictEqual(yield* outcome(guard, head({ headers: { authorization } })), "passes", authorization)
      }
      assert.strictEqual(yield* outcome(guard, basic("sinch", "old")), "passes")
      for (
        const [username, password] of [["sinch", "new"], ["Sinch", "old"], ["", "old"], ["sinch", ""], ["sinchold", ""]]
      ) {
        assert.strictEqual(yield* outcome(guard, basic(username!, password!)), "InvalidSignature")
      }
      for (
        const headers of [{}, { authorization: "" }, { authorization: "Basic" }, { authorization: `Bearer ${utf8}` }]
      ) {
        assert.strictEqual(yield* outcome(guard, head({ headers })), "MissingSignature")
      }
      const twice = `Basic ${btoa("sinch:old")}, Basic ${btoa("sinch:old")}`
      assert.notStrictEqual(yield* outcome(guard, head({ headers: { authorization: twice } })), "passes")
    }))

  it.effect("says which challenge is to be answered with", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* guard("Test")).check(head({})))
      assert.strictEqual(error.status, 401)
      assert.strictEqual(
        error._tag === "MissingSignature" ? error.challenge : "",
        "Basic realm=\"webhooks\", charset=\"UTF-8\""
      )
    }))
})

describe("a bearer token", () => {
  const bearer = (token: string) => head({ headers: { authorization: `Bearer ${token}` } })

  it.effect("is one of those that are set, or one that the application finds valid", () =>
    Effect.gen(function*() {
      const fixed = WebhookGuard.bearer({ token: secret("abc") })
      assert.strictEqual(yield* outcome(fixed, bearer("abc")), "passes")
      assert.strictEqual(yield* outcome(fixed, bearer("abcd")), "InvalidSignature")
      assert.strictEqual(yield* outcome(fixed, head({})), "MissingSignature")
      const checked = WebhookGuard.bearer({ isValid: (token) => Effect.succeed(Redacted.value(token) === "signed") })
      assert.strictEqual(yield* outcome(checked, bearer("signed")), "passes")
      assert.strictEqual(yield* outcome(checked, bearer("other")), "InvalidSignature")
    }))
})

describe("a header", () => {
  it.effect("is what a proxy says about the client certificate, for example", () =>
    Effect.gen(function*() {
      const guard = WebhookGuard.header({ name: "X-Client-Cert-SHA256", value: [secret("ab:cd"), secret("ef:01")] })
      const given = (value: string) => head({ headers: { "x-client-cert-sha256": value } })
      assert.strictEqual(yield* outcome(guard, given("ab:cd")), "passes")
      assert.strictEqual(yield* outcome(guard, given("ef:01")), "passes")
      assert.strictEqual(yield* outcome(guard, given("ab:cd, ef:01")), "InvalidSignature")
      assert.strictEqual(yield* outcome(guard, given("")), "MissingSignature")
      assert.strictEqual(yield* outcome(guard, head({})), "MissingSignature")
      assert.strictEqual(
        yield* outcome(WebhookGuard.header({ name: "__proto__", value: secret("x") }), head({})),
        "MissingSignature"
      )
    }))
})

describe("guards", () => {
  it.effect("pass only together, and the first that refuses decides", () =>
    Effect.gen(function*() {
      const guard = WebhookGuard.all([
        WebhookGuard.token({ token: secret("abc") }),
        WebhookGuard.basicAuth({ username: "u", password: secret("p") })
      ])
      assert.strictEqual(yield* outcome(guard, { ...basic("u", "p"), url: `${url}?token=abc` }), "passes")
      assert.strictEqual(yield* outcome(guard, basic("u", "p")), "MissingSignature")
      assert.strictEqual(yield* outcome(guard, head({ url: `${url}?token=abc` })), "MissingSignature")
      assert.strictEqual(
        yield* (yield* guard("Test")).diagnose({ ...basic("u", "p"), url: `${url}?token=%20abc` }),
        "the token without the white space around it"
      )
    }))

  it.effect("cannot be made with an empty secret, which would let everybody in", () =>
    Effect.gen(function*() {
      const guards = ["", " ", []].flatMap((value) => {
        const secrets = typeof value === "string" ? secret(value) : value
        return [
          WebhookGuard.token({ token: secrets }),
          WebhookGuard.basicAuth({ username: "u", password: secrets }),
          WebhookGuard.bearer({ token: secrets }),
          WebhookGuard.header({ name: "x", value: secrets })
        ]
      })
      for (const guard of guards) {
        const error = yield* Effect.flip(guard("Sinch"))
        assert.strictEqual(error.module, "Sinch")
      }
    }))
})

describe("the comparison", () => {
  it("finds each secret, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary", minLength: 1 }), { minLength: 1, maxLength: 3 }),
        fc.string({ unit: "binary" }),
        (secrets, given) => {
          const matches = Secrets.equals(secrets)
          for (const secret of secrets) {
            assert.isTrue(matches(secret))
            assert.strictEqual(matches(secret + secret), secrets.includes(secret + secret))
            assert.strictEqual(matches(secret.slice(1)), secrets.includes(secret.slice(1)))
          }
          assert.strictEqual(matches(given), secrets.some((secret) => secret === given))
        }
      )
    )
  })
})

describe("a provider with guards", () => {
  const guards = [WebhookGuard.token({ token: secret("abc") })]
  const guarded = `${url}?token=abc`

  it.effect("that proves nothing else is verified by them, and without them by nothing", () =>
    Effect.gen(function*() {
      const body = JSON.stringify({ type: "mo_text", id: "1", from: "12015555555", to: "12017777777", body: "hi" })
      const call = (url: string) => WebhookRequest.make({ url, headers: { "content-type": "application/json" }, body })
      const provider = yield* Sinch.makeWebhook({ verification: Sinch.unsigned, guards })
      assert.deepStrictEqual(provider.capabilities.receive?.verification, { scheme: "token", covers: [] })
      yield* provider.verify(call(guarded))
      for (const url of ["https://sms.example.com/hook", `${guarded}x`]) {
        assert.strictEqual((yield* Effect.flip(provider.verify(call(url)))).status, 403)
        assert.strictEqual((yield* Effect.flip(provider.checkHead(call(url)))).status, 403)
      }
      const hint = yield* Effect.flip(provider.checkHead(call(`${url}?token=abc%20`)))
      assert.include(hint.message, "it matches the token without the white space around it")

      const open = yield* Sinch.makeWebhook({ verification: Sinch.unsigned })
      assert.deepStrictEqual(open.capabilities.receive?.verification, { scheme: "none", covers: [] })
      yield* open.verify(call(url))
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("needs them beside the signature", () =>
    Effect.gen(function*() {
      const authToken = secret("12345")
      const twilio = yield* Twilio.makeWebhook({ authToken, guards })
      assert.deepStrictEqual(twilio.capabilities.receive?.verification, {
        scheme: "signature",
        covers: ["body", "url"]
      })
      const form = { MessageSid: "SM1", SmsStatus: "received", From: "+1", To: "+1", Body: "" }
      yield* twilio.verify(yield* Twilio.signWebhook({ authToken, url: guarded, form }))
      const without = yield* Effect.flip(twilio.verify(yield* Twilio.signWebhook({ authToken, url, form })))
      assert.strictEqual(without.reason._tag, "MissingSignature")
      const unsigned = yield* Twilio.signWebhook({ authToken: secret("other"), url: guarded, form })
      assert.strictEqual((yield* Effect.flip(twilio.verify(unsigned))).reason._tag, "InvalidSignature")

      const telnyx = yield* Effect.provide(
        SmsProvider,
        Telnyx.layerWebhook({ publicKey: telnyxKeys.publicKey, guards })
      )
      yield* TestClock.setTime(1_800_000_000_000)
      const signed = yield* Telnyx.signWebhook({ privateKey: telnyxKeys.privateKey, url: guarded, payload: {} })
      yield* telnyx.verify(signed)
      assert.strictEqual((yield* Effect.flip(telnyx.verify({ ...signed, url }))).reason._tag, "MissingSignature")
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("of VoiceMeUp has its token for one, and others beside it", () =>
    Effect.gen(function*() {
      const token = secret("abc")
      const provider = yield* VoiceMeUp.makeWebhook({
        verification: { scheme: "Token", token },
        guards: [WebhookGuard.header({ name: "x-proxy", value: secret("yes") })]
      })
      const signed = yield* VoiceMeUp.signWebhook({ token, url, payload: {} })
      yield* provider.verify({ ...signed, headers: { ...signed.headers, "x-proxy": "yes" } })
      assert.strictEqual((yield* Effect.flip(provider.verify(signed))).reason.message, "Missing header x-proxy")
      const other = { ...signed, url, headers: { ...signed.headers, "x-proxy": "yes" } }
      assert.strictEqual((yield* Effect.flip(provider.verify(other))).reason.message, "Missing query parameter token")
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
