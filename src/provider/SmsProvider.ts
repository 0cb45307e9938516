/**
 * The interface of a provider.
 *
 * A carrier implements the narrow {@link Receiver} and `Sending` interfaces,
 * which are specific to its API; {@link make} adds the behaviour that all
 * carriers share. For receiving, it checks the method and content type, wraps
 * errors, and records the span and the metric. For sending, it also validates
 * the message, splits it into parts, and retries requests that are safe to
 * retry.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Address } from "../Address.ts"
import * as Counters from "../internal/counters.ts"
import * as Spans from "../internal/spans.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import { NotEnabled, SmsError } from "../SmsError.ts"
import * as WebhookError from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import {
  unverifiedWebhook,
  type VerifiedWebhook,
  type WebhookRequest,
  type WebhookResponse
} from "../WebhookRequest.ts"
import * as Body from "./Body.ts"
import * as Sender from "./internal/send.ts"
import type { SendCapabilities, Sending } from "./Sending.ts"

/**
 * How a provider verifies webhooks, and what a valid webhook proves.
 *
 * - `signature`: the carrier's signature covers the parts of the request that
 *   `covers` lists. An attacker who intercepts a request can change the other
 *   parts, and can replay the request later if its timestamp is not covered
 * - `token`: a secret in the callback URL identifies the caller, and covers no
 *   part of the request
 * - `none`: webhooks are not verified
 *
 * @category models
 * @since 0.1.0
 */
export interface Verification {
  readonly scheme: "signature" | "token" | "none"
  readonly covers: ReadonlyArray<"body" | "url" | "time">
}

/**
 * The features that a provider supports for receiving.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceiveCapabilities {
  /** Whether it receives messages with media. */
  readonly mms: boolean
  /** Whether one MMS arrives as several webhooks. */
  readonly splitMms: boolean
  /** Whether the carrier reports delivery by webhook. */
  readonly deliveryStatuses: boolean
  readonly verification: Verification
}

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
  readonly send: (message: OutboundMessage) => Effect.Effect<SendReceipt, SmsError>
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

/**
 * Verifies and decodes a carrier's webhooks. It fails with reasons alone;
 * {@link make} adds the provider's name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Receiver {
  readonly capabilities: ReceiveCapabilities
  /** The HTTP methods that the carrier uses, in upper case. */
  readonly methods: ReadonlyArray<string>
  /** The body formats that the carrier sends, without parameters. */
  readonly contentTypes: ReadonlyArray<string>
  /** Returns the payload if verification had to parse it, so that it is not parsed twice. */
  readonly verify: (
    request: WebhookRequest
  ) => Effect.Effect<Readonly<Record<string, unknown>> | void, WebhookError.WebhookErrorReason>
  /**
   * Finds the misconfiguration that explains a signature mismatch, and returns
   * it as the end of the sentence "it matches …". It tries many variants, so
   * `make` calls it only for small bodies and at most a few times a second:
   * rejecting a forged request must stay cheap.
   */
  readonly diagnose?: ((request: WebhookRequest) => Effect.Effect<string | undefined>) | undefined
  readonly parse: (
    request: WebhookRequest
  ) => Effect.Effect<Readonly<Record<string, unknown>>, WebhookError.InvalidPayload>
  readonly decodePayload: (
    payload: Readonly<Record<string, unknown>>
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, WebhookError.InvalidPayload>
  readonly acknowledgement: WebhookResponse
}

const countWebhook = Counters.make("sms_webhooks_total", "Webhooks by provider and outcome")

const maxDiagnosedBytes = 64 * 1024
const maxDiagnosesPerSecond = 5

/** Makes the receiving half of a provider. */
const receiving = (name: string, receiver: Receiver): Pick<Service, "verify" | "decode" | "decodePayload"> => {
  const { contentTypes, methods } = receiver
  const refuse = (reason: WebhookError.WebhookErrorReason) => new WebhookError.WebhookError({ provider: name, reason })
  const budget = Ref.makeUnsafe({ second: -1, left: 0 })
  const diagnose = Effect.fnUntraced(function*(request: WebhookRequest, reason: WebhookError.WebhookErrorReason) {
    if (receiver.diagnose === undefined) return reason
    if (reason._tag !== "InvalidSignature" || request.body.length > maxDiagnosedBytes) return reason
    const second = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const allowed = yield* Ref.modify(budget, (budget) => {
      const left = budget.second === second ? budget.left : maxDiagnosesPerSecond
      return [left > 0, { second, left: Math.max(0, left - 1) }]
    })
    const hint = allowed ? yield* receiver.diagnose(request) : undefined
    return hint === undefined ? reason : new WebhookError.InvalidSignature({ hint })
  })

  const checkShape = (request: WebhookRequest): WebhookError.WebhookErrorReason | undefined => {
    if (!methods.includes(request.method)) return new WebhookError.MethodNotAllowed({ expected: methods })
    if (request.method === "GET") return undefined
    const contentType = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() ?? ""
    return contentTypes.includes(contentType)
      ? Body.notRaw(request)
      : new WebhookError.UnsupportedContentType({ expected: contentTypes })
  }

  const decodePayload: Service["decodePayload"] = (payload) =>
    Effect.suspend(() => Effect.mapErrorEager(receiver.decodePayload(payload), refuse))

  return {
    decodePayload,
    verify: (request) =>
      Effect.suspend(() => {
        const misshapen = checkShape(request)
        return misshapen === undefined ? receiver.verify(request) : Effect.fail(misshapen)
      }).pipe(
        Effect.matchEffect({
          onSuccess: (payload) =>
            Effect.as(countWebhook(name, "verified"), {
              ...unverifiedWebhook(name, request),
              ...(typeof payload === "object" && { payload })
            }),
          onFailure: (reason) =>
            Effect.andThen(
              countWebhook(name, reason._tag),
              Effect.flatMap(diagnose(request, reason), (reason) => Effect.fail(refuse(reason)))
            )
        }),
        Spans.withSpan("SmsProvider.verify", { "sms.provider": name })
      ),
    decode: (webhook) => {
      if (webhook.provider !== name) {
        return Effect.fail(refuse(WebhookError.invalidPayload("", `a webhook verified by ${JSON.stringify(name)}`)))
      }
      const { payload, request } = webhook
      if (payload !== undefined) return decodePayload(payload)
      return Effect.suspend(() =>
        Effect.flatMapEager(Effect.mapErrorEager(receiver.parse(request), refuse), decodePayload)
      )
    }
  }
}

const notReceiving = (name: string): ReturnType<typeof receiving> => {
  const refuse = () =>
    Effect.fail(new WebhookError.WebhookError({ provider: name, reason: new WebhookError.NotReceiving() }))
  return { verify: refuse, decode: refuse, decodePayload: refuse }
}

/** Responds to a webhook when the provider does not receive. */
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
    send: sending === undefined
      ? () => Effect.fail(new SmsError({ provider: name, reason: new NotEnabled({ detail: "It only receives" }) }))
      : Sender.make(name, sending),
    acknowledgement: receiver?.acknowledgement ?? noAcknowledgement,
    ...(receiver === undefined ? notReceiving(name) : receiving(name, receiver))
  })
