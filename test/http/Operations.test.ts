/** What an operator sees and decides, over HTTP and on a database. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { HttpBody, HttpClient } from "effect/http"
import { Address } from "../../src/Address.ts"
import { MediaContent } from "../../src/Content.ts"
import { DeliveryStore, DeliveryTracker } from "../../src/delivery/index.ts"
import * as MessagesServer from "../../src/http/MessagesServer.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as MediaStore from "../../src/media/MediaStore.ts"
import { SmsProviders } from "../../src/provider/index.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { OutcomeUnknown } from "../../src/SmsError.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import * as MockSmsProvider from "../../src/testing/MockSmsProvider.ts"
import { ann, attachment, event, first, room } from "../suites/RoomStoreSuite.ts"

const quiet = { disableLogger: true, disableListenLog: true }

/** The first message has an unknown outcome. */
const layerMock = MockSmsProvider.layer({
  respond: (_, number) => number === 1 ? Effect.fail(new OutcomeUnknown({ because: "Timeout" })) : Effect.void
})

const layer = (channel: Effect.Effect<void, unknown>) =>
  MessagesServer.serve({ adminToken: Redacted.make("admin") }, quiet).pipe(
    // No second attempt.
    Layer.provide(RoomInbox.layer({ waits: [] })),
    Layer.provide(RoomKit.layerChannel({ id: "web", type: "web", everyRoom: true, deliver: () => channel })),
    Layer.provide([RoomKit.layer(), SmsRouter.layer()]),
    Layer.provide(Outbox.layer()),
    Layer.provide(SmsProviders.layer(layerMock)),
    Layer.provide(Layer.provide(DeliveryTracker.layer(), DeliveryStore.layerStoreMemory())),
    Layer.provideMerge(SqlStorage.layer()),
    Layer.provideMerge(MediaStore.layerMemory({ baseUrl: "https://sms.example.com/media" })),
    Layer.provide(NodeSqliteClient.layer({ filename: ":memory:" })),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )

/** What any answer has, as far as the tests look at it. */
interface Item {
  readonly id: string
  readonly state?: string
  readonly to?: string
  readonly reason?: string
  readonly kind?: string
  readonly event?: string
  readonly provider?: string
  readonly failures?: number
  readonly lastError?: string
  readonly messageIds?: ReadonlyArray<string>
  readonly resolvedBy?: string
  readonly detail?: string
  readonly rooms?: number
  readonly files?: number
  readonly webhooks?: number
  readonly sends?: number
  readonly attachments?: ReadonlyArray<{ readonly participant?: string }>
}

const call = Effect.fnUntraced(function*(method: "GET" | "POST" | "DELETE", path: string, body?: object) {
  const client = yield* HttpClient.HttpClient
  const response = yield* client[method === "GET" ? "get" : method === "POST" ? "post" : "del"](path, {
    headers: { authorization: "Bearer admin" },
    ...(body !== undefined && { body: HttpBody.jsonUnsafe(body) })
  })
  const json = yield* response.json
  return {
    status: response.status,
    body: json as unknown as Item,
    list: (Array.isArray(json) ? json : (json as { readonly items?: unknown } | null)?.items ?? []) as ReadonlyArray<
      Item
    >
  }
})

const receive = (id: string) =>
  call("POST", "/webhooks/sms/mock/inbound", { id, from: "+15145550142", to: "+15145550100", text: "hello" })

/** Asks until the answer fits: what was acknowledged is processed soon. */
const until = <A, E, R>(ask: Effect.Effect<A, E, R>, fits: (answer: A) => boolean) =>
  Effect.repeat(ask, { until: fits })

