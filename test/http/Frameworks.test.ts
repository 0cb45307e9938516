/** The library inside other frameworks, which parse bodies unless they are told not to. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import formbody from "@fastify/formbody"
import { getRequestListener } from "@hono/node-server"
import { Effect, type Scope } from "effect"
import fastify from "fastify"
import { Hono } from "hono"
import { createServer, type RequestListener, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as Carriers from "../../src/Carriers.ts"
import type { Service as Provider } from "../../src/provider/SmsProvider.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"

/** What a handler of a framework gives to the library. */
type Received = { readonly headers: WebhookRequest.Input["headers"]; readonly body?: unknown } | Request
type Take = (received: Received) => Promise<void>

type Handler = (request: { readonly headers: Record<string, string>; body?: unknown }, response: {
  readonly sendStatus: (status: number) => void
}) => unknown

/** The part of Express that is used: it comes without types. */
interface Express {
  (): RequestListener & { readonly use: (...handlers: ReadonlyArray<unknown>) => void }
  readonly json: () => unknown
  readonly urlencoded: (options: { readonly extended: boolean }) => unknown
  readonly raw: (options: { readonly type: () => boolean }) => unknown
}

const express: Express = createRequire(import.meta.url)("express")

const expressWith = (...parsers: ReadonlyArray<unknown>) => (take: Take) => {
  const app = express()
  const handler: Handler = async (request, response) => {
    await take(request)
    response.sendStatus(200)
  }
  app.use(...parsers, handler)
  return Effect.succeed<RequestListener>(app)
}

const fastifyWith = (isRaw: boolean) => (take: Take) =>
  Effect.promise(async (): Promise<RequestListener> => {
    const app = fastify()
    if (isRaw) {
      app.removeAllContentTypeParsers()
      app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body))
    } else await app.register(formbody)
    app.post("/*", async ({ body, headers }, reply) => {
      await take({ body, headers })
      return reply.code(200).send()
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  })

const honoWith = (parse: (request: Request) => Promise<unknown>) => (take: Take) => {
  const app = new Hono()
  app.post("/*", async ({ req }) => {
    await parse(req.raw)
    await take(req.raw)
    return new Response()
  })
  return Effect.succeed<RequestListener>(getRequestListener(app.fetch))
}

const parsing: Readonly<Record<string, (take: Take) => Effect.Effect<RequestListener>>> = {
  "Express with parsers": expressWith(express.json(), express.urlencoded({ extended: true })),
  "Express without a parser": expressWith(),
  "Fastify with parsers": fastifyWith(false),
  "Hono with a body that was read": honoWith((request) => request.text())
}

const raw: Readonly<Record<string, (take: Take) => Effect.Effect<RequestListener>>> = {
  "Express with express.raw": expressWith(express.raw({ type: () => true })),
  "Fastify with parseAs buffer": fastifyWith(true),
  "Hono with a body that was not read": honoWith(() => Promise.resolve())
}

const listen = (listener: RequestListener): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Server>((resume) => {
        const server = createServer(listener)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

/** Posts the first webhook of each carrier through a framework, and returns what its handler got. */
const receive = Effect.fnUntraced(function*(framework: (take: Take) => Effect.Effect<RequestListener>) {
  const taken: Array<WebhookRequest.WebhookRequest> = []
  let url = ""
  const listener = yield* framework(async (received) => {
    taken.push(
      received instanceof Request
        ? await Effect.runPromise(WebhookRequest.fromWeb(received, { url }))
        // As JavaScript without types would.
        : WebhookRequest.make({ url, headers: received.headers, body: received.body as Uint8Array })
    )
  })
  const base = yield* listen(listener)
  return yield* Effect.forEach(
    Carriers.all,
    Effect.fnUntraced(function*({ load, name }) {
      const samples = yield* Effect.flatMap(load, ({ samples }) => samples)
      const path = `https://sms.example.com/${name}`
      const [webhook] = yield* samples.webhooks({
        inboundUrl: path,
        statusUrl: path,
        customer: "+15145550142" as never,
        ours: "+15145550100" as never
      })
      const { body, headers, url: signed } = webhook!.request
      url = signed
      const { status } = yield* Effect.promise(() =>
        fetch(`${base}/${name}`, { method: "POST", headers, body: Buffer.from(body) })
      )
      assert.strictEqual(status, 200, name)
      const provider: Provider = samples.provider
      return { provider, request: taken.at(-1)! }
    })
  )
})

describe("a body", () => {
  for (const [name, framework] of Object.entries(parsing)) {
    it.effect(`that is not what the carrier sent is refused with what to do about it: ${name}`, () =>
      Effect.gen(function*() {
        for (const { provider, request } of yield* receive(framework)) {
          const error = yield* Effect.flip(provider.verify(request))
          assert.strictEqual(error.reason._tag, "InvalidPayload")
          for (const word of ["raw bytes", "express.raw", "parseAs", "arrayBuffer()"]) {
            assert.include(error.message, word, provider.name)
          }
          for (const value of ["5550142", "order"]) assert.notInclude(error.message, value)
          const decoded = provider.decode(WebhookRequest.unverifiedWebhook(provider.name, request))
          if (request.body?.length === 0) continue
          assert.include((yield* Effect.flip(decoded)).message, "raw bytes", provider.name)
        }
      }).pipe(Effect.provide(NodeCrypto.layer)))
  }

  for (const [name, framework] of Object.entries(raw)) {
    it.effect(`that is what the carrier sent is verified: ${name}`, () =>
      Effect.gen(function*() {
        for (const { provider, request } of yield* receive(framework)) {
          const [event] = yield* Effect.flatMap(provider.verify(request), provider.decode)
          assert.strictEqual(event?._tag, "InboundMessage", provider.name)
        }
      }).pipe(Effect.provide(NodeCrypto.layer)))
  }

  it("is refused by the compiler unless it is bytes or text", () => {
    const common = { url: "https://sms.example.com", headers: {} }
    const parsed = { Body: "Hello" }
    // @ts-expect-error an object is what a parser made
    WebhookRequest.make({ ...common, body: parsed })
    // @ts-expect-error so may be what has no type, such as `request.body` of Express
    WebhookRequest.make({ ...common, body: JSON.parse("{}") })
    // @ts-expect-error nothing is known of it
    WebhookRequest.make({ ...common, body: parsed as unknown })
    // @ts-expect-error neither is text that was parsed
    WebhookRequest.make({ ...common, body: ["Hello"] })
    const request: WebhookRequest.Input = { ...common, body: new Uint8Array(1) }
    for (const body of [new Uint8Array(), Buffer.from("a"), "a", undefined]) WebhookRequest.make({ ...common, body })
    assert.lengthOf(WebhookRequest.make(request).body, 1)
    assert.lengthOf(WebhookRequest.make(common).body, 0)
  })
})
