/** The middleware in the frameworks that it is for. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { getRequestListener } from "@hono/node-server"
import { Effect } from "effect"
import fastify from "fastify"
import { Hono } from "hono"
import { createServer, type RequestListener, type Server } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as Middleware from "../../src/http/Middleware.ts"
import { errorUrl } from "../../src/internal/errorUrl.ts"
import * as SinchCore from "../../src/sinch/core/Node.ts"
import * as SinchWeb from "../../src/sinch/core/Web.ts"
import * as TelnyxCore from "../../src/telnyx/core/Node.ts"
import * as TelnyxWeb from "../../src/telnyx/core/Web.ts"
import * as TwilioCore from "../../src/twilio/core/Node.ts"
import * as TwilioWeb from "../../src/twilio/core/Web.ts"
import * as VoiceMeUpCore from "../../src/voicemeup/core/Node.ts"
import * as VoiceMeUpWeb from "../../src/voicemeup/core/Web.ts"
import * as telnyxKeys from "../telnyx/keys.ts"
import { type Carrier, carriers, secrets, text } from "./carriers.ts"

const publicUrl = "https://sms.example.com/tenant"

const twilio = { authToken: secrets.twilio }
const sinch = { verification: { scheme: "HmacSha256", secret: secrets.sinch } } as const
const telnyx = { publicKey: telnyxKeys.publicKey }
const voicemeup = { verification: { scheme: "Token", token: secrets.voicemeup } } as const

const cores: Readonly<Record<string, Middleware.Options["core"]>> = {
  twilio: TwilioCore.make(twilio),
  sinch: SinchCore.make(sinch),
  telnyx: TelnyxCore.make(telnyx),
  voicemeup: VoiceMeUpCore.make(voicemeup)
}

const webs: Readonly<Record<string, Pick<Middleware.WebOptions, "receive" | "acknowledgement">>> = {
  twilio: { ...TwilioWeb, receive: (request, url) => TwilioWeb.receive(request, { ...twilio, url }) },
  sinch: { ...SinchWeb, receive: (request) => SinchWeb.receive(request, sinch) },
  telnyx: { ...TelnyxWeb, receive: (request) => TelnyxWeb.receive(request, telnyx) },
  voicemeup: { ...VoiceMeUpWeb, receive: (request) => VoiceMeUpWeb.receive(request, voicemeup) }
}

type Framework = (handling: Middleware.Handling) => Promise<RequestListener>

/** The part of Express that is used: it comes without types. */
interface Express {
  (): RequestListener & {
    readonly use: (...handlers: ReadonlyArray<unknown>) => void
    readonly all: (path: string, handler: ReturnType<typeof Middleware.express>) => void
  }
  readonly Router: Express
  readonly json: () => unknown
  readonly raw: (options: { readonly type: () => boolean }) => unknown
  readonly text: (options: { readonly type: string }) => unknown
  readonly urlencoded: (options: { readonly extended: boolean }) => unknown
}

const express: Express = createRequire(import.meta.url)("express")

/** Express, with its answer to an error in place of its log. */
const expressWith = (...before: ReadonlyArray<unknown>): Framework => async (handling) => {
  const app = express()
  const router = express.Router()
  for (const [name, core] of Object.entries(cores)) {
    router.all(`/${name}`, Middleware.express({ ...handling, core, publicUrl }))
  }
  app.use(...before, (_request: unknown, _response: unknown, next: () => void) => next())
  app.use("/hooks", router)
  app.use((_error: unknown, _request: unknown, response: { sendStatus: (status: number) => void }, _next: unknown) =>
    response.sendStatus(500)
  )
  return app
}

const frameworks: Readonly<Record<string, Framework>> = {
  "Express": expressWith(),
  "Express behind a parser of other types": expressWith(express.text({ type: "text/plain" })),
  "Express with express.raw": expressWith(express.raw({ type: () => true })),
  "node:http": async (handling) => {
    const handlers = Object.fromEntries(
      Object.entries(cores).map(([name, core]) => [name, Middleware.node({ ...handling, core, publicUrl })])
    )
    return (request, response) => {
      const [, , name] = request.url!.split(/[/?]/)
      handlers[name!]!(request, response).catch((error: unknown) => assert.strictEqual(error, failure))
    }
  },
  "Fastify": async (handling) => {
    const app = fastify()
    app.setErrorHandler<{ statusCode?: number }>(({ statusCode = 500 }, _, reply) => reply.code(statusCode).send())
    for (const [name, core] of Object.entries(cores)) {
      await app.register(Middleware.fastify({ ...handling, core, publicUrl, path: `/hooks/${name}` }))
    }
    app.post("/api", async ({ body }) => body)
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  "Hono": async (handling) => {
    const app = new Hono()
    for (const [name, web] of Object.entries(webs)) {
      // It uses no more of a reason than its tag.
      const onRefused = handling.onRefused as Middleware.WebOptions["onRefused"]
      const receive = Middleware.web({ ...web, handle: handling.handle, onRefused, publicUrl })
      app.all(`/hooks/${name}`, ({ req }) => receive(req.raw))
    }
    app.onError((_error, context) => context.text("", 500))
    return getRequestListener(app.fetch)
  }
}

const failure = new Error("the application fails")

/** Serves a framework, and posts to it. */
const serve = Effect.fnUntraced(function*(framework: Framework, handling: Middleware.Handling) {
  const listener = yield* Effect.promise(() => framework(handling))
  const server = yield* Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  const { port } = server.address() as AddressInfo
  return {
    port,
    post: Effect.fnUntraced(function*(carrier: Carrier, body: string, changed: string = body) {
      const { headers, method, target } = yield* carrier.sign({ base: publicUrl, path: `/hooks/${carrier.name}`, body })
      const path = target.replace(/^\/tenant/, "")
      return yield* Effect.promise(async () => {
        const { host, "content-length": _, ...rest } = headers as Record<string, string>
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: rest, body: changed })
        return { status: response.status, type: response.headers.get("content-type"), body: await response.text() }
      })
    })
  }
})

