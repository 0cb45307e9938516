/** The way from the console to an emulator: who may go it, and how far. */
import { NodeCrypto, NodeHttpClient, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as ConsolePhone from "../../src/http/ConsolePhone.ts"
import * as ConsoleServer from "../../src/http/ConsoleServer.ts"
import * as ConsoleSessions from "../../src/http/ConsoleSessions.ts"
import { Tokens, WebhookServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { assertProblem, quiet, request } from "./server.ts"

const layer = (url: string, tokens: ReadonlyArray<Tokens.Token> = []) => {
  const sessions = ConsoleSessions.layer({ adminToken: Redacted.make(secrets.admin), tokens })
  const phone = Layer.provide(ConsolePhone.layer({ url }), NodeHttpClient.layerUndici)
  return WebhookServer.serveRoutes(
    Layer.provide(ConsoleServer.layer(), [sessions, NodeServices.layer, phone]),
    quiet
  ).pipe(
    Layer.provideMerge(SmsProviders.layer(MockSmsProvider.layer())),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )
}

const host = "console.example.com"
const own = { host, origin: `https://${host}`, "x-effect-sms-console": "1", "content-type": "application/json" }

const login = Effect.fnUntraced(function*(token: string) {
  const { headers } = yield* request({
    method: "POST",
    target: "/console/session",
    headers: own,
    body: JSON.stringify({ token })
  })
  return headers["set-cookie"]!.split(";")[0]!
})

const ask = (method: "GET" | "POST", path: string, cookie?: string, body = "", headers = own) =>
  request({
    method,
    target: `/console/_emulator${path}`,
    headers: { ...headers, ...(cookie !== undefined && { cookie }) },
    body
  })

const person = "/people/+15145550142/messages"

describe("the phone of the console", () => {
  it.live("writes to the application through the emulator, and shows what a person sent", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.make({ appUrl: "http://127.0.0.1:9", pace: 0 })
      yield* Effect.gen(function*() {
        const cookie = yield* login(secrets.admin)
        const info = yield* ask("GET", "", cookie)
        assert.deepInclude(JSON.parse(info.body), { url: emulator.url })
        const written = yield* ask(
          "POST",
          person,
          cookie,
          JSON.stringify({ text: "Hello", media: [{ type: "text/html" }] })
        )
        assert.strictEqual(written.status, 201)
        assert.deepInclude(JSON.parse(written.body), { text: "Hello", direction: "inbound" })
        const { messages } = yield* emulator.phone("+15145550142")
        const [file] = messages[0]!.files
        const found = yield* ask("GET", `/files/${"id" in file! ? file.id : ""}`, cookie)
        assert.strictEqual(found.status, 200)
        assert.deepInclude(found.headers, {
          "content-type": "application/octet-stream",
          "x-content-type-options": "nosniff"
        })
        assert.strictEqual((yield* ask("GET", "/files/none", cookie)).status, 404)
        assert.strictEqual((yield* ask("POST", person, cookie, "{\"unknown\":1}")).status, 400)
        assert.strictEqual((yield* ask("POST", person, cookie, "x".repeat(9_000_000))).status, 413)
      }).pipe(Effect.provide(layer(`${emulator.url}/`)))
    }).pipe(Effect.scoped))

  it.live("is for sessions whose token may send, and for what a phone needs", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.make({ appUrl: "http://127.0.0.1:9", pace: 0 })
      const { secret, token } = yield* Tokens.generate("desk", ["read"])
      yield* Effect.gen(function*() {
        const cookie = yield* login(secrets.admin)
        assertProblem(yield* ask("GET", "/"), 401)
        const { "x-effect-sms-console": _, ...foreign } = own
        assertProblem(yield* ask("GET", "/", cookie, "", foreign as typeof own), 401)
        assertProblem(
          yield* ask("GET", "/", yield* login(Redacted.value(secret))),
          403,
          "The token needs the scope send"
        )
        const others = [
          ["POST", "/reset"],
          ["GET", "/snapshot"],
          ["GET", "/exchanges"],
          ["GET", "/../twilio"],
          ["GET", "/people/..%2f..%2fx/phone"],
          ["GET", "/files/../snapshot"],
          ["POST", "/files/1"],
          ["GET", "?x=1"]
        ] as const
        for (const [method, path] of others) {
          assert.strictEqual((yield* ask(method, path, cookie)).status, 404, path)
        }
        assert.lengthOf(yield* emulator.exchanges, 0)
      }).pipe(Effect.provide(layer(emulator.url, [token])))
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.live("says that the emulator does not answer", () =>
    Effect.gen(function*() {
      assertProblem(yield* ask("GET", "/", yield* login(secrets.admin)), 503, "The emulator does not answer")
    }).pipe(Effect.provide(layer("http://127.0.0.1:9"))))
})
