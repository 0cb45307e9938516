import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import * as Content from "../../src/Content.ts"
import type { Form } from "../../src/provider/Body.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Twilio from "../../src/twilio/index.ts"
import type { WebhookRequest } from "../../src/WebhookRequest.ts"
import * as Webhooks from "./webhooks.ts"

interface Vector {
  readonly name: string
  readonly source: ReadonlyArray<string>
  readonly method: string
  /** What the signature is over. */
  readonly signedUrl: string
  /** What the server sees, where that differs. */
  readonly receivedUrl?: string
  readonly json?: string
  readonly form: Form
  readonly signature: string
}

const { sources, vectors }: {
  readonly sources: Readonly<Record<string, string>>
  readonly vectors: ReadonlyArray<Vector>
} = JSON.parse(readFileSync(new URL("../fixtures/twilio/signatures.json", import.meta.url), "utf8"))

const received = (vector: Vector, signature = vector.signature): WebhookRequest =>
  Webhooks.request({
    method: vector.method,
    url: vector.receivedUrl ?? vector.signedUrl,
    contentType: vector.json === undefined ? undefined : "application/json",
    body: vector.json ?? Webhooks.encode(vector.form),
    signature
  })

const vector = (name: string): Vector => vectors.find((vector) => vector.name === name)!

const accepts = (request: WebhookRequest) =>
  Effect.gen(function*() {
    const webhook = yield* (yield* SmsProvider).verify(request)
    assert.strictEqual(webhook.request, request)
  })

const refuses = (request: WebhookRequest, reason: "InvalidSignature" | "MissingSignature" = "InvalidSignature") =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit((yield* SmsProvider).verify(request))
    assert.isTrue(Exit.isFailure(exit), `accepted ${request.url}`)
    assert.isFalse(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    const error = yield* Effect.flip((yield* SmsProvider).verify(request))
    assert.strictEqual(error.reason._tag, reason)
    assert.strictEqual(error.status, 403)
  })

const url = "https://mycompany.com/myapp.php?foo=1&bar=2"
const body = Webhooks.encode(vector("base").form)
const base = vector("base").signature

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

/** A form that is signed for the one URL and received at the other. */
const signedForm = (signedUrl: string, body: string, receivedUrl = signedUrl) =>
  Effect.map(
    Webhooks.sign(signedUrl, body),
    (signature) => Webhooks.request({ url: receivedUrl, body, signature })
  )

/** A body that is covered by the URL alone. */
const signedUrl = (url: string, body: string, parts: Partial<Webhooks.Parts>) =>
  Effect.map(Webhooks.sign(url), (signature) => Webhooks.request({ url, body, signature, ...parts }))

layer(Webhooks.layer)("the path that Twilio signed", (it) => {
  const other = "https://sms.example.com/other/hook"
  const route = "https://sms.example.com/webhooks/sms/twilio/inbound"

  it.effect.each([
    `${route};/../../../../../other/hook`,
    `${route};/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/other/hook`,
    `${route};/.%2E/.%2E/.%2E/.%2E/.%2E/other/hook`,
    `${route};/..\\..\\..\\..\\..\\other\\hook`,
    `${route}/../../../../other/hook`,
    "https://sms.example.com/other/./hook",
    "https://sms.example.com/other/%2e/hook",
    "https://sms.example.com/other/.\t/hook",
    "https://sms.example.com/other\\hook"
  ])("is the one that was called: %s", (called) => Effect.flatMap(signedForm(other, body, called), refuses))

  it.effect.each([
    `${route};/../../../../../other/hook`,
    `${route}/%2E%2e`,
    `${route}/.?a=b`,
    "https://sms.example.com/a/..;/b"
  ])(
    "has no segment that leads to another one, signed or not: %s",
    (url) => Effect.flatMap(signedForm(url, body), refuses)
  )

  it.effect.each([
    "https://sms.example.com/a..b/.well-known/...?to=../x",
    "https://sms.example.com/a;b=.c",
    `${route};x`
  ])(
    "may have dots: %s",
    (url) => Effect.flatMap(signedForm(url, body), accepts)
  )
})

