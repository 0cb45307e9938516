/** The headers of every answer of every route, over real HTTP, and of those that Node gives by itself. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Redacted, Stream } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { OpenApi } from "effect/http-api"
import { createServer } from "node:http"
import { connect } from "node:net"
import { Consent } from "../../src/consent/Consent.ts"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import * as Endpoint from "../../src/forward/Endpoint.ts"
import * as Forwarder from "../../src/forward/Forwarder.ts"
import { SendLimits } from "../../src/guards/SendLimits.ts"
import { MediaApi, MediaServer, MessagesApi, MessagesServer, WebhookServer } from "../../src/http/index.ts"
import * as NodeServer from "../../src/http/NodeServer.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import * as Store from "../../src/media/MediaStore.ts"
import * as NodeGuardedClient from "../../src/media/NodeGuardedClient.ts"
import { Exchanges } from "../../src/provider/Exchanges.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { authorized } from "./gateway.ts"
import { type Answer, exchange, head, parseAnswer, port, publicUrl, quiet, request } from "./server.ts"

const layerStorage = SqlStorage.layer().pipe(
  Layer.provide([NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])
)

const layerServices = Layer.mergeAll(
  Layer.provide(SmsRouter.layer(), SmsProviders.layer(MockSmsProvider.layer())),
  SmsProviders.layer(MockSmsProvider.layer()),
  Layer.provide(RoomKit.layer(), NodeCrypto.layer),
  DeliveryTracker.layer(),
  Outbox.layer()
).pipe(Layer.provideMerge(layerStorage), Layer.provide(NodeCrypto.layer))

const layerMedia = Layer.provide(
  Layer.orDie(Store.layerMemory({ baseUrl: `${publicUrl}/media`, maxAge: "1 day" })),
  NodeCrypto.layer
)

const endpoint = Endpoint.make(new URL("https://app.example.com/sms"), [
  Redacted.make(`whsec_${Buffer.alloc(24, 1).toString("base64")}`)
])

const layerForwarding = Forwarder.layer({ endpoints: [endpoint] }).pipe(
  Layer.orDie,
  Layer.provide([NodeGuardedClient.layer(), NodeCrypto.layer])
)

const layerAll = Layer.merge(Layer.provideMerge(layerForwarding, layerServices), layerMedia)

const bug = Effect.die(new Error("a bug"))
const dies = () => bug

/** The same services with a bug in whatever the routes use of them. */
const layerBroken = Layer.effectContext(Effect.gen(function*() {
  const services = yield* Effect.context<Layer.Success<typeof layerServices> | Forwarder.Forwarder | MediaStore>()
  const { get } = Context
  const kit = get(services, RoomKit.RoomKit)
  const outbox = get(services, Outbox.Outbox)
  return Context.empty().pipe(
    Context.add(RoomKit.RoomKit, {
      ...kit,
      store: {
        ...kit.store,
        get: dies,
        search: dies,
        searchReceived: dies,
        history: dies,
        markRead: dies,
        tally: dies
      },
      post: dies,
      rooms: bug,
      statuses: bug,
      events: dies,
      processEvents: dies,
      guardSend: dies
    }),
    Context.add(DeliveryTracker.DeliveryTracker, { ...get(services, DeliveryTracker.DeliveryTracker), get: dies }),
    Context.add(Inbox, { ...get(services, Inbox), list: dies, replay: dies }),
    Context.add(IntentStore, { ...get(services, IntentStore), list: dies, get: dies }),
    Context.add(Outbox.Outbox, {
      ...outbox,
      intents: { ...outbox.intents, list: dies, get: dies, search: dies, cancel: dies }
    }),
    Context.add(DeliveryStore, { ...get(services, DeliveryStore), search: dies }),
    Context.add(People, { forget: dies }),
    Context.add(Consent, {
      check: dies,
      optOut: dies,
      refused: dies,
      ledger: { append: dies, lastWords: dies, of: dies, list: dies }
    }),
    Context.add(Forwarder.Forwarder, {
      endpoints: bug,
      resume: dies,
      replay: dies,
      replaySpan: dies,
      list: dies
    }),
    Context.add(MediaStore, { ...get(services, MediaStore), get: dies, put: dies }),
    Context.add(SendLimits, { take: dies, giveBack: dies, replied: dies }),
    Context.add(Exchanges, { record: dies, all: bug, clear: bug })
  )
}))

