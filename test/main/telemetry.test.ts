/** What the process says to programs: logs, and telemetry to a collector that the test plays. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { launch, searchPath } from "./process.ts"
import { limit, start } from "./server.ts"

interface Exported {
  readonly path: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A collector that takes what it gets. */
const makeCollector = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly exported: Array<Exported>; readonly end: () => void }>((resume) => {
    const exported: Array<Exported> = []
    const server = createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const bytes = Buffer.concat(chunks)
        const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes
        exported.push({ path: request.url!, headers: request.headers, body: body.toString() })
        response.writeHead(200, { "content-type": "application/json" }).end("{}")
      })
    })
    server.listen(0, "127.0.0.1", () =>
      resume(Effect.succeed({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        exported,
        end: () => server.close()
      })))
  }),
  ({ end }) => Effect.sync(end)
)

const carrier = { PORT: "0", HOST: "127.0.0.1", SINCH_WEBHOOK_SECRET: "configured" }

describe("telemetry", () => {
  it.live("goes to a collector: traces, metrics and logs, without personal data", () =>
    Effect.gen(function*() {
      const { exported, url } = yield* makeCollector
      const server = yield* start({
        ...carrier,
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_HEADERS: "x-team=messages",
        OTEL_SERVICE_NAME: "sms-test"
      })
      const [, base] = /Listening on (http:\S+)/.exec(yield* server.until(/Listening on http:\S+/))!
      yield* Effect.promise(() =>
        fetch(`${base}/webhooks/sms/sinch/inbound?number=15145550142`, {
          method: "POST",
          headers: {
            "x-request-id": "request-1",
            "content-type": "application/json",
            "x-sinch-webhook-signature": "x"
          },
          body: "{\"from\":\"15145550142\"}"
        })
      )
      // All that is buffered is exported before the end.
      const [code] = yield* server.end("SIGTERM")
      assert.strictEqual(code, 0)
      assert.sameMembers([...new Set(exported.map(({ path }) => path))], ["/v1/logs", "/v1/metrics", "/v1/traces"])
      const bodyOf = (path: string) => exported.filter((each) => each.path === path).map(({ body }) => body).join("\n")
      assert.include(bodyOf("/v1/traces"), "\"request-1\"")
      assert.include(bodyOf("/v1/traces"), "/webhooks/sms/:provider/inbound")
      assert.include(bodyOf("/v1/logs"), "Webhook refused")
      assert.include(bodyOf("/v1/logs"), "\"request-1\"")
      assert.include(bodyOf("/v1/metrics"), "sms_webhooks_total")
      for (const { body, headers } of exported) {
        assert.include(body, "\"sms-test\"")
        assert.notInclude(body, "5145550142")
        assert.strictEqual(headers["x-team"], "messages")
      }
      // The collector itself is in no trace.
      assert.notInclude(bodyOf("/v1/traces"), "/v1/")
    }), limit)

  it.live("that no collector takes does not stop the server", () =>
    Effect.gen(function*() {
      const server = yield* start({ ...carrier, OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" })
      const [, base] = /Listening on (http:\S+)/.exec(yield* server.until(/Listening on http:\S+/))!
      const { status } = yield* Effect.promise(() => fetch(`${base}/health/ready`))
      assert.strictEqual(status, 200)
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
    }), limit)
})

describe("the log", () => {
  it.live("is JSON where no terminal is, a line for each entry", () =>
    Effect.gen(function*() {
      const server = yield* start({ ...carrier, LOG_FORMAT: "" })
      const output = yield* server.until(/"Providers: [^]*\n/)
      const entries = output.trim().split("\n").map((line) => JSON.parse(line))
      assert.deepInclude(entries.find(({ message }) => message.startsWith("Providers:")), {
        level: "INFO",
        message: "Providers: sinch"
      })
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
    }), limit)

  it.live("has only what is as severe as LOG_LEVEL", () =>
    Effect.gen(function*() {
      const server = yield* start({ ...carrier, LOG_FORMAT: "logfmt", LOG_LEVEL: "warn", PUBLIC_URL: "" })
      const output = yield* server.until(/level=WARN/)
      assert.notInclude(output, "level=INFO")
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
    }), limit)

  it.live("has the level of --log-level before that of LOG_LEVEL", () =>
    Effect.gen(function*() {
      const env = { ...searchPath, ...carrier, LOG_FORMAT: "logfmt", LOG_LEVEL: "error", PUBLIC_URL: "", PORT: "0" }
      const args = ["start", "--silent", "--", "--log-level", "warn"]
      const server = yield* launch("npm", args, env)
      assert.notInclude(yield* server.until(/level=WARN/), "level=INFO")
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
    }), limit)

  it.live("is not ready for DRAIN_SECONDS after SIGTERM, while its port is open", () =>
    Effect.gen(function*() {
      const server = yield* start({ ...carrier, DRAIN_SECONDS: "2" })
      const output = yield* server.until(/http:\/\/[\d.]+:\d+/)
      const ready = Effect.promise(() => fetch(`${/http:\/\/[\d.]+:\d+/.exec(output)![0]}/health/ready`))
      assert.strictEqual((yield* ready).status, 200)
      const ending = yield* Effect.forkChild(server.end("SIGTERM"), { startImmediately: true })
      const refused = yield* Effect.repeat(ready, { while: ({ status }) => status === 200 })
      assert.deepStrictEqual([refused.status, refused.headers.get("connection")], [503, "close"])
      const [code, elapsed] = yield* Fiber.join(ending)
      assert.strictEqual(code, 0)
      assert.isAtLeast(elapsed, 2000)
    }), limit)

  it.live("refuses a level and a format that it does not know", () =>
    Effect.gen(function*() {
      for (const env of [{ LOG_LEVEL: "loud" }, { LOG_FORMAT: "xml" }, { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost" }]) {
        const server = yield* start({ ...carrier, ...env })
        assert.strictEqual(yield* server.ended, 1)
        const [name, value] = Object.entries(env)[0]!
        assert.include(server.errors(), name)
        if (name !== "OTEL_EXPORTER_OTLP_ENDPOINT") assert.include(server.errors(), "one of")
        assert.notInclude(server.errors(), value === "localhost" ? "\n\n" : value)
      }
    }), limit)
})
