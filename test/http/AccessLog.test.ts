import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpMiddleware, HttpRouter, HttpServerResponse } from "effect/http"
import { IpNetwork } from "effect/net"
import { MessagesServer, Tokens, WebhookServer } from "../../src/http/index.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { observe } from "../observe.ts"
import { layerProviders } from "./carriers.ts"
import { layerTracker } from "./gateway.ts"
import { layerNode, publicUrl, request } from "./server.ts"

const own = Layer.mergeAll(
  HttpRouter.add("GET", "/people/:number", HttpServerResponse.text("Ana")),
  HttpRouter.add("GET", "/people/:number/broken", Effect.die("bug")),
  HttpRouter.add("GET", "/quiet/:name", HttpMiddleware.withLoggerDisabled(Effect.succeed(HttpServerResponse.text(""))))
)

const serving = (options: WebhookServer.Options, routes = Layer.mergeAll(WebhookServer.layer(options), own)) =>
  WebhookServer.serveRoutes(routes, { disableListenLog: true }).pipe(
    Layer.provide([layerProviders, RoomKit.layer()]),
    Layer.provide(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

const gateway = (options: MessagesServer.Options) =>
  MessagesServer.serve(options, { disableListenLog: true }).pipe(
    Layer.provide(SmsRouter.layer()),
    Layer.provide([layerProviders, RoomKit.layer(), layerTracker]),
    Layer.provide(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

const get = (target: string) =>
  request({ method: "GET", target, headers: { "x-forwarded-for": "203.0.113.9" }, body: "" })

const direct: WebhookServer.Options = { publicUrl }
const behindProxy: WebhookServer.Options = { trustedProxies: [IpNetwork.fromStringUnsafe("127.0.0.1/32")] }

describe("the span of a request", () => {
  it.effect("has the route, the status and the caller's trace, and nothing of the path", () =>
    Effect.gen(function*() {
      const { layer, spans, text } = observe()
      const trace = "0af7651916cd43dd8448eb211c80319c"
      const targets = [
        "/people/+15145550142?token=s3cret",
        "/people/%2B15145550142/broken",
        "/s3cret/%73%33cret",
        "//media/s3cret",
        "/webhooks/sms/s3cret/inbound",
        "http://user:s3cret@x.test/health/live"
      ]
      yield* Effect.forEach(targets, (target) =>
        request({ method: "GET", target, headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` }, body: "" })).pipe(
          Effect.provide(Layer.provideMerge(serving(direct), layer))
        )
      const requests = spans.filter(({ kind }) =>
        kind === "server"
      )
      assert.deepStrictEqual(
        requests.map(({ attributes, name, status, traceId }) => [
          traceId,
          name,
          attributes.get("http.route"),
          attributes.get("http.response.status_code"),
          status._tag === "Ended" && status.exit._tag
        ]),
        [
          [trace, "GET", "/people/:number", 200, "Success"],
          [trace, "GET", "/people/:number/broken", 500, "Failure"],
          [trace, "GET", undefined, 404, "Success"],
          [trace, "GET", undefined, 404, "Success"],
          [trace, "GET", "/webhooks/sms/:provider/inbound", 404, "Success"],
          [trace, "GET", "/health/live", 200, "Success"]
        ]
      )
      for (const hidden of ["s3cret", "%73", "5145550142"]) assert.notInclude(text(), hidden)
    }))

  it.effect("is not there where the application turns it off", () =>
    Effect.gen(function*() {
      const { layer, spans } = observe()
      const isHealth = Layer.succeed(HttpMiddleware.TracerDisabledWhen, ({ url }) => url.startsWith("/health"))
      yield* Effect.forEach(["/health/live", "/docs"], get).pipe(
        Effect.provide(Layer.provideMerge(Layer.provide(serving(direct), isHealth), layer))
      )
      const requests = spans.filter(({ kind }) => kind === "server")
      assert.deepStrictEqual(requests.map(({ attributes }) => attributes.get("http.route")), ["/docs"])
    }))
})

describe("the log of requests", () => {
  it.effect.each([["directly", direct], ["behind a proxy", behindProxy]] as const)(
    "has the route and the status, and nothing of the path: %s",
    ([, options]) =>
      Effect.gen(function*() {
        const { layer, lines } = observe()
        const targets = [
          "/health/live",
          "/health/live?token=s3cret",
          "/docs",
          "/webhooks/sms/twilio/inbound",
          "/webhooks/sms/s3cret/inbound",
          "/webhooks/sms/twilio/inbound/s3cret",
          "/webhooks/sms/%73%33cret/inbound",
          "/s3cret",
          "/people/+15145550142",
          "/people/%2B15145550142/broken",
          "/quiet/s3cret"
        ]
        const statuses = yield* Effect.forEach(targets, get).pipe(
          Effect.map((answers) => answers.map(({ status }) => status)),
          Effect.provide(Layer.provideMerge(serving(options), layer))
        )
        const seen = lines.filter(({ annotations }) => "http.route" in annotations)
        assert.deepStrictEqual(
          seen.map(({ annotations }) => annotations["http.route"]),
          [
            "/health/live",
            "/health/live",
            "/docs",
            "/webhooks/sms/twilio/inbound",
            "/webhooks/sms/:provider/inbound",
            "none",
            "/webhooks/sms/:provider/inbound",
            "none",
            "/people/:number",
            "/people/:number/broken"
          ]
        )
        assert.deepStrictEqual(
          seen.map(({ annotations }) => annotations["http.status"]),
          statuses.slice(0, -1)
        )
        assert.deepStrictEqual(new Set(seen.map(({ annotations }) => annotations["http.method"])), new Set(["GET"]))
        const text = JSON.stringify(lines)
        for (const hidden of ["s3cret", "%73", "5145550142"]) assert.notInclude(text, hidden)
        assert.include(text, "bug")
      })
  )

  it.effect("has the name of the token, whether its scope suffices or not", () =>
    Effect.gen(function*() {
      const { layer, lines, text } = observe()
      const { secret, token } = yield* Effect.provide(Tokens.generate("shop", ["read"]), NodeCrypto.layer)
      const headers = { authorization: `Bearer ${Redacted.value(secret)}` }
      const ask = (method: "GET" | "DELETE", target: string, headers = {}) =>
        request({ method, target, headers, body: "" })
      yield* Effect.all([
        ask("GET", "/rooms", headers),
        ask("DELETE", "/people/+15145550142", headers),
        ask("GET", "/rooms", { authorization: "Bearer wrong" })
      ]).pipe(Effect.provide(Layer.provideMerge(gateway({ tokens: [token] }), layer)))
      assert.deepStrictEqual(
        lines.map(({ annotations }) => [annotations["http.status"], annotations["token"]]),
        [[200, "shop"], [403, "shop"], [401, undefined]]
      )
      assert.notInclude(text(), Redacted.value(secret))
    }))

  it.effect("has no path where the routes do not handle unknown ones", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const { status } = yield* get("/s3cret").pipe(Effect.provide(Layer.provideMerge(serving({}, own), layer)))
      assert.strictEqual(status, 404)
      assert.deepStrictEqual(
        lines.map(({ annotations, message }) => [message, annotations["http.route"]]),
        [["Sent HTTP response", "none"]]
      )
    }))
})