layer(Webhooks.layer)("the signatures of Twilio's SDK test suites and documentation", (it) => {
  it("are all there, each with a source", () => {
    assert.strictEqual(vectors.length, 40)
    for (const { name, source } of vectors) {
      assert.isNotEmpty(source, name)
      for (const key of source) assert.isTrue(Object.hasOwn(sources, key), `${name}: ${key}`)
    }
  })

  it.effect.each(vectors)("verify: $name", (vector) => accepts(received(vector)))

  it.effect.each(vectors)("are what sign makes: $name", (vector) =>
    Effect.gen(function*() {
      const { form, signedUrl } = vector
      assert.strictEqual(
        yield* Twilio.sign({ authToken: Webhooks.authToken, url: signedUrl, form }),
        vector.signature
      )
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect.each(vectors)(
    "do not verify with another token: $name",
    (vector) => Effect.provide(refuses(received(vector)), Webhooks.layerWith(Redacted.make("54321")))
  )

  it.effect.each([
    "WRONG_SIGNATURE",
    "NOTRSOYDt4T1cUTdK1PDd93/VVr8B8=",
    // Over pairs that were joined before they were sorted.
    "95+Bu0JVPi0r/SsESZCVf0dWAjw=",
    // The documentation's snippets, made with a token that was never published.
    "Np1nax6uFoY6qpfT5l9jWwJeit0=",
    "hqeF3G9Hrnv6/R0jOhoYDD2PPUs="
  ])(
    "do not include %s",
    (signature) =>
      Effect.forEach(["base", "key-sort-prefix", "json-body"], (name) => refuses(received(vector(name), signature)))
  )

  it.effect("never cover a JSON body whose hash is not in the URL", () =>
    refuses(
      Webhooks.request({
        url,
        contentType: "application/json",
        body: vector("json-body").json,
        signature: vector("no-params").signature
      }),
      "MissingSignature"
    ))
})

layer(Webhooks.layer)("the header", (it) => {
  it.effect("must be there, and not be empty", () =>
    Effect.gen(function*() {
      yield* refuses(Webhooks.request({ url, body, signature: undefined }), "MissingSignature")
      yield* refuses(Webhooks.request({ url, body, signature: "" }), "MissingSignature")
    }))

  it.effect.each([
    ["white space before it", ` ${base}`],
    ["white space after it", `${base} `],
    ["a line break in it", `${base.slice(0, 14)}\n${base.slice(14)}`],
    ["no padding", base.slice(0, -1)],
    ["more padding", `${base}=`],
    ["other bits behind the last byte", base.replace("8=", "9=")],
    ["the alphabet of URLs", base.replace("/", "_")],
    ["a second value", `${base}, ${base}`],
    ["a second value without space", `${base},${base}`],
    ["hexadecimal digits", Buffer.from(base, "base64").toString("hex")],
    ["one byte less", Buffer.from(base, "base64").subarray(1).toString("base64")],
    ["one byte more", Buffer.from(`${Buffer.from(base, "base64").toString("latin1")}0`, "latin1").toString("base64")],
    ["nothing but a separator", ","],
    ["the text undefined", "undefined"],
    ["text that is not ASCII", "é".repeat(28)]
  ])("is refused with %s", ([, signature]) => refuses(Webhooks.request({ url, body, signature: signature! })))

  it.effect("is refused when it was sent twice, even with the same value", () =>
    Effect.gen(function*() {
      yield* accepts(Webhooks.request({ url, body, signature: base }))
      yield* refuses(Webhooks.request({ url, body, signature: base, headers: { "x-twilio-signature": base } }))
      yield* refuses(Webhooks.request({ url, body, signature: base, headers: { "x-twilio-signature": "AAAA" } }))
    }))
})

layer(Webhooks.layer)("the form", (it) => {
  it.effect("signs a repeated field once a distinct value, in any order", () =>
    Effect.gen(function*() {
      const { form, signature, signedUrl } = vector("array-dup-values")
      const { Digits: _, ...rest } = form
      for (const digits of [["1234", "5678"], ["5678", "1234"], ["5678", "1234", "1234"], ["1234", "5678", "5678"]]) {
        yield* accepts(
          Webhooks.request({ url: signedUrl, body: Webhooks.encode({ ...rest, Digits: digits }), signature })
        )
      }
      for (const digits of [["1234"], ["5678"], ["12345678"], ["5678", "1234", ""], []]) {
        yield* refuses(
          Webhooks.request({ url: signedUrl, body: Webhooks.encode({ ...rest, Digits: digits }), signature })
        )
      }
    }))

  it.effect("is signed by its meaning, not by its order or its escapes", () =>
    Effect.gen(function*() {
      const pairs = body.split("&").reverse().join("&")
      yield* accepts(Webhooks.request({ url, body: pairs, signature: base }))
      yield* accepts(Webhooks.request({ url, body: body.replaceAll("%2B", "%2b"), signature: base }))
      yield* accepts(Webhooks.request({ url, body: body.replace("CallSid", "%43allSid"), signature: base }))
    }))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      const { signature } = vector("no-params")
      yield* accepts(Webhooks.request({ url, body: "", signature }))
      yield* accepts(Webhooks.request({ url, signature }))
      yield* refuses(Webhooks.request({ url, body: "a", signature }))
      yield* refuses(Webhooks.request({ url, body, signature }))
    }))

  it.effect("keeps empty values, white space and every field that Twilio may add", () =>
    Effect.gen(function*() {
      const form = Webhooks.encode({ Body: " hi\t\r\n ", FromCity: "", Unheard_of: "[]", "a[b]": "1", __proto__x: "y" })
      yield* accepts(yield* signedForm(url, form))
      yield* refuses({
        ...yield* signedForm(url, form),
        body: new TextEncoder().encode(form.replace("FromCity=&", ""))
      })
    }))

  it.effect("keeps a field named __proto__", () =>
    Effect.gen(function*() {
      const request = yield* signedForm(url, "__proto__=a&constructor=b")
      yield* accepts(request)
      yield* refuses({ ...request, body: new TextEncoder().encode("constructor=b") })
    }))

  it.effect("does not take the fields of the query as its own", () =>
    Effect.gen(function*() {
      const signature = yield* Webhooks.sign(url, `${body}&foo=1&bar=2`)
      yield* refuses(Webhooks.request({ url, body, signature }))
    }))

  it.effect("that is not UTF-8 is refused as malformed", () =>
    Effect.gen(function*() {
      const request = Webhooks.request({ url, body: Uint8Array.of(0x41, 0x3d, 0xff), signature: base })
      const error = yield* Effect.flip((yield* SmsProvider).verify(request))
      assert.strictEqual(error.reason._tag, "InvalidPayload")
    }))
})

