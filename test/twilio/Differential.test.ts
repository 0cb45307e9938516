/**
 * The provider and the official `twilio` package agree on which signatures fit,
 * over random URLs, forms and JSON bodies. They differ on purpose in these
 * points, each of which has a test below:
 *
 * | request | official package | here |
 * | --- | --- | --- |
 * | URL with a fragment | refused, the fragment is not stripped | accepted: Twilio does not sign it |
 * | URL with credentials, signed without | refused | accepted: Twilio drops them |
 * | URL that cannot be parsed, signature does not fit | throws a `TypeError` | refused |
 * | URL that cannot be parsed, JSON signed as received | throws a `TypeError` | accepted |
 * | JSON without `bodySHA256` | accepted if the application parses it to no fields | refused: nothing covers it |
 * | a form, `bodySHA256` in the URL | the hash alone covers it | its fields are signed, like those of every form |
 * | GET, `bodySHA256` of a body in the URL | accepted if the URL is signed | refused: the body that was signed is not there |
 * | more than 1000 query parameters, signed re-encoded | those past 1000 are not covered | all are covered |
 * | a form about a message, cut anew | accepted in every form that keeps the signed text | refused: `Reading.test.ts` lists each form |
 * | a form about a message with a field twice, or a name that Twilio has not | accepted | refused |
 * | null, numbers and objects as field values | signed as `null`, `[object Object]`, … | cannot occur: a form is text |
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { parse, stringify } from "node:querystring"
import {
  getExpectedTwilioSignature,
  validateIncomingRequest,
  validateRequest,
  validateRequestWithBody
} from "twilio/lib/webhooks/webhooks.js"
import * as Webhooks from "./webhooks.ts"

const token = "12345"

interface Case {
  readonly kind: "form" | "get" | "json"
  readonly url: string
  readonly body: string
  readonly signature: string
}

/** A form as the package wants it. */
const fields = (body: string) => ({ ...parse(body, "&", "=", { maxKeys: 0 }) })

const throwing = (f: () => boolean): boolean | "throws" => {
  try {
    return f()
  } catch {
    return "throws"
  }
}

const official = ({ body, kind, signature, url }: Case): boolean | "throws" =>
  throwing(() =>
    kind === "json"
      ? validateRequestWithBody(token, signature, url, body)
      : validateRequest(token, signature, url, kind === "get" ? {} : fields(body))
  )

const request = ({ body, kind, signature, url }: Case) =>
  Webhooks.request({
    method: kind === "get" ? "GET" : "POST",
    url,
    contentType: kind === "json" ? "application/json" : undefined,
    body,
    signature
  })

// The package has no limits.
const provider = Effect.runSync(Webhooks.providerWith(Webhooks.authToken, { maxFields: 5000 }))

const accepts = (case_: Case): boolean => {
  const exit = Effect.runSyncExit(provider.verify(request(case_)))
  if (Exit.isSuccess(exit)) return true
  for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
  return false
}

