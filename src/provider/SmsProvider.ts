/**
 * The interface of a provider.
 *
 * A carrier implements the narrow `Receiver` and `Sending` interfaces,
 * which are specific to its API; {@link make} adds the behaviour that all
 * carriers share. For receiving, it checks method, content type and size, wraps
 * errors, and records the span and the metric. For sending, it also validates
 * the message, splits it into parts, and retries requests that are safe to
 * retry.
 *
 * **Example** (Sending with whichever provider is provided)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Address, Content, Message, SmsProvider } from "effect-sms"
 * import { MockSmsProvider } from "effect-sms/testing"
 *
 * const send = SmsProvider.SmsProvider.use((provider) =>
 *   provider.send(
 *     new Message.OutboundMessage({
 *       to: Address.Address.make("+15145550142"),
 *       content: new Content.TextContent({ text: "Hello" })
 *     })
 *   )
 * )
 *
 * const { messageIds } = await Effect.runPromise(Effect.provide(send, MockSmsProvider.layer()))
 * messageIds // => ["mock-1"]
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Address } from "../Address.ts"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import { NotEnabled, SmsError } from "../SmsError.ts"
import type * as WebhookError from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import type { VerifiedWebhook, WebhookHead, WebhookRequest, WebhookResponse } from "../WebhookRequest.ts"
import * as Queries from "./internal/queries.ts"
import * as Receive from "./internal/receive.ts"
import * as Sender from "./internal/send.ts"
import type { Callback, Lookup, Match, StatusKey } from "./Query.ts"
import type { Limits, ReceiveCapabilities, Receiver } from "./Receiving.ts"
import type { PartOf, SendCapabilities, Sending, SendSettings } from "./Sending.ts"

/**
 * The capabilities of a provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Capabilities {
  /** Absent when this provider is not configured to receive. */
  readonly receive?: ReceiveCapabilities | undefined
  /** Absent when this provider is not configured to send. */
  readonly send?: SendCapabilities | undefined
}

/**
 * The members of {@link SmsProvider}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** The name in the registry, in webhook paths, logs and metrics. */
  readonly name: string
  readonly capabilities: Capabilities
  /** The default sender, for messages without one. */
  readonly from: Address | undefined
  /**
   * Sends a message. Succeeds when the carrier accepted it. Fails with
   * `OutcomeUnknown` when the carrier may have accepted it; any other failure
   * proves that it was not sent. When a message has several parts,
   * `SmsError.accepted` lists the parts that were sent.
   */
  readonly send: (message: OutboundMessage, settings?: SendSettings) => Effect.Effect<SendReceipt, SmsError>
  /**
   * Sends a message from this part on, after its earlier parts were sent. The
   * receipt has the ids of the parts that are sent now. Fails before any request
   * when the message is not sent in that many parts. Absent when the provider
   * cannot do so.
   */
  readonly sendRest?:
    | ((message: OutboundMessage, from: PartOf, settings?: SendSettings) => Effect.Effect<SendReceipt, SmsError>)
    | undefined
  /**
   * Returns whether a send of this message may be refused for some hours, so that
   * a server queues it. Absent when it never is.
   */
  readonly isHeld?: ((message: OutboundMessage) => boolean) | undefined
  /**
   * Finds the parts of a send whose response was lost. What is not found may
   * have been sent nevertheless. Absent when the carrier cannot be asked.
   */
  readonly lookUp?: ((lookup: Lookup) => Effect.Effect<ReadonlyArray<Match>, SmsError>) | undefined
  /**
   * Asks for the status of a message, and returns one for each recipient, or
   * none when the carrier does not know the message. Absent when the carrier
   * cannot be asked.
   */
  readonly fetchStatus?: ((key: StatusKey) => Effect.Effect<ReadonlyArray<DeliveryStatus>, SmsError>) | undefined
  /** Returns where the carrier posts received messages. Absent when it cannot be asked. */
  readonly fetchCallbacks?: Effect.Effect<ReadonlyArray<Callback>, SmsError> | undefined
  /** The size past which webhooks are refused. */
  readonly limits: Limits
  /**
   * Checks what arrives before the body, so that a server need not read the
   * body of a request that cannot be genuine. `verify` checks it too.
   */
  readonly checkHead: (head: WebhookHead) => Effect.Effect<void, WebhookError.WebhookError>
  /**
   * Verifies the signature over the exact bytes. Fails with a reason for the
   * operator, which must not be shown to the caller.
   */
  readonly verify: (request: WebhookRequest) => Effect.Effect<VerifiedWebhook, WebhookError.WebhookError>
  /** Decodes the events of a webhook. Fails only with `InvalidPayload`. */
  readonly decode: (
    webhook: VerifiedWebhook
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
  /** Decodes the events of a payload that is already parsed: a JSON object, or a form as a record. */
  readonly decodePayload: (
    payload: Readonly<Record<string, unknown>>
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.WebhookError>
  /** The response that acknowledges a webhook to this carrier. It sends nothing to the customer. */
  readonly acknowledgement: WebhookResponse
}

/**
 * A provider: one configured carrier API.
 *
 * @category services
 * @since 0.1.0
 */
export class SmsProvider extends Context.Service<SmsProvider, Service>()("effect-sms/SmsProvider") {}

/** Answers a webhook that this provider does not take. */
const noAcknowledgement: WebhookResponse = { status: 404, contentType: "text/plain", body: "" }

/**
 * Makes a provider that receives, sends, or both.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ name, receiver, sending }: {
  readonly name: string
  /** Absent when the provider is not configured to receive. */
  readonly receiver?: Receiver | undefined
  /** Absent when the provider is not configured to send. */
  readonly sending?: Sending | undefined
}): Service =>
  SmsProvider.of({
    name,
    capabilities: {
      ...(receiver !== undefined && { receive: receiver.capabilities }),
      ...(sending !== undefined && { send: sending.capabilities })
    },
    from: sending?.policy.from,
    ...(sending === undefined
      ? {
        send: () =>
          Effect.fail(new SmsError({ provider: name, reason: new NotEnabled({ detail: "It only receives" }) }))
      }
      : Sender.make(name, sending)),
    ...(sending !== undefined && Queries.make(name, sending)),
    acknowledgement: receiver?.acknowledgement ?? noAcknowledgement,
    ...(receiver === undefined ? Receive.makeNone(name) : Receive.make(name, receiver))
  })
