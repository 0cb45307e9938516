/** Callers that are slow, on real connections and the real clock, and limits that are short. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { once } from "node:events"
import { connect } from "node:net"
import { MessagesServer, WebhookServer } from "../../src/http/index.ts"
import * as NodeServer from "../../src/http/NodeServer.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { observe } from "../observe.ts"
import { type Carrier, carriers, layerProviders, secrets } from "./carriers.ts"
import { layerTracker } from "./gateway.ts"
import {
  assertProblem,
  exchange,
  head,
  layerNode,
  layerServer,
  parseAnswer,
  port,
  publicUrl,
  quiet,
  request
} from "./server.ts"

const pathOf = ({ name }: Carrier) => `/webhooks/sms/${name}/inbound`
const sign = (carrier: Carrier, body: string) => carrier.sign({ base: publicUrl, path: pathOf(carrier), body })

describe("a body that does not arrive", () => {
  it.live("is waited for as long as the limit, and the connection is closed", () => {
    const { layer, lines } = observe()
    return Effect.gen(function*() {
      for (const carrier of carriers) {
        const { body, headers, target } = yield* sign(carrier, carrier.sms("SM1"))
        const announced = { host: "x", ...headers, "content-length": String(Buffer.byteLength(body)) }
        for (const part of ["", body.slice(0, -1)]) {
          const answer = parseAnswer(yield* exchange(head("POST", target, announced), part))
          assertProblem(answer, 408, "The body did not arrive within 50ms")
          assert.strictEqual(answer.headers["connection"], "close")
        }
      }
      assert.deepStrictEqual(
        lines.map(({ annotations, message }) => [annotations["provider"], message]),
        carriers.flatMap(({ name }) => {
          const line = [name, "Webhook refused: The body did not arrive within 50ms"]
          return [line, line]
        })
      )
    }).pipe(Effect.provide(Layer.provideMerge(layerServer({ bodyTimeout: "50 millis" }), layer)))
  })

  it.live("in chunks is waited for no longer, however often one comes", () =>
    Effect.gen(function*() {
      const sinch = carriers[1]!
      const { headers, target } = yield* sign(sinch, sinch.sms("SM1"))
      const to = yield* port
      const answer = yield* Effect.promise(async () => {
        const socket = connect(to, "127.0.0.1")
        socket.on("error", () => undefined)
        socket.write(head("POST", target, { host: "x", ...headers, "transfer-encoding": "chunked" }))
        const drip = setInterval(() => socket.write("1\r\n \r\n"), 5)
        let received = ""
        socket.on("data", (data) => received += data.toString())
        await once(socket, "close")
        clearInterval(drip)
        return received
      })
      assertProblem(parseAnswer(answer), 408, "The body did not arrive within 100ms")
    }).pipe(Effect.provide(layerServer({ bodyTimeout: "100 millis" }))))

  it.live("of a message to send is waited for no longer either", () =>
    Effect.gen(function*() {
      const headers = {
        host: "x",
        authorization: `Bearer ${secrets.admin}`,
        "content-type": "application/json",
        "content-length": "100"
      }
      const answer = parseAnswer(yield* exchange(head("POST", "/messages", headers), "{"))
      assertProblem(answer, 408, "The body did not arrive within 50ms")
    }).pipe(
      Effect.provide(
        MessagesServer.serve({ adminToken: Redacted.make(secrets.admin), bodyTimeout: "50 millis" }, quiet).pipe(
          Layer.provide([RoomKit.layer(), SmsRouter.layer(), layerTracker]),
          Layer.provide(layerProviders),
          Layer.provide(NodeCrypto.layer),
          Layer.provideMerge(layerNode)
        )
      )
    ))

  it.live("keeps no other caller waiting", () =>
    Effect.gen(function*() {
      const telnyx = carriers[2]!
      const { headers, target } = yield* sign(telnyx, telnyx.sms("SM1"))
      const stalled = exchange(head("POST", target, { host: "x", ...headers, "content-length": "100" }))
      const genuine = Effect.flatMap(sign(telnyx, telnyx.sms("SM2")), request)
      const [answers, { status }] = yield* Effect.all(
        [Effect.all(Array.from({ length: 100 }, () => stalled), { concurrency: "unbounded" }), genuine],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(status, 200)
      for (const answer of answers) assert.strictEqual(parseAnswer(answer).status, 408)
    }).pipe(Effect.provide(layerServer({ bodyTimeout: "500 millis" }))))
})

describe("handling that does not end", () => {
  /** A kit whose store of parts never answers. */
  const layerStuck = Layer.effect(
    RoomKit.RoomKit,
    Effect.map(RoomKit.make(), (kit) => RoomKit.RoomKit.of({ ...kit, processEvents: () => Effect.never }))
  ).pipe(Layer.provide(NodeCrypto.layer))

  it.live("is answered with 503 after its limit, so that the carrier repeats the webhook", () => {
    const { layer, lines } = observe()
    return Effect.gen(function*() {
      const voicemeup = carriers[3]!
      const wire = yield* sign(voicemeup, voicemeup.mms("SM1"))
      assertProblem(yield* request(wire), 503)
      assert.deepStrictEqual(
        lines.filter(({ level }) => level === "Error").map((
          { annotations, message }
        ) => [annotations["provider"], message]),
        [["voicemeup", "Webhook handling timed out"]]
      )
      // What is only processed slowly is acknowledged long before.
      const sinch = carriers[1]!
      assert.strictEqual((yield* request(yield* sign(sinch, sinch.sms("SM2")))).status, 200)
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          layerServer(
            { acknowledgeAfter: "10 millis", handlingTimeout: "100 millis", shutdownTimeout: 0 },
            layerStuck
          ),
          layer
        )
      )
    )
  })
})

