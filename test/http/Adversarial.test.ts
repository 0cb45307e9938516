import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { setImmediate } from "node:timers/promises"
import * as Kit from "../../src/rooms/RoomKit.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { type Carrier, carriers, secrets, type Wire } from "./carriers.ts"
import { assertProblem, events, exchange, head, layerServer, parseAnswer, port, publicUrl, request } from "./server.ts"

const [twilio, sinch, telnyx] = carriers as [Carrier, Carrier, Carrier, Carrier]
const sign = (carrier: Carrier, id: string) =>
  carrier.sign({ base: publicUrl, path: `/webhooks/sms/${carrier.name}/inbound`, body: carrier.sms(id) })

/** The request as text, with these header lines besides. */
const written = ({ body, headers, method, target }: Wire, ...lines: ReadonlyArray<string>) =>
  head(method, target, { host: "x", "content-length": String(Buffer.byteLength(body)), ...headers })
    .replace("\r\n\r\n", `\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`) + body

const statuses = (output: string) => [...output.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

describe("an unusual request", () => {
  it.effect("that follows another on the connection before that was answered is answered too, in order", () =>
    Effect.gen(function*() {
      const first = written(yield* sign(twilio, "SM1"))
      const second = written({ ...(yield* sign(sinch, "SM2")), body: "{}" })
      const third = written(yield* sign(telnyx, "SM3"), "connection: close")
      assert.deepStrictEqual(statuses(yield* exchange(first + second + third)), [200, 403, 200])
      assert.sameMembers((yield* events).map(({ source }) => source.externalId), ["SM1", "SM3"])
    }).pipe(Effect.provide(layerServer())))

  // Those of the second are answered once the rest of the bytes is read.
  const layerLate = Layer.effect(
    RoomKit,
    Effect.map(Kit.make(), (kit) =>
      RoomKit.of({
        ...kit,
        processEvents: (...parameters) =>
          Effect.andThen(Effect.promise(() => setImmediate()), kit.processEvents(...parameters))
      }))
  ).pipe(Layer.provide(NodeCrypto.layer))
  for (const [when, layer] of [["", layerServer()], [" late", layerServer({}, layerLate)]] as const) {
    it.live(`that is not HTTP leaves the answer${when} to the one before it`, () =>
      Effect.gen(function*() {
        const { headers, method, target } = yield* sign(twilio, "SM")
        const endings = {
          "no request\r\n\r\n": 400,
          [`${head(method, target, { host: "x", "transfer-encoding": "chunked", ...headers })}no chunk\r\n`]: 400,
          [`GET / HTTP/1.1\r\nhost: x\r\n${`x: ${"y".repeat(1000)}\r\n`.repeat(20)}\r\n`]: 431
        }
        for (const [index, [ending, status]] of Object.entries(endings).entries()) {
          const wires = [yield* sign(twilio, `SM${index}`), yield* sign(sinch, `SM${index}`)]
          const webhooks = wires.map((wire) => written(wire)).join("")
          assert.deepStrictEqual(statuses(yield* exchange(webhooks + ending)), [200, 200, status], ending.slice(0, 80))
          // What comes behind the last one of a connection is no request at all.
          const last = written(wires[0]!, "connection: close")
          assert.deepStrictEqual(statuses(yield* exchange(last + ending)), [200])
        }
        assert.lengthOf(yield* events, 6)
      }).pipe(Effect.provide(layer)))
  }

  it.effect("in pieces of one byte is the same request", () =>
    Effect.gen(function*() {
      const bytes = new TextEncoder().encode(written(yield* sign(sinch, "SM1"), "connection: close"))
      const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte))
      assert.deepStrictEqual(statuses(yield* exchange(...pieces)), [200])
    }).pipe(Effect.provide(layerServer())))

  it.effect("with a signature twice is refused, whichever is right", () =>
    Effect.gen(function*() {
      for (const carrier of carriers.slice(0, 3)) {
        const wire = yield* sign(carrier, "SM1")
        for (const [name, value] of Object.entries(wire.headers)) {
          if (name === "content-type") continue
          for (const line of [`${name}: ${value}`, `${name}: x`]) {
            if (name === "x-sinch-webhook-signature-algorithm" && line.endsWith("x")) continue
            const answer = parseAnswer(yield* exchange(written(wire, line, "connection: close")))
            assertProblem(answer, 403, "The webhook was refused")
          }
        }
      }
      const wire = yield* sign(carriers[3]!, "SM1")
      assertProblem(
        yield* request({ ...wire, target: `${wire.target}&token=${secrets.voicemeup}` }),
        403,
        "The webhook was refused"
      )
      assert.lengthOf(yield* events, 0)
    }).pipe(Effect.provide(layerServer())))

  it.effect("that two servers could cut in two ways is refused", () =>
    Effect.gen(function*() {
      const wire = yield* sign(sinch, "SM1")
      const lines = ["transfer-encoding: chunked", "content-length: 1", "transfer-encoding: x", "content-length: -1"]
      for (const line of lines) {
        assert.deepStrictEqual(statuses(yield* exchange(written(wire, line, "connection: close"))), [400], line)
      }
      assert.lengthOf(yield* events, 0)
    }).pipe(Effect.provide(layerServer())))

  it.effect("cannot write a header of the answer", () =>
    Effect.gen(function*() {
      const names = ["%0d%0ax-injected:%201", "x%0aset-cookie:a=b", "\u00ff"]
      for (const name of names) {
        const target = `/webhooks/sms/${encodeURI(decodeURI(name)).replaceAll("%25", "%")}/inbound`
        const answer = yield* request({ method: "POST", target, headers: { "x-forwarded-host": "a%0d%0ab" }, body: "" })
        assertProblem(answer, 404, "Unknown provider")
        assert.notProperty(answer.headers, "x-injected")
        assert.notProperty(answer.headers, "set-cookie")
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("for an upgrade of the connection gets a plain answer", () =>
    Effect.gen(function*() {
      const wire = { method: "GET", target: "/health/live", headers: {}, body: "" }
      const lines = [
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
        "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="
      ]
      assert.deepStrictEqual(statuses(yield* exchange(written(wire, ...lines))), [200])
    }).pipe(Effect.provide(layerServer())))

  it.effect("never ends in a defect, whatever the bytes", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<Effect.Services<ReturnType<typeof request>>>()
      const contentTypes = [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "x"
      ]
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.constantFrom(...carriers),
            fc.constantFrom("GET", "POST"),
            fc.webQueryParameters(),
            fc.constantFrom(...contentTypes),
            fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.webQueryParameters()),
            fc.dictionary(
              fc.constantFrom(
                "x-twilio-signature",
                "telnyx-timestamp",
                "telnyx-signature-ed25519",
                "x-sinch-webhook-signature"
              ),
              fc.base64String()
            ),
            async ({ name }, method, query, contentType, body, headers) => {
              const answer = await Effect.runPromise(
                Effect.provideContext(
                  request({
                    method,
                    target: `/webhooks/sms/${name}/inbound?${query}`,
                    headers: { "content-type": contentType, ...headers },
                    body: method === "GET" ? "" : body
                  }),
                  context
                )
              )
              assert.include([400, 403, 405, 415], answer.status)
              assert.strictEqual(answer.headers["content-type"], "application/problem+json")
            }
          ),
          { numRuns: 300 }
        )
      )
      assert.lengthOf(yield* (yield* RoomKit).rooms, 0)
    }).pipe(Effect.provide(layerServer())), 30_000)
})

describe("a flood of forged webhooks", () => {
  it.effect("does not keep genuine ones out", () =>
    Effect.gen(function*() {
      assert.isAbove(yield* port, 0)
      const forged = (index: number) =>
        Effect.gen(function*() {
          const carrier = carriers[index % 3]!
          const wire = yield* sign(carrier, `F${index}`)
          return yield* request({ ...wire, body: wire.body.replace("parcel", "refund") })
        })
      const genuine = (index: number) => Effect.flatMap(sign(carriers[index % 4]!, `G${index}`), request)
      const [refused, taken] = yield* Effect.all([
        Effect.forEach(Array.from({ length: 300 }, (_, index) => index), forged, { concurrency: 50 }),
        Effect.forEach(Array.from({ length: 40 }, (_, index) => index), genuine, { concurrency: 4 })
      ], { concurrency: 2 })
      assert.deepStrictEqual(new Set(refused.map(({ status }) => status)), new Set([403]))
      assert.deepStrictEqual(new Set(taken.map(({ status }) => status)), new Set([200]))
      assert.lengthOf(yield* events, 40)
    }).pipe(Effect.provide(layerServer())), 30_000)
})
