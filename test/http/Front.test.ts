/** Which webhooks are answered in front of the router, and that the others get the same answers from it. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { once } from "node:events"
import { connect } from "node:net"
import { WebhookServer } from "../../src/http/index.ts"
import {
  type Fronted,
  type FrontedRequest,
  type FrontedResponse,
  NodeFronted
} from "../../src/http/internal/nodeFronted.ts"
import * as WebhookFront from "../../src/http/internal/webhookFront.ts"
import * as Verification from "../../src/http/internal/webhookVerification.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { observe } from "../observe.ts"
import { type Carrier, carriers, layerProviders } from "./carriers.ts"
import { events, exchange, head, layerNode, parseAnswer, port, publicUrl, request } from "./server.ts"

const pathOf = ({ name }: Carrier) => `/webhooks/sms/${name}/inbound`
const sign = (carrier: Carrier, id: string) =>
  carrier.sign({ base: publicUrl, path: pathOf(carrier), body: carrier.sms(id) })

const layerKit = Layer.provide(RoomKit.layer(), NodeCrypto.layer)

interface Options extends WebhookServer.ServeOptions {
  readonly kit?: Layer.Layer<RoomKit.RoomKit>
  readonly providers?: typeof layerProviders
}

/** A server that notes which requests its router sees. */
const noting = ({ kit = layerKit, providers = layerProviders, ...options }: Options = {}) => {
  const routed: Array<string> = []
  const layerNoting = HttpRouter.middleware(
    (app) =>
      Effect.tap(
        HttpServerRequest.HttpServerRequest,
        ({ method, url }) => Effect.sync(() => routed.push(`${method} ${url}`))
      ).pipe(Effect.andThen(app)),
    { global: true }
  )
  const routes = Layer.merge(WebhookServer.layer({ publicUrl }), layerNoting)
  const layer = WebhookServer.serveRoutes(routes, { disableListenLog: true, ...options }).pipe(
    Layer.provideMerge(kit),
    Layer.provide(providers),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )
  return { layer, routed }
}

type Processing = ReturnType<RoomKit.Service["processEvents"]>

/** A kit in which something happens around the processing of each webhook. */
const kitAround = (around: (processing: Processing) => Processing) =>
  Layer.effect(
    RoomKit.RoomKit,
    Effect.map(RoomKit.make(), (kit) =>
      RoomKit.RoomKit.of({ ...kit, processEvents: (...parameters) => around(kit.processEvents(...parameters)) }))
  ).pipe(Layer.provide(NodeCrypto.layer))

/** Writes the chunks one after the other on one connection, and returns what came until that closed. */
const inTurn = Effect.fnUntraced(function*(...chunks: ReadonlyArray<string>) {
  const to = yield* port
  return yield* Effect.promise(async () => {
    const socket = connect({ port: to, host: "127.0.0.1", noDelay: true })
    socket.on("error", () => undefined)
    let received = ""
    socket.on("data", (data) => received += data.toString())
    await once(socket, "connect")
    for (const chunk of chunks) {
      await new Promise((resolve) => socket.write(chunk, resolve))
      // The server has read it by then: both share one event loop.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
    }
    if (!socket.closed) await once(socket, "close")
    return received
  })
})

const whole = ({ body, headers, method, target }: Effect.Success<ReturnType<typeof sign>>, connection = "close") =>
  head(method, target, { host: "x", connection, "content-length": String(Buffer.byteLength(body)), ...headers }) + body