describe("Node's server", () => {
  const layerNode = (
    options: Partial<NodeServer.Options>,
    kit: Layer.Layer<RoomKit.RoomKit> = Layer.provide(RoomKit.layer(), NodeCrypto.layer)
  ) =>
    WebhookServer.serve({ publicUrl }, quiet).pipe(
      Layer.provide(kit),
      Layer.provide(layerProviders),
      Layer.provideMerge(NodeCrypto.layer),
      Layer.provideMerge(NodeServer.layer({ host: "127.0.0.1", port: 0, ...options }))
    )

  it.live("closes a connection whose headers do not arrive in time", () =>
    Effect.gen(function*() {
      for (const beginning of ["", "GET /health/live HTTP/1.1\r\nhost: x\r\n"]) {
        const answer = yield* exchange(beginning)
        assert.match(answer, /^(?:HTTP\/1\.1 408 |$)/)
      }
    }).pipe(Effect.provide(layerNode({ headersTimeout: "100 millis" }))))

  it.live("closes a connection whose request does not arrive in time, whatever the routes do", () =>
    Effect.gen(function*() {
      const sinch = carriers[1]!
      const { headers, target } = yield* sign(sinch, sinch.sms("SM1"))
      const answer = yield* exchange(head("POST", target, { host: "x", ...headers, "content-length": "100" }))
      assert.match(answer, /^HTTP\/1\.1 408 /)
    }).pipe(Effect.provide(layerNode({ headersTimeout: "50 millis", requestTimeout: "100 millis" }))))

  it.live("closes one connection above the limit at once, and serves those before", () =>
    Effect.gen(function*() {
      const to = yield* port
      const open = () =>
        Effect.acquireRelease(
          Effect.promise(async () => {
            const socket = connect(to, "127.0.0.1")
            socket.on("error", () => undefined)
            await once(socket, "connect")
            return socket
          }),
          (socket) => Effect.sync(() => socket.destroy())
        )
      const first = yield* open()
      yield* open()
      const third = yield* open()
      if (!third.closed) yield* Effect.promise(() => once(third, "close"))
      const answered = once(first, "data")
      first.write("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
      assert.match(String(yield* Effect.promise(() => answered)), /^HTTP\/1\.1 200 /)
    }).pipe(Effect.scoped, Effect.provide(layerNode({ maxConnections: 2 }))))

  const chunked = (body: string, size: number) => {
    const pieces = body.match(new RegExp(`.{1,${size}}`, "gs")) ?? []
    return [...pieces, ""].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("")
  }

  it.live("refuses a body in pieces of a few bytes, whichever route it is for, and takes it in larger ones", () =>
    Effect.gen(function*() {
      const twilio = carriers[0]!
      const { body, headers, target } = yield* sign(twilio, twilio.sms("SM1"))
      const encoded = { host: "x", ...headers, "transfer-encoding": "chunked", connection: "close" }
      const whole = parseAnswer(yield* exchange(head("POST", target, encoded), chunked(body, 64)))
      assert.strictEqual(whole.status, 200)
      const answer = parseAnswer(yield* exchange(head("POST", target, encoded), chunked(body, 1)))
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(answer.headers["connection"], "close")
      // What no route reads is not read to its end either.
      const { connection: _, ...kept } = encoded
      const endless = chunked("x".repeat(1000), 1).slice(0, -5)
      assert.strictEqual(parseAnswer(yield* exchange(head("POST", "/nope", kept), endless)).status, 404)
    }).pipe(Effect.provide(layerNode({}))))

  it.live("closes the connection of a caller that does not read its answers", () =>
    Effect.gen(function*() {
      const to = yield* port
      const socket = connect({ port: to, host: "127.0.0.1" }).pause()
      socket.on("error", () => undefined)
      const closed = new Promise((resolve) => socket.once("close", resolve))
      const ask = () => socket.write("GET /docs HTTP/1.1\r\nhost: x\r\n\r\n")
      // More than the buffers of the connection hold. It notices the end when it writes.
      for (let i = 0; i < 2000; i++) ask()
      const asking = setInterval(ask, 10)
      yield* Effect.promise(() => closed)
      clearInterval(asking)
    }).pipe(Effect.provide(layerNode({ writeTimeout: "100 millis" }))))

  it.live("closes a connection once the request that ran when it shut down is answered", () =>
    Effect.gen(function*() {
      const running = yield* Deferred.make<void>()
      const answer = yield* Deferred.make<void>()
      const kit = Layer.effect(
        RoomKit.RoomKit,
        Effect.map(RoomKit.make(), (kit) =>
          RoomKit.RoomKit.of({
            ...kit,
            processEvents: () =>
              Effect.as(Effect.andThen(Deferred.succeed(running, undefined), Deferred.await(answer)), [])
          }))
      ).pipe(Layer.provide(NodeCrypto.layer))
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layerNode({ gracefulShutdownTimeout: "1 minute" }, kit), scope)
      const sinch = carriers[1]!
      const { body, headers, target } = yield* Effect.provideContext(sign(sinch, sinch.sms("SM1")), context)
      const socket = connect(yield* Effect.provideContext(port, context), "127.0.0.1")
      socket.write(head("POST", target, { host: "x", ...headers, "content-length": String(Buffer.byteLength(body)) }))
      socket.write(body)
      yield* Deferred.await(running)
      const end = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* Deferred.succeed(answer, undefined)
      // Node itself closes it 5 seconds after the answer.
      yield* Effect.timeout(Fiber.join(end), "4 seconds")
      socket.destroy()
    }))
})
