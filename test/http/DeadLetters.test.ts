/** Dead letters of the inbox and of forwarding, in one list. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, DateTime, Effect, Layer, Redacted, Stream } from "effect"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import * as Endpoint from "../../src/forward/Endpoint.ts"
import * as Forwarder from "../../src/forward/Forwarder.ts"
import { Forward, ForwardStore } from "../../src/forward/ForwardStore.ts"
import { MessagesServer, OperationsClient } from "../../src/http/index.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { GuardedClient } from "../../src/media/GuardedClient.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { message } from "../suites/InboxSuite.ts"
import { secrets } from "./carriers.ts"
import { authorized } from "./gateway.ts"
import { layerNode, quiet, request } from "./server.ts"
import { receive } from "./storedGateway.ts"

const url = "https://app.example.com/sms"

/** An application that takes nothing until it is told to. */
const makeApp = () => {
  const ids: Array<string> = []
  let status = 500
  const layer = Layer.succeed(GuardedClient, {
    send: ({ headers }) =>
      Effect.sync(() => {
        ids.push(headers["webhook-id"]!)
        return { status, header: () => [], stream: Stream.empty }
      })
  })
  return { ids, layer, takes: Effect.sync(() => void (status = 204)) }
}

const layerOf = (client: Layer.Layer<GuardedClient>) => {
  const endpoint = Endpoint.make(new URL(url), [Redacted.make(`whsec_${Buffer.alloc(32, 7).toString("base64")}`)])
  const mock = MockSmsProvider.layer()
  return MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    Layer.provideMerge(Layer.provide(Forwarder.layer({ endpoints: [endpoint], waits: [] }), client)),
    Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
    Layer.provideMerge([Outbox.layer(), SmsProviders.layer(mock), DeliveryTracker.layer()]),
    Layer.provideMerge([
      mock,
      SqlStorage.layer().pipe(Layer.provide(NodeSqliteClient.layer({ filename: ":memory:" })))
    ]),
    Layer.provideMerge([NodeCrypto.layer, layerNode])
  )
}

const operations = OperationsClient.make({ baseUrl: "", token: Redacted.make(secrets.admin) })

/** Makes a dead letter of the inbox. */
const bury = Effect.fnUntraced(function*(key: string, sender?: string) {
  const inbox = yield* Inbox
  yield* inbox.accept([message(key, sender)])
  const [claim] = yield* inbox.claim({ limit: 1 })
  yield* inbox.bury(claim!, (yield* inbox.head(claim!))!, "Poison")
  yield* inbox.release(claim!)
})

/** Waits until forwarding has made so many dead letters. */
const untilDead = (count: number) =>
  Effect.flatMap(
    ForwardStore,
    ({ queue }) => Effect.repeat(queue.backlog(), { until: ({ dead, pending }) => dead === count && pending === 0 })
  )

/** The list is by time, in milliseconds. */
const nextMillisecond = Effect.flatMap(
  Clock.currentTimeMillis,
  (before) => Effect.repeat(Clock.currentTimeMillis, { until: (now) => now > before })
)

/** A received message, which the application does not take. */
const lose = Effect.fnUntraced(function*(text: string, count: number) {
  yield* receive(text, "+15145550142")
  yield* untilDead(count)
})

