/** The host of a request decides which URL was signed, where no URL is configured. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { IpNetwork } from "effect/net"
import { observe } from "../observe.ts"
import { type Carrier, carriers } from "./carriers.ts"
import { assertProblem, events, layerServer, request } from "./server.ts"

const [twilio, , telnyx] = carriers as [Carrier, Carrier, Carrier]
const path = "/webhooks/sms/twilio/inbound"
const loopback = [IpNetwork.fromStringUnsafe("127.0.0.0/8")]

/** A webhook that Twilio signed for another application, as it arrives here. */
const captured = Effect.fnUntraced(function*(signedUrl: string, headers: Readonly<Record<string, string>>) {
  const { pathname, search } = new URL(signedUrl)
  const base = signedUrl.slice(0, signedUrl.length - pathname.length - search.length)
  const wire = yield* twilio.sign({ base, path: pathname + search, body: twilio.sms("SM1") })
  return yield* request({ ...wire, target: path, headers: { ...wire.headers, ...headers } })
})

/** What a `Host` header may be, that ends the URL before the path of this server. */
const hosts = [
  "other.example/hook#",
  "other.example/hook?",
  "other.example/hook?a=",
  "user@other.example/hook#",
  "other.example#",
  "other.example/",
  "other.example:80/hook#",
  "other.example\\hook#",
  "other.example hook",
  "a@b",
  "..",
  ".",
  "a..b",
  ".example",
  "-",
  "a.-",
  "[:::]",
  "other.example:99999",
  "[::1",
  "other.example:999999"
]

describe("a webhook for another application", () => {
  it.effect("is not accepted because its Host header is more than a host", () =>
    Effect.gen(function*() {
      for (const host of hosts) {
        const answer = yield* captured("http://other.example/hook", { host })
        assertProblem(answer, 400, "Expected a host in the Host header")
      }
      assert.lengthOf(yield* events, 0)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined }))))

  it.effect("is not accepted through a trusted proxy that hands it on", () =>
    Effect.gen(function*() {
      for (const host of hosts) {
        const forwarded = yield* captured("http://other.example/hook", {
          host: "sms.example.com",
          "x-forwarded-host": host
        })
        assertProblem(forwarded, 403, "The webhook was refused")
        const passed = yield* captured("http://other.example/hook", { host, "x-forwarded-proto": "http" })
        assertProblem(passed, 400, "Expected a host in the Host header")
      }
      assert.lengthOf(yield* events, 0)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined, trustedProxies: loopback }))))

  it.effect("is not accepted in a request target that is a whole URL", () =>
    Effect.gen(function*() {
      const wire = yield* twilio.sign({ base: "http://other.example", path: "/hook", body: twilio.sms("SM1") })
      for (const target of [`http://other.example/hook#${path}`, `http://other.example/hook?${path}`]) {
        assert.notStrictEqual((yield* request({ ...wire, target })).status, 200)
      }
      assert.lengthOf(yield* events, 0)
    }).pipe(Effect.provide(layerServer({ publicUrl: undefined }))))

  it.effect("is not accepted whatever the Host header, where the public URL is known", () =>
    Effect.gen(function*() {
      for (const host of [...hosts, "other.example"]) {
        assertProblem(yield* captured("http://other.example/hook", { host }), 403, "The webhook was refused")
      }
    }).pipe(Effect.provide(layerServer({ publicUrl: "https://sms.example.com" }))))
})

describe("allowed hosts", () => {
  const post = Effect.fnUntraced(
    function*(carrier: Carrier, host: string, headers: Readonly<Record<string, string>> = {}) {
      const wire = yield* carrier.sign({
        base: `http://${headers["x-forwarded-host"] ?? host}`,
        path: `/webhooks/sms/${carrier.name}/inbound`,
        body: carrier.sms("SM1")
      })
      return (yield* request({ ...wire, headers: { ...wire.headers, host, ...headers } })).status
    }
  )

  it.effect("are the only ones that a request may name, with their port", () => {
    const { layer, lines } = observe()
    return Effect.gen(function*() {
      for (const host of ["sms.example.com", "SMS.Example.com", "sms.example.com:80", "[::1]:3000"]) {
        assert.strictEqual(yield* post(twilio, host), 200, host)
        assert.strictEqual(yield* post(telnyx, host), 200, host)
      }
      const before = lines.length
      const others = [
        "other.example",
        "sms.example.com:8080",
        "sms.example.com.other.example",
        "x.sms.example.com",
        "[::1]"
      ]
      for (const host of others) {
        assert.strictEqual(yield* post(twilio, host), 403, host)
        assert.strictEqual(yield* post(telnyx, host), 403, host)
      }
      assert.lengthOf(lines, before + 2 * others.length)
      assert.match(lines.at(-1)!.message, /the host that the request names is not an allowed one$/)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          layerServer({ publicUrl: undefined, allowedHosts: ["sms.example.com", "[::1]:3000"] }),
          layer
        )
      )
    )
  })

  it.effect("are asked about the host that a trusted proxy was called by", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* post(twilio, "internal", { "x-forwarded-host": "sms.example.com" }), 200)
      assert.strictEqual(yield* post(twilio, "sms.example.com", { "x-forwarded-host": "other.example" }), 403)
    }).pipe(
      Effect.provide(
        layerServer({ publicUrl: undefined, trustedProxies: loopback, allowedHosts: ["sms.example.com"] })
      )
    ))

  it.effect("are not asked where the public URL is known", () =>
    Effect.gen(function*() {
      const wire = yield* twilio.sign({ base: "https://sms.example.com", path, body: twilio.sms("SM1") })
      assert.strictEqual((yield* request(wire)).status, 200)
    }).pipe(Effect.provide(layerServer({ allowedHosts: ["elsewhere.example"] }))))
})
