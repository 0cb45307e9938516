/** The server under test, and a client that sends exactly the bytes it is told to. */
import { NodeCrypto } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import { connect } from "node:net"
import { WebhookServer } from "../../src/http/index.ts"
import * as NodeServer from "../../src/http/NodeServer.ts"
import { errorUrl } from "../../src/internal/errorUrl.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { type Carrier, layerProviders, secrets, type Wire } from "./carriers.ts"

export const publicUrl = "https://sms.example.com"

/** `npm test` runs the tests of webhooks a second time, with webhooks left to the router. */
const isRouted = process.env["WEBHOOKS"] === "routed"

export const quiet = { disableLogger: true, disableListenLog: true, disableFront: isRouted } as const

/** The server that `npm start` has, and a client of it, as `NodeHttpServer.layerTest` has them. */
export const layerNode = Layer.unwrap(Effect.sync(() =>
  Layer.provideMerge(
    Layer.provide(HttpServer.layerTestClient, FetchHttpClient.layer),
    NodeServer.layer({ port: 0 })
  )
))

/** Serves all carriers. `RoomKit` and the crypto services are there for the test too. */
export const layerServer = (
  options: WebhookServer.Options = {},
  kit: Layer.Layer<RoomKit.RoomKit> = Layer.provide(RoomKit.layer(), NodeCrypto.layer)
) =>
  WebhookServer.serve({ publicUrl, adminToken: Redacted.make(secrets.admin), ...options }, quiet).pipe(
    Layer.provideMerge(kit),
    Layer.provide(layerProviders),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

export const port = Effect.map(HttpServer.HttpServer, ({ address }) => "port" in address ? address.port : 0)

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const parse = (raw: string): Answer => {
  const [head = "", ...rest] = raw.split("\r\n\r\n")
  const [line = "", ...lines] = head.split("\r\n")
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  }))
  return { status: Number(line.split(" ")[1] ?? 0), headers, body: rest.join("\r\n\r\n") }
}

/** Writes the chunks to the server at once, and gives all that it wrote until it closed the connection. */
export const exchange = Effect.fnUntraced(function*(...chunks: ReadonlyArray<string | Uint8Array>) {
  const to = yield* port
  return yield* Effect.callback<string>((resume) => {
    const socket = connect(to, "127.0.0.1")
    let received = ""
    socket.on("data", (data) => received += data.toString("latin1"))
    socket.on("error", () => resume(Effect.succeed(received)))
    socket.on("close", () => resume(Effect.succeed(received)))
    socket.write(Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))))
    return Effect.sync(() => socket.destroy())
  })
})

export const head = (method: string, target: string, headers: Readonly<Record<string, string>>): string =>
  [`${method} ${target} HTTP/1.1`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", ""]
    .join("\r\n")

/** Sends a request with nothing normalized and no header added but those that HTTP needs. */
export const request = Effect.fnUntraced(function*({ body, headers, method, target }: Wire) {
  const bytes = new TextEncoder().encode(body)
  const all = {
    host: "internal.example:8080",
    connection: "close",
    ...(method !== "GET" && { "content-length": String(bytes.length) }),
    ...headers
  }
  return parse(yield* exchange(head(method, target, all), bytes))
})

export const parseAnswer = parse

/** Sends a body to a path of a carrier, correctly signed for the server's public URL. */
export const post = Effect.fnUntraced(
  function*(carrier: Carrier, body: string, options: { readonly path?: string; readonly base?: string } = {}) {
    const { base = publicUrl, path = `/webhooks/sms/${carrier.name}/inbound` } = options
    return yield* request(yield* carrier.sign({ base, path, body }))
  }
)

/** The body of a problem without the id of its request. */
export const withoutId = ({ body }: Answer): string => body.replace(/,"requestId":"[^"]*"/, "")

/** The error codes of the problems that are the same for every route. */
const codes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  408: "RequestTimeout",
  409: "Conflict",
  413: "ContentTooLarge",
  415: "UnsupportedMediaType",
  416: "RangeNotSatisfiable",
  429: "RateLimitExceeded",
  500: "InternalServerError",
  503: "ServiceUnavailable"
}

export const assertProblem = (answer: Answer, status: number, detail?: string) => {
  assert.strictEqual(answer.status, status)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json")
  const { detail: actual, requestId, ...problem } = JSON.parse(answer.body)
  assert.match(requestId, /^[\w.:-]{1,64}$/)
  assert.strictEqual(answer.headers["x-request-id"], requestId)
  assert.deepStrictEqual(Object.keys(problem).sort(), ["status", "title", "type"])
  assert.strictEqual(problem.type, errorUrl(codes[status]!))
  assert.strictEqual(problem.status, status)
  assert.strictEqual(actual, detail)
}

/** Every message of every room. */
export const events = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  return (yield* Effect.forEach(yield* kit.rooms, ({ id }) => kit.events(id))).flat()
})
