/** Consent over HTTP: what a carrier reports, what an operator sees and changes, and what is refused. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Consent from "../../src/consent/Consent.ts"
import * as ConsentIntake from "../../src/consent/ConsentIntake.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { MessagesServer, OperationsClient } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { authorized } from "./gateway.ts"
import { quiet, request } from "./server.ts"
import { call, receive } from "./storedGateway.ts"

const ann = "+15145550142"
const ours = Address.make("+15145550100")

const layer = MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
  Layer.provide(RoomInbox.layer()),
  Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
  Layer.provideMerge(ConsentIntake.layer()),
  Layer.provideMerge([
    Outbox.layer(),
    SmsProviders.layer(Consent.enforced(MockSmsProvider.layer())),
    DeliveryTracker.layer()
  ]),
  Layer.provideMerge(Consent.layer()),
  Layer.provideMerge(SqlStorage.layer().pipe(Layer.provide(NodeSqliteClient.layer({ filename: ":memory:" })))),
  Layer.provideMerge([NodeCrypto.layer, NodeHttpServer.layerTest])
)

const client = Effect.flatMap(
  HttpClient.HttpClient,
  () => OperationsClient.make({ baseUrl: "", token: Redacted.make(secrets.admin) })
)

const person = { address: Address.make(ann) }

const send = (fields: Readonly<Record<string, unknown>> = {}) =>
  call("POST", "/messages", { to: ann, text: "news", ...fields })

describe("consent over HTTP", () => {
  it.effect("is refused as OptedOut with the entry, once the webhook of a STOP is acknowledged", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* send()).status, 202)
      assert.strictEqual((yield* receive("Stop.", ann)).status, 200)
      const { json, status } = yield* send()
      const { consent } = yield* client
      const { entries, optOut, state } = yield* consent({ params: person, query: {} })
      assert.strictEqual(state, "optedOut")
      assert.deepInclude({ ...optOut }, { action: "stop", source: "keyword", words: "Stop.", sender: ours })
      // The confirmation is on its way.
      assert.deepStrictEqual(entries.map(({ action }) => action), ["answer", "stop"])
      assert.deepStrictEqual(entries[1], optOut)
      assert.strictEqual(status, 422)
      assert.deepInclude(json, { reason: "OptedOut", provider: "mock" })
      assert.deepInclude(json["consent"], { id: optOut!.id, source: "keyword" })
      assert.notInclude(JSON.stringify(json), "5145550142")
      assert.strictEqual((yield* send({ purpose: "transactional" })).status, 422)
      assert.strictEqual((yield* send({ purpose: "spam" })).status, 400)
    }).pipe(Effect.provide(layer)))

  it.effect("is changed by an operator, with a remark", () =>
    Effect.gen(function*() {
      const { consent, setConsent } = yield* client
      assert.strictEqual((yield* consent({ params: person, query: {} })).state, "unknown")
      const stopped = yield* setConsent({ params: person, payload: { action: "stop", words: "by telephone" } })
      assert.strictEqual(stopped.state, "optedOut")
      assert.deepInclude({ ...stopped.optOut }, { source: "api", words: "by telephone" })
      assert.isFalse("sender" in stopped.optOut!)
      assert.strictEqual((yield* send()).status, 422)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* setConsent({ params: person, payload: { action: "start" } })).state, "optedIn")
      assert.strictEqual((yield* send()).status, 202)
    }).pipe(Effect.provide(layer)))

  it.effect("is exported and imported as CSV", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("10 seconds")
      const { exportConsents, importConsents } = yield* client
      const payload = "person,action,saidAt\n+15145550142,stop,1970-01-01T00:00:05Z\n+15145550143,start,\n"
      assert.deepStrictEqual(yield* importConsents({ payload }), { imported: 2, known: 0 })
      assert.deepStrictEqual(yield* importConsents({ payload }), { imported: 1, known: 1 })
      assert.strictEqual((yield* send()).status, 422)
      const lines = (yield* exportConsents({ query: {} })).split("\r\n")
      assert.lengthOf(lines, 5)
      assert.match(lines[1]!, /^\+15145550142,stop,1970-01-01T00:00:05.000Z,,,import,,\w{26},1,/)
      assert.lengthOf((yield* exportConsents({ query: { after: 1, limit: 1 } })).split("\r\n"), 3)
      const error = yield* Effect.flip(importConsents({ payload: "person,action\n514-555-0142,stop\n" }))
      assert.deepInclude({ ...error }, {
        status: 400,
        detail: "line 2: person: expected a phone number with its country code, as +15145550142"
      })
      const json = yield* call("POST", "/consents", { person: ann })
      assert.strictEqual(json.status, 415)
    }).pipe(Effect.provide(layer)))

  it.effect("still keeps messages from a person who was forgotten", () =>
    Effect.gen(function*() {
      yield* receive("STOP", ann)
      yield* People.use(({ forget }) => forget(Address.make(ann)))
      assert.strictEqual((yield* send()).status, 422)
      const { consent, exportConsents } = yield* client
      const { optOut } = yield* consent({ params: person, query: {} })
      assert.isFalse("words" in optOut!)
      assert.notInclude(yield* exportConsents({ query: {} }), "5145550142")
    }).pipe(Effect.provide(layer)))

  it.effect("needs a token with the scope operate to change it", () =>
    Effect.gen(function*() {
      const target = `/people/${encodeURIComponent(ann)}/consent`
      const { status } = yield* request({ method: "GET", target, headers: {}, body: "" })
      assert.strictEqual(status, 401)
      const bad = yield* request({ method: "GET", target: "/people/555/consent?x=1", headers: authorized, body: "" })
      assert.strictEqual(bad.status, 400)
    }).pipe(Effect.provide(layer)))
})
