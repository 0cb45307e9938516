import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Log from "../../src/events/EventLog.ts"
import { type Entry, EventLog } from "../../src/events/EventLog.ts"
import { Draining, MessagesClient } from "../../src/http/index.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { message } from "../rooms/kit.ts"
import { secrets } from "./carriers.ts"
import { authorized, get, layerGateway } from "./gateway.ts"
import { assertProblem, port } from "./server.ts"

const gateway = (draining: Effect.Effect<void> = Effect.never) =>
  Layer.mergeAll(
    layerGateway().pipe(
      Layer.provide(Layer.succeed(Draining.Draining, draining)),
      Layer.provideMerge(Layer.provide(Log.layerMemory(), NodeCrypto.layer))
    ),
    NodeHttpClient.layerUndici
  )

const ann = "+15145550142"
const bob = "+15145550143"

const say = (text: string, sender = ann) => RoomKit.use((kit) => kit.processInbound(message(text, { sender })))

const textOf = ({ event }: Entry) =>
  event._tag === "MessageReceived" && event.message.content._tag === "TextContent" ? event.message.content.text : ""

const open = Effect.fnUntraced(function*(target: string, headers: Readonly<Record<string, string>> = {}) {
  const url = `http://127.0.0.1:${yield* port}${target}`
  return yield* HttpClient.execute(HttpClientRequest.get(url, { headers: { ...authorized, ...headers } }))
})

/** The first events of the stream, without the heartbeats unless these are wanted. */
const first = (count: number, target: string, headers: Readonly<Record<string, string>> = {}, withHeartbeats = false) =>
  Effect.flatMap(open(target, headers), ({ stream }) =>
    stream.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => line !== ""),
      Stream.map((line) => line.replace(/^(data|event|id): ?/, "")),
      Stream.grouped(3),
      Stream.map(([id, event, data]) => ({ id: Number(id), event, data })),
      Stream.filter(({ event }) => withHeartbeats || event !== "heartbeat"),
      Stream.take(count),
      Stream.runCollect
    ))

const client = Effect.gen(function*() {
  const baseUrl = `http://127.0.0.1:${yield* port}`
  return yield* MessagesClient.make({ baseUrl, token: Redacted.make(secrets.admin) })
})

/** Lets the clock run while something waits for it and for the network. */
const whileTimePasses = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    effect,
    Effect.forever(
      Effect.andThen(
        TestClock.adjust("1 second"),
        Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      )
    )
  )

