/** Messages that are queued over HTTP. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { MessagesServer } from "../../src/http/index.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { ProviderUnavailable } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { authorized, get, layerGateway, layerTracker, message, post, sent } from "./gateway.ts"
import { type Answer, layerNode, quiet, request } from "./server.ts"

const key = { "idempotency-key": "order-17" }

/** A provider that cannot schedule, behind one that can. */
const layerPlain = Layer.effect(
  SmsProvider,
  Effect.map(MockSmsProvider.make({ name: "plain" }), (mock) =>
    SmsProvider.of({
      ...mock,
      capabilities: { ...mock.capabilities, send: { ...mock.capabilities.send!, options: [] } }
    }))
)

const layerUnscheduled = MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
  Layer.provide(SmsRouter.layer()),
  Layer.provideMerge(SmsProviders.layer(layerPlain)),
  Layer.provideMerge(RoomKit.layer()),
  Layer.provideMerge(layerTracker),
  Layer.provideMerge(NodeCrypto.layer),
  Layer.provideMerge(layerNode)
)

const bodyOf = ({ body }: Answer) =>
  JSON.parse(body) as {
    readonly id: string
    readonly state: string
    readonly priority: string
    readonly failures: number
    readonly readyAt?: string
    readonly reason?: string
    readonly detail?: string
    readonly times: Readonly<Record<string, string>>
    readonly receipt?: { readonly messageIds: ReadonlyArray<string> }
  }

const cancel = (location: string) =>
  request({ method: "POST", target: `${location}/cancel`, headers: authorized, body: "" })

/** Asks until the intent has the state: a dispatched send is under way for a moment. */
const until = (location: string, state: string) =>
  Effect.repeat(Effect.map(get(location), bodyOf), { until: (intent) => intent.state === state })

describe("a message with queue", () => {
  it.effect("is answered with its intent, then sent, and the intent has the receipt and the time of each state", () =>
    Effect.gen(function*() {
      const answer = yield* post({ ...message, queue: true, priority: "bulk" }, key)
      const { id, priority, state, times } = bodyOf(answer)
      assert.strictEqual(answer.status, 202)
      assert.deepStrictEqual([state, priority], ["queued", "bulk"])
      assert.deepStrictEqual(times, { queued: "1970-01-01T00:00:00.000Z" })
      assert.strictEqual(answer.headers["location"], `/intents/${id}`)
      const accepted = yield* until(`/intents/${id}`, "accepted")
      assert.deepStrictEqual(accepted.receipt?.messageIds, ["mock-1"])
      assert.deepStrictEqual(Object.keys(accepted.times), ["queued", "sending", "accepted"])

      const again = yield* post({ ...message, queue: true, priority: "bulk" }, key)
      assert.deepStrictEqual([again.status, bodyOf(again).id, bodyOf(again).state], [202, id, "accepted"])
      assert.strictEqual(again.headers["idempotency-replayed"], "true")
      for (const other of [message, { ...message, queue: true }]) {
        assert.strictEqual((yield* post(other, key)).status, 409)
      }
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("waits until its time, and can be cancelled until then", () =>
    Effect.gen(function*() {
      const sendAt = "1970-01-01T01:00:00.000Z"
      const locations: Array<string> = []
      for (const text of ["sent", "cancelled"]) {
        const answer = yield* post({ ...message, text, queue: true, sendAt })
        locations.push(answer.headers["location"]!)
        assert.strictEqual(bodyOf(answer).readyAt, sendAt)
      }
      const [kept, removed] = locations as [string, string]
      for (let times = 0; times < 2; times++) {
        const { body, status } = yield* cancel(removed)
        assert.deepStrictEqual([status, JSON.parse(body).state], [200, "cancelled"])
      }
      yield* TestClock.adjust("1 hour")
      assert.lengthOf((yield* until(kept, "accepted")).receipt!.messageIds, 1)
      const late = yield* cancel(kept)
      assert.deepStrictEqual([late.status, bodyOf(late).detail], [409, "The message is not queued: it is accepted"])
      assert.strictEqual((yield* cancel("/intents/none")).status, 404)
      assert.strictEqual((yield* get("/intents/none")).status, 404)
      // The carrier is not asked to schedule what was scheduled here.
      assert.deepStrictEqual((yield* sent).map(({ sendAt }) => sendAt), [undefined])
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is refused at once where no attempt could send it", () =>
    Effect.gen(function*() {
      const refusals = [
        [{ ...message, provider: "none" }, "NotRegistered"],
        [{ to: message.to }, "InvalidMessage"],
        [{ ...message, media: [{ url: "file:///etc/passwd" }] }, "InvalidMessage"]
      ] as const
      for (const [body, reason] of refusals) {
        const answer = yield* post({ ...body, queue: true })
        assert.deepStrictEqual([answer.status, bodyOf(answer).reason], [422, reason])
      }
      assert.deepStrictEqual(JSON.parse((yield* get("/intents")).body), [])
    }).pipe(Effect.provide(layerGateway())))

  it.effect("passes the hooks when it is sent, and tells which kind of refusal it got", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      yield* kit.hook(Hook.beforeSend({ name: "consent", run: () => Effect.succeed(Hook.block("no consent")) }))
      const { headers } = yield* post({ ...message, queue: true })
      assert.strictEqual((yield* until(headers["location"]!, "refused")).reason, "Blocked")
      assert.deepStrictEqual(yield* sent, [])
    }).pipe(Effect.scoped, Effect.provide(layerGateway())))

  it.effect("is tried again after a refusal that need not last", () =>
    Effect.gen(function*() {
      const { headers } = yield* post({ ...message, queue: true })
      const { failures, reason } = yield* Effect.repeat(Effect.map(get(headers["location"]!), bodyOf), {
        until: ({ failures }) => failures === 1
      })
      assert.deepStrictEqual([failures, reason], [1, "ProviderUnavailable"])
      yield* TestClock.adjust("1 second")
      const { reason: none } = yield* until(headers["location"]!, "accepted")
      assert.isUndefined(none)
    }).pipe(Effect.provide(
      layerGateway((_, number) => number === 1 ? Effect.fail(new ProviderUnavailable({})) : Effect.void)
    )))
})

describe("a message with sendAt", () => {
  const sendAt = "1970-01-01T01:00:00.000Z"

  it.effect("is scheduled by the carrier where it can", () =>
    Effect.gen(function*() {
      assert.property(JSON.parse((yield* post({ ...message, sendAt })).body), "messageIds")
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is queued where no carrier can", () =>
    Effect.gen(function*() {
      const answer = yield* post({ ...message, sendAt })
      assert.deepStrictEqual([answer.status, bodyOf(answer).state], [202, "queued"])
      yield* TestClock.adjust("1 hour")
      yield* until(answer.headers["location"]!, "accepted")
    }).pipe(Effect.provide(layerUnscheduled)))
})