layer(Webhooks.layer)("bodySHA256", (it) => {
  const json = `{"Body":"hello","From":"+16505550111"}`
  const withHash = (hash: string) => `${url}&bodySHA256=${hash}`
  const signedJson = (url: string, body = json) => signedUrl(url, body, { contentType: "application/json" })

  it.effect("covers a JSON body", () =>
    Effect.gen(function*() {
      yield* accepts(yield* signedJson(withHash(sha256(json))))
      const { headers } = yield* signedJson(withHash(sha256(json)))
      for (
        const contentType of ["Application/JSON", "application/json; charset=utf-8", "application/json;charset=utf-8"]
      ) {
        const request = yield* signedJson(withHash(sha256(json)))
        yield* accepts({ ...request, headers: { ...headers, "content-type": contentType } })
      }
    }))

  it.effect("of another body is refused", () =>
    Effect.gen(function*() {
      yield* refuses(yield* signedJson(withHash(sha256(`${json} `))))
      yield* refuses(yield* signedJson(withHash(sha256(""))))
      yield* refuses({ ...yield* signedJson(withHash(sha256(json))), body: new Uint8Array() })
    }))

  it.effect("that is missing leaves JSON uncovered", () =>
    Effect.gen(function*() {
      yield* refuses(yield* signedJson(url), "MissingSignature")
      yield* refuses(yield* signedJson(`${url}&bodysha256=${sha256(json)}`), "MissingSignature")
      yield* refuses(yield* signedJson(`${url}&x=bodySHA256=${sha256(json)}`), "MissingSignature")
    }))

  it.effect("in the fragment, in the path or in the body is not signed", () =>
    Effect.gen(function*() {
      const parameter = `bodySHA256=${sha256(json)}`
      yield* refuses({ ...yield* signedJson(url), url: `${url}#&${parameter}` }, "MissingSignature")
      yield* refuses(yield* signedJson(`https://mycompany.com/${parameter}`), "MissingSignature")
      yield* refuses(yield* signedJson(url, parameter), "MissingSignature")
    }))

  it.effect("in other digits is refused", () =>
    Effect.gen(function*() {
      for (
        const hash of ["", "0", sha256(json).toUpperCase(), ` ${sha256(json)}`, `${sha256(json)}0`, `0x${sha256(json)}`]
      ) {
        yield* refuses(yield* signedJson(withHash(hash)))
      }
    }))

  it.effect("given twice counts where it stands first", () =>
    Effect.gen(function*() {
      const [right, wrong] = [sha256(json), sha256("{}")]
      yield* accepts(yield* signedJson(`${withHash(right)}&bodySHA256=${wrong}`))
      yield* refuses(yield* signedJson(`${withHash(wrong)}&bodySHA256=${right}`))
    }))

  it.effect("does not cover a form: JSON cannot be passed off as one", () =>
    Effect.gen(function*() {
      // Signed as JSON. Read as a form, the text of the customer would be fields.
      const body = `{"Body":"&Body=forged&From=%2B16505550111&To=%2B16505550100&SmsStatus=received&x="}`
      const request = yield* signedJson(withHash(sha256(body)), body)
      yield* accepts(request)
      yield* refuses({
        ...request,
        headers: { ...request.headers, "content-type": "application/x-www-form-urlencoded" }
      })
    }))

  it.effect("beside a form is a parameter like any other", () =>
    Effect.gen(function*() {
      yield* accepts(yield* signedForm(withHash("0"), body))
      yield* refuses({ ...yield* signedForm(withHash("0"), body), body: new Uint8Array() })
    }))

  it.effect("on a GET is the hash of the empty body, or nothing", () =>
    Effect.gen(function*() {
      const get = (hash: string, body?: string) => signedUrl(withHash(hash), body ?? "", { method: "GET" })
      yield* accepts(yield* get(sha256("")))
      yield* refuses(yield* get(sha256(""), "Body=forged"))
      for (const hash of ["", sha256("{}"), sha256("").toUpperCase(), `${sha256("")} `, sha256("").slice(1)]) {
        yield* refuses(yield* get(hash))
      }
      // Where there are two, the first counts, as in Twilio's own package.
      yield* accepts(yield* signedUrl(`${withHash(sha256(""))}&bodySHA256=${sha256("{}")}`, "", { method: "GET" }))
      yield* refuses(yield* signedUrl(`${withHash(sha256("{}"))}&bodySHA256=${sha256("")}`, "", { method: "GET" }))
      // The URL is signed all the same.
      const signed = yield* get(sha256(""))
      yield* refuses({ ...signed, url: `${signed.url}&From=forged` })
    }))

  it.effect("on a GET is refused: a signature that covers a body must come with it", () =>
    Effect.gen(function*() {
      const request = yield* signedJson(withHash(sha256(json)))
      yield* refuses({ ...request, method: "GET" })
      yield* refuses({ ...request, method: "GET", body: new Uint8Array() })
    }))
})

