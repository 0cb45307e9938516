/**
 * A provider for tests. It records the messages to send, and accepts unsigned
 * webhooks in its own format.
 *
 * **Example** (A carrier that refuses one number)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { SmsError } from "effect-sms"
 * import { MockSmsProvider } from "effect-sms/testing"
 *
 * export const Provider = MockSmsProvider.layer({
 *   respond: ({ to }) => to.endsWith("0199") ? Effect.fail(new SmsError.OptedOut({ code: "21610" })) : Effect.void
 * })
 * ```
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
import { InboundMessage, type OutboundMessage } from "../Message.ts"
import type { Payload } from "../Payload.ts"
import { parseJson } from "../provider/Body.ts"
import type * as Sending from "../provider/Sending.ts"
import * as SmsProvider from "../provider/SmsProvider.ts"
import * as Wire from "../provider/Wire.ts"
import type { SmsErrorReason } from "../SmsError.ts"
import { Unrecognized, type WebhookEvent } from "../WebhookEvent.ts"

/**
 * The members of {@link MockSmsProvider}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends SmsProvider.Service {
  /** The messages sent so far, oldest first, without those that {@link Options.respond} refused. */
  readonly sent: Effect.Effect<ReadonlyArray<OutboundMessage>>
  /** Clears the recorded messages. */
  readonly clear: Effect.Effect<void>
}

/**
 * Options of the mock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The name in the registry. `mock` by default. */
  readonly name?: string | undefined
  /** The default sender, for messages without one. */
  readonly from?: Address | undefined
  /**
   * Accepts a message, or fails with the reason to refuse it. The first message
   * is number 1. By default, every message is accepted, with the ids `mock-1`,
   * `mock-2`, …
   */
  readonly respond?: ((message: OutboundMessage, number: number) => Effect.Effect<void, SmsErrorReason>) | undefined
}

/**
 * The mock provider.
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
  participants: Schema.optionalKey(Schema.Array(Address)),
  text: Wire.Text,
  media: Schema.optionalKey(Schema.Array(MediaContent.mapFields(({ caption: _, _tag: __, ...fields }) => fields))),
  status: Schema.optionalKey(Status)
})

const decodeWebhook = Wire.decoder(Webhook)

/** Decodes `{ id, from, to, participants?, text, media? }` as a message, and `{ id, to, status }` as a delivery status. */
const decodePayload = (provider: string) => (payload: Payload) =>
  Effect.map(
    decodeWebhook(payload),
    ({ from, id, media = [], participants, status, text, to }): ReadonlyArray<WebhookEvent> => {
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
          ...(participants !== undefined && { participants }),
          content: fromParts(text, media.map((file) => new MediaContent(file))),
          metadata: {},
          raw: payload
        })
      ]
    }
  )

const everyKind = ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"] as const

/** The capabilities of all carriers combined. */
const capabilities: Sending.SendCapabilities = {
  maxMedia: 1000,
  maxLength: 1_000_000,
  senders: everyKind,
  choosesSender: true,
  recipients: everyKind,
  maxGroupRecipients: 1000,
  options: ["sendAt", "validityPeriod", "statusCallback", "reference"]
}

/**
 * Makes a mock provider, named `mock` by default.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { from, name = "mock", respond = () => Effect.void }: Options = {}
): Effect.fn.Return<Service> {
  const log = yield* Ref.make<ReadonlyArray<OutboundMessage>>([])
  const asked = yield* Ref.make(0)
  const deliver = Effect.fnUntraced(function*({ from, message, recipients }: Sending.Part) {
    yield* respond(message, yield* Ref.updateAndGet(asked, (count) => count + 1))
    const sent = yield* Ref.updateAndGet(log, (sent) => [...sent, message])
    const accepted = { status: "queued" as const, carrierStatus: "queued" }
    return {
      messageId: `mock-${sent.length}`,
      ...accepted,
      sender: from,
      recipients: recipients.map((recipient) => ({ recipient, ...accepted }))
    }
  })
  const provider = SmsProvider.make({
    name,
    receiver: {
      capabilities: {
        mms: true,
        splitMms: false,
        deliveryStatuses: true,
        verification: { scheme: "none", covers: [] }
      },
      methods: ["POST"],
      contentTypes: ["application/json"],
      verify: () => Effect.void,
      parse: ({ body }) => parseJson(body),
      decodePayload: decodePayload(name),
      acknowledgement: { status: 200, contentType: "application/json", body: "{}" }
    },
    sending: { capabilities, policy: { from, retry: { times: 0 } }, secrets: [], deliver }
  })
  return MockSmsProvider.of({
    ...provider,
    sent: Ref.get(log),
    clear: Ref.set(log, [])
  })
})

/**
 * Provides the mock, both as itself and as the `SmsProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<MockSmsProvider | SmsProvider.SmsProvider> =>
  Layer.effectContext(
    Effect.map(make(options), (mock) =>
      Context.make(MockSmsProvider, mock).pipe(Context.add(SmsProvider.SmsProvider, mock)))
  )