describe("the front", () => {
  it.effect("answers the webhooks that come whole, also those it refuses", () => {
    const { layer, routed } = noting({ disableLogger: true })
    return Effect.gen(function*() {
      for (const carrier of carriers) {
        const wire = yield* sign(carrier, "SM1")
        assert.strictEqual((yield* request(wire)).status, 200)
        const forged = { ...wire, headers: {}, target: pathOf(carrier) }
        assert.isAtLeast((yield* request(forged)).status, 400)
      }
      assert.deepStrictEqual(routed, [])
      assert.strictEqual((yield* events).length, carriers.length)
    }).pipe(Effect.provide(layer))
  })

  it.effect("leaves other methods, paths, bodies and encodings to the router", () => {
    const { layer, routed } = noting({ disableLogger: true })
    return Effect.gen(function*() {
      const sinch = carriers[1]!
      const { body, headers, target } = yield* sign(sinch, "SM1")
      const others = [
        { method: "GET", target, headers, body: "" },
        { method: "POST", target: `/${target}`, headers, body },
        { method: "POST", target: "/webhooks/sms/nobody/inbound", headers, body },
        { method: "POST", target, headers: { ...headers, "content-encoding": "gzip" }, body },
        { method: "POST", target, headers: { ...headers, "content-length": "0" }, body: "" },
        { method: "POST", target, headers, body: "x".repeat(65_537) }
      ]
      const statuses = (yield* Effect.forEach(others, (other) => request(other))).map(({ status }) => status)
      assert.deepStrictEqual(statuses, [405, 200, 404, 415, 403, 413])
      assert.strictEqual(routed.length, others.length)
    }).pipe(Effect.provide(layer))
  })

  it.live("leaves a body that comes later than its headers to the router, wherever it is cut", () => {
    const { layer, routed } = noting({ disableLogger: true })
    return Effect.gen(function*() {
      for (const [index, carrier] of carriers.entries()) {
        const wire = yield* sign(carrier, "SM1")
        const bytes = whole(wire)
        const start = bytes.length - wire.body.length
        for (const cut of [start, start + 1, bytes.length - 1]) {
          const answer = parseAnswer(yield* inTurn(bytes.slice(0, cut), bytes.slice(cut)))
          assert.strictEqual(answer.status, 200)
        }
        assert.strictEqual(routed.length, 3 * (index + 1))
      }
      // Each is a repetition of the first.
      assert.strictEqual((yield* events).length, carriers.length)
    }).pipe(Effect.provide(layer))
  })

  it.live("answers one webhook after the other on a connection, in their order", () => {
    const { layer, routed } = noting({ disableLogger: true })
    return Effect.gen(function*() {
      const wires = yield* Effect.forEach(["SM1", "SM2", "SM3"], (id) => sign(carriers[0]!, id))
      const [first, second, third] = wires.map((wire, index) => whole(wire, index === 2 ? "close" : "keep-alive"))
      const answers = yield* inTurn(`${first}${second}GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n${third}`)
      assert.deepStrictEqual(
        [...answers.matchAll(/HTTP\/1\.1 (\d+) .*?\r\ncontent-type: ([\w/]+)/gis)].map((
          [, status, type]
        ) => [status, type]),
        [["200", "text/xml"], ["200", "text/xml"], ["200", "application/json"], ["200", "text/xml"]]
      )
      assert.deepStrictEqual(routed, ["GET /health/live"])
      assert.strictEqual((yield* events).length, 3)
    }).pipe(Effect.provide(layer))
  })

  it.live("answers a webhook before what is not HTTP behind it, however much of that comes", () => {
    const warnings: Array<Error> = []
    const note = (warning: Error) => warnings.push(warning)
    const noise = Array.from({ length: 12 }, () => "no request\r\n\r\n")
    const kit = kitAround((processing) =>
      Effect.andThen(
        Effect.promise(async () => {
          for (let turn = 0; turn < 6 * noise.length; turn++) await new Promise(setImmediate)
        }),
        processing
      )
    )
    const { layer } = noting({ kit, disableLogger: true })
    return Effect.gen(function*() {
      process.on("warning", note)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", note)))
      const received = yield* inTurn(whole(yield* sign(carriers[0]!, "SM1"), "keep-alive"), ...noise)
      assert.deepStrictEqual([...received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status), ["200", "400"])
      assert.deepStrictEqual(warnings, [])
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  // By a clock that stands still: the first of a process may take long.
  it.effect("handles the webhooks of several connections before it answers any of them", () => {
    const responses: Array<FrontedResponse> = []
    const answered: Array<number> = []
    const countAnswered = () => answered.push(responses.filter(({ writableEnded }) => writableEnded).length)
    const kit = kitAround((processing) => Effect.tap(processing, () => Effect.sync(countAnswered)))
    const { layer } = noting({ kit, disableLogger: true })
    return Effect.gen(function*() {
      const server = (yield* NodeFronted)!
      const front = server.front!
      server.front = (request, response) => {
        responses.push(response)
        return front(request, response)
      }
      const wires = yield* Effect.forEach(["SM1", "SM2", "SM3"], (id) => sign(carriers[0]!, id))
      const to = yield* port
      yield* Effect.promise(async () => {
        const sockets = wires.map(() => connect({ port: to, host: "127.0.0.1", noDelay: true }))
        await Promise.all(sockets.map((socket) => once(socket, "connect")))
        // The server has accepted them by then.
        for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
        const closed = sockets.map((socket) => once(socket.resume(), "close"))
        for (const [index, socket] of sockets.entries()) socket.write(whole(wires[index]!))
        await Promise.all(closed)
      })
      assert.deepStrictEqual(answered, [0, 0, 0])
    }).pipe(Effect.provide(layer))
  })

  it.live("closes the connection of an answer that HTTP cannot have, and answers the others", () => {
    const providers = Layer.effect(
      SmsProviders.SmsProviders,
      Effect.flatMap(SmsProviders.SmsProviders, ({ all: [first, ...others] }) => {
        const acknowledgement = { ...first!.acknowledgement, contentType: "text/\n" }
        return Effect.orDie(SmsProviders.make([{ ...first!, acknowledgement }, ...others]))
      })
    ).pipe(Layer.provide(layerProviders))
    const { layer } = noting({ providers, disableLogger: true })
    return Effect.gen(function*() {
      const [faulty, sound] = [yield* sign(carriers[0]!, "SM1"), yield* sign(carriers[1]!, "SM2")]
      const [broken, answer] = yield* Effect.all([exchange(whole(faulty)), exchange(whole(sound))], {
        concurrency: 2
      })
      assert.strictEqual(broken, "")
      assert.strictEqual(parseAnswer(answer).status, 200)
    }).pipe(Effect.provide(layer))
  })

  it.live("logs a client that has gone, and processes its webhook to the end", () => {
    const { layer: layerLog, lines } = observe()
    const running = Deferred.makeUnsafe<void>()
    const answer = Deferred.makeUnsafe<void>()
    const processed = Deferred.makeUnsafe<void>()
    const kit = kitAround((processing) =>
      Deferred.succeed(running, undefined).pipe(
        Effect.andThen(Deferred.await(answer)),
        Effect.andThen(processing),
        Effect.tap(Deferred.succeed(processed, undefined))
      )
    )
    const { layer } = noting({ kit })
    return Effect.gen(function*() {
      const bytes = whole(yield* sign(carriers[1]!, "SM1"), "keep-alive")
      const socket = connect(yield* port, "127.0.0.1")
      socket.write(bytes)
      yield* Deferred.await(running)
      const logged = yield* Effect.forkChild(
        Effect.promise(async () => {
          while (lines.length === 0) await new Promise(setImmediate)
        }),
        { startImmediately: true }
      )
      socket.destroy()
      yield* Fiber.join(logged)
      assert.deepStrictEqual(
        lines.map(({ annotations }) => annotations["http.status"]),
        [499]
      )
      yield* Deferred.succeed(answer, undefined)
      yield* Deferred.await(processed)
      assert.strictEqual((yield* events).length, 1)
    }).pipe(Effect.provide(Layer.provideMerge(layer, layerLog)))
  })

  it.effect("answers what waits for the end of a turn before it leaves the server", () => {
    const statuses: Array<number> = []
    const server: Fronted = { listening: true, front: undefined, afterReading: () => undefined, serve: () => undefined }
    const received: FrontedRequest = {
      method: "POST",
      url: pathOf(carriers[0]!),
      headers: { "content-length": "1" },
      hold: (_, onComplete) => onComplete(new Uint8Array(1))
    }
    const response: FrontedResponse = {
      destroyed: false,
      writableEnded: false,
      destroy: () => undefined,
      answer: (status) => statuses.push(status),
      once: () => undefined
    }
    const installed = Effect.gen(function*() {
      const providers = yield* SmsProviders.SmsProviders
      const front: WebhookFront.Front = {
        handlers: {
          providers,
          verification: Verification.make({ publicUrl }),
          isForwarded: () => false,
          handle: ({ provider }) => Effect.succeed(provider.acknowledgement)
        }
      }
      yield* WebhookFront.install({ server, front, idOf: () => "1", isLeaving: () => false, isSilent: true })
      assert.isTrue(server.front!(received, response))
      assert.deepStrictEqual(statuses, [])
    })
    return Effect.gen(function*() {
      yield* Effect.scoped(installed)
      assert.isUndefined(server.front)
      assert.deepStrictEqual(statuses, [200])
    }).pipe(Effect.provide(Layer.provideMerge(layerProviders, NodeCrypto.layer)))
  })
})