type Server = Layer.Success<ReturnType<typeof NodeServer.layer>>

const layerPlain: Layer.Layer<Server, unknown> = NodeHttpServer.layer(() => createServer(), {
  port: 0,
  host: "127.0.0.1"
})
const layerNode: Layer.Layer<Server, unknown> = NodeServer.layer({ port: 0, host: "127.0.0.1" })

/** All routes, with what is added to them, on a server that adds no header. */
const serve = (services: typeof layerAll, server: typeof layerPlain = layerPlain) =>
  WebhookServer.serveRoutes(
    Layer.mergeAll(
      MessagesServer.layer({ adminToken: Redacted.make(secrets.admin), maxBodyBytes: 1000 }),
      MediaServer.layer,
      HttpRouter.add("GET", "/own", HttpServerResponse.text("the application's")),
      HttpRouter.add(
        "GET",
        "/endless",
        HttpServerResponse.stream(
          Stream.concat(Stream.succeed(new TextEncoder().encode("the beginning")), Stream.never)
        )
      )
    ),
    quiet
  ).pipe(
    Layer.provideMerge(services),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(server),
    Layer.provide(Logger.layer([]))
  )

interface Route {
  readonly method: string
  readonly path: string
}

const routesOf = ({ paths }: OpenApi.OpenAPISpec): ReadonlyArray<Route> =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ method: method.toUpperCase(), path: path.replaceAll(/\{(\w+)\}/g, ":$1") }))
  )

const routes = [...routesOf(OpenApi.fromApi(MessagesApi.GatewayApi)), ...routesOf(OpenApi.fromApi(MediaApi.MediaApi))]
  // Does not end: see Events.test.ts.
  .filter(({ path }) => path !== "/events")

const pages = ["/docs", "/openapi.json"]

/** What a cache may do with the answer. */
const cacheControl = (path: string, { status }: Answer): string => {
  if (pages.includes(path) && [200, 304].includes(status)) return "no-cache"
  if (path.startsWith("/media/") && [200, 206, 304].includes(status)) return "private, max-age=86400, immutable"
  return "no-store"
}

const assertSafe = (path: string, answer: Answer, what = path): void => {
  const { body, headers } = answer
  assert.isAtLeast(answer.status, 200, what)
  assert.strictEqual(headers["x-content-type-options"], "nosniff", what)
  assert.strictEqual(headers["cache-control"], cacheControl(path, answer), what)
  assert.notProperty(headers, "server", what)
  assert.notProperty(headers, "x-powered-by", what)
  if (headers["content-type"]?.startsWith("text/html")) {
    const policy = headers["content-security-policy"] ?? ""
    assert.match(policy, /^default-src 'none'; script-src (?:'sha256-[A-Za-z\d+/]{43}=' ?)+;/, what)
    assert.include(policy, "frame-ancestors 'none'")
    assert.notMatch(policy, /unsafe-eval|script-src[^;]*unsafe|\*|https?:/, what)
  } else {
    assert.notMatch(body, /node_modules|\.ts:\d|\bat (?:async )?\S+ \(|Error:|a bug/, what)
  }
}

const call = (method: string, target: string, headers: Readonly<Record<string, string>> = {}, body = "") =>
  request({ method, target, headers: { "content-type": "application/json", ...headers }, body })

/** Paths of the route: with an id, with another one, and with characters that it cannot have. */
const targetsOf = ({ path }: Route, name: string): ReadonlyArray<string> => {
  const fill = (value: string) => path.replace(":name", name).replaceAll(/:\w+/g, value)
  return [
    fill("mock"),
    fill("unknown"),
    `${fill("mock")}?limit=x&before=x&state=x&recipient=`,
    fill("%zz"),
    fill("%00")
  ]
}

const bodies = [
  "",
  "{",
  "{}",
  "\"\uFFFD\"",
  JSON.stringify({ text: "hi" }),
  JSON.stringify({ endpoint: endpoint.name }),
  JSON.stringify({ action: "stop" }),
  JSON.stringify({ upTo: "1" }),
  "person,action\n+15145550142,stop\n",
  "%PDF-1.7\n",
  JSON.stringify({ since: "2026-01-28T00:00:00Z", until: "2026-01-29T00:00:00Z" }),
  JSON.stringify({ to: "+15145550142", text: "hi" }),
  JSON.stringify({ id: "1", from: "+15145550142", to: "+15145550100", text: "hi" }),
  JSON.stringify({ to: "+15145550142", text: "x".repeat(1000) })
]

/** Asks for every route in every way, and gives the answers. */
const askAll = Effect.fnUntraced(function*(name: string) {
  const statuses = new Map<string, Set<number>>()
  for (const route of routes) {
    const seen = new Set<number>()
    const type = route.path === "/consents" ? { "content-type": "text/csv" } : {}
    statuses.set(`${route.method} ${route.path}`, seen)
    for (const target of targetsOf(route, name)) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, authorized]) {
        for (const body of route.method === "GET" ? [""] : bodies) {
          const answer = yield* call(route.method, target, { ...type, ...headers }, body)
          seen.add(answer.status)
          assertSafe(target, answer, `${route.method} ${target} ${answer.status} ${body}`)
        }
      }
    }
  }
  return statuses
})