layer(Webhooks.layer)("the method", (it) => {
  it.effect("GET has every field in its URL, and a body counts for nothing", () =>
    Effect.gen(function*() {
      const provider = yield* SmsProvider
      const get =
        "https://example.com/sms?MessageSid=SM1&Body=hi+there&From=%2B16505550111&To=%2B16505550100&SmsStatus=received"
      const request = yield* signedUrl(get, "Body=forged", { method: "GET" })
      const [event] = yield* provider.decode(yield* provider.verify(request))
      assert.isTrue(event?._tag === "InboundMessage" && Content.text(event.content) === "hi there")
    }))

  it.effect("POST with the signature of a GET has an empty form", () =>
    Effect.gen(function*() {
      const request = yield* signedUrl(url, "", { method: "GET" })
      yield* accepts({ ...request, method: "POST" })
      yield* refuses({ ...request, method: "POST", body: new TextEncoder().encode("Body=forged") })
    }))
})

layer(Webhooks.layer)("the URL", (it) => {
  const form = "Body=hi&From=%2B16505550111"
  it.effect.each([
    [
      "with a fragment, which holds Twilio's connection overrides",
      "https://h.example/p?a=1",
      "https://h.example/p?a=1#rc=2&rp=5xx"
    ],
    ["with a fragment and no query", "https://h.example/p", "https://h.example/p#rc=2?x"],
    ["with credentials, which Twilio drops", "https://h.example/p?a=1", "https://user:pass@h.example/p?a=1"],
    ["with credentials that hold an @", "https://h.example/España", "https://user:p@ss@h.example/España"],
    ["with credentials and a port", "https://h.example:8443/p", "https://user:pass@h.example:8443/p"],
    ["with credentials, of which Twilio kept both", "https://user:pass@h.example/p", "https://user:pass@h.example/p"],
    ["with credentials and a port that Twilio drops", "https://h.example/p", "https://user:pass@h.example:8443/p"],
    ["of an IPv6 host with a port that Twilio drops", "https://[::1]/p", "https://[::1]:8443/p"],
    ["of an IPv6 host, signed with the default port", "https://[::1]:443/p", "https://[::1]/p"],
    ["of a host in other letters", "https://h.example/p", "https://H.Example/p"],
    ["without the slash that ends a bare host", "https://h.example/", "https://h.example"]
  ])("is accepted %s", ([, signed, received]) => Effect.flatMap(signedForm(signed!, form, received!), accepts))

  it.effect.each([
    ["another scheme", "https://h.example/p", "http://h.example/p"],
    ["another host", "https://h.example/p", "https://g.example/p"],
    ["a host within the credentials", "https://h.example/p", "https://h.example@g.example/p"],
    ["a port that is not the default one and was not received", "https://h.example:8443/p", "https://h.example/p"],
    ["another path", "https://h.example/p", "https://h.example/q"],
    ["a path in other letters", "https://h.example/p", "https://h.example/P"],
    ["a trailing slash", "https://h.example/p", "https://h.example/p/"],
    ["a query that was not signed", "https://h.example/p", "https://h.example/p?a=1"],
    ["a query that was lost", "https://h.example/p?a=1", "https://h.example/p"],
    ["another order of parameters", "https://h.example/p?a=1&b=2", "https://h.example/p?b=2&a=1"],
    ["a question mark without a query", "https://h.example/p", "https://h.example/p?"],
    ["the form in the query", "https://h.example/p?", `https://h.example/p?${form}`]
  ])("is refused with %s", ([, signed, received]) => Effect.flatMap(signedForm(signed!, form, received!), refuses))

  it.effect.each([
    "",
    "/",
    "/webhooks/sms/twilio/inbound",
    "mycompany.com/myapp.php",
    "https://",
    "https://[::1",
    "https://h.example:99999/p",
    "https://h.example:port/p",
    "https://%/p",
    "http://a b/p",
    "\u0000",
    "https://h.example/\ud800?\udfff=%",
    "https://h.example/p?%ff=%zz&%=&&="
  ])("that cannot be parsed does not throw: %j", (received) =>
    Effect.gen(function*() {
      yield* refuses(yield* signedForm("https://g.example/p", form, received))
      // What was signed exactly as received is authentic, whatever `URL` makes of it.
      yield* accepts(yield* signedForm(received, form, received))
    }))
})

