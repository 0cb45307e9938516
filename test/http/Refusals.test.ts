import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Ref } from "effect"
import { WebhookServer } from "../../src/http/index.ts"
import type { Service as Provider } from "../../src/provider/SmsProvider.ts"
import { SmsProviders } from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { observe } from "../observe.ts"
import { type Carrier, carriers, customer, layerProviders, ours, secrets, text, type Wire } from "./carriers.ts"
import {
  assertProblem,
  events,
  exchange,
  head,
  layerNode,
  layerServer,
  parseAnswer,
  post,
  publicUrl,
  quiet,
  request,
  withoutId
} from "./server.ts"

const [twilio, sinch, telnyx, voicemeup] = carriers as [Carrier, Carrier, Carrier, Carrier]
const pathOf = ({ name }: Carrier) => `/webhooks/sms/${name}/inbound`
const sign = (carrier: Carrier, body: string) => carrier.sign({ base: publicUrl, path: pathOf(carrier), body })

const withHeader = (wire: Wire, name: string, value: string): Wire => ({
  ...wire,
  headers: { ...wire.headers, [name]: value }
})

const unsigned = (wire: Wire): Wire => ({
  ...wire,
  target: wire.target.split("?")[0]!,
  headers: { "content-type": wire.headers["content-type"]! }
})

/** The same, signed for another body. */
const forged = Effect.fnUntraced(function*(carrier: Carrier) {
  const wire = yield* sign(carrier, carrier.sms("SM1"))
  return carrier === voicemeup
    ? { ...wire, target: `${wire.target}x` }
    : { ...wire, body: wire.body.replace("parcel", "refund") }
})

