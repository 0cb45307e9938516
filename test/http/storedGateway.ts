/** The gateway as `effect-sms serve` builds it, with the mock as its carrier and a database in memory. */
import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { MessagesServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { secrets } from "./carriers.ts"
import { authorized } from "./gateway.ts"
import { layerNode, quiet, request } from "./server.ts"

const layerStorage = SqlStorage.layer().pipe(Layer.provide(NodeSqliteClient.layer({ filename: ":memory:" })))

export const layerStored = (respond?: MockSmsProvider.Options["respond"]) => {
  const mock = MockSmsProvider.layer({ respond })
  return MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    Layer.provideMerge(SmsChannel.layerProviders),
    Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
    Layer.provideMerge([Outbox.layer(), SmsProviders.layer(mock), DeliveryTracker.layer()]),
    Layer.provideMerge([mock, layerStorage]),
    Layer.provideMerge([NodeCrypto.layer, layerNode])
  )
}

/** What messages are sent with, through these providers, and a server whose clock a test sets. */
export const layerSends = <E, R>(providers: Layer.Layer<SmsProviders.SmsProviders, E, R>) =>
  Layer.mergeAll(Outbox.layer(), providers, DeliveryTracker.layer()).pipe(
    Layer.provideMerge(layerStorage),
    Layer.provideMerge([NodeCrypto.layer, NodeHttpServer.layerTest])
  )

interface Json {
  readonly [name: string]: unknown
}

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly json: Json
}

export const call = (
  method: "GET" | "POST" | "DELETE",
  target: string,
  body?: Json,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Response, unknown, Effect.Services<ReturnType<typeof request>>> =>
  Effect.map(
    request({
      method,
      target,
      headers: { ...authorized, ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      body: body === undefined ? "" : JSON.stringify(body)
    }),
    ({ body, headers, status }) => ({ status, headers, json: JSON.parse(body) as Json })
  )

/** Asks for messages to a number. */
export const sendTo = (to: string) => (fields: Json = {}, key?: string) =>
  call("POST", "/messages", { to, text: "news", ...fields }, key === undefined ? {} : { "idempotency-key": key })

let ids = 0

/** Somebody writes to us. The message was processed when this returns. */
export const receive = (text: string, from: string, fields: Json = {}) =>
  call("POST", "/webhooks/sms/mock/inbound", { id: `in-${++ids}`, from, to: "+15145550100", text, ...fields })
