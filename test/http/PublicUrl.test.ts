import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http"
import { IpNetwork } from "effect/net"
import * as PublicUrl from "../../src/http/PublicUrl.ts"
import { observe } from "../observe.ts"
import { type Carrier, carriers } from "./carriers.ts"
import { layerServer, request } from "./server.ts"

const twilio = carriers[0]!
const path = "/webhooks/sms/twilio/inbound"

// The host that the test's requests name, as a proxy would that passes its own address on.
const internal = "http://internal.example:8080"
const loopback = [IpNetwork.fromStringUnsafe("127.0.0.0/8")]

/** The status for a webhook that Twilio signed for this base, when it arrives with these headers. */
const statusOf = Effect.fnUntraced(
  function*(base: string, headers: Readonly<Record<string, string>> = {}, target: string = path) {
    const wire = yield* twilio.sign({ base, path: target, body: twilio.sms("SM1") })
    return (yield* request({ ...wire, headers: { ...wire.headers, ...headers } })).status
  }
)

const taken = (base: string, headers?: Readonly<Record<string, string>>, target?: string) =>
  Effect.map(statusOf(base, headers, target), (status) => assert.strictEqual(status, 200, base + (target ?? "")))

const refused = (base: string, headers?: Readonly<Record<string, string>>) =>
  Effect.map(statusOf(base, headers), (status) => assert.strictEqual(status, 403, base))

