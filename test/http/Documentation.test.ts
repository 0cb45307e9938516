import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { HttpApi, OpenApi } from "effect/http-api"
import { gunzipSync } from "node:zlib"
import { MessagesApi } from "../../src/http/index.ts"
import { layerGateway, post } from "./gateway.ts"
import { layerServer, request } from "./server.ts"

const page = (headers: Readonly<Record<string, string>> = {}) =>
  request({ method: "GET", target: "/docs", headers, body: "" })

const bytesOf = (body: string) => Buffer.from(body, "latin1")

describe("the documentation page", () => {
  it.effect("is compressed for a client that takes gzip, and the same without", () =>
    Effect.gen(function*() {
      const plain = yield* page()
      assert.isUndefined(plain.headers["content-encoding"])
      for (const accepted of ["gzip", "deflate, GZIP;q=0.5", "*", "gzip, deflate, br, zstd", "identity, *;q=0.1"]) {
        const { body, headers, status } = yield* page({ "accept-encoding": accepted })
        assert.deepStrictEqual([status, headers["content-encoding"], headers["vary"]], [200, "gzip", "accept-encoding"])
        assert.strictEqual(headers["content-type"], plain.headers["content-type"])
        assert.isBelow(body.length, plain.body.length / 3)
        assert.isTrue(gunzipSync(bytesOf(body)).equals(bytesOf(plain.body)), accepted)
      }
      for (const accepted of ["gzip;q=0", "br", "*;q=0", "gzip;q=0, *", "identity", "", "gzipped"]) {
        const { headers } = yield* page({ "accept-encoding": accepted })
        assert.isUndefined(headers["content-encoding"], accepted)
        assert.strictEqual(headers["vary"], "accept-encoding")
      }
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is not sent again to a client that has it", () =>
    Effect.gen(function*() {
      const { headers: { etag } } = yield* page()
      assert.match(etag!, /^W\/"[0-9a-f]{32}"$/)
      assert.strictEqual((yield* page({ "accept-encoding": "gzip" })).headers["etag"], etag)
      for (const known of [etag!, etag!.slice(2), `"other", ${etag}`, "*"]) {
        const { body, headers, status } = yield* page({ "if-none-match": known })
        assert.deepStrictEqual([status, body, headers["etag"]], [304, "", etag], known)
        assert.strictEqual(headers["cache-control"], "no-cache")
      }
      for (const other of ["\"other\"", "W/\"\"", etag!.slice(3, -1)]) {
        assert.strictEqual((yield* page({ "if-none-match": other })).status, 200, other)
      }
    }).pipe(Effect.provide(layerGateway())))

  it.effect("has another tag for another API", () =>
    Effect.gen(function*() {
      const tag = Effect.map(page(), ({ headers }) => headers["etag"])
      const [gateway, webhooks] = [
        yield* Effect.provide(tag, layerGateway()),
        yield* Effect.provide(tag, layerServer())
      ]
      assert.notStrictEqual(gateway, webhooks)
    }))
})

interface Sampled {
  readonly examples?: { readonly sample: { readonly value: unknown } }
}

interface Operation {
  readonly operationId: string
  readonly parameters: ReadonlyArray<Sampled & { readonly name: string; readonly in: string }>
  readonly requestBody?: { readonly content: Readonly<Record<string, Sampled>> }
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, Sampled>> }>>
}

const operations = Object.values(OpenApi.fromApi(MessagesApi.GatewayApi).paths)
  .flatMap((item) => Object.values(item) as unknown as ReadonlyArray<Operation>)

/** What each endpoint answers, by the id of its operation. */
const answers = new Map<string, Schema.Top>()
HttpApi.reflect(MessagesApi.GatewayApi, {
  onGroup: () => undefined,
  onEndpoint: ({ endpoint, group }) => {
    const [success] = [...endpoint.success].filter((schema) => Schema.isSchema(schema)).toReversed()
    const id = group.topLevel ? endpoint.identifier : `${group.identifier}.${endpoint.identifier}`
    answers.set(id, success as Schema.Top)
  }
})

const valueOf = ({ examples }: Sampled) => examples?.sample.value

describe("the samples of the documentation", () => {
  it("fill in every path and every body", () => {
    assert.isAbove(operations.length, 10)
    for (const { operationId, parameters, requestBody } of operations) {
      for (const parameter of parameters.filter((parameter) => parameter.in === "path")) {
        assert.isString(valueOf(parameter), `${operationId} ${parameter.name}`)
      }
      for (const [type, media] of Object.entries(requestBody?.content ?? {})) {
        const value = valueOf(media)
        // The bytes of a file are chosen, and not typed.
        if (type === "application/octet-stream") continue
        if (type.startsWith("text/")) assert.isString(value, `${operationId} ${type}`)
        else assert.isObject(value, `${operationId} ${type}`)
      }
    }
  })

  it("are answers that the endpoints can give", () => {
    let samples = 0
    for (const { operationId, responses } of operations) {
      for (const [status, { content = {} }] of Object.entries(responses)) {
        const value = valueOf(content["application/json"] ?? {})
        if (!status.startsWith("2") || value === undefined) continue
        samples++
        const schema = Schema.toCodecJson(answers.get(operationId)!)
        const decoded = Schema.decodeUnknownSync(schema as never)(value)
        assert.deepStrictEqual(Schema.encodeUnknownSync(schema as never)(decoded), value as never, operationId)
      }
    }
    // The health checks have none, since each can give but one answer, and the metrics, the events and the export are no JSON.
    // That a conversation was read has an empty answer.
    assert.strictEqual(samples, operations.length - 6)
  })

  it.effect("are a message that can be sent as it is", () =>
    Effect.gen(function*() {
      const send = operations.find(({ operationId }) => operationId === "messages.send")!
      const headers = Object.fromEntries(
        send.parameters.map((parameter) => [parameter.name, String(valueOf(parameter))])
      )
      const { body, status } = yield* post(valueOf(send.requestBody!.content["application/json"]!), headers)
      assert.strictEqual(status, 202, body)
    }).pipe(Effect.provide(layerGateway())))
})
