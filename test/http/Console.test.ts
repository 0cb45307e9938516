/** The console over HTTP: its files, its sessions, and what the API accepts of them. */
import { NodeCrypto, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as ConsoleServer from "../../src/http/ConsoleServer.ts"
import * as ConsoleSessions from "../../src/http/ConsoleSessions.ts"
import { MessagesServer, Tokens, WebhookServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { buildConsole } from "../buildConsole.ts"
import { secrets } from "./carriers.ts"
import { layerTracker } from "./gateway.ts"
import { type Answer, assertProblem, quiet, request } from "./server.ts"

const layer = (options: ConsoleSessions.Options = {}, page: ConsoleServer.Options = {}) => {
  const tokens = { adminToken: Redacted.make(secrets.admin), ...options }
  const sessions = ConsoleSessions.layer(tokens)
  const mock = MockSmsProvider.layer()
  return WebhookServer.serveRoutes(
    Layer.merge(
      Layer.provide(MessagesServer.layer(tokens), sessions),
      Layer.provide(ConsoleServer.layer(page), [sessions, NodeServices.layer])
    ),
    quiet
  ).pipe(
    Layer.provideMerge(sessions),
    Layer.provideMerge(SmsRouter.layer()),
    Layer.provideMerge([SmsProviders.layer(mock), RoomKit.layer()]),
    Layer.provideMerge(layerTracker),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )
}

type Headers = Readonly<Record<string, string>>

const host = "console.example.com"
const own: Headers = { host, origin: `https://${host}`, "x-effect-sms-console": "1" }

const ask = (method: "GET" | "POST" | "DELETE", target: string, headers: Headers, body = "") =>
  request({ method, target, headers: { "content-type": "application/json", ...headers }, body })

const login = (token: string, headers: Headers = own) =>
  ask("POST", "/console/session", headers, JSON.stringify({ token }))

const cookieOf = ({ headers }: Answer): string => headers["set-cookie"]!.split(";")[0]!

const rooms = (cookie: string, headers: Headers = own) => ask("GET", "/rooms", { ...headers, cookie })

const invite = Effect.map(
  Effect.flatMap(ConsoleSessions.ConsoleSessions, (sessions) => sessions.invite),
  (key) => key === undefined ? "" : Redacted.value(key)
)

const test = (title: string, body: Effect.Effect<void, unknown, Effect.Services<ReturnType<typeof request>>>) =>
  it.effect(title, () => Effect.provide(body, layer()))

beforeAll(buildConsole)

describe("a session of the console", () => {
  test(
    "opens with the admin token, and its cookie is for the page of this server alone",
    Effect.gen(function*() {
      const opened = yield* login(secrets.admin)
      assert.strictEqual(opened.status, 200)
      assert.deepInclude(JSON.parse(opened.body), { name: "admin", scopes: ["read", "send", "operate"], media: false })
      const [cookie, ...attributes] = opened.headers["set-cookie"]!.split("; ")
      assert.match(cookie!, /^__Host-effect-sms=\d+\.[\w-]{43}\.admin$/)
      assert.sameMembers(attributes, ["Max-Age=43200", "Path=/", "HttpOnly", "Secure", "SameSite=Strict"])
      assert.notInclude(opened.headers["set-cookie"]!, secrets.admin)
      assert.strictEqual((yield* rooms(cookie!)).status, 200)
      assert.strictEqual((yield* ask("GET", "/console/session", { ...own, cookie: cookie! })).status, 200)
    })
  )

  test(
    "has a cookie that is not Secure where the browser does not use https",
    Effect.gen(function*() {
      const plain = { ...own, origin: `http://${host}` }
      const opened = yield* login(secrets.admin, plain)
      assert.match(opened.headers["set-cookie"]!, /^effect-sms=/)
      assert.notInclude(opened.headers["set-cookie"]!, "Secure")
      assert.strictEqual((yield* rooms(cookieOf(opened), plain)).status, 200)
    })
  )

  test(
    "goes on in the cookie that it began in, when a visit does not tell its origin",
    Effect.gen(function*() {
      // Browsers send no origin with a GET request to the page's own server.
      const { origin: _, ...visit } = own
      for (const scheme of ["http", "https"]) {
        const headers = { ...own, origin: `${scheme}://${host}` }
        const cookie = cookieOf(yield* login(secrets.admin, headers))
        const renewed = cookieOf(yield* ask("GET", "/console/session", { ...visit, cookie }))
        assert.strictEqual(renewed.split("=")[0], cookie.split("=")[0])
        const ended = cookieOf(yield* ask("DELETE", "/console/session", { ...headers, cookie: renewed }))
        assert.strictEqual(ended, `${cookie.split("=")[0]}=`)
      }
    })
  )

  test(
    "is not hidden by the cookie of another scheme",
    Effect.gen(function*() {
      const plain = { ...own, origin: `http://${host}` }
      const cookie = cookieOf(yield* login(secrets.admin, plain))
      assert.strictEqual((yield* rooms(`__Host-effect-sms=1.${"A".repeat(43)}.admin; ${cookie}`, plain)).status, 200)
    })
  )

  test(
    "does not open with anything else",
    Effect.gen(function*() {
      for (const token of ["another", ` ${secrets.admin.toUpperCase()}`]) {
        const refused = yield* login(token)
        assertProblem(refused, 401, "No token of this server")
        assert.isUndefined(refused.headers["set-cookie"])
      }
      for (const body of ["{}", "{\"token\":\"\"}", "[]", `{"token":"${"x".repeat(2000)}"}`]) {
        assert.strictEqual((yield* ask("POST", "/console/session", own, body)).status, 400, body)
      }
      assert.strictEqual((yield* ask("POST", "/console/session", own, "x".repeat(5000))).status, 413)
    })
  )

  test(
    "counts only in requests of the page of this server",
    Effect.gen(function*() {
      const cookie = cookieOf(yield* login(secrets.admin))
      const { "x-effect-sms-console": _, ...without } = own
      const foreign: ReadonlyArray<Headers> = [
        without,
        { ...without, "sec-fetch-site": "same-origin" },
        { ...own, "sec-fetch-site": "cross-site" },
        { ...own, "sec-fetch-site": "same-site" },
        { ...own, "sec-fetch-site": "none" },
        { ...own, origin: "https://evil.example.com" },
        { ...own, origin: "null" },
        { ...own, origin: `https://${host}.evil.example` }
      ]
      for (const headers of foreign) {
        assert.strictEqual((yield* rooms(cookie, headers)).status, 401, JSON.stringify(headers))
        assertProblem(yield* login(secrets.admin, headers), 403, "Only the console's own page can do this")
        assert.strictEqual((yield* ask("DELETE", "/console/session", { ...headers, cookie })).status, 403)
      }
      for (const headers of [own, { ...own, "sec-fetch-site": "same-origin", origin: "https://rewritten.example" }]) {
        assert.strictEqual((yield* rooms(cookie, headers)).status, 200, JSON.stringify(headers))
      }
    })
  )

  test(
    "cannot be made or changed by somebody else",
    Effect.gen(function*() {
      const cookie = cookieOf(yield* login(secrets.admin))
      const [name, value = ""] = cookie.split("=")
      const [end = "", tag = "", token] = value.split(".")
      const changed = [
        `${Number(end) + 1}.${tag}.${token}`,
        `${end}.${tag}.shop`,
        `${end}.${tag.slice(0, -1)}${tag.endsWith("A") ? "E" : "A"}.${token}`,
        `${end}..${token}`,
        `${end}.${tag}`,
        "",
        "constructor",
        `${end}.${tag}.${token}.more`
      ]
      for (const value of changed) assert.strictEqual((yield* rooms(`${name}=${value}`)).status, 401, value)
      assert.strictEqual((yield* rooms(cookie)).status, 200)
    })
  )

  test(
    "ends after 12 hours without a visit, and each visit lengthens it",
    Effect.gen(function*() {
      const first = cookieOf(yield* login(secrets.admin))
      yield* TestClock.adjust("11 hours")
      const second = cookieOf(yield* ask("GET", "/console/session", { ...own, cookie: first }))
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual((yield* rooms(first)).status, 401)
      const gone = yield* ask("GET", "/console/session", { ...own, cookie: first })
      assert.deepStrictEqual([gone.status, gone.body], [200, "null"])
      assert.strictEqual((yield* rooms(second)).status, 200)
      yield* TestClock.adjust("11 hours")
      assert.strictEqual((yield* rooms(second)).status, 401)
    })
  )

  test(
    "ends by logging out",
    Effect.gen(function*() {
      const cookie = cookieOf(yield* login(secrets.admin))
      const ended = yield* ask("DELETE", "/console/session", { ...own, cookie })
      assert.strictEqual(ended.status, 204)
      assert.include(ended.headers["set-cookie"], "__Host-effect-sms=; Max-Age=0")
    })
  )

  it.effect("survives a restart, and is accepted by every server with the same tokens", () =>
    Effect.gen(function*() {
      const opened = Effect.map(login(secrets.admin), cookieOf)
      const cookie = yield* Effect.provide(opened, layer())
      assert.strictEqual((yield* Effect.provide(rooms(cookie), layer())).status, 200)
      const others = [{ adminToken: Redacted.make("another") }, { adminToken: undefined }]
      for (const options of others) {
        assert.strictEqual((yield* Effect.provide(rooms(cookie), layer(options))).status, 401)
      }
    }))

  it.effect("has the scopes of its token, and ends when that is replaced", () =>
    Effect.gen(function*() {
      const { secret, token } = yield* Tokens.generate("desk", ["read"])
      const cookie = yield* Effect.gen(function*() {
        const opened = yield* login(Redacted.value(secret))
        assert.deepInclude(JSON.parse(opened.body), { name: "desk", scopes: ["read"] })
        const cookie = cookieOf(opened)
        assert.strictEqual((yield* rooms(cookie)).status, 200)
        const sent = yield* ask("POST", "/messages", { ...own, cookie }, "{\"to\":\"+15145550142\",\"text\":\"Hi\"}")
        assertProblem(sent, 403, "The token needs the scope send")
        return cookie
      }).pipe(Effect.provide(layer({ tokens: [token] })))
      const { token: replaced } = yield* Tokens.generate("desk", ["read"])
      assert.strictEqual((yield* Effect.provide(rooms(cookie), layer({ tokens: [replaced] }))).status, 401)
      assert.strictEqual((yield* Effect.provide(rooms(cookie), layer())).status, 401)
    }).pipe(Effect.provide(NodeCrypto.layer)))

  it.effect("opens once with the key of an invitation, within an hour, in the process that made it", () =>
    Effect.gen(function*() {
      const elsewhere = yield* Effect.provide(invite, layer())
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* login(elsewhere)).status, 401)
        const [key, late] = [yield* invite, yield* invite]
        assert.notStrictEqual(key, late)
        const changed = key.slice(0, -2) + (key.at(-2) === "A" ? "B" : "A") + key.at(-1)
        const [end = "", , tag = ""] = key.split(".")
        for (const other of [changed, `${end}.9.${tag}`, `${end}.1.`, "constructor"]) {
          assert.strictEqual((yield* login(other)).status, 401, other)
        }
        const opened = yield* login(key)
        assert.deepInclude(JSON.parse(opened.body), { name: "admin", scopes: ["read", "send", "operate"] })
        assert.strictEqual((yield* rooms(cookieOf(opened))).status, 200)
        assertProblem(yield* login(key), 401, "No token of this server")
        // It opens the console, and is no token.
        const bearer = yield* ask("GET", "/rooms", { host, authorization: `Bearer ${late}` })
        assert.strictEqual(bearer.status, 401)
        yield* TestClock.adjust("61 minutes")
        assert.strictEqual((yield* login(late)).status, 401)
      }).pipe(Effect.provide(layer()))
    }))

  it.effect("needs an admin token", () =>
    Effect.gen(function*() {
      assertProblem(
        yield* login("anything"),
        403,
        "The console needs a server with an admin token: set ADMIN_TOKEN"
      )
      assert.strictEqual(yield* invite, "")
    }).pipe(Effect.provide(layer({ adminToken: undefined }))))
})

