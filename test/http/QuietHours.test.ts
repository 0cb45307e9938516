/** Quiet hours over HTTP, with the variables of the server. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, DateTime, Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { MessagesServer } from "../../src/http/index.ts"
import * as QuietHoursConfig from "../../src/http/QuietHoursConfig.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { quiet } from "./server.ts"
import { call, layerSends, sendTo } from "./storedGateway.ts"

/** A server that starts at a time of the day: 08:00 in Florida is 13:00 of UTC. */
const layer = (time: string, env: Record<string, string>) =>
  Layer.unwrap(Effect.map(
    TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(`2026-01-14T${time}Z`))).pipe(
      Effect.andThen(QuietHoursConfig.load),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
    ),
    ({ enforce }) =>
      MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
        Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
        Layer.provideMerge(layerSends(SmsProviders.layer(enforce(MockSmsProvider.layer()))))
      )
  ))

const send = sendTo("+13055550142")

describe("quiet hours over HTTP", () => {
  it.effect("hold a message in the queue until they end, and repeat a request that was made in them", () =>
    Effect.gen(function*() {
      const held = yield* send({}, "order-17")
      assert.deepStrictEqual([held.status, held.json["state"]], [202, "queued"])
      const intent = Effect.map(call("GET", `/intents/${held.json["id"]}`), ({ json }) => json)
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* intent, { state: "queued", reason: "GuardRefused", failures: 0 })
      assert.strictEqual((yield* send({ purpose: "oneTimeCode" })).json["provider"], "mock")
      yield* TestClock.adjust("32 seconds")
      const accepted = yield* Effect.repeat(intent, { until: ({ state }) => state === "accepted" })
      assert.strictEqual(accepted["id"], held.json["id"])
      const again = yield* send({}, "order-17")
      assert.deepStrictEqual([again.status, again.json["id"]], [202, held.json["id"]])
    }).pipe(Effect.provide(layer("12:59", { QUIET_HOURS: "on" }))))

  it.effect("refuse a message with the rule, where the variables say so", () =>
    Effect.gen(function*() {
      const { json, status } = yield* send()
      assert.strictEqual(status, 422)
      assert.deepInclude(json, { reason: "GuardRefused", guard: "quietHours" })
      assert.include(json["detail"], "the hours of US, US-FL")
      assert.notInclude(JSON.stringify(json), "3055550142")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* send()).json["provider"], "mock")
    }).pipe(Effect.provide(layer("14:59", {
      QUIET_HOURS: "on",
      QUIET_HOURS_HOLD: "conversational",
      QUIET_HOURS_REFUSE: "marketing, transactional",
      QUIET_HOURS_WINDOWS: "US-FL 10:00-19:00; *  09:00-20:00, 10:00-18:00, none"
    }))))

  it.effect("are off unless they are switched on", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* send()).json["provider"], "mock")
    }).pipe(Effect.provide(layer("05:00", {}))))
})