describe("the public URL", () => {
  for (const publicUrl of ["https://sms.example.com", "https://sms.example.com/", "https://sms.example.com//"]) {
    it.effect(`is PUBLIC_URL and the path, with ${publicUrl}`, () =>
      Effect.gen(function*() {
        yield* taken("https://sms.example.com")
        yield* refused(internal)
      }).pipe(Effect.provide(layerServer({ publicUrl }))))
  }

  for (const publicUrl of ["https://example.com/api/sms", "https://example.com/api/sms/"]) {
    it.effect(`has the path prefix that a proxy takes away, with ${publicUrl}`, () =>
      Effect.gen(function*() {
        yield* taken("https://example.com/api/sms")
        yield* refused("https://example.com")
      }).pipe(Effect.provide(layerServer({ publicUrl }))))
  }

  it.effect("is http and the Host header when nothing else is known", () =>
    Effect.gen(function*() {
      yield* taken(internal)
      yield* refused("https://internal.example:8080")
      yield* taken("http://[::1]:3000", { host: "[::1]:3000" })
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined }))))

  it.effect("does not believe forwarded headers of an undeclared proxy", () =>
    Effect.gen(function*() {
      const headers = {
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "sms.example.com"
      }
      yield* refused("https://sms.example.com", headers)
      yield* taken(internal, headers)
    }).pipe(Effect.provide(layerServer({
      publicUrl: undefined,
      trustedProxies: [IpNetwork.fromStringUnsafe("10.0.0.0/8"), IpNetwork.fromStringUnsafe("::1/128")]
    }))))

  it.effect("believes forwarded headers of a declared proxy, whichever of them it sends", () =>
    Effect.gen(function*() {
      const [client, proto, host] = [
        { "x-forwarded-for": "203.0.113.9" },
        { "x-forwarded-proto": "https" },
        { "x-forwarded-host": "sms.example.com" }
      ]
      yield* taken("https://sms.example.com", { ...client, ...proto, ...host })
      yield* taken("https://sms.example.com", { ...proto, ...host })
      yield* taken("https://internal.example:8080", proto)
      yield* taken("http://sms.example.com", host)
      yield* taken(internal, client)
      yield* taken(internal)
      yield* taken("https://sms.example.com:8443", { ...proto, "x-forwarded-host": "sms.example.com:8443" })
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("reads no more addresses than a request can have proxies", () =>
    Effect.gen(function*() {
      const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "sms.example.com" }
      const through = (proxies: number) => ({ ...headers, "x-forwarded-for": Array(proxies).fill("127.0.0.1").join() })
      yield* taken("https://sms.example.com", through(3))
      yield* taken("https://sms.example.com", through(1000))
      const lists = {
        "x-forwarded-proto": ["http", ...Array(16).fill("https")].join(),
        "x-forwarded-host": ["other.example", ...Array(16).fill("sms.example.com")].join()
      }
      yield* taken("https://sms.example.com", { ...through(1000), ...lists })
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("takes the one value that the nearest of two proxies sends beside two addresses", () =>
    Effect.gen(function*() {
      const headers = {
        "x-forwarded-for": "203.0.113.9, 198.51.100.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "sms.example.com"
      }
      yield* taken("https://sms.example.com", headers)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("takes of a list the value of the first proxy that is not trusted", () =>
    Effect.gen(function*() {
      const headers = {
        "x-forwarded-for": "203.0.113.9, 127.0.0.2",
        "x-forwarded-proto": "https, http",
        "x-forwarded-host": "sms.example.com, inner.example.com"
      }
      yield* taken("https://sms.example.com", headers)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("reads lists of different lengths from the right, as far as the proxies are trusted", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [url: string, forwardedFor: string, proto: string, host: string]> = [
        // Of two trusted proxies, only one appends.
        ["https://sms.example.com", "203.0.113.9, 127.0.0.2", "https", "sms.example.com"],
        ["https://sms.example.com", "203.0.113.9, 127.0.0.2", "https, http", "sms.example.com"],
        ["https://sms.example.com", "203.0.113.9, 127.0.0.3, 127.0.0.2", "https, http", "sms.example.com, inner"],
        // What is left of the proxies' own values is the caller's.
        ["https://sms.example.com", "203.0.113.9", "http, https", "evil.example.com, sms.example.com"],
        ["https://sms.example.com", "198.51.100.1, 203.0.113.9", "gopher, https", "evil.example.com, sms.example.com"],
        ["https://sms.example.com", "203.0.113.9, 127.0.0.2", "http, https, http", "evil, sms.example.com, inner"],
        // A caller cannot pose as a trusted proxy to be read further.
        ["https://sms.example.com", "127.0.0.9, 203.0.113.9", "http, https", "evil.example.com, sms.example.com"],
        ["https://sms.example.com", "unknown", "http, https", "evil.example.com, sms.example.com"],
        ["https://sms.example.com", "[::ffff:127.0.0.2]:443", "https", "sms.example.com"],
        ["https://sms.example.com", "203.0.113.9:51234, 127.0.0.2:80", "https, http", "sms.example.com, inner"]
      ]
      for (const [url, forwardedFor, proto, host] of cases) {
        yield* taken(url, {
          "x-forwarded-for": forwardedFor,
          "x-forwarded-proto": proto,
          "x-forwarded-host": host
        })
      }
      yield* taken("https://sms.example.com", {
        "x-forwarded-proto": "http, https",
        "x-forwarded-host": "evil.example.com, sms.example.com"
      })
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("ignores forwarded values that are no scheme and no host", () =>
    Effect.gen(function*() {
      for (const host of ["sms.example.com/x", "a@b", "a b", "", "x?token=1", "a:99999999", "x#"]) {
        yield* taken(internal, { "x-forwarded-proto": "javascript", "x-forwarded-host": host })
      }
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("is PUBLIC_URL also when a proxy is trusted", () =>
    Effect.gen(function*() {
      yield* taken("https://sms.example.com", { "x-forwarded-proto": "http", "x-forwarded-host": "other.example.com" })
    }).pipe(Effect.provide(layerServer({ trustedProxies: loopback }))))

  it.effect("keeps every character of path and query as it was sent", () =>
    Effect.gen(function*() {
      const targets = [
        `${path}?a=1%202&b=it's&c=1+1&d=%2B&e=%2f&f=~*()!`,
        `${path}?q=%E2%9C%93&empty=&alone&=x&a==b&&`,
        `${path}?a=%zz&b=%`,
        `${path}?x=a?b/c;d:e@f|g[0]={}"<>\\^\``,
        `${path}/?trailing=slash`,
        "/webhooks/sms//twilio/inbound?x=1",
        "//webhooks/sms/twilio/inbound",
        "/webhooks/sms/twi%6cio/inbound",
        "/WEBHOOKS/sms/twilio/inbound",
        `${path}?..//../a/./b`
      ]
      for (const target of targets) yield* taken("https://sms.example.com", {}, target)
    }).pipe(Effect.provide(layerServer())))

  it.effect("has the path of a request target that is a whole URL", () =>
    Effect.gen(function*() {
      const wire = yield* twilio.sign({
        base: "https://sms.example.com",
        path: `${path}?a=%20'`,
        body: twilio.sms("SM1")
      })
      for (const origin of ["http://internal.example", "https://x.example:8443", "HTTP://X"]) {
        assert.strictEqual((yield* request({ ...wire, target: `${origin}${wire.target}` })).status, 200, origin)
      }
    }).pipe(Effect.provide(layerServer())))

  it("has https where the server itself ends TLS", () => {
    const request = HttpServerRequest.fromWeb(new Request("https://sms.example.com/a?b=1"))
    assert.strictEqual(
      PublicUrl.candidates(request, { publicUrl: undefined, trustedProxies: [] })[0].url,
      "https://sms.example.com/a?b=1"
    )
  })
})

describe("several public URLs", () => {
  const publicUrl = ["https://new.example.com/", "https://key:secret@old.example.com/api"]

  /** The status of a webhook of this carrier, and what is in the log about it. */
  const post = (carrier: Carrier, base: string, headers: Readonly<Record<string, string>> = {}) => {
    const { layer, lines } = observe()
    return Effect.gen(function*() {
      const wire = yield* carrier.sign({
        base,
        path: `/webhooks/sms/${carrier.name}/inbound`,
        body: carrier.sms(`SM${base.length}`)
      })
      const { status } = yield* request({ ...wire, headers: { ...wire.headers, ...headers } })
      return [status, lines.map(({ annotations, message }) => [message, annotations["publicUrl"]])]
    }).pipe(Effect.provide(Layer.provideMerge(layerServer({ publicUrl }), layer)))
  }

  it.effect("each verify, and the log says which did, without its credentials", () =>
    Effect.gen(function*() {
      for (const host of ["new.example.com", "old.example.com", "internal.example:8080"]) {
        assert.deepStrictEqual(yield* post(twilio, "https://new.example.com", { host }), [
          200,
          [["Webhook verified", "https://new.example.com"]]
        ])
        assert.deepStrictEqual(yield* post(twilio, "https://key:secret@old.example.com/api", { host }), [
          200,
          [["Webhook verified", "https://old.example.com/api"]]
        ])
      }
    }))

  it.effect("are no others, and the refusal is about the one whose host the request names", () =>
    Effect.gen(function*() {
      const [status, lines] = yield* post(twilio, "http://old.example.com/api", { host: "old.example.com" })
      assert.strictEqual(status, 403)
      assert.match(JSON.stringify(lines), /^\[\["Webhook refused: [^\]]*http instead of https[^\]]*\]\]$/)
    }))

  it.effect("are told apart by the host where the carrier does not sign the URL", () =>
    Effect.gen(function*() {
      const telnyx = carriers.find(({ name }) => name === "telnyx")!
      assert.deepStrictEqual(yield* post(telnyx, "https://new.example.com", { host: "old.example.com" }), [
        200,
        [["Webhook verified", "https://old.example.com/api"]]
      ])
      assert.deepStrictEqual(yield* post(telnyx, "https://new.example.com"), [200, []])
    }))
})

describe("the log of a wrongly set up server names the mistake", () => {
  const cases = [
    {
      mistake: "no PUBLIC_URL behind a proxy that ends TLS",
      options: { publicUrl: undefined },
      base: "https://internal.example:8080",
      headers: {},
      hint: /; it matches the URL with https instead of http$/
    },
    {
      mistake: "a PUBLIC_URL with http",
      options: { publicUrl: "http://sms.example.com" },
      base: "https://sms.example.com",
      headers: {},
      hint: /; it matches the URL with https instead of http$/
    },
    {
      mistake: "a proxy that is not declared as trusted",
      options: { publicUrl: undefined },
      base: "https://sms.example.com",
      headers: { "x-forwarded-proto": "https", "x-forwarded-host": "sms.example.com" },
      hint: /https instead of http and .*the host of the x-forwarded-host header$/
    },
    {
      mistake: "a PUBLIC_URL with another host than the carrier calls",
      options: { publicUrl: "https://old.example.com" },
      base: "https://sms.example.com",
      headers: { host: "sms.example.com" },
      hint: /the host of the host header$/
    },
    {
      mistake: "a proxy on another port",
      options: { publicUrl: "https://sms.example.com" },
      base: "https://sms.example.com:8443",
      headers: { "x-forwarded-port": "8443" },
      hint: /the port of the x-forwarded-port header$/
    },
    {
      mistake: "a proxy that takes a path prefix away",
      options: { publicUrl: "https://sms.example.com" },
      base: "https://sms.example.com/api",
      headers: { "x-forwarded-prefix": "/api" },
      hint: /the path prefix of the x-forwarded-prefix header$/
    }
  ] as const
  for (const { base, headers, hint, mistake, options } of cases) {
    it.effect(mistake, () =>
      Effect.gen(function*() {
        const { layer, lines } = observe()
        yield* refused(base, headers).pipe(Effect.provide(Layer.provideMerge(layerServer(options), layer)))
        assert.lengthOf(lines, 1)
        assert.match(lines[0]!.message, hint)
      }))
  }
})