describe("middleware", () => {
  for (const [name, framework] of Object.entries(frameworks)) {
    it.live(`gives the events of every carrier and answers as it expects: ${name}`, () =>
      Effect.gen(function*() {
        const taken: Array<string> = []
        const { post } = yield* serve(framework, {
          handle: async ({ events }) => {
            await Promise.resolve()
            for (const event of events) {
              taken.push(event._tag === "InboundMessage" ? JSON.stringify(event.content) : event._tag)
            }
          }
        })
        for (const carrier of carriers) {
          const answer = yield* post(carrier, carrier.sms("1"))
          const [type, body] = carrier.acknowledgement
          assert.deepStrictEqual(answer, { status: 200, type, body }, carrier.name)
          assert.include(taken.at(-1), text, carrier.name)
        }
        assert.lengthOf(taken, carriers.length)
      }).pipe(Effect.provide(NodeCrypto.layer)))

    it.live(`refuses what is forged, tells the log why, and gives nothing to the application: ${name}`, () =>
      Effect.gen(function*() {
        const reasons: Array<string> = []
        const { post } = yield* serve(framework, {
          handle: () => assert.fail("a forged webhook was passed on"),
          onRefused: ({ reason }) => {
            reasons.push(reason._tag)
          }
        })
        // VoiceMeUp signs nothing.
        const signing = carriers.filter((carrier) => carrier.name !== "voicemeup")
        for (const carrier of signing) {
          const answer = yield* post(carrier, carrier.sms("1"), carrier.sms("2"))
          const problem = { type: errorUrl("Forbidden"), status: 403, title: "Forbidden" }
          assert.deepStrictEqual(
            [answer.status, answer.type, JSON.parse(answer.body)],
            [403, "application/problem+json", problem],
            carrier.name
          )
        }
        assert.deepStrictEqual(reasons, signing.map(() => "InvalidSignature"))
      }).pipe(Effect.provide(NodeCrypto.layer)))

    it.live(`answers 500 when the application fails, so that the carrier repeats the webhook: ${name}`, () =>
      Effect.gen(function*() {
        const { post } = yield* serve(framework, { handle: () => Promise.reject(failure) })
        const answer = yield* post(carriers[0]!, carriers[0]!.sms("1"))
        assert.strictEqual(answer.status, 500)
        assert.notInclude(answer.body, failure.message)
      }).pipe(Effect.provide(NodeCrypto.layer)))

    it.live(`refuses a body that is larger than carriers send, without reading all of it: ${name}`, () =>
      Effect.gen(function*() {
        const { post } = yield* serve(framework, { handle: () => assert.fail("a large webhook was passed on") })
        const [carrier] = carriers
        const answer = yield* post(carrier!, carrier!.sms("1"), "a".repeat(70_000))
        assert.strictEqual(answer.status, 413)
      }).pipe(Effect.provide(NodeCrypto.layer)))
  }

  it.live("refuses a body that a parser of Express has consumed, and tells the log what to do", () =>
    Effect.gen(function*() {
      const reasons: Array<string> = []
      const { post } = yield* serve(expressWith(express.json(), express.urlencoded({ extended: true })), {
        handle: () => assert.fail("a parsed webhook was passed on"),
        onRefused: ({ reason }) => {
          reasons.push(JSON.stringify(reason))
        }
      })
      for (const carrier of carriers) assert.strictEqual((yield* post(carrier, carrier.sms("1"))).status, 400)
      for (const reason of reasons) assert.include(reason, "express.raw")
      assert.lengthOf(reasons, carriers.length)
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.live("leaves the parsers of other routes of Fastify", () =>
    Effect.gen(function*() {
      const { port } = yield* serve(frameworks["Fastify"]!, { handle: () => undefined })
      const body = JSON.stringify({ a: 1 })
      const answer = yield* Effect.promise(async () => {
        const headers = { "content-type": "application/json" }
        return (await fetch(`http://127.0.0.1:${port}/api`, { method: "POST", headers, body })).json()
      })
      assert.deepStrictEqual(answer, { a: 1 })
    }))
})
