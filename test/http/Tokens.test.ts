import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { Tokens } from "../../src/http/index.ts"
import * as TokensConfig from "../../src/http/TokensConfig.ts"
import { observe } from "../observe.ts"
import { secrets } from "./carriers.ts"
import { layerGateway, message, sent } from "./gateway.ts"
import { assertProblem, request } from "./server.ts"

type Scopes = readonly [Tokens.Scope, ...Array<Tokens.Scope>]

/** A token with these scopes, and its secret. */
const make = Effect.fnUntraced(function*(name: string, scopes: Scopes, requestsPerMinute = 600) {
  const { secret, token } = yield* Tokens.generate(name, scopes)
  return {
    token: new Tokens.Token({ ...token, requestsPerMinute }),
    authorization: `Bearer ${Redacted.value(secret)}`
  }
}, Effect.provide(NodeCrypto.layer))

const ask = (method: "GET" | "POST" | "DELETE", target: string, authorization: string) =>
  request({
    method,
    target,
    headers: { authorization, "content-type": "application/json" },
    body: method === "POST" ? JSON.stringify(message) : ""
  })

/** An endpoint for each scope, and its status for a token that may use it. */
const endpoints = [
  ["read", "GET", "/rooms", 200],
  ["read", "GET", "/metrics", 200],
  ["read", "GET", "/messages/none", 404],
  ["send", "POST", "/messages", 202],
  ["operate", "DELETE", "/people/+15145550142", 404],
  ["operate", "POST", "/dead-letters/x/replay", 404]
] as const

describe("a token", () => {
  for (const scopes of [["read"], ["send"], ["operate"], ["read", "send"]] as ReadonlyArray<Scopes>) {
    it.effect(`with the scope ${scopes.join(" and ")} may do that and nothing else`, () =>
      Effect.gen(function*() {
        const { authorization, token } = yield* make("shop", scopes)
        yield* Effect.gen(function*() {
          for (const [scope, method, path, status] of endpoints) {
            const answer = yield* ask(method, path, authorization)
            if (scopes.includes(scope)) assert.strictEqual(answer.status, status, path)
            else {
              assertProblem(answer, 403, `The token needs the scope ${scope}`)
              assert.strictEqual(
                answer.headers["www-authenticate"],
                `Bearer error="insufficient_scope", scope="${scope}"`
              )
            }
          }
          assert.lengthOf(yield* sent, scopes.includes("send") ? 1 : 0)
        }).pipe(Effect.provide(layerGateway(undefined, { tokens: [token] })))
      }))
  }

  it.effect("is not known by its hash, by its name, or with another case", () =>
    Effect.gen(function*() {
      const { authorization, token } = yield* make("shop", ["read"])
      yield* Effect.gen(function*() {
        for (const credential of [token.sha256, "shop", authorization.slice(7).toUpperCase(), `${token.sha256} `]) {
          assertProblem(yield* ask("GET", "/rooms", `Bearer ${credential}`), 401)
        }
        assert.strictEqual((yield* ask("GET", "/rooms", authorization)).status, 200)
        // Beside the admin token.
        assert.strictEqual((yield* ask("GET", "/rooms", `Bearer ${secrets.admin}`)).status, 200)
      }).pipe(Effect.provide(layerGateway(undefined, { tokens: [token] })))
    }))

  it.effect("is refused above its limit in any minute, and no other one with it", () =>
    Effect.gen(function*() {
      const shop = yield* make("shop", ["read"], 2)
      const other = yield* make("other", ["read"], 1)
      yield* Effect.gen(function*() {
        const statusOf = (authorization: string) => Effect.map(ask("GET", "/rooms", authorization), (a) => a.status)
        assert.strictEqual(yield* statusOf(shop.authorization), 200)
        yield* TestClock.adjust("40 seconds")
        assert.strictEqual(yield* statusOf(shop.authorization), 200)
        const refused = yield* ask("GET", "/rooms", shop.authorization)
        assert.strictEqual(refused.status, 429)
        assert.strictEqual(refused.headers["retry-after"], "20")
        assert.deepInclude(JSON.parse(refused.body), { retryAfter: 20, detail: "The token made too many requests" })
        assert.strictEqual(yield* statusOf(other.authorization), 200)
        assert.strictEqual(yield* statusOf(`Bearer ${secrets.admin}`), 200)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* statusOf(shop.authorization), 200)
        assert.strictEqual(yield* statusOf(shop.authorization), 429)
        // What its scope refuses counts, too.
        yield* TestClock.adjust("2 minutes")
        for (const status of [403, 403, 429]) {
          assert.strictEqual((yield* ask("POST", "/messages", shop.authorization)).status, status)
        }
      }).pipe(Effect.provide(layerGateway(undefined, { tokens: [shop.token, other.token] })))
    }))

  it.effect("is in the log by its name alone", () => {
    const observed = observe()
    return Effect.gen(function*() {
      const { authorization, token } = yield* make("shop", ["send"])
      yield* Effect.provide(
        ask("POST", "/messages", authorization),
        layerGateway(() => Effect.die("broken"), { tokens: [token] })
      )
      const line = observed.lines.find(({ level }) => level === "Error")!
      assert.strictEqual(line.annotations["token"], "shop")
      assert.notInclude(observed.text(), authorization.slice(7))
      assert.notInclude(observed.text(), token.sha256)
    }).pipe(Effect.provide(observed.layer))
  })
})

