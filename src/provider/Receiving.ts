/**
 * The contract of receiving: how a carrier's webhooks are verified and decoded,
 * what a valid one proves, and how large they get.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type { DeliveryStatus } from "../DeliveryStatus.ts"
import type { Payload } from "../Payload.ts"
import type { InvalidPayload, WebhookErrorReason } from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import type { WebhookHead, WebhookRequest, WebhookResponse } from "../WebhookRequest.ts"
import type { Check, WebhookGuard } from "./WebhookGuard.ts"

/**
 * How a provider verifies webhooks, and what a valid webhook proves.
 *
 * - `signature`: the carrier's signature covers the parts of the request that
 *   `covers` lists. An attacker who intercepts a request can change the other
 *   parts, and can replay the request later if its timestamp is not covered
 * - `token`: a secret of a `WebhookGuard`, in the callback URL or in a header,
 *   identifies the caller, and covers no part of the request
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
 * How a carrier treats opt-outs by itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface CarrierConsent {
  /** The field of `InboundMessage.metadata` with the keyword that the carrier recognized: STOP, START or HELP. */
  readonly flag?: string | undefined
  /** The keywords that the carrier answers by itself, unless the account is set up otherwise, in capitals. */
  readonly answered: ReadonlyArray<string>
  /** Returns whether a failed delivery means that the recipient has opted out. */
  readonly isOptOut?: ((status: Pick<DeliveryStatus, "errorCode" | "errorMessage">) => boolean) | undefined
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
  /** Absent when the carrier leaves opt-outs to the application. */
  readonly consent?: CarrierConsent | undefined
}

/**
 * The size of a webhook past which it is refused before anything else is done
 * with it. Genuine webhooks never reach it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** The largest body, in bytes. */
  readonly maxBytes: number
  /** The most fields of a form, with those of the query. */
  readonly maxFields: number
  /** The longest query beside a body. The query of a GET has the fields of the message, and `maxBytes` limits it. */
  readonly maxQueryLength: number
}

/**
 * The limits of a carrier that sets none: many times the longest message with
 * its media links.
 *
 * @category models
 * @since 0.1.0
 */
export const defaultLimits: Limits = { maxBytes: 64 * 1024, maxFields: 200, maxQueryLength: 2048 }

/**
 * The options of receiving that all carriers have.
 *
 * @category models
 * @since 0.1.0
 */
export type ReceiveOptions = {
  /** Limits in the place of the carrier's own. */
  readonly limits?: Partial<Limits> | undefined
  /** Guards of the callback URL, beside what the carrier itself proves. All must pass. */
  readonly guards?: ReadonlyArray<WebhookGuard> | undefined
}

/**
 * What the verification of a webhook yields.
 *
 * @category models
 * @since 0.1.0
 */
export interface Verified {
  /** The parsed body, where the signature covers the parsed form. Decoding reuses it. */
  readonly payload?: Payload | undefined
  /**
   * What repetitions of the request are recognized by, beside the keys of its
   * events: the signature, where the signed text can be read in several ways.
   */
  readonly idempotencyKeys?: ReadonlyArray<string> | undefined
}

/**
 * Verifies and decodes a carrier's webhooks. It fails with reasons alone;
 * `SmsProvider.make` adds the provider's name.
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
  /** The limits that differ from {@link defaultLimits}. */
  readonly limits?: Partial<Limits> | undefined
  /**
   * Rejects a request by its headers and URL alone, for example without a
   * signature. Called before the body is read, and again before `verify`.
   */
  readonly checkHead?: ((head: WebhookHead) => WebhookErrorReason | undefined) | undefined
  /** Checked after `checkHead`, before the body is read, and again before `verify`. */
  readonly guard?: Check | undefined
  /** Whether `verify` refuses a request with more fields than the limit. Otherwise they are counted before. */
  readonly countsFields?: boolean | undefined
  /**
   * Verifies a request. `clock` is that of the fiber. A check that needs nothing
   * else returns an effect that has ended, which costs no fiber a step.
   */
  readonly verify: (
    request: WebhookRequest,
    clock: Clock.Clock,
    limits: Limits
  ) => Effect.Effect<Verified | void, WebhookErrorReason>
  /**
   * Finds the misconfiguration that explains a signature mismatch, and returns
   * it as the end of the sentence "it matches …". It tries many variants, so
   * `make` calls it only for small requests and at most a few times a second:
   * rejecting a forged request must stay cheap.
   */
  readonly diagnose?: ((request: WebhookRequest) => Effect.Effect<string | undefined>) | undefined
  readonly parse: (
    request: WebhookRequest
  ) => Effect.Effect<Readonly<Record<string, unknown>>, InvalidPayload>
  readonly decodePayload: (
    payload: Readonly<Record<string, unknown>>
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload>
  readonly acknowledgement: WebhookResponse
}