describe("GET /dead-letters", () => {
  it.live("lists those of the inbox and of forwarding by time, in pages that inserts do not disturb", () => {
    const { layer } = makeApp()
    return Effect.gen(function*() {
      const client = yield* operations
      const expected: Array<string> = []
      for (let index = 0; index < 6; index++) {
        yield* nextMillisecond
        yield* index % 2 === 0 ? bury(`${index}`) : lose(`${index}`, Math.ceil(index / 2))
        expected.unshift(index % 2 === 0 ? "inbox" : "forward")
      }
      const all: Array<{ readonly id: string; readonly kind: string }> = []
      for (let cursor: string | undefined, page = 0;; page++) {
        const { items, next } = yield* client.deadLetters({
          query: { limit: 2, ...(cursor !== undefined && { cursor }) }
        })
        assert.isAtMost(items.length, 2)
        all.push(...items)
        if (next === undefined) break
        cursor = next
        yield* Effect.andThen(bury(`new ${page}`), lose(`new ${page}`, 4 + page))
      }
      assert.deepStrictEqual(all.map(({ kind }) => kind), expected)
      assert.strictEqual(new Set(all.map(({ id }) => id)).size, 6)
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.live("finds them by kind, event, endpoint, number, provider and time", () => {
    const { layer } = makeApp()
    return Effect.gen(function*() {
      const client = yield* operations
      yield* bury("1", "+15145550143")
      yield* lose("2", 1)
      const find = (query: NonNullable<Parameters<typeof client.deadLetters>[0]["query"]>) =>
        Effect.map(client.deadLetters({ query }), ({ items }) => items.map(({ event }) => event))
      const both = ["MessageReceived", "InboundMessage"]
      assert.deepStrictEqual(yield* find({}), both)
      assert.deepStrictEqual(yield* find({ kind: "inbox" }), ["InboundMessage"])
      assert.deepStrictEqual(yield* find({ kind: "forward" }), ["MessageReceived"])
      assert.deepStrictEqual(yield* find({ event: "InboundMessage" }), ["InboundMessage"])
      assert.deepStrictEqual(yield* find({ event: "MessageReceived" }), ["MessageReceived"])
      assert.deepStrictEqual(yield* find({ event: "DeliveryChanged" }), [])
      assert.deepStrictEqual(yield* find({ endpoint: url }), ["MessageReceived"])
      assert.deepStrictEqual(yield* find({ endpoint: "https://app.example.com/" }), [])
      assert.deepStrictEqual(yield* find({ provider: "mock" }), ["InboundMessage"])
      const target = (query: string) =>
        Effect.map(
          request({ method: "GET", target: `/dead-letters?${query}`, headers: authorized, body: "" }),
          ({ body }) => (JSON.parse(body) as { readonly items: ReadonlyArray<{ readonly event: string }> }).items.length
        )
      assert.strictEqual(yield* target("number=15145550143"), 1)
      assert.strictEqual(yield* target("number=15145550142"), 0)
      assert.strictEqual(yield* target("since=1970-01-01T00:00:00Z"), 2)
      assert.strictEqual(yield* target("until=1970-01-01T00:00:00Z"), 0)
      const { items: [lost] } = yield* client.deadLetters({ query: { kind: "forward" } })
      const { endpoint, eventId, failures, lastError } = lost!
      assert.deepStrictEqual([endpoint, failures, lastError], [url, 1, "Status500"])
      assert.isString(eventId)
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.live("has ids by which either kind is replayed", () => {
    const { ids, layer, takes } = makeApp()
    return Effect.gen(function*() {
      const client = yield* operations
      yield* bury("1")
      yield* lose("2", 1)
      const { items: [forward, inbox] } = yield* client.deadLetters({ query: {} })
      yield* takes
      for (const { id } of [forward!, inbox!]) {
        assert.deepStrictEqual(yield* client.replay({ params: { id } }), { id })
      }
      yield* untilDead(0)
      assert.deepStrictEqual(ids, [forward!.eventId, forward!.eventId])
      assert.deepStrictEqual((yield* client.deadLetters({ query: {} })).items, [])
      assert.strictEqual((yield* Effect.flip(client.replay({ params: { id: "none" } })))._tag, "NotFound")
      // What was taken can be replayed, too.
      const { items: [done] } = yield* client.forwards({ query: { state: "done" } })
      assert.strictEqual(done?.id, forward!.id)
      yield* client.replay({ params: { id: done!.id } })
      yield* Effect.repeat(Effect.sync(() => ids.length), { until: (count) => count === 3 })
      // All of a span of time, which ends now.
      yield* nextMillisecond
      const since = DateTime.makeUnsafe(0)
      assert.deepStrictEqual(yield* client.replayForwards({ payload: { since } }), { replayed: 1 })
    }).pipe(Effect.provide(layerOf(layer)))
  })

  it.live("lists what was for an endpoint that is not configured any more", () => {
    const { layer } = makeApp()
    return Effect.gen(function*() {
      const { queue } = yield* ForwardStore
      yield* queue.accept([
        new Forward({ endpoint: "https://other.example/", eventId: "1", kind: "MessageReceived", sequence: "a" })
      ])
      yield* untilDead(1)
      const { items: [found] } = yield* (yield* operations).deadLetters({ query: {} })
      assert.deepInclude({ ...found }, { endpoint: "https://other.example/", lastError: "NoSuchEndpoint" })
    }).pipe(Effect.provide(layerOf(layer)))
  })
})