describe("auth tokens", () => {
  const tokens = ["new token", "old token"].map((token) => Redacted.make(token))

  layer(Webhooks.layerWith(tokens))((it) => {
    it.effect("may be several while one is being replaced", () =>
      Effect.gen(function*() {
        for (const token of tokens) {
          yield* accepts(Webhooks.request({ url, body, signature: yield* Webhooks.sign(url, body, token) }))
          const withPort = url.replace(".com", ".com:443")
          yield* accepts(Webhooks.request({ url, body, signature: yield* Webhooks.sign(withPort, body, token) }))
        }
        const third = yield* Webhooks.sign(url, body, Redacted.make("third token"))
        yield* refuses(Webhooks.request({ url, body, signature: third }))
      }))
  })

  it.effect("that are empty build no provider, and are not in the error", () =>
    Effect.gen(function*() {
      const secret = Redacted.make("s3cr3t")
      for (const authToken of [Redacted.make(""), Redacted.make("  \n"), [], [secret, Redacted.make("")]]) {
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(Webhooks.layerWith(authToken))))
        assert.isTrue(Exit.isFailure(exit))
        if (!Exit.isFailure(exit)) return
        assert.isFalse(Cause.hasDies(exit.cause))
        assert.notInclude(
          `${Cause.pretty(exit.cause)}${inspect(exit, { depth: Infinity })}${JSON.stringify(exit)}`,
          "s3cr3t"
        )
      }
    }))
})
