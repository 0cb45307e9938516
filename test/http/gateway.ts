/** The gateway under test: the mock and a provider that only receives behind the router, over real HTTP. */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { MessagesServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { secrets } from "./carriers.ts"
import { layerNode, quiet, request } from "./server.ts"

export const layerTracker = Layer.provide(DeliveryTracker.layer(), DeliveryStore.layerStoreMemory())

const receiving = Twilio.layerWebhook({ authToken: Redacted.make(secrets.twilio) })

/** The mock under two names, so that both can have a message with the same id. */
export const layerGateway = (respond?: MockSmsProvider.Options["respond"], options: MessagesServer.Options = {}) => {
  const mock = MockSmsProvider.layer({ respond })
  return MessagesServer.serve({ adminToken: Redacted.make(secrets.admin), ...options }, quiet).pipe(
    Layer.provideMerge(SmsRouter.layer({ order: ["mock"] })),
    Layer.provideMerge(SmsProviders.layer(mock, MockSmsProvider.layer({ name: "other" }), receiving)),
    Layer.provideMerge([mock, RoomKit.layer()]),
    Layer.provideMerge(layerTracker),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )
}

export const authorized = { authorization: `Bearer ${secrets.admin}` }

export const message = { to: "+15145550142", text: "Your parcel is here" }

export const postText = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  request({
    method: "POST",
    target: "/messages",
    headers: { "content-type": "application/json", ...authorized, ...headers },
    body
  })

export const post = (body: unknown, headers?: Readonly<Record<string, string>>) =>
  postText(JSON.stringify(body), headers)

export const get = (target: string, headers: Readonly<Record<string, string>> = authorized) =>
  request({ method: "GET", target, headers, body: "" })

export const sent = Effect.flatMap(MockSmsProvider.MockSmsProvider, ({ sent }) => sent)
