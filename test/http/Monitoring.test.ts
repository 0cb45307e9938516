import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { Draining, Readiness } from "../../src/http/index.ts"
import { carriers, customer, ours, secrets, text } from "./carriers.ts"
import { assertProblem, layerServer, post, request } from "./server.ts"

const [twilio] = carriers

const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
  request({ method: "GET", target, headers, body: "" })

const metrics = Effect.map(get("/metrics", { authorization: `Bearer ${secrets.admin}` }), ({ body }) => body)

/** The value of the series with this name and these labels. */
const valueOf = (text: string, series: string): number =>
  Number(text.split("\n").find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? 0)

const layerChecks = (...checks: ReadonlyArray<Readiness.Check>) => Layer.succeed(Readiness.Readiness, checks)

describe("health", () => {
  it.effect("is live and ready, without a token", () =>
    Effect.gen(function*() {
      for (const [path, status] of [["live", "live"], ["ready", "ready"]] as const) {
        const answer = yield* get(`/health/${path}`)
        assert.strictEqual(answer.status, 200)
        assert.deepStrictEqual(JSON.parse(answer.body), { status })
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("is not ready while a check fails, and says which, but live", () => {
    let failure: Effect.Effect<void, string> = Effect.fail("secret")
    const layer = layerServer().pipe(Layer.provide(layerChecks(
      { reason: "The database does not answer", check: Effect.suspend(() => failure) },
      { reason: "The disk is full", check: Effect.void }
    )))
    return Effect.gen(function*() {
      assertProblem(yield* get("/health/ready"), 503, "The database does not answer")
      failure = Effect.die("secret")
      yield* TestClock.adjust("2 seconds")
      assertProblem(yield* get("/health/ready"), 503, "The database does not answer")
      assert.strictEqual((yield* get("/health/live")).status, 200)
      failure = Effect.void
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* get("/health/ready")).status, 200)
    }).pipe(Effect.provide(layer))
  })

  it.effect("asks the checks once a second, however many ask", () => {
    let count = 0
    const check = Effect.sync(() => void count++)
    return Effect.gen(function*() {
      yield* Effect.all(Array.from({ length: 20 }, () => get("/health/ready")), { concurrency: 20 })
      assert.strictEqual(count, 1)
      yield* TestClock.adjust("1 second")
      yield* get("/health/ready")
      assert.strictEqual(count, 2)
    }).pipe(Effect.provide(Layer.provide(layerServer(), layerChecks({ reason: "x", check }))))
  })

  it.effect("is not ready once the server drains", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const layer = Layer.provide(layerServer(), Layer.succeed(Draining.Draining, Deferred.await(begun)))
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* get("/health/ready")).status, 200)
        yield* Deferred.succeed(begun, undefined)
        assertProblem(yield* get("/health/ready"), 503, "The server is shutting down")
      }).pipe(Effect.provide(layer))
    }))

  it.effect("is not ready for the time that load balancers need, while everything is served", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const served = Draining.layer(layerServer(), { grace: "5 seconds" })
      const services = yield* Layer.buildWithScope(served, scope)
      yield* Effect.gen(function*() {
        assert.strictEqual((yield* get("/health/ready")).status, 200)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* TestClock.adjust("4999 millis")
        // The connection of a caller that would keep it open ends, too.
        const refused = yield* get("/health/ready", { connection: "keep-alive" })
        assertProblem(refused, 503, "The server is shutting down")
        assert.strictEqual(refused.headers["connection"], "close")
        assert.strictEqual((yield* post(twilio!, twilio!.sms("SM1"))).status, 200)
        assert.strictEqual((yield* get("/rooms", { authorization: `Bearer ${secrets.admin}` })).status, 200)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(closing)
        assert.strictEqual((yield* get("/health/live")).status, 0)
      }).pipe(Effect.provideContext(services))
    }))
})

describe("metrics", () => {
  it.effect("are in the format of Prometheus, by route and without personal data", () =>
    Effect.gen(function*() {
      const series = `sms_http_request_seconds_count{method="POST",route="/webhooks/sms/twilio/inbound",status="200"}`
      const webhooks = `sms_webhooks_total{provider="twilio",outcome="verified"}`
      const before = yield* metrics
      yield* post(twilio!, twilio!.sms("SM1"))
      yield* post(twilio!, twilio!.sms("SM2"))
      const answer = yield* get("/metrics", { authorization: `Bearer ${secrets.admin}` })
      assert.strictEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      assert.strictEqual(valueOf(answer.body, series) - valueOf(before, series), 2)
      assert.strictEqual(valueOf(answer.body, webhooks) - valueOf(before, webhooks), 2)
      assert.include(answer.body, "# TYPE sms_http_request_seconds histogram")
      for (const line of answer.body.split("\n")) assert.match(line, /^(# (HELP|TYPE) .*|\w+(\{.*\})? \S+|)$/)
      for (const secret of [customer, ours, text, "SM1"]) assert.notInclude(answer.body, secret)
    }).pipe(Effect.provide(layerServer())))
})

describe("the id of a request", () => {
  it.effect("is new for each, and in the body of a problem", () =>
    Effect.gen(function*() {
      const ids = (yield* Effect.all([get("/health/live"), get("/nothing"), get("/rooms")])).map(({ headers }) =>
        headers["x-request-id"]
      )
      assert.strictEqual(new Set(ids).size, 3)
      assertProblem(yield* get("/nothing"), 404)
      assertProblem(yield* get("/rooms"), 401)
    }).pipe(Effect.provide(layerServer())))

  it.effect("is the caller's if it can be one", () =>
    Effect.gen(function*() {
      const idOf = (id: string) =>
        Effect.map(get("/health/live", { "x-request-id": id }), ({ headers }) => headers["x-request-id"])
      assert.strictEqual(yield* idOf("01M8GX5913TFQ1XYQ8KBRNGFM8"), "01M8GX5913TFQ1XYQ8KBRNGFM8")
      for (const id of ["a b", "", "x".repeat(65), "a\"b", "<script>"]) assert.notStrictEqual(yield* idOf(id), id)
    }).pipe(Effect.provide(layerServer())))

  it.effect("is in the span of the request", () => {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    return Effect.gen(function*() {
      yield* get("/health/live", { "x-request-id": "one" })
      assert.deepInclude(Object.fromEntries(spans[0]!.attributes), { "request.id": "one" })
    }).pipe(Effect.provide(Layer.provide(layerServer(), Layer.succeed(Tracer.Tracer, tracer))))
  })
})
