/** An application that events are forwarded to, in this process, and the forwarder below it. */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as ConsentLedger from "../../src/consent/ConsentLedger.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import * as Endpoint from "../../src/forward/Endpoint.ts"
import { layer as layerForwarder, type Options } from "../../src/forward/Forwarder.ts"
import * as ForwardStore from "../../src/forward/ForwardStore.ts"
import { GuardedClient, type GuardedRequest } from "../../src/media/GuardedClient.ts"
import { ConnectionFailed } from "../../src/media/MediaError.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as RoomStore from "../../src/rooms/RoomStore.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { customer, message } from "../rooms/kit.ts"

export const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`

export const endpointOf = (url: string) => Endpoint.make(new URL(url), [Redacted.make(secret)])

export const app = endpointOf("https://app.example.com/sms?token=hidden")

export interface Posted {
  readonly url: string
  readonly id: string
  readonly text: string
  /** Who wrote the message. */
  readonly sender: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Answer = "down" | "never" | {
  readonly status: number
  readonly body?: string
  readonly retryAfter?: string
}

/** An application that answers so, and what it got. */
export const makeApp = (answer: (posted: Posted, number: number) => Answer) => {
  const posted: Array<Posted> = []
  const send = ({ body = new Uint8Array(), headers, url }: GuardedRequest) =>
    Effect.suspend(() => {
      const text = Buffer.from(body).toString()
      const { data } = JSON.parse(text)
      const one = {
        url: url.href,
        id: headers["webhook-id"]!,
        text: data.message?.content?.text ?? data.status ?? data.action,
        sender: data.message?.sender,
        headers,
        body: text
      }
      posted.push(one)
      const given = answer(one, posted.length)
      if (given === "down") return Effect.fail(new ConnectionFailed({ host: url.hostname }))
      if (given === "never") return Effect.never
      return Effect.succeed({
        status: given.status,
        header: (name: string) => name === "retry-after" && given.retryAfter !== undefined ? [given.retryAfter] : [],
        stream: Stream.make(new TextEncoder().encode(given.body ?? ""))
      })
    })
  return { posted, layer: Layer.succeed(GuardedClient, { send }) }
}

export const layerOf = (
  client: Layer.Layer<GuardedClient>,
  options: Partial<Options> = {},
  store: typeof ForwardStore.layerMemory = ForwardStore.layerMemory,
  respond?: MockSmsProvider.Options["respond"]
) => {
  const mock = MockSmsProvider.layer({ name: "twilio", respond })
  return layerForwarder({ endpoints: [app], ...options }).pipe(
    Layer.provide(client),
    Layer.provideMerge(SmsChannel.layerProviders),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provide(Outbox.layer()),
    Layer.provide(SmsProviders.layer(mock)),
    Layer.provideMerge(mock),
    Layer.provide([RoomStore.layerMemory(), IntentStoreMemory.layer()]),
    Layer.provideMerge([store, ConsentLedger.layerMemory()]),
    Layer.provideMerge(EventLog.layerMemory()),
    Layer.provide(NodeCrypto.layer)
  )
}

/** Lets what is due happen. */
export const settle = TestClock.adjust("10 millis").pipe(Effect.repeat({ times: 3 }))

export const receive = Effect.fnUntraced(function*(text: string, sender: string = customer) {
  const kit = yield* RoomKit.RoomKit
  yield* kit.processInbound(message(text, { sender, channelId: "sms-twilio" }))
})