const authority = /^([a-z]+:\/\/)([^/?#]*@)?(\[[^\]]*\]|[^:/?#]*)(:[^/?#]*)?/i

const withoutPort = (url: string) => url.replace(authority, "$1$2$3")
const withPort = (url: string) =>
  url.replace(
    authority,
    (all, scheme: string, user = "", host: string, port?: string) =>
      port === undefined || port === "" ? `${scheme}${user}${host}${/^https/i.test(scheme) ? ":443" : ":80"}` : all
  )
const withoutCredentials = (url: string) => url.replace(authority, "$1$3$4")
const withoutFragment = (url: string) => url.replace(/#.*$/s, "")
const normalized = (url: string) => URL.parse(url)?.href ?? url
const legacy = (url: string) =>
  url.replace(/\?(.+)$/s, (_, query: string) => `?${stringify(parse(query, "&", "=", { maxKeys: 0 }))}`)

/** What the official package tries, and what it does not. */
const changes: ReadonlyArray<(url: string) => string> = [
  (url) => url,
  withoutPort,
  withPort,
  (url) => withoutPort(normalized(url)),
  (url) => withPort(normalized(url)),
  (url) => legacy(withoutPort(normalized(url))),
  (url) => legacy(withPort(normalized(url))),
  (url) => `${url}/`,
  (url) => `${url}?`,
  (url) => `${url}&`,
  (url) => url.replace(/\/$/, ""),
  (url) => url.replace(/^https:/i, "http:"),
  (url) => url.replace(/^http:/i, "https:"),
  (url) => url.replace(/\?.*$/s, ""),
  (url) => url.toLowerCase(),
  (url) => url.replaceAll("+", "%20"),
  (url) => url.replaceAll("%20", "+"),
  (url) => url.replaceAll("%27", "'"),
  (url) => legacy(url),
  (url) => normalized(url).replaceAll("%", "%25"),
  (url) => url.replace(authority, "$1$2$3:8443")
]

const often = <A>(weight: number, arbitrary: fc.Arbitrary<A>) => ({ weight, arbitrary })

const text = fc.oneof(
  often(3, fc.string({ maxLength: 6 })),
  often(3, fc.string({ unit: fc.constantFrom(..."aA0'@:+!*()~-._%/\\?;,$ é😀^|`\"<>[]{}\t"), maxLength: 8 })),
  often(2, fc.string({ unit: "grapheme", maxLength: 5 })),
  often(
    1,
    fc.constantFrom("%20", "%27", "%3F", "%2B", "%2b", "%", "%zz", "%ff", "%E0%A4", "%C3%B1", "España", "O'hara")
  )
)

/** Text that stays within its part of a URL. */
const part = (stop: RegExp) => text.map((text) => text.replace(stop, ""))

const parameter = fc.oneof(
  fc.tuple(fc.constantFrom("foo", "bar", "a", "A", "1", "0", "__proto__", ""), part(/[#&]/g)).map((pair) =>
    pair.join("=")
  ),
  part(/[#&]/g)
)

const url = fc.record({
  scheme: fc.constantFrom("https://", "http://", "HTTPS://", "Http://"),
  credentials: fc.constantFrom("", "", "", "", "user@", "user:pass@", "User:P%40ss@", "u:p@ss@", "@", ":@"),
  host: fc.constantFrom(
    "mycompany.com",
    "MyCompany.com",
    "[::1]",
    "[2001:DB8::1]",
    "127.0.0.1",
    "xn--bcher-kva.example",
    "bücher.example",
    "a_b.example",
    "h"
  ),
  port: fc.constantFrom("", "", "", ":443", ":80", ":8443", ":1234", ":0443", ":"),
  path: fc.oneof(
    fc.constantFrom("", "/", "//", "/sms", "/sms/", "/a/../b", "/a/./b/%2e%2e/", "/España", "/%7Euser"),
    fc.array(part(/[?#\\]/g), { maxLength: 3 }).map((segments) => `/${segments.join("/")}`)
  ),
  query: fc.oneof(
    fc.constantFrom("", "?", "?foo=1&bar=2"),
    fc.array(parameter, { maxLength: 4 }).map((all) => `?${all.join("&")}`)
  ),
  fragment: fc.constantFrom("", "", "", "", "", "#", "#rc=2&rp=5xx", "#a?b#c")
}).map((parts) => Object.values(parts).join(""))

const names = fc.oneof(
  fc.constantFrom("A", "AB", "ABC", "a", "Body", "BodyX", "Reason", "ReasonConferenceEnded", "MediaUrl0", "MediaUrl10"),
  fc.constantFrom("MediaUrl2", "__proto__", "constructor", "toString", "10", "9", "é", "a b", "a[b]", ""),
  fc.string({ unit: "grapheme", maxLength: 3 })
)

const form = fc.array(fc.tuple(names, fc.oneof(fc.constantFrom("", "1", "2", "B"), text)), { maxLength: 8 })
  .map((pairs) => `${new URLSearchParams(pairs)}`)

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")

const json = fc.json({ maxDepth: 2 }).chain((body) =>
  fc.record({
    body: fc.constant(body),
    hash: fc.oneof(
      often(5, fc.constant(sha256(body))),
      often(1, fc.constantFrom(sha256(`${body} `), sha256(body).toUpperCase(), ""))
    ),
    more: fc.constantFrom("", "", "", `&bodySHA256=${sha256("{}")}`)
  })
)

const signature = (url: string, body: string) =>
  fc.oneof(
    often(8, fc.constantFrom(...changes).map((change) => getExpectedTwilioSignature(token, change(url), fields(body)))),
    often(
      1,
      fc.constantFrom(...changes).map((change) => getExpectedTwilioSignature("other", change(url), fields(body)))
    ),
    often(1, form.map((other) => getExpectedTwilioSignature(token, url, fields(other)))),
    often(1, fc.uint8Array({ minLength: 19, maxLength: 21 }).map((bytes) => Buffer.from(bytes).toString("base64")))
  )

const cases: fc.Arbitrary<Case> = fc.tuple(url, fc.boolean(), fc.boolean()).chain(([received, stripped, dropped]) => {
  const target = stripped ? withoutFragment(received) : received
  const base = dropped ? withoutCredentials(target) : target
  return fc.oneof(
    often(
      3,
      form.chain((body) =>
        fc.record({
          kind: fc.constant("form" as const),
          url: fc.constant(received),
          body: fc.constant(body),
          signature: signature(base, body)
        })
      )
    ),
    often(
      2,
      fc.record({
        kind: fc.constant("get" as const),
        url: fc.constant(received),
        body: fc.constant(""),
        signature: signature(base, "")
      })
    ),
    often(
      1,
      json.chain(({ body, hash, more }) => {
        const add = (url: string) =>
          url.replace(/(#.*)?$/s, (fragment) => `${url.includes("?") ? "&" : "?"}bodySHA256=${hash}${more}${fragment}`)
        return fc.record({
          kind: fc.constant("json" as const),
          url: fc.constant(add(received)),
          body: fc.constant(body),
          signature: signature(add(base), "")
        })
      })
    )
  )
})

describe("the provider and the official package", () => {
  it("agree on random requests, signed rightly and wrongly", () => {
    const seen = { accepted: 0, refused: 0 }
    fc.assert(
      fc.property(cases, (case_) => {
        const url = withoutFragment(case_.url)
        // `URL` leaves out blanks at the end, and line breaks and tabs everywhere.
        const path = /^[a-z]+:\/\/[^/?]*([^?]*)/i.exec(url.replace(/[\0-\x20]+$/, ""))?.[1] ?? url
        // A path that leads to another one is refused, whatever is signed.
        const expected = !/\\|(?:^|[/])(?:\.|%2e){1,2}(?:[/;]|$)/i.test(path.replace(/[\t\n\r]/g, "")) &&
          (official({ ...case_, url }) === true || official({ ...case_, url: withoutCredentials(url) }) === true)
        assert.strictEqual(accepts(case_), expected)
        seen[expected ? "accepted" : "refused"]++
      }),
      { numRuns: 4000 }
    )
    assert.isAbove(seen.accepted, 1000)
    assert.isAbove(seen.refused, 1000)
  }, 120_000)

  it.each([
    // `URL` leaves out a blank at the end.
    { received: "https://mycompany.com/sms ", signed: "https://mycompany.com/sms", expected: true },
    // An escape that is not part of valid UTF-8, before a character that `URL` escapes.
    { received: "https://mycompany.com:/%bc x", signed: "https://mycompany.com/%bc%20x", expected: true },
    // The path ends at the fragment, and leads to another one.
    { received: "https://mycompany.com/.#a?b", signed: "https://mycompany.com/.", expected: false }
  ])("agree on $received", ({ expected, received, signed }) => {
    const signature = getExpectedTwilioSignature(token, signed, {})
    assert.strictEqual(accepts({ kind: "get", url: received, body: "", signature }), expected)
  })
})

describe("the provider differs on purpose from the official package", () => {
  const url = "https://mycompany.com/sms?foo=1"
  const body = "Body=hi&From=%2B16505550111"
  const json = `{"Body":"hi"}`
  const signed = (url: string, body = "") => getExpectedTwilioSignature(token, url, fields(body))
  const withHash = (body: string) => `${url}&bodySHA256=${sha256(body)}`

  it("in a fragment, which Twilio does not sign", () => {
    const case_: Case = { kind: "form", url: `${url}#rc=2&rp=5xx`, body, signature: signed(url, body) }
    assert.isFalse(official(case_))
    assert.isTrue(accepts(case_))
  })

  it("in a path that leads to another one, which `URL` follows", () => {
    const other = "https://mycompany.com/other?foo=1"
    for (const path of ["/sms;/../../other", "/sms;/%2e%2E/.%2e/other", "/sms/..\\..\\other"]) {
      const case_: Case = { kind: "form", url: other.replace("/other", path), body, signature: signed(other, body) }
      assert.isTrue(official(case_))
      assert.isFalse(accepts(case_))
    }
  })

  it("in credentials, which Twilio drops", () => {
    const received = "https://user:pass@mycompany.com/sms?foo=1"
    const case_: Case = { kind: "form", url: received, body, signature: signed(url, body) }
    assert.isFalse(official(case_))
    assert.isTrue(accepts(case_))
    // Of what Twilio kept, both think the same.
    const kept = { ...case_, signature: signed(received, body) }
    assert.isTrue(official(kept))
    assert.isTrue(accepts(kept))
  })

  it("in a URL that cannot be parsed, which is no reason to throw", () => {
    for (const url of ["", "/sms", "https://[", "https://mycompany.com:port/sms"]) {
      const case_: Case = { kind: "form", url, body, signature: signed("https://example.com/sms", body) }
      assert.strictEqual(official(case_), "throws")
      assert.isFalse(accepts(case_))
    }
  })

  it("in JSON at a URL that cannot be parsed, but was signed as received", () => {
    const received = `/sms?bodySHA256=${sha256(json)}`
    const case_: Case = { kind: "json", url: received, body: json, signature: signed(received) }
    assert.strictEqual(official(case_), "throws")
    assert.isTrue(accepts(case_))
    assert.isFalse(accepts({ ...case_, body: "{}" }))
  })

  it("in JSON without bodySHA256, which nothing covers", () => {
    const headers: Readonly<Record<string, string>> = { "X-Twilio-Signature": signed(url) }
    const header = (name: string) => headers[name]
    // The package takes the body that a framework parsed. Without a JSON parser that is no fields at all.
    assert.isTrue(
      validateIncomingRequest({ protocol: "https", header, headers, originalUrl: "/sms?foo=1", body: {} }, token, {
        url
      })
    )
    assert.isFalse(accepts({ kind: "json", url, body: json, signature: signed(url) }))
  })

  it("in a form at a URL with bodySHA256, whose fields are signed all the same", () => {
    const byHash: Case = { kind: "form", url: withHash(body), body, signature: signed(withHash(body)) }
    assert.isTrue(official({ ...byHash, kind: "json" }))
    assert.isFalse(accepts(byHash))
    const byFields = { ...byHash, signature: signed(withHash(body), body) }
    assert.isFalse(official({ ...byFields, kind: "json" }))
    assert.isTrue(accepts(byFields))
  })

  it("in a GET at a URL with bodySHA256, which lacks the body that was signed", () => {
    const case_: Case = { kind: "get", url: withHash(json), body: "", signature: signed(withHash(json)) }
    assert.isTrue(official(case_))
    assert.isFalse(accepts(case_))
    assert.isFalse(accepts({ ...case_, body: json }))
  })

  it("not in a GET at a URL with bodySHA256 of the empty body", () => {
    const url = withHash("")
    const case_: Case = { kind: "get", url, body: "", signature: signed(url) }
    assert.isTrue(official({ ...case_, kind: "json" }))
    assert.isTrue(accepts(case_))
    assert.isFalse(accepts({ ...case_, body: "Body=forged" }))
    assert.isFalse(accepts({ ...case_, url: withHash(json) }))
  })

  it("in the thousand and first parameter of a re-encoded query, which is covered too", () => {
    const query = Array.from({ length: 1000 }, (_, index) => `p${index}=a'b`).join("&")
    const short = `https://mycompany.com/sms?${query}`
    const case_: Case = { kind: "get", url: `${short}&From=forged`, body: "", signature: signed(short) }
    assert.isTrue(official(case_))
    assert.isFalse(accepts(case_))
    assert.isTrue(accepts({ ...case_, url: short }))
  })

  it("in values that are not text, which a form cannot hold", () => {
    const values: ReadonlyArray<readonly [unknown, string]> = [
      [null, "null"],
      [undefined, "undefined"],
      [1, "1"],
      [{ b: "1" }, "[object Object]"]
    ]
    for (const [value, text] of values) {
      const signature = getExpectedTwilioSignature(token, url, { a: value })
      assert.isTrue(validateRequest(token, signature, url, { a: value }))
      assert.isTrue(accepts({ kind: "form", url, body: `${new URLSearchParams({ a: text })}`, signature }))
      assert.isFalse(accepts({ kind: "form", url, body: "a=", signature }))
    }
    // What some parsers make an object is a name with brackets here, as it is to Twilio.
    assert.isTrue(accepts({ kind: "form", url, body: "a[b]=1", signature: signed(url, "a[b]=1") }))
  })
})

describe("the provider and the official package agree", () => {
  const url = "https://mycompany.com/sms"

  it("that a header sent twice is no signature", () => {
    const signature = getExpectedTwilioSignature(token, url, {})
    for (const twice of [`${signature}, ${signature}`, `${signature},AAAA`, ` ${signature}`, `${signature} `]) {
      const case_: Case = { kind: "form", url, body: "", signature: twice }
      assert.isFalse(official(case_))
      assert.isFalse(accepts(case_))
    }
  })

  it("that joining the fields to the URL leaves its seam unmarked", () => {
    // Inherent to the scheme: the end of the URL and the first field are one text.
    const signature = getExpectedTwilioSignature(token, `${url}?id=1`, { A: "b" })
    for (
      const case_ of [
        { kind: "get", url: `${url}?id=1Ab`, body: "", signature },
        { kind: "form", url: `${url}?id=1A`, body: "b=", signature }
      ] satisfies ReadonlyArray<Case>
    ) {
      assert.isTrue(official(case_))
      assert.isTrue(accepts(case_))
    }
  })
})