describe("the page of the console", () => {
  const get = (target: string, headers: Headers = {}) => request({ method: "GET", target, headers, body: "" })

  test(
    "has a policy under which it runs its own files alone, and is asked for again",
    Effect.gen(function*() {
      const page = yield* get("/console/")
      assert.strictEqual(page.status, 200)
      assert.deepInclude(page.headers, {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer"
      })
      const policy = page.headers["content-security-policy"]!
      for (
        const part of [
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "connect-src 'self'",
          "base-uri 'none'",
          "form-action 'none'",
          "frame-ancestors 'none'",
          "require-trusted-types-for 'script'"
        ]
      ) {
        assert.include(policy.split("; "), part)
      }
      assert.notInclude(policy, "unsafe")
      const again = yield* get("/console/", { "if-none-match": page.headers["etag"]! })
      assert.strictEqual(again.status, 304)
    })
  )

  it.effect("may show pictures of the server and of the addresses that are given, and of no other", () =>
    Effect.gen(function*() {
      const mediaUrls = ["https://cdn.example.com/files", "https://s3.example.com/a;b", "ftp://x.example", "none"]
      yield* Effect.gen(function*() {
        const policy = (yield* get("/console/")).headers["content-security-policy"]!.split("; ")
        const given = "https://cdn.example.com/files/ https://s3.example.com/a%3Bb/"
        assert.include(policy, `img-src 'self' blob: ${given} data:`)
        assert.include(policy, `media-src 'self' blob: ${given}`)
        const session = yield* login(secrets.admin)
        assert.deepInclude(JSON.parse(session.body), { mediaUrls: given.split(" "), phone: false })
      }).pipe(Effect.provide(layer({}, { mediaUrls })))
    }))

  test(
    "has files whose names change with them, which are kept for good",
    Effect.gen(function*() {
      const names = [...(yield* get("/console/")).body.matchAll(/\.\/(assets\/[\w.-]+)/g)].map(([, name]) => name!)
      assert.lengthOf(names, 2)
      for (const name of names) {
        const file = yield* get(`/console/${name}`, { "accept-encoding": "gzip" })
        assert.strictEqual(file.status, 200)
        assert.strictEqual(file.headers["cache-control"], "public, max-age=31536000, immutable")
        assert.strictEqual(file.headers["content-encoding"], "gzip")
        assert.match(file.headers["content-type"]!, name.endsWith(".css") ? /^text\/css/ : /^text\/javascript/)
      }
    })
  )

  test(
    "is at /console/ whatever comes before it, and nothing else of the disk is there",
    Effect.gen(function*() {
      const moved = yield* get("/console")
      assert.deepStrictEqual([moved.status, moved.headers["location"]], [308, "console/"])
      for (
        const path of [
          "../package.json",
          "%2e%2e/package.json",
          "assets",
          "assets/",
          "index.js",
          "..%2fpackage.json",
          "api/x",
          "a/b/c"
        ]
      ) {
        const answer = yield* get(`/console/${path}`)
        assertProblem(answer, 404)
        assert.strictEqual(answer.headers["x-content-type-options"], "nosniff", path)
      }
    })
  )
})
