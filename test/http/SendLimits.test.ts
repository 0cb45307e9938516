/** Limits of frequency and cost over HTTP, with the variables of the server. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, DateTime, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as EventLog from "../../src/events/EventLog.ts"
import { MessagesServer } from "../../src/http/index.ts"
import * as SendLimitsConfig from "../../src/http/SendLimitsConfig.ts"
import * as SendWarningsConfig from "../../src/http/SendWarningsConfig.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as SmsError from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { message } from "../rooms/kit.ts"
import { secrets } from "./carriers.ts"
import { quiet } from "./server.ts"
import { call, layerSends, sendTo } from "./storedGateway.ts"

/** A server of two carriers. The first one is down. */
const layer = (env: Record<string, string>) =>
  Layer.unwrap(Effect.map(
    TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe("2026-01-14T12:00Z"))).pipe(
      Effect.andThen(Effect.all([SendLimitsConfig.load, SendWarningsConfig.load])),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
    ),
    ([{ enforce, layer: limits, rooms }, { warn }]) =>
      MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
        Layer.provide(limits),
        Layer.provideMerge(Layer.provideMerge(rooms, RoomKit.layer())),
        Layer.provideMerge(SmsRouter.layer()),
        Layer.provideMerge(layerSends(
          SmsProviders.layer(
            enforce(MockSmsProvider.layer({
              name: "down",
              respond: () => Effect.fail(new SmsError.ProviderUnavailable({}))
            })),
            enforce(warn(MockSmsProvider.layer()))
          )
        ))
      )
  ))

const send = sendTo("+15145550142")

describe("limits over HTTP", () => {
  it.effect("answer 429 with the time to wait, and count a message once over carriers and keys", () =>
    Effect.gen(function*() {
      for (const key of ["one", "one", "two", "two"]) {
        assert.deepInclude((yield* send({}, key)).json, { provider: "mock" })
      }
      const { headers, json, status } = yield* send({}, "three")
      assert.deepStrictEqual([status, headers["retry-after"]], [429, "60"])
      assert.deepInclude(json, { reason: "GuardRefused", guard: "frequency", retryAfter: 60 })
      assert.include(json["detail"], "2 messages per minute to a person")
      assert.notInclude(JSON.stringify(json), "5145550142")
      // The key is free again.
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* send({}, "three")).json["provider"], "mock")
      assert.strictEqual((yield* send({ purpose: "transactional" })).json["provider"], "mock")
    }).pipe(Effect.provide(layer({ SEND_FREQUENCY: "2/minute" }))))

  it.effect("hold a queued message until there is room", () =>
    Effect.gen(function*() {
      yield* send()
      const held = yield* send({ queue: true })
      const intent = Effect.map(call("GET", `/intents/${held.json["id"]}`), ({ json }) => json)
      yield* TestClock.adjust("59 seconds")
      assert.deepInclude(yield* intent, { state: "queued", reason: "GuardRefused", failures: 0 })
      yield* TestClock.adjust("2 seconds")
      const accepted = yield* Effect.repeat(intent, { until: ({ state }) => state === "accepted" })
      assert.strictEqual(accepted["id"], held.json["id"])
    }).pipe(Effect.provide(layer({ SEND_FREQUENCY: "1/minute" }))))

  it.effect("answer 422 for good, and tell of it in the event log", () =>
    Effect.gen(function*() {
      const problems = [
        yield* send({ to: "+37253456789", purpose: "oneTimeCode" }),
        yield* send(),
        yield* send({ to: "+15145550143", text: "x".repeat(170) }),
        yield* send({ to: "+15145550143" })
      ]
      assert.deepStrictEqual(problems.map(({ json, status }) => [status, json["guard"]]), [
        [422, "country"],
        [202, undefined],
        [202, undefined],
        [422, "budget"]
      ])
      assert.include(problems[3]!.json["detail"], "0.03 USD per day to CA")
      const { entries } = yield* Effect.flatMap(EventLog.EventLog, (log) => log.read({ after: 0, limit: 100 }))
      assert.deepStrictEqual(
        entries.flatMap(({ event }) =>
          event._tag === "AlarmRaised" ? [`${event.guard} ${event.level} ${event.country}`] : []
        ),
        ["country reached EE", "budget near CA", "budget reached CA"]
      )
    }).pipe(Effect.provide(layer({
      SEND_COUNTRIES: "CA, US",
      SEND_BUDGET: "CA 0.03",
      SEND_PRICES: "* 0.01",
      SEND_CURRENCY: "USD"
    }))))

  it.effect("count the replies in rooms", () =>
    Effect.gen(function*() {
      const code = send({ purpose: "oneTimeCode" })
      assert.deepStrictEqual([(yield* code).status, (yield* code).status], [202, 422])
      const kit = yield* RoomKit.RoomKit
      yield* kit.processInbound(message("thanks"))
      assert.deepStrictEqual([(yield* code).status, (yield* code).status], [202, 422])
      // The code was used.
      const used = yield* call("POST", `/people/${encodeURIComponent("+15145550142")}/replies`)
      assert.deepStrictEqual([used.status, used.json], [200, { counted: true }])
      assert.deepStrictEqual([(yield* code).status, (yield* code).status], [202, 422])
    }).pipe(Effect.provide(layer({ SEND_REPLIES: "1/day, 100%" }))))

  it.effect("come with warnings in the receipt, also of a queued message", () =>
    Effect.gen(function*() {
      const fields = { to: "+13055550142", from: "+12125550100" }
      const { json } = yield* send(fields, "one")
      assert.deepStrictEqual(json["warnings"], [
        {
          code: "registration",
          detail: "Carriers of the United States block long codes that are not registered for A2P 10DLC",
          source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/registration-help.html"
        },
        {
          code: "optOutWords",
          detail: "The first message to a person has to say how to opt out, as in: Reply STOP to unsubscribe",
          source: "https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms"
        }
      ])
      assert.deepStrictEqual((yield* send(fields, "one")).json["warnings"], json["warnings"])
      const queued = yield* send({ ...fields, queue: true })
      const intent = Effect.map(call("GET", `/intents/${queued.json["id"]}`), ({ json }) => json)
      const { receipt } = yield* Effect.repeat(intent, { until: ({ state }) => state === "accepted" })
      assert.deepInclude(receipt, { warnings: [(json["warnings"] as ReadonlyArray<unknown>)[0]] })
      assert.isUndefined((yield* send({ ...fields, from: "+12125550101" })).json["warnings"])
    }).pipe(Effect.provide(layer({ SEND_WARNINGS: "on", SEND_REGISTERED: "+1 212 555 0101" }))))

  it.effect("are off unless they are switched on", () =>
    Effect.gen(function*() {
      for (let times = 0; times < 5; times++) assert.strictEqual((yield* send()).json["provider"], "mock")
      const { json } = yield* call("POST", "/people/+15145550142/replies")
      assert.deepStrictEqual(json, { counted: false })
    }).pipe(Effect.provide(layer({}))))
})