describe("GET /events", () => {
  it.effect("continues after the last event, from the header or the query, without a gap or a repetition", () =>
    Effect.gen(function*() {
      for (const text of ["1", "2", "3", "4"]) yield* say(text)
      const all = yield* first(4, "/events?after=0")
      assert.deepStrictEqual(all.map(({ event }) => event), Array.from({ length: 4 }, () => "MessageReceived"))
      const { id } = all[1]!
      assert.deepStrictEqual(yield* first(2, `/events?after=${id}`), all.slice(2))
      // The header is of the client that reconnects, and the query of its first connection.
      assert.deepStrictEqual(yield* first(2, "/events?after=0", { "last-event-id": String(id) }), all.slice(2))
      const [entry] = (yield* EventLog.use((log) => log.read({ after: 0, limit: 1 }))).entries
      const data = JSON.parse(all[0]!.data!)
      assert.deepInclude(data, { position: entry!.position, id: entry!.id, kind: "MessageReceived", address: ann })
      assert.strictEqual(data.event.message.content.text, "1")
    }).pipe(Effect.provide(gateway())))

  it.effect("begins now without a position, and says where that is", () =>
    Effect.gen(function*() {
      yield* say("before")
      const head = yield* EventLog.use((log) => log.head)
      const [beat] = yield* first(1, "/events", {}, true)
      assert.deepStrictEqual(beat, { id: head, event: "heartbeat", data: "" })
      const empty = yield* first(1, "/events?after=", { "last-event-id": "" }, true)
      assert.deepStrictEqual(empty, [beat])
      const { headers, status } = yield* open("/events")
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/event-stream")
      assert.strictEqual(headers["cache-control"], "no-store")
      assert.strictEqual(headers["x-content-type-options"], "nosniff")
      assert.strictEqual(headers["x-accel-buffering"], "no")
    }).pipe(Effect.provide(gateway())))

  it.effect("filters by room, kind and number, and beats with the position up to which nothing fits", () =>
    Effect.gen(function*() {
      yield* say("of ann")
      yield* say("of bob", bob)
      const rooms = yield* RoomKit.use((kit) => kit.rooms)
      assert.lengthOf(rooms, 2)
      const texts = (query: string) =>
        Effect.map(
          first(1, `/events?after=0&${query}`),
          (sent) => sent.map(({ data }) => JSON.parse(data!).event.message.content.text)
        )
      for (const number of ["%2B15145550143", "+15145550143", "15145550143", "+1%20514%20555-0143"]) {
        assert.deepStrictEqual(yield* texts(`number=${number}`), ["of bob"], number)
      }
      assert.deepStrictEqual(yield* texts(`room=${rooms[1]!.id}`), ["of ann"])
      assert.deepStrictEqual(yield* texts(`kind=MessageReceived&kind=DeliveryChanged&room=${rooms[0]!.id}`), ["of bob"])
      const head = yield* EventLog.use((log) => log.head)
      const beats = yield* whileTimePasses(first(2, "/events?after=0&kind=SendSettled", {}, true))
      assert.deepStrictEqual(beats.map(({ event, id }) => [event, id]), [["heartbeat", 0], ["heartbeat", head]])
    }).pipe(Effect.provide(gateway())))

  it.effect("refuses a position that is none, an unknown kind, and callers without a token", () =>
    Effect.gen(function*() {
      for (
        const query of [
          "after=-1",
          "after=1.5",
          "after=x",
          "after=0x1",
          "after=1e3",
          "after=%201",
          "kind=Nothing",
          "room=",
          "number="
        ]
      ) {
        assert.strictEqual((yield* get(`/events?${query}`)).status, 400, query)
      }
      assert.strictEqual((yield* get("/events", { ...authorized, "last-event-id": "x" })).status, 400)
      assertProblem(yield* get("/events", {}), 401)
    }).pipe(Effect.provide(gateway())))

  it.effect("is not in the durations of requests, because it lasts as long as its reader wants", () =>
    Effect.gen(function*() {
      yield* first(1, "/events", {}, true)
      yield* get("/events?after=x")
      yield* get("/rooms")
      const { body } = yield* get("/metrics")
      assert.include(body, `sms_http_request_seconds_count{method="GET",route="/rooms"`)
      assert.notInclude(body, `route="/events"`)
    }).pipe(Effect.provide(gateway())))

  it.effect("is not found on a server without a log", () =>
    Effect.gen(function*() {
      assertProblem(yield* get("/events"), 404, "The server keeps no event log")
    }).pipe(Effect.provide(layerGateway())))

  it.effect("ends when the server shuts down", () =>
    Effect.gen(function*() {
      const draining = Deferred.makeUnsafe<void>()
      yield* Effect.gen(function*() {
        yield* say("1")
        const { stream } = yield* open("/events?after=0")
        const reading = yield* Effect.forkChild(Stream.runCollect(Stream.decodeText(stream)))
        yield* Deferred.succeed(draining, undefined)
        assert.include((yield* Fiber.join(reading)).join(""), "heartbeat")
      }).pipe(Effect.provide(gateway(Deferred.await(draining))))
    }))
})

describe("MessagesClient.follow", () => {
  it.effect("goes on where it was whenever the connection ends", () =>
    Effect.gen(function*() {
      const { follow } = yield* client
      yield* say("0")
      const following = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(follow({ after: 0, kinds: ["MessageReceived"] }), 20))
      )
      const speaking = Effect.forEach(
        Array.from({ length: 19 }, (_, index) => `${index + 1}`),
        (text) => Effect.andThen(Effect.sleep("700 millis"), say(text)),
        { discard: true }
      )
      const [entries] = yield* whileTimePasses(
        Effect.all([Fiber.join(following), speaking], { concurrency: "unbounded" })
      )
      assert.deepStrictEqual(entries.map(textOf), Array.from({ length: 20 }, (_, index) => `${index}`))
      assert.strictEqual(entries[0]!.address, Address.make(ann))
      // Every connection lasts two seconds.
    }).pipe(Effect.provide(gateway(Effect.sleep("2 seconds")))))

  it.effect("fails when the server refuses", () =>
    Effect.gen(function*() {
      const baseUrl = `http://127.0.0.1:${yield* port}`
      const { follow } = yield* MessagesClient.make({ baseUrl, token: Redacted.make("wrong") })
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(follow())))._tag, "Unauthorized")
    }).pipe(Effect.provide(gateway())))
})
