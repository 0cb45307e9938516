import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import type { Form } from "../../src/provider/Body.ts"
import type { Secrets } from "../../src/provider/Secrets.ts"
import type { Service } from "../../src/provider/SmsProvider.ts"
import { variants } from "../../src/twilio/Diagnosis.ts"
import type { WebhookRequest } from "../../src/WebhookRequest.ts"
import * as Webhooks from "./webhooks.ts"

const query = "?name=O'hara+x&to=%2B16505550100&at=a@b"
const received = `http://internal.example:3000/sms${query}`
const form = { Body: " secret text ", Digits: ["1234", "5678"], From: "+16505550111", FromCity: "" }
const headers = {
  "x-forwarded-host": "forwarded.example, proxy.example",
  "x-original-host": "original.example:8443",
  "host": "host.example",
  "x-forwarded-port": "4433",
  "x-forwarded-prefix": "/stage"
}

interface Variant {
  readonly name: string
  /** The URL and the form that were signed, when the request above was received. */
  readonly url?: string
  readonly form?: Form
}

const variantsByHand: ReadonlyArray<Variant> = [
  { name: "the URL with the host of the x-forwarded-host header", url: `http://forwarded.example/sms${query}` },
  { name: "the URL with the host of the x-original-host header", url: `http://original.example:8443/sms${query}` },
  { name: "the URL with the host of the host header", url: `http://host.example/sms${query}` },
  { name: "the URL with the port of the x-forwarded-port header", url: `http://internal.example:4433/sms${query}` },
  {
    name: "the URL with the path prefix of the x-forwarded-prefix header",
    url: `http://internal.example:3000/stage/sms${query}`
  },
  { name: "the URL with a trailing slash", url: `http://internal.example:3000/sms/${query}` },
  { name: "the URL without its query", url: "http://internal.example:3000/sms" },
  {
    name: "the URL with its query percent-decoded",
    url: "http://internal.example:3000/sms?name=O'hara+x&to=+16505550100&at=a@b"
  },
  {
    name: "the URL with its query encoded as a form",
    url: "http://internal.example:3000/sms?name=O%27hara+x&to=%2B16505550100&at=a%40b"
  },
  {
    name: "the URL with spaces in its query as %20",
    url: "http://internal.example:3000/sms?name=O'hara%20x&to=%2B16505550100&at=a@b"
  },
  { name: "the form with its values trimmed", form: { ...form, Body: "secret text" } },
  { name: "the form without its empty fields", form: { Body: form.Body, Digits: form.Digits, From: form.From } },
  { name: "the form with only the last value of a repeated field", form: { ...form, Digits: "5678" } },
  { name: "the URL without any form fields", form: {} }
]

const request = (parts: Partial<Webhooks.Parts> & { readonly signature: string }): WebhookRequest =>
  Webhooks.request({ url: received, headers, body: Webhooks.encode(form), ...parts })

const hintOf = (provider: Service, request: WebhookRequest) =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(provider.verify(request))
    assert.isTrue(error.reason._tag === "InvalidSignature")
    return error.reason._tag === "InvalidSignature" ? error.reason.hint : undefined
  })

/** What a provider says that was not asked before: only so many are answered. */
const diagnosis = (request: WebhookRequest, authToken: Secrets = Webhooks.authToken) =>
  Effect.flatMap(Webhooks.providerWith(authToken), (provider) => hintOf(provider, request))

const withHttps = (name: string) => `the URL with https instead of http and ${name.replace(/^the URL /, "")}`

const https = (url: string) => url.replace("http:", "https:")