describe("operations", () => {
  it.live("list sends of unknown outcome, resend one once, and give another up", () =>
    Effect.gen(function*() {
      const sent = yield* call("POST", "/messages", { to: "+15145550142", text: "hello" })
      assert.strictEqual(sent.status, 504)
      const unknown = yield* call("GET", "/intents?state=unknown")
      assert.deepStrictEqual(
        unknown.list.map(({ reason, state, to }) => [state, to, reason]),
        [["unknown", "+15145550142", "OutcomeUnknown"]]
      )
      const { id } = unknown.list[0]!
      for (let times = 0; times < 2; times++) {
        const { body, status } = yield* call("POST", `/intents/${id}/resend`)
        assert.deepStrictEqual([status, body.messageIds], [200, ["mock-1"]])
      }
      assert.deepStrictEqual((yield* call("GET", "/intents?state=unknown")).list, [])
      assert.strictEqual((yield* call("POST", "/intents/none/give-up")).status, 404)

      const intents = yield* IntentStore
      const all = yield* intents.list({ limit: 10 })
      assert.lengthOf(all, 2)
      // It is decided.
      const resent = yield* intents.get(id)
      assert.strictEqual((yield* call("POST", `/intents/${id}/give-up`)).status, 409)
      assert.deepStrictEqual(yield* intents.get(id), resent)
      assert.deepStrictEqual([resent?.resolvedBy, resent?.receipt?.messageIds], ["operator: resent", ["mock-1"]])

      const { id: other } = all.find(({ state }) => state === "accepted")!
      assert.strictEqual((yield* call("POST", `/intents/${other}/give-up`)).status, 409)
      assert.strictEqual((yield* intents.get(other))?.state, "accepted")
    }).pipe(Effect.provide(layer(Effect.void))))

  it.live("give up a send of unknown outcome, which is then neither decided nor sent again", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call("POST", "/messages", { to: "+15145550142", text: "hello" })).status, 504)
      const { id } = (yield* call("GET", "/intents?state=unknown")).list[0]!
      for (let times = 0; times < 2; times++) {
        const { body, status } = yield* call("POST", `/intents/${id}/give-up`)
        assert.deepStrictEqual([status, body.resolvedBy], [200, "operator: given up"])
      }
      const refused = yield* call("POST", `/intents/${id}/resend`)
      assert.deepStrictEqual([refused.status, refused.body.detail], [
        409,
        "The send is decided already, by operator: given up"
      ])
      assert.strictEqual((yield* call("POST", "/intents/none/resend")).status, 404)
      assert.lengthOf(yield* (yield* IntentStore).list({ limit: 10 }), 1)
    }).pipe(Effect.provide(layer(Effect.void))))

  it.live("make a dead letter of what fails for the last time, and process it again when asked to", () => {
    let isBroken = true
    const channel = Effect.suspend(() => isBroken ? Effect.fail("broken") : Effect.void)
    return Effect.gen(function*() {
      assert.strictEqual((yield* receive("1")).status, 200)
      const { list } = yield* until(call("GET", "/dead-letters"), ({ list }) => list.length === 1)
      const { event, failures, id, kind, lastError, provider } = list[0]!
      assert.deepStrictEqual(
        [kind, event, provider, failures, lastError],
        ["inbox", "InboundMessage", "mock", 1, "Unfinished"]
      )
      assert.strictEqual((yield* call("POST", "/dead-letters/none/replay")).status, 404)
      isBroken = false
      assert.strictEqual((yield* call("POST", `/dead-letters/${id}/replay`)).status, 200)
      yield* until(call("GET", "/dead-letters"), ({ list }) => list.length === 0)
      const inbox = yield* Inbox
      yield* until(inbox.list({ state: "done", limit: 10 }), (done) => done.length === 1)
    }).pipe(Effect.provide(layer(channel)))
  })

  it.live("forget the files of a person, and refuse a number without its country code", () =>
    Effect.gen(function*() {
      const [rooms, store] = [yield* RoomStore, yield* MediaStore.MediaStore]
      const bytes = Stream.succeed(new TextEncoder().encode("a picture"))
      const { id, url } = yield* store.put({ contentType: "image/png", stream: bytes })
      yield* rooms.create(room("a", attachment("sms", first, ann)))
      const { source, ...fields } = event("1", "a")
      yield* rooms.append(
        new RoomEvent({
          ...fields,
          source: new EventSource({ ...source, participant: ann }),
          content: new MediaContent({ url })
        })
      )
      assert.strictEqual((yield* call("DELETE", "/people/514-555-0142")).status, 400)
      const { body, status } = yield* call("DELETE", `/people/${encodeURIComponent("+1 514-555-0142")}`)
      assert.strictEqual(status, 200)
      assert.deepInclude({ ...body }, { rooms: 1, files: 1 })
      assert.strictEqual((yield* Effect.flip(store.get(id))).reason._tag, "NotStored")
    }).pipe(Effect.provide(layer(Effect.void))))

  it.live("forget a person", () =>
    Effect.gen(function*() {
      yield* receive("1")
      yield* until(call("GET", "/rooms"), ({ list }) => list.length === 1)
      yield* call("POST", "/messages", { to: "+15145550142", text: "hello" })
      const { body, status } = yield* call("DELETE", `/people/${encodeURIComponent("+15145550142")}`)
      assert.strictEqual(status, 200)
      assert.deepInclude({ ...body }, { rooms: 1, webhooks: 1, sends: 1 })
      assert.deepStrictEqual((yield* call("GET", "/rooms")).list, [])
      assert.deepStrictEqual((yield* call("GET", "/intents")).list, [])
      // What comes later is a new conversation.
      yield* receive("2")
      yield* until(call("GET", "/rooms"), ({ list }) => list.length === 1)
      assert.strictEqual(
        Address.make("+15145550142"),
        (yield* call("GET", "/rooms")).list[0]?.attachments?.[1]?.participant
      )
    }).pipe(Effect.provide(layer(Effect.void))))
})