describe("a refused webhook", () => {
  for (const carrier of carriers) {
    const { name } = carrier

    it.effect(`of ${name} is answered with 403 when the signature is wrong or missing, and says no more`, () =>
      Effect.gen(function*() {
        const wrong = yield* request(yield* forged(carrier))
        assertProblem(wrong, 403, "The webhook was refused")
        const missing = yield* request(unsigned(yield* sign(carrier, carrier.sms("SM1"))))
        assertProblem(missing, 403, "The webhook was refused")
        assert.strictEqual(withoutId(wrong), withoutId(missing))
        assert.lengthOf(yield* events, 0)
      }).pipe(Effect.provide(layerServer())))

    it.effect(`of ${name} is answered with 415 for a format that the carrier does not send`, () =>
      Effect.gen(function*() {
        const wire = yield* sign(carrier, carrier.sms("SM1"))
        const formats = [
          "text/plain",
          "application/xml",
          "multipart/form-data; boundary=x",
          "application/jsonx",
          "x",
          ""
        ]
        for (const contentType of formats) {
          const answer = yield* request(withHeader(wire, "content-type", contentType))
          assert.strictEqual(answer.status, 415, contentType)
          assert.match(JSON.parse(answer.body).detail, /^Expected content type application\//)
        }
      }).pipe(Effect.provide(layerServer())))

    it.effect(`of ${name} is answered with 400 when it cannot be read, with fields and expectations only`, () =>
      Effect.gen(function*() {
        for (const body of carrier === twilio ? ["MessageStatus=sent"] : ["{", "[]", "null", "\"text\""]) {
          const answer = yield* post(carrier, body)
          assert.strictEqual(answer.status, 400, body)
          assert.strictEqual(answer.headers["content-type"], "application/problem+json")
        }
      }).pipe(Effect.provide(layerServer())))
  }

  it.effect("is answered with 404 for any name that is not registered, and does not tell those that are", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      yield* Effect.gen(function*() {
        const names = [
          "nope",
          "__proto__",
          "constructor",
          "toString",
          "hasOwnProperty",
          "%5F%5Fproto%5F%5F",
          "twilio%00",
          "twi%6Cio%2F",
          "%2e%2e",
          "a".repeat(100)
        ]
        for (const name of names) {
          const wire = yield* twilio.sign({
            base: publicUrl,
            path: `/webhooks/sms/${name}/inbound`,
            body: twilio.sms("SM1")
          })
          assertProblem(yield* request(wire), 404, "Unknown provider")
        }
        assert.deepStrictEqual(
          new Set(lines.map(({ annotations }) => annotations["reason"])),
          new Set(["UnknownProvider"])
        )
        assert.lengthOf(lines, names.length)
        // These do not reach a route.
        for (const name of ["a".repeat(101), "b".repeat(10_000), "", "a/b", "twilio;x", "%E0%A4%A", "%"]) {
          const answer = yield* request({
            method: "POST",
            target: `/webhooks/sms/${name}/inbound`,
            headers: {},
            body: ""
          })
          assertProblem(answer, 404)
        }
      }).pipe(Effect.provide(Layer.provideMerge(layerServer(), layer)))
    }))

  it.effect("is taken when the name is only percent-encoded or in other slashes, and signed so", () =>
    Effect.gen(function*() {
      for (const path of ["/webhooks/sms/twi%6Cio/inbound", "//webhooks/sms/twilio/inbound/"]) {
        assert.strictEqual((yield* post(twilio, twilio.sms(path), { path })).status, 200, path)
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("is answered with 405 for any other method, and other paths with 404", () =>
    Effect.gen(function*() {
      for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
        for (const kind of ["inbound", "status", "inbound/", "status?token=x"]) {
          const answer = yield* request({ method, target: `/webhooks/sms/twilio/${kind}`, headers: {}, body: "" })
          assertProblem(answer, 405)
          assert.strictEqual(answer.headers["allow"], "GET, POST")
        }
      }
      const answer = yield* request({ method: "HEAD", target: pathOf(twilio), headers: {}, body: "" })
      assert.deepStrictEqual([answer.status, answer.headers["allow"], answer.body], [405, "POST, GET", ""])
      for (const target of ["/", "/webhooks/sms/twilio", "/webhooks/sms/twilio/other", "/rooms/a/b", "/.env"]) {
        assertProblem(yield* request({ method: "GET", target, headers: {}, body: "" }), 404)
      }
      assertProblem(yield* request({ method: "POST", target: "/health/live", headers: {}, body: "" }), 404)
    }).pipe(Effect.provide(layerServer())))

  it.effect("is answered with 415 when the body is compressed, because signatures are of the bytes as written", () =>
    Effect.gen(function*() {
      for (const carrier of carriers) {
        const wire = yield* sign(carrier, carrier.sms("SM1"))
        for (const encoding of ["gzip", "br", "GZIP", "identity, gzip"]) {
          assertProblem(
            yield* request(withHeader(wire, "content-encoding", encoding)),
            415,
            "Expected content type without content encoding"
          )
        }
        assert.strictEqual((yield* request(withHeader(wire, "content-encoding", "identity"))).status, 200)
      }
    }).pipe(Effect.provide(layerServer())))
})

describe("a body that is too large", () => {
  const maxBodyBytes = 1000
  const detail = "The body exceeds 1000 bytes"
  const json = { "content-type": "application/json", host: "x" }

  it.effect("is refused by its declared length before it is read", () =>
    Effect.gen(function*() {
      for (const { name } of carriers) {
        const target = `/webhooks/sms/${name}/inbound?token=${secrets.voicemeup}`
        // Nothing of the body is sent: an answer proves that nobody waited for it.
        const answer = yield* exchange(head("POST", target, { ...json, "content-length": "1001", connection: "close" }))
        assertProblem(parseAnswer(answer), 413, detail)
      }
    }).pipe(Effect.provide(layerServer({ maxBodyBytes }))))

  it.effect("is refused before the caller is told to go on", () =>
    Effect.gen(function*() {
      const headers = { ...json, "content-length": "999999999", expect: "100-continue" }
      const answer = yield* exchange(head("POST", pathOf(sinch), headers))
      assert.notInclude(answer, "100 Continue")
      assertProblem(parseAnswer(answer), 413, detail)
    }).pipe(Effect.provide(layerServer({ maxBodyBytes }))))

  it.effect("is refused in chunks as soon as the limit is passed", () =>
    Effect.gen(function*() {
      const signed = (yield* sign(sinch, "")).headers
      const headers = { ...json, ...signed, "transfer-encoding": "chunked", connection: "close" }
      // The last chunk never comes.
      const answer = yield* exchange(head("POST", pathOf(sinch), headers), `3e9\r\n${"a".repeat(1001)}\r\n`)
      assertProblem(parseAnswer(answer), 413, detail)
    }).pipe(Effect.provide(layerServer({ maxBodyBytes }))))

  it.effect("does not stop one that is as large as the limit", () =>
    Effect.gen(function*() {
      const body = sinch.sms("SM1").padEnd(maxBodyBytes)
      assert.strictEqual((yield* post(sinch, body)).status, 200)
      assertProblem(yield* post(sinch, `${body} `), 413, detail)
    }).pipe(Effect.provide(layerServer({ maxBodyBytes }))))

  it.effect("may have 64 KiB unless carrier or application say otherwise", () =>
    Effect.gen(function*() {
      for (const maxBodyBytes of [undefined, 1024 * 1024]) {
        yield* Effect.gen(function*() {
          const body = sinch.sms("SM1").padEnd(64 * 1024)
          assert.strictEqual((yield* post(sinch, body)).status, 200)
          assertProblem(yield* post(sinch, `${body} `), 413, "The body exceeds 65536 bytes")
        }).pipe(Effect.provide(layerServer({ maxBodyBytes })))
      }
    }))
})

describe("what is observed", () => {
  const values = [customer, ours, text, "parcel", "refund", ...Object.values(secrets)]
  const assertNothingOf = (haystack: string) => {
    for (const value of values) {
      for (
        const spelling of new Set([
          value,
          encodeURIComponent(value),
          new URLSearchParams({ "": value }).toString().slice(1)
        ])
      ) {
        assert.notInclude(haystack, spelling)
      }
    }
  }

  it.effect("of a refusal is a warning with provider, reason and hint, and nothing of the customer or the secrets", () =>
    Effect.gen(function*() {
      const { layer, lines, spans, text: observed } = observe()
      yield* Effect.gen(function*() {
        const wrongHost = yield* twilio.sign({
          base: "http://sms.example.com",
          path: pathOf(twilio),
          body: twilio.sms("SM1")
        })
        const cases: ReadonlyArray<readonly [Wire, string, string, RegExp]> = [
          [yield* forged(twilio), "twilio", "InvalidSignature", /does not match the request$/],
          [wrongHost, "twilio", "InvalidSignature", /it matches the URL with http instead of https$/],
          [unsigned(yield* sign(sinch, sinch.sms("SM1"))), "sinch", "MissingSignature", /x-sinch-webhook-signature/],
          [yield* forged(telnyx), "telnyx", "InvalidSignature", /does not match the request$/],
          [
            {
              ...(yield* sign(voicemeup, voicemeup.sms("SM1"))),
              target: `${pathOf(voicemeup)}?token=%20${secrets.voicemeup}`
            },
            "voicemeup",
            "InvalidSignature",
            /it matches the token without the white space around it$/
          ],
          [
            withHeader(yield* sign(voicemeup, voicemeup.sms("SM1")), "content-type", "a/b"),
            "voicemeup",
            "UnsupportedContentType",
            /application\/json/
          ],
          [yield* sign(telnyx, "{"), "telnyx", "InvalidPayload", /JSON/],
          [
            {
              method: "GET",
              target: `${pathOf(twilio)}?${twilio.sms("SM1")}`,
              headers: { "x-twilio-signature": "x" },
              body: ""
            },
            "twilio",
            "InvalidSignature",
            /does not match/
          ]
        ]
        for (const [wire, provider, reason, message] of cases) {
          const answer = yield* request(wire)
          assertNothingOf(JSON.stringify(answer))
          assert.notMatch(answer.body, /matches|instead|header/)
          const line = lines.at(-1)!
          assert.strictEqual(line.level, "Warn")
          assert.match(line.message, /^Webhook refused: /)
          assert.match(line.message, message)
          const { "request.id": id, ...annotations } = line.annotations
          assert.strictEqual(id, answer.headers["x-request-id"])
          assert.deepStrictEqual(annotations, { provider, reason })
        }
        assert.lengthOf(lines, cases.length)
      }).pipe(Effect.provide(Layer.provideMerge(layerServer(), layer)))
      assert.isAbove(spans.length, 8)
      assertNothingOf(observed())
    }))

  it.effect("of webhooks that are taken is nothing of the customer or the secrets either", () =>
    Effect.gen(function*() {
      const { layer, lines, spans, text: observed } = observe()
      yield* Effect.gen(function*() {
        for (const carrier of carriers) {
          assert.strictEqual((yield* post(carrier, carrier.mms("SM1"))).status, 200)
        }
        const admin = { authorization: `Bearer ${secrets.admin}` }
        assert.strictEqual((yield* request({ method: "GET", target: "/rooms", headers: admin, body: "" })).status, 200)
      }).pipe(Effect.provide(Layer.provideMerge(layerServer(), layer)))
      assert.lengthOf(lines, 0)
      assert.isTrue(spans.some(({ attributes }) => attributes.get("http.route") === "/rooms"))
      assertNothingOf(observed())
    }))
})

describe("a failure of ours", () => {
  it.effect("is answered with a problem and 500, is logged, and the webhook can be repeated", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const broken = yield* Ref.make(true)
      const layerKit = Layer.effect(
        RoomKit.RoomKit,
        Effect.map(RoomKit.make(), (kit) => ({
          ...kit,
          processEvents: (events) =>
            Effect.flatMap(
              Ref.get(broken),
              (broken) => broken ? Effect.die(new Error("out of order")) : kit.processEvents(events)
            )
        }))
      )
      yield* Effect.gen(function*() {
        for (const carrier of carriers) {
          yield* Ref.set(broken, true)
          assertProblem(yield* post(carrier, carrier.sms("SM1")), 500)
          const line = lines.at(-1)!
          assert.strictEqual(line.level, "Error")
          assert.include(line.message, "Webhook processing failed")
          assert.include(line.message, "out of order")
          assert.strictEqual(line.annotations["provider"], carrier.name)
          yield* Ref.set(broken, false)
          assert.strictEqual((yield* post(carrier, carrier.sms("SM1"))).status, 200)
        }
        assert.lengthOf(yield* events, carriers.length)
      }).pipe(
        Effect.provide(Layer.provideMerge(layerServer({}, Layer.provide(layerKit, NodeCrypto.layer)), layer))
      )
      assert.lengthOf(lines, carriers.length)
    }))

  const dies = () => Effect.die(new Error("out of order"))
  const throws = () => {
    throw new Error("out of order")
  }
  for (const [what, fault] of [["", dies], [" that throws before it returns an effect", throws]] as const) {
    it.effect(`is answered so too when it is in a provider${what}`, () =>
      Effect.gen(function*() {
        const { layer, lines } = observe()
        const layerBroken = Layer.effect(
          SmsProviders,
          Effect.map(SmsProviders, (providers) => ({
            ...providers,
            find: (name) =>
              Option.map(providers.find(name), (provider): Provider => ({
                ...provider,
                ...(name === "sinch" ? { verify: fault } : { decode: fault })
              }))
          }))
        )
        // Bytes that a webhook does not give back would leave no room for the next.
        const layerBrokenServer = WebhookServer.serve({ publicUrl, maxProcessingBytes: 1 }, quiet).pipe(
          Layer.provide([RoomKit.layer(), Layer.provide(layerBroken, layerProviders)]),
          Layer.provideMerge(NodeCrypto.layer),
          Layer.provideMerge(layerNode),
          Layer.provideMerge(layer)
        )
        yield* Effect.gen(function*() {
          for (const carrier of carriers) assertProblem(yield* post(carrier, carrier.sms("SM1")), 500)
        }).pipe(Effect.provide(layerBrokenServer))
        assert.lengthOf(lines, carriers.length)
        for (const { level, message } of lines) {
          assert.strictEqual(level, "Error")
          assert.include(message, "out of order")
        }
      }))
  }
})