describe("a refused signature is explained", () => {
  it.effect.each(variantsByHand)("when it fits $name", (variant) =>
    Effect.gen(function*() {
      const { name, url = received } = variant
      const signature = yield* Webhooks.sign(url, Webhooks.encode(variant.form ?? form))
      assert.strictEqual(yield* diagnosis(request({ signature })), name)
    }))

  it.effect.each(variantsByHand)("when it fits https and $name", (variant) =>
    Effect.gen(function*() {
      const { name, url = received } = variant
      const signature = yield* Webhooks.sign(https(url), Webhooks.encode(variant.form ?? form))
      assert.strictEqual(
        yield* diagnosis(request({ signature })),
        withHttps(name)
      )
    }))

  it.effect("when it fits the other scheme, either way", () =>
    Effect.gen(function*() {
      const body = Webhooks.encode(form)
      const upgraded = yield* Webhooks.sign("https://internal.example/sms", body)
      assert.strictEqual(
        yield* diagnosis(request({ url: "http://internal.example:3000/sms", signature: upgraded })),
        "the URL with https instead of http"
      )
      const downgraded = yield* Webhooks.sign("http://internal.example/sms", body)
      assert.strictEqual(
        yield* diagnosis(request({ url: "HTTPS://internal.example/sms", signature: downgraded })),
        "the URL with http instead of https"
      )
    }))

  it.effect("when it fits the URL without the trailing slash", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign("https://h.example/sms?a=1", Webhooks.encode(form))
      assert.strictEqual(
        yield* diagnosis(request({ url: "https://h.example/sms/?a=1#rc=2", signature })),
        "the URL without the trailing slash"
      )
      assert.strictEqual(
        yield* diagnosis(request({ url: "http://h.example/sms/?a=1", signature })),
        "the URL with https instead of http and without the trailing slash"
      )
    }))

  it.effect("when there is a fragment behind the place that differs", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign("https://h.example/sms/", Webhooks.encode(form))
      assert.strictEqual(
        yield* diagnosis(request({ url: "https://h.example/sms#rc=2", signature })),
        "the URL with a trailing slash"
      )
    }))

  it.effect("when the path was given for the URL", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign("https://host.example/sms?a=1", Webhooks.encode(form))
      assert.strictEqual(
        yield* diagnosis(request({ url: "/sms?a=1", signature })),
        "the URL with https before its path and with the host of the host header"
      )
    }))

  it.effect("on a GET, whose body is nothing", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign("https://h.example/sms?a=1")
      assert.strictEqual(
        yield* diagnosis(request({ method: "GET", url: "http://h.example/sms?a=1", body: "x", signature })),
        "the URL with https instead of http"
      )
    }))

  it.effect("with every variant there is", () =>
    Effect.gen(function*() {
      const post = request({ signature: "" })
      const slash = request({ url: "https://h.example/", signature: "" })
      const path = request({ url: "/sms", signature: "" })
      const tried = [post, slash, path].flatMap((request) => [...variants(request, form)].map(([name]) => name))
      const known = variantsByHand.map(({ name }) => name)
      const bases = [
        "the URL with https instead of http",
        "the URL with http instead of https",
        "the URL with https before its path",
        "the URL with http before its path"
      ]
      for (const name of [...known, ...known.map(withHttps), ...bases]) {
        assert.include(tried, name)
      }
      const changes = [...known, "the URL without the trailing slash", ""]
      for (const name of new Set(tried)) {
        const rest = bases.reduce((name, base) => name.replace(base, "").replace(/^ and /, ""), name)
        assert.include(changes.flatMap((change) => [change, change.replace(/^the URL /, "")]), rest)
      }
    }))

  it.effect("by a hint that holds nothing of the request", () =>
    Effect.gen(function*() {
      const post = request({ signature: "" })
      for (const [name] of variants(post, form)) {
        for (const text of ["example", "sms?", "O'hara", "1650", "secret", "1234", "12345", "/stage", "4433"]) {
          assert.notInclude(name, text)
        }
      }
    }))

  it.effect("by nothing, when nothing plausible fits", () =>
    Effect.gen(function*() {
      const body = Webhooks.encode(form)
      for (
        const signature of [
          yield* Webhooks.sign(received, body, Redacted.make("another token")),
          yield* Webhooks.sign(received, `${body}&Body=more`),
          yield* Webhooks.sign("https://elsewhere.example/", body),
          "AAAA",
          "not Base64",
          `${yield* Webhooks.sign(https(received), body)}, x`
        ]
      ) {
        assert.isUndefined(yield* diagnosis(request({ signature })))
      }
    }))

  it.effect("by nothing, whatever the URL and the headers are", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign("https://elsewhere.example/", Webhooks.encode(form))
      for (const url of ["", "/", "https://", "://", "https://[", "h?%zz&%ff=%", "/\ud800?\udfff", "\u0000", "#"]) {
        for (const value of ["", ",", "@", "/", "[", "\ud800", "a b"]) {
          const odd = Object.fromEntries(Object.keys(headers).map((name) => [name, value]))
          const provider = yield* Webhooks.provider
          const exit = yield* Effect.exit(provider.verify(request({ url, headers: odd, signature })))
          assert.isFalse(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        }
      }
    }))
})