describe("every answer", () => {
  it.live(
    "says how it may be taken and kept, on every route and however it is asked for",
    () =>
      Effect.gen(function*() {
        assert.isAbove(routes.length, 15)
        const { url } = yield* (yield* MediaStore).put({
          contentType: "image/png",
          stream: Stream.succeed(new Uint8Array(9))
        })
        const file = url.slice(`${publicUrl}/media/`.length)
        const statuses = yield* askAll(file)
        // All of these were seen.
        const all = new Set([...statuses.values()].flatMap((seen) => [...seen]))
        for (const status of [200, 202, 400, 401, 404, 413]) assert.include([...all], status)
        for (const [route, seen] of statuses) {
          // There is no such room, message, entry or intent, and the mock takes no webhook by GET.
          const isKnown = !/:id|GET .*:provider/.test(route)
          assert.strictEqual(
            [200, 201, 202].some((status) => seen.has(status)),
            isKnown,
            `${route}: ${[...seen].join()}`
          )
        }
      }).pipe(Effect.provide(serve(layerAll))),
    120_000
  )

  it.live("of a page can be kept, if it is asked for again, and costs no second building", () =>
    Effect.gen(function*() {
      for (const path of pages) {
        const plain = yield* call("GET", path)
        assertSafe(path, plain)
        assert.strictEqual(plain.status, 200)
        const etag = plain.headers["etag"]!
        assert.match(etag, /^W\/"[0-9a-f]{32}"$/)
        const known = yield* call("GET", path, { "if-none-match": etag })
        assertSafe(path, known)
        assert.deepStrictEqual([known.status, known.body, known.headers["etag"]], [304, "", etag])
        const compressed = yield* call("GET", path, { "accept-encoding": "gzip" })
        assertSafe(path, { ...compressed, body: "" })
        assert.strictEqual(compressed.headers["content-encoding"], "gzip")
        assert.isBelow(compressed.body.length, plain.body.length / 3)
        assertSafe(path, yield* call("HEAD", path))
      }
      assert.strictEqual(JSON.parse((yield* call("GET", "/openapi.json")).body).openapi.slice(0, 2), "3.")
    }).pipe(Effect.provide(serve(layerAll))))

  it.live("is the same without a route or a method, and with a range of a file", () =>
    Effect.gen(function*() {
      const { url } = yield* (yield* MediaStore).put({
        contentType: "image/png",
        stream: Stream.succeed(new Uint8Array(9))
      })
      const file = url.slice(publicUrl.length)
      for (
        const [headers, status] of [
          [{}, 200],
          [{ range: "bytes=0-3" }, 206],
          [{ range: "bytes=99-" }, 416],
          [{ "if-none-match": "*" }, 304]
        ] as const
      ) {
        const answer = yield* call("GET", file, headers)
        assert.strictEqual(answer.status, status)
        assertSafe(file, answer)
      }
      const others = [
        ["GET", "/none", 404],
        ["GET", "/%zz", 404],
        ["GET", `/${"x".repeat(5000)}`, 404],
        ["DELETE", "/webhooks/sms/mock/inbound", 405],
        ["PUT", "/rooms", 404],
        ["OPTIONS", "/messages", 404],
        ["HEAD", "/rooms", 401],
        ["HEAD", "/none", 404]
      ] as const
      for (const [method, target, status] of others) {
        const answer = yield* call(method, target)
        assert.strictEqual(answer.status, status, `${method} ${target.slice(0, 30)}`)
        assertSafe(target, answer, `${method} ${target.slice(0, 30)}`)
      }
      const upgrade = yield* call("GET", "/rooms", {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13"
      })
      assertSafe("/rooms", upgrade)
    }).pipe(Effect.provide(serve(layerAll))))

  it.live("shows nothing of a bug, and is as safe", () =>
    Effect.gen(function*() {
      const statuses = yield* askAll("0".repeat(32))
      for (const [route, seen] of statuses) {
        if (!/health|metrics|GET .*:provider/.test(route)) assert.isTrue(seen.has(500), `${route} ${[...seen].join()}`)
      }
    }).pipe(Effect.provide(serve(Layer.provideMerge(layerBroken, layerAll)))), 120_000)

  it.live("of Node itself is as safe: to what is no HTTP, too long, or without a host", () =>
    Effect.gen(function*() {
      const raw: ReadonlyArray<readonly [string, number]> = [
        ["\r\nnonsense\r\n\r\n", 400],
        ["GET / HTTP/9.9\r\n\r\n", 400],
        ["GET /health/live HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n", 400],
        ["GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
        [head("GET", "/health/live", { host: "a", connection: "close", filler: "x".repeat(20_000) }), 431],
        [head("GET", "/health/live", { host: "a", connection: "close", expect: "the impossible" }), 417],
        [`${head("POST", "/messages", { host: "a", "transfer-encoding": "chunked", ...authorized })}zz\r\n`, 400],
        [head("GET", "/health/live", { host: "a", connection: "close" }), 200]
      ]
      for (const [text, status] of raw) {
        const answer = parseAnswer(yield* exchange(text))
        assert.strictEqual(answer.status, status, text.slice(0, 60))
        // An answer without a body has nothing to keep.
        const isEmpty = /^(?:0\r\n\r\n)?$/.test(answer.body)
        const headers = { "cache-control": isEmpty ? "no-store" : "", ...answer.headers }
        assertSafe("/health/live", { ...answer, headers }, text.slice(0, 60))
      }
      const own = yield* call("GET", "/own")
      assert.strictEqual(own.headers["x-content-type-options"], "nosniff")
      // An application decides what may be kept of its own routes.
      assert.notProperty(own.headers, "cache-control")
    }).pipe(Effect.provide(serve(layerAll, layerNode))))

  it.live("of Node itself is not written into another answer", () =>
    Effect.gen(function*() {
      const to = yield* port
      const received = yield* Effect.callback<string>((resume) => {
        const socket = connect(to, "127.0.0.1")
        let received = ""
        socket.on("data", (data) => {
          received += data.toString("latin1")
          if (received.includes("the beginning")) socket.write("nonsense\r\n\r\n")
        })
        socket.on("error", () => {})
        socket.on("close", () => resume(Effect.succeed(received)))
        socket.write(head("GET", "/endless", { host: "a" }))
        return Effect.sync(() => socket.destroy())
      })
      assert.match(received, /^HTTP\/1\.1 200 [^]*the beginning\s*$/)
      assert.notInclude(received, "400")
    }).pipe(Effect.provide(serve(layerAll, layerNode))))
})
