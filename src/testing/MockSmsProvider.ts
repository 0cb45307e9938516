/**
 * A provider for tests: it records what it is asked to send and takes webhooks
 * in a format of its own, unsigned.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { fromParts, MediaContent } from "../Content.ts"
import { DeliveryStatus, Status } from "../DeliveryStatus.ts"
import { parseJson } from "../internal/payload.ts"
import * as Wire from "../internal/wire.ts"
import { InboundMessage, OutboundMessage, SendReceipt } from "../Message.ts"
import type { Payload } from "../Payload.ts"
import type { Channel } from "../rooms/Channel.ts"
import * as SmsProvider from "../SmsProvider.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"

/**
 * The members of {@link MockSmsProvider}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends SmsProvider.Service {
  /** Records the message and accepts it, with the ids `mock-1`, `mock-2`, … */
  readonly send: (message: OutboundMessage) => Effect.Effect<SendReceipt>
  /** What was sent so far, oldest first. */
  readonly sent: Effect.Effect<ReadonlyArray<OutboundMessage>>
  /** Forgets what was sent. */
  readonly clear: Effect.Effect<void>
  /** A channel that sends every event of its room to one address. */
  readonly channel: (options: {
    readonly id: string
    readonly to: Address
    readonly everyRoom?: boolean | undefined
  }) => Channel<never>
}

/**
 * The mock.
 *
 * @category services
 * @since 0.1.0
 */
export class MockSmsProvider
  extends Context.Service<MockSmsProvider, Service>()("effect-sms/testing/MockSmsProvider")
{}

const Webhook = Schema.Struct({
  id: Schema.NonEmptyString,
  from: Schema.optionalKey(Address),
  to: Address,
  text: Wire.Text,
  media: Schema.optionalKey(Schema.Array(MediaContent.mapFields(({ caption: _, _tag: __, ...fields }) => fields))),
  status: Schema.optionalKey(Status)
})

const decodeWebhook = Wire.decoder(Webhook)

/** `{ id, from, to, text, media? }` is a message, `{ id, to, status }` a delivery status. */
const decodePayload = (provider: string) => (payload: Payload) =>
  Effect.map(decodeWebhook(payload), ({ from, id, media = [], status, text, to }): ReadonlyArray<WebhookEvent> => {
    if (status !== undefined) {
      return [
        new DeliveryStatus({
          provider,
          messageId: id,
          status,
          carrierStatus: status,
          recipient: to,
          idempotencyKey: `${id}:${status}`,
          raw: payload
        })
      ]
    }
    if (from === undefined) return [new Unrecognized({ provider, raw: payload })]
    return [
      new InboundMessage({
        provider,
        channelId: `sms-${provider}`,
        externalId: id,
        idempotencyKey: id,
        sender: from,
        recipient: to,
        content: fromParts(text, media.map((file) => new MediaContent(file))),
        metadata: {},
        raw: payload
      })
    ]
  })

/**
 * A mock, named `mock` unless told otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: { readonly name?: string | undefined } = {}
): Effect.fn.Return<Service> {
  const name = options.name ?? "mock"
  const log = yield* Ref.make<ReadonlyArray<OutboundMessage>>([])
  const send = (message: OutboundMessage) =>
    Effect.map(
      Ref.updateAndGet(log, (sent) => [...sent, message]),
      (sent) => new SendReceipt({ provider: name, messageIds: [`mock-${sent.length}`], status: "queued" })
    )
  const provider = SmsProvider.make({
    name,
    capabilities: { mms: true, splitMms: false, deliveryStatuses: true, verification: "none" },
    methods: ["POST"],
    contentTypes: ["application/json"],
    verify: () => Effect.void,
    diagnose: () => Effect.succeed(undefined),
    parse: ({ body }) => parseJson(body),
    decodePayload: decodePayload(name),
    acknowledgement: { status: 200, contentType: "application/json", body: "{}" }
  })
  return MockSmsProvider.of({
    ...provider,
    send,
    sent: Ref.get(log),
    clear: Ref.set(log, []),
    channel: ({ everyRoom, id, to }) => ({
      id,
      type: "sms",
      everyRoom,
      deliver: ({ content }) => send(new OutboundMessage({ to, content }))
    })
  })
})

/**
 * Provides the mock, both as itself and as the `SmsProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: { readonly name?: string | undefined }
): Layer.Layer<MockSmsProvider | SmsProvider.SmsProvider> =>
  Layer.effectContext(
    Effect.map(make(options), (mock) =>
      Context.make(MockSmsProvider, mock).pipe(Context.add(SmsProvider.SmsProvider, mock)))
  )