describe("a refused JSON body is explained", () => {
  const compact = `{"property":"value, with: \\"\\n[ {","boolean":true,"list":[1,{"a":null}],"empty":{},"none":[]}`
  const spaced =
    `{"property": "value, with: \\"\\n[ {", "boolean": true, "list": [1, {"a": null}], "empty": {}, "none": []}`
  const indented = JSON.stringify(JSON.parse(compact), undefined, 2)
  const noSpace = "the JSON body without white space, as it was before it was re-serialized"
  const spaces = "the JSON body with spaces, as it was before it was re-serialized"
  const scheme = "the URL with https instead of http"

  const urlFor = (body: string) => `http://h.example/sms?bodySHA256=${createHash("sha256").update(body).digest("hex")}`

  it.effect.each([
    { was: compact, is: indented, hint: noSpace },
    { was: compact, is: spaced, hint: noSpace },
    { was: compact, is: `${compact}\n`, hint: noSpace },
    { was: spaced, is: compact, hint: spaces },
    { was: spaced, is: indented, hint: spaces },
    { was: compact, is: compact.replace("true", "false"), hint: undefined },
    { was: compact, is: "{", hint: undefined },
    { was: compact, is: "[]", hint: undefined },
    { was: compact, is: "", hint: undefined }
  ])("when it was re-serialized (%#)", ({ hint, is, was }) =>
    Effect.gen(function*() {
      const url = urlFor(was)
      const json = (signature: string) => request({ url, contentType: "application/json", body: is, signature })
      assert.strictEqual(yield* diagnosis(json(yield* Webhooks.sign(url))), hint)
      assert.strictEqual(
        yield* diagnosis(json(yield* Webhooks.sign(https(url)))),
        hint === undefined ? undefined : `${hint} and ${scheme}`
      )
      assert.isUndefined(yield* diagnosis(json(yield* Webhooks.sign("https://elsewhere.example/"))))
    }))

  it.effect.each([
    ["nested deeper than the stack", `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`],
    ["one long string", JSON.stringify({ a: "\\\"".repeat(15_000) })],
    ["all commas and colons", JSON.stringify({ a: ",:".repeat(30_000) })],
    ["not UTF-8", "\ud800"]
  ])("in no time and without a defect when it is %s", ([, is]) =>
    Effect.gen(function*() {
      const url = urlFor(compact)
      const signature = yield* Webhooks.sign(url)
      const json = request({ url, contentType: "application/json", body: is!, signature })
      assert.isUndefined(yield* diagnosis(json))
    }))

  it.effect("when the URL is not the signed one", () =>
    Effect.gen(function*() {
      const url = urlFor(compact)
      const signature = yield* Webhooks.sign(https(url))
      assert.strictEqual(
        yield* diagnosis(request({ url, contentType: "application/json", body: compact, signature })),
        scheme
      )
    }))
})

describe("an auth token", () => {
  const hint = "the auth token without the white space around it"
  const tokens = ["12345\n", "other"].map((token) => Redacted.make(token))

  it.effect("that was configured with a line break at its end is explained", () =>
    Effect.gen(function*() {
      const body = Webhooks.encode(form)
      assert.strictEqual(yield* diagnosis(request({ signature: yield* Webhooks.sign(received, body) }), tokens), hint)
      assert.strictEqual(
        yield* diagnosis(request({ signature: yield* Webhooks.sign(https(received), body) }), tokens),
        `${hint} and the URL with https instead of http`
      )
      const url = "http://h.example/sms?bodySHA256=44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
      const signature = yield* Webhooks.sign(url)
      assert.strictEqual(
        yield* diagnosis(request({ url, contentType: "application/json", body: "{}", signature }), tokens),
        hint
      )
    }))

  it.effect("is used as it was given, and never trimmed", () =>
    Effect.gen(function*() {
      const provider = yield* Webhooks.providerWith(tokens)
      const signature = yield* Webhooks.sign(received, Webhooks.encode(form), Redacted.make("12345\n"))
      assert.strictEqual((yield* provider.verify(request({ signature }))).provider, "twilio")
    }))
})

describe("the search for an explanation", () => {
  it.effect("is made five times a second at most", () =>
    Effect.gen(function*() {
      const provider = yield* Webhooks.provider
      const signature = yield* Webhooks.sign(https(received), Webhooks.encode(form))
      const hints = Effect.forEach(Array.from({ length: 8 }), () => hintOf(provider, request({ signature })))
      const hint = "the URL with https instead of http"
      const limited = [hint, hint, hint, hint, hint, undefined, undefined, undefined]
      yield* TestClock.setTime(1_000_000)
      assert.deepStrictEqual(yield* hints, limited)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(yield* hints, Array.from({ length: 8 }, () => undefined))
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* hints, limited)
      // An idle hour saves nothing up.
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* hints, limited)
    }))

  it.effect("is not made for what lacks a signature or has the wrong shape", () =>
    Effect.gen(function*() {
      const provider = yield* Webhooks.provider
      const signature = yield* Webhooks.sign(https(received), Webhooks.encode(form))
      for (let count = 0; count < 10; count++) {
        yield* Effect.flip(provider.verify(Webhooks.request({ url: received, body: "", signature: undefined })))
        yield* Effect.flip(provider.verify({ ...request({ signature }), method: "PUT" }))
      }
      assert.isDefined(yield* hintOf(provider, request({ signature })))
    }))

  it.effect("is not made for a URL and a body above 4 KiB", () =>
    Effect.gen(function*() {
      const url = "http://h.example/sms"
      const explained = Effect.fnUntraced(function*(size: number) {
        const body = `Body=${"x".repeat(size - url.length - 5)}`
        const signature = yield* Webhooks.sign("https://h.example/sms", body)
        return yield* diagnosis(request({ url, body, signature }))
      })
      assert.strictEqual(yield* explained(4 * 1024), "the URL with https instead of http")
      assert.isUndefined(yield* explained(4 * 1024 + 1))
    }))
})
