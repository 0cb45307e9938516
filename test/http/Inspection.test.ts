import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { readFileSync } from "node:fs"
import { WebhookApi } from "../../src/http/index.ts"
import { carriers, customer, ours, secrets, text } from "./carriers.ts"
import { assertProblem, layerServer, post, request } from "./server.ts"

const [twilio, , telnyx] = carriers
const paths = ["/rooms", "/statuses", "/rooms/x/events", "/metrics"]
const authorized = { authorization: `Bearer ${secrets.admin}` }

const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
  request({ method: "GET", target, headers, body: "" })

const getJson = (target: string) => Effect.map(get(target, authorized), ({ body }) => JSON.parse(body))

describe("inspection", () => {
  it.effect("is refused without the token of the operator", () =>
    Effect.gen(function*() {
      const credentials = [
        {},
        { authorization: "Bearer wrong" },
        { authorization: `Bearer ${secrets.admin}x` },
        { authorization: `Bearer ${secrets.admin.slice(1)}` },
        { authorization: `Basic ${secrets.admin}` },
        { authorization: secrets.admin },
        { authorization: "Bearer" },
        { authorization: "Bearer " },
        { cookie: `bearer=${secrets.admin}` }
      ]
      for (const path of paths) {
        for (const headers of credentials) {
          const answer = yield* get(path, headers)
          assertProblem(answer, 401)
          assert.strictEqual(answer.headers["www-authenticate"], "Bearer")
        }
        assertProblem(yield* get(`${path}?token=${secrets.admin}`), 401)
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("is closed to everybody when no token is configured", () =>
    Effect.gen(function*() {
      for (const path of paths) {
        for (const credential of ["", "Bearer", "Bearer ", "Bearer undefined", `Bearer ${secrets.admin}`]) {
          assertProblem(yield* get(path, { authorization: credential }), 401)
        }
      }
      assert.strictEqual((yield* get("/health/live")).status, 200)
    }).pipe(Effect.provide(layerServer({ adminToken: undefined }))))

  it.effect("does not start with an empty token, which everybody knows", () =>
    Effect.gen(function*() {
      const started = Effect.provide(Effect.void, layerServer({ adminToken: Redacted.make(" ") }))
      assert.strictEqual((yield* Effect.flip(started))._tag, "CryptoError")
    }))

  it.effect("shows rooms, events and statuses, without the raw payloads", () =>
    Effect.gen(function*() {
      yield* post(twilio!, twilio!.mms("SM1"))
      yield* post(telnyx!, telnyx!.status!("OUT1"))
      const { items: rooms } = yield* getJson("/rooms")
      assert.lengthOf(rooms, 1)
      const [{ id }] = rooms
      assert.deepStrictEqual(rooms, [{
        id,
        createdAt: "1970-01-01T00:00:00.000Z",
        attachments: [{ channelId: "sms-twilio", participant: `+${customer}`, recipient: `+${ours}` }]
      }])
      const { items: [event, ...others] } = yield* getJson(`/rooms/${id}/events`)
      assert.lengthOf(others, 0)
      assert.deepStrictEqual(
        { ...event, id: "", content: {}, source: { ...event.source, metadata: {} } },
        {
          _tag: "RoomEvent",
          id: "",
          roomId: id,
          source: {
            channelId: "sms-twilio",
            channelType: "mms",
            direction: "inbound",
            participant: `+${customer}`,
            recipient: `+${ours}`,
            externalId: "SM1",
            metadata: {}
          },
          content: {},
          createdAt: "1970-01-01T00:00:00.000Z"
        }
      )
      assert.include(JSON.stringify(event.content), text)
      const statuses = yield* getJson("/statuses")
      assert.deepStrictEqual(
        statuses.map(({ messageId, provider, status }: Record<string, unknown>) => [provider, messageId, status]),
        [["telnyx", "OUT1", "delivered"]]
      )
      assert.notProperty(statuses[0], "raw")
    }).pipe(Effect.provide(layerServer())))

  it.effect("answers with 404 for a room that is not there", () =>
    Effect.gen(function*() {
      for (const id of ["x", "__proto__", "%2e%2e", "%00"]) {
        assertProblem(yield* get(`/rooms/${id}/events`, authorized), 404, "Unknown room")
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("works through the client that is derived from the definition", () =>
    Effect.gen(function*() {
      const client = yield* HttpApiClient.make(WebhookApi.WebhookApi, {
        transformClient: HttpClient.mapRequest(HttpClientRequest.bearerToken(secrets.admin))
      })
      assert.deepStrictEqual(yield* client.live(), { status: "live" })
      yield* post(twilio!, twilio!.sms("SM1"))
      yield* post(telnyx!, telnyx!.status!("OUT1"))
      const { items: [room] } = yield* client.inspection.rooms({ query: {} })
      const { items: [event] } = yield* client.inspection.roomEvents({ params: { id: room!.id }, query: {} })
      assert.strictEqual(event!.source.externalId, "SM1")
      assert.strictEqual((yield* client.inspection.statuses())[0]!.messageId, "OUT1")
      const missing = yield* Effect.flip(client.inspection.roomEvents({ params: { id: "x" }, query: {} }))
      assert.deepInclude(missing, { _tag: "NotFound", status: 404, detail: "Unknown room" })
      const stranger = yield* HttpApiClient.make(WebhookApi.WebhookApi)
      assert.deepInclude(yield* Effect.flip(stranger.inspection.rooms({ query: {} })), {
        _tag: "Unauthorized",
        status: 401
      })
    }).pipe(Effect.provide(layerServer())))
})

describe("the OpenAPI document", () => {
  interface Operation {
    readonly summary?: string
    readonly description?: string
    readonly security: ReadonlyArray<unknown>
    readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string; readonly required: boolean }>
    readonly requestBody?: { readonly content: Record<string, unknown> }
    readonly responses: Record<string, { readonly description: string; readonly content: Record<string, unknown> }>
  }
  const document = Effect.map(get("/openapi.json"), ({ body, headers, status }) => {
    assert.deepStrictEqual([status, headers["content-type"]], [200, "application/json"])
    return JSON.parse(body) as {
      readonly openapi: string
      readonly info: { readonly title: string; readonly version: string; readonly description: string }
      readonly paths: Record<string, Record<string, Operation>>
      readonly components: {
        readonly schemas: Record<string, unknown>
        readonly securitySchemes: Record<string, unknown>
      }
    }
  })

  it.effect("describes every endpoint in words", () =>
    Effect.gen(function*() {
      const { info, openapi, paths } = yield* document
      const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))
      assert.strictEqual(openapi, "3.1.0")
      assert.deepStrictEqual([info.title, info.version], [manifest.name, manifest.version])
      const operations = Object.entries(paths).flatMap(([path, item]) =>
        Object.keys(item).map((method) => `${method} ${path}`)
      )
      assert.sameMembers(operations, [
        "get /health/live",
        "get /health/ready",
        "get /metrics",
        "get /rooms",
        "get /rooms/{id}/events",
        "get /statuses",
        "get /webhooks/sms/{provider}/inbound",
        "get /webhooks/sms/{provider}/status",
        "post /webhooks/sms/{provider}/inbound",
        "post /webhooks/sms/{provider}/status"
      ])
      for (const operation of Object.values(paths).flatMap((item) => Object.values(item))) {
        assert.isString(operation.summary)
        for (const parameter of operation.parameters) {
          assert.strictEqual(parameter.required, parameter.in === "path", parameter.name)
        }
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("has both formats of webhooks and answers, and every refusal as a problem", () =>
    Effect.gen(function*() {
      const { components, paths } = yield* document
      for (const kind of ["inbound", "status"]) {
        const { get, post } = paths[`/webhooks/sms/{provider}/${kind}`]!
        assert.sameMembers(Object.keys(post!.requestBody!.content), [
          "application/json",
          "application/x-www-form-urlencoded"
        ])
        assert.isUndefined(get!.requestBody)
        for (const { responses, security } of [get!, post!]) {
          assert.lengthOf(security, 0)
          const { 200: success, ...refusals } = responses
          assert.sameMembers(Object.keys(success!.content), ["text/xml", "application/json"])
          assert.sameMembers(Object.keys(refusals), [
            "400",
            "401",
            "403",
            "404",
            "405",
            "408",
            "413",
            "415",
            "500",
            "503"
          ])
          for (const { content } of Object.values(refusals)) {
            assert.deepStrictEqual(Object.keys(content), ["application/problem+json"])
          }
        }
      }
      // Every reference leads somewhere.
      const references = [...JSON.stringify(paths).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) =>
        name!
      )
      assert.isAbove(references.length, 10)
      for (const name of references) assert.property(components.schemas, name)
    }).pipe(Effect.provide(layerServer())))

  it.effect("has the bearer token of inspection", () =>
    Effect.gen(function*() {
      const { components, paths } = yield* document
      assert.deepInclude(components.securitySchemes["bearer"], { type: "http", scheme: "bearer" })
      for (const path of ["/rooms", "/rooms/{id}/events", "/statuses"]) {
        assert.deepStrictEqual(paths[path]!["get"]!.security, [{ bearer: [] }])
        assert.property(paths[path]!["get"]!.responses, "401")
      }
      assert.property(paths["/rooms/{id}/events"]!["get"]!.responses, "404")
      assert.notInclude(JSON.stringify(paths["/statuses"]), "\"raw\"")
    }).pipe(Effect.provide(layerServer())))
})

describe("the page of the API", () => {
  it.effect("is HTML that needs nothing from the network to be shown", () =>
    Effect.gen(function*() {
      for (let times = 0; times < 2; times++) {
        const { body, headers, status } = yield* get("/docs")
        assert.strictEqual(status, 200)
        assert.include(headers["content-type"], "text/html")
        assert.include(body, "<title>effect-sms</title>")
        assert.include(body, "Receive a delivery status")
        assert.notMatch(body, /<(script|link|img)[^>]+(src|href)=["']?(https?:)?\/\//)
      }
    }).pipe(Effect.provide(layerServer())))
})