describe("the configuration of tokens", () => {
  const load = (env: Record<string, string>) =>
    Effect.provideService(TokensConfig.load, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  const problem = (env: Record<string, string>) => Effect.map(Effect.flip(load(env)), ({ message }) => message)
  const sha256 = "0".repeat(64)
  const shop = { name: "shop", scopes: ["send"], sha256 }

  it.effect("is read from a variable or from a file", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-tokens-`)),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const file = `${directory}/tokens.json`
      writeFileSync(file, JSON.stringify([shop]))
      const expected = [new Tokens.Token({ name: "shop", scopes: ["send"], sha256 })]
      assert.deepStrictEqual(yield* load({ TOKENS_FILE: file }), expected)
      assert.deepStrictEqual(yield* load({ TOKENS: JSON.stringify([shop]) }), expected)
      assert.deepStrictEqual(yield* load({}), [])
      assert.match(yield* problem({ TOKENS_FILE: `${directory}/none` }), /^TOKENS_FILE must name a file/)
      assert.match(yield* problem({ TOKENS_FILE: file, TOKENS: "[]" }), /both set/)
    }))

  it.effect("is refused with the field and what is expected there, and without the value", () =>
    Effect.gen(function*() {
      const cases = [
        ["secret", /^TOKENS must be JSON such as/],
        [JSON.stringify(shop), /array/],
        [JSON.stringify([{ ...shop, scopes: [] }]), /0\.scopes/],
        [JSON.stringify([{ ...shop, scopes: ["secret"] }]), /0\.scopes\.0: .*"read" \| "send" \| "operate"/],
        [JSON.stringify([{ ...shop, sha256: "secret" }]), /0\.sha256: .*64 hexadecimal digits/],
        [JSON.stringify([{ ...shop, requestsPerMinute: 0 }]), /0\.requestsPerMinute/],
        [JSON.stringify([shop, shop]), /"shop" twice/],
        [JSON.stringify([{ ...shop, name: "admin" }]), /"admin" twice/]
      ] as const
      for (const [TOKENS, expected] of cases) {
        const text = yield* problem({ TOKENS })
        assert.match(text, expected)
        assert.notInclude(text, "secret")
      }
    }))

  it.effect("takes what is generated", () =>
    Effect.gen(function*() {
      const { token } = yield* Tokens.generate("shop", ["send", "read"])
      const TOKENS = JSON.stringify([yield* Schema.encodeEffect(Tokens.Token)(token)])
      assert.deepStrictEqual(yield* load({ TOKENS }), [token])
      const other = yield* Tokens.generate("shop", ["send", "read"])
      assert.notStrictEqual(other.token.sha256, token.sha256)
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
