/** A process that asks for consent, with everything in memory, and what its carrier was asked to send. */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Consent from "../../src/consent/Consent.ts"
import * as ConsentIntake from "../../src/consent/ConsentIntake.ts"
import * as ConsentLedger from "../../src/consent/ConsentLedger.ts"
import * as Content from "../../src/Content.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import * as Inbox from "../../src/inbox/Inbox.ts"
import { OutboundMessage, type Purpose } from "../../src/Message.ts"
import type { CarrierConsent } from "../../src/provider/Receiving.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as RoomOutbox from "../../src/rooms/RoomOutbox.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { customer, ours, settle, textContent } from "../rooms/kit.ts"

export interface Options {
  readonly consent?: Consent.Options | undefined
  readonly intake?: ConsentIntake.Options | undefined
  readonly carrier?: CarrierConsent | undefined
  readonly mock?: Parameters<typeof MockSmsProvider.layer>[0]
  readonly ledger?: Layer.Layer<ConsentLedger.ConsentLedger> | undefined
  /** Without an inbox, messages are processed at once. */
  readonly inbox?: boolean | undefined
}

/** The mock as a carrier that treats opt-outs by itself. */
const layerCarrier = ({ carrier, mock }: Options) => {
  const layer = MockSmsProvider.layer({ from: ours, ...mock })
  const capable = Layer.effect(
    SmsProvider,
    Effect.map(SmsProvider, (provider) =>
      SmsProvider.of({
        ...provider,
        capabilities: {
          ...provider.capabilities,
          receive: { ...provider.capabilities.receive!, consent: carrier }
        }
      }))
  )
  return Layer.provideMerge(SmsProviders.layer(Consent.enforced(Layer.provide(capable, layer))), layer)
}

export const layer = (options: Options = {}) => {
  const queue = RoomOutbox.layer({ pollInterval: "1 second" })
  const work = options.inbox === true
    ? Layer.merge(queue, Layer.provideMerge(RoomInbox.layer({ pollInterval: "1 second" }), Inbox.layerMemory()))
    : queue
  return work.pipe(
    Layer.provideMerge(SmsChannel.layerProviders),
    Layer.provideMerge(Layer.mergeAll(RoomKit.layer(), SmsRouter.layer())),
    Layer.provideMerge(ConsentIntake.layer(options.intake)),
    Layer.provideMerge(layerCarrier(options)),
    Layer.provideMerge(Consent.layer(options.consent)),
    Layer.provideMerge(options.ledger ?? ConsentLedger.layerMemory()),
    Layer.provideMerge([Outbox.layer(), DeliveryTracker.layer()]),
    Layer.provideMerge([IntentStoreMemory.layer(), DeliveryStore.layerStoreMemory()]),
    Layer.provideMerge(NodeCrypto.layer)
  )
}

/** A turn of the event loop, for the digest of a queued send. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Lets the queue be dispatched. */
export const pass = Effect.repeat(Effect.andThen(Effect.andThen(turn, settle), TestClock.adjust("1 second")), {
  times: 4
})

export const outbound = (text: string, fields: { readonly purpose?: Purpose; readonly to?: typeof customer } = {}) =>
  new OutboundMessage({ to: customer, content: textContent(text), ...fields })

/** The texts that the carrier accepted. */
export const sent = Effect.map(
  Effect.flatMap(MockSmsProvider.MockSmsProvider, ({ sent }) => sent),
  (messages) => messages.map(({ content }) => Content.text(content))
)

/** Sends through the router, as every caller does. */
export const send = (message: OutboundMessage, intentId?: string) =>
  SmsRouter.SmsRouter.use((router) => router.send(message, { intentId }))

export type Services = Layer.Success<ReturnType<typeof layer>> | Inbox.InboxProcessor

export const run = <A, E>(options: Options, body: Effect.Effect<A, E, Services | Scope.Scope>) =>
  // The processor is there with an inbox alone.
  Effect.scoped(Effect.provide(body, layer(options) as Layer.Layer<Services>, { local: true }))
