/**
 * The sending side of a provider: its limits, its options, and the request for
 * one part of a message.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as Redacted from "effect/Redacted"
import type { Address, Kind } from "../Address.ts"
import type { MediaContent } from "../Content.ts"
import type { DeliveryStatus, Status } from "../DeliveryStatus.ts"
import type { OutboundMessage } from "../Message.ts"
import type { SendReference } from "../SendReference.ts"
import type { Refusal, SmsErrorReason } from "../SmsError.ts"
import type * as Query from "./Query.ts"

/**
 * The limits of a provider for sending. A message that exceeds them is refused
 * before anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendCapabilities {
  /** The maximum number of files in one message. 0 when the provider cannot send MMS. */
  readonly maxMedia: number
  /** The maximum length of the text of one message, in UTF-16 code units. */
  readonly maxLength: number
  /** The maximum number of segments of one SMS, if the carrier limits it. */
  readonly maxSegments?: number | undefined
  /** GSM-7 characters that this carrier sends as UCS-2, as in `Segments.Options`. */
  readonly excluding?: string | undefined
  readonly senders: ReadonlyArray<Kind>
  /** Whether the carrier chooses a sender for messages without one. */
  readonly choosesSender: boolean
  readonly recipients: ReadonlyArray<Kind>
  /** The maximum number of recipients of one group message. Absent when the carrier cannot send to a group. */
  readonly maxGroupRecipients?: number | undefined
  /** The options of `OutboundMessage` that the carrier supports. */
  readonly options: ReadonlyArray<"sendAt" | "validityPeriod" | "statusCallback" | "reference">
  /**
   * How long a message may have a status before the carrier is asked for a newer
   * one. After the last time, it is `unconfirmed`. Where a status is absent, that
   * of `Query.defaultStatusWaits` applies.
   */
  readonly statusWaits?: Query.StatusWaits | undefined
}

/**
 * How requests are retried. A request is retried only when the carrier provably
 * did not accept it: it was rate limited, or no connection was made.
 *
 * @category models
 * @since 0.1.0
 */
export type Retry = {
  /** The number of retries after the first request. 2 by default; 0 disables retries. */
  readonly times?: number | undefined
  /**
   * The delay before the first retry. It doubles with each retry, with a jitter
   * of 20%. 500 milliseconds by default.
   */
  readonly delay?: Duration.Input | undefined
  /**
   * The maximum delay. When a carrier asks for a longer one, the request is not
   * retried. 30 seconds by default.
   */
  readonly maxDelay?: Duration.Input | undefined
}

/**
 * What to do with a message that exceeds what the carrier accepts in one
 * request.
 *
 * - `refuse`: it fails with `NotSupported`, before anything is sent
 * - `split`: it is sent as several messages, one after the other, without
 *   losing content. When one of them fails, the error lists those that were
 *   sent
 *
 * @category models
 * @since 0.1.0
 */
export type Excess = "refuse" | "split"

/**
 * Options of sending.
 *
 * @category models
 * @since 0.1.0
 */
export type SendOptions = {
  /** The default sender, for messages without one. */
  readonly from?: Address | undefined
  /** What to do with a text that exceeds the carrier's limit. `refuse` by default. */
  readonly longText?: Excess | undefined
  /**
   * What to do with more files than the carrier accepts. `split` by default for
   * carriers that accept one file, otherwise `refuse`.
   */
  readonly severalMedia?: Excess | undefined
  readonly retry?: Retry | undefined
  /** The timeout of one request. 30 seconds by default. A request that times out has an unknown outcome. */
  readonly timeout?: Duration.Input | undefined
  /** The base URL of the API, to replace the carrier's in tests and behind proxies. */
  readonly baseUrl?: string | undefined
  /**
   * Transforms the HTTP client. The new client must not retry a request: the
   * carrier would send a second message.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * Settings of one send.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendSettings {
  /** The id of the intent. It travels with the message, so that a delivery report proves that it was accepted. */
  readonly intentId?: string | undefined
  /** A `bulk` message waits for a rate limit behind all others. `transactional` by default. */
  readonly priority?: "transactional" | "bulk" | undefined
  /** How long the message may wait for a rate limit, if that is shorter than what the limit allows. */
  readonly maxWait?: Duration.Input | undefined
}

/**
 * One part of a message that is sent in several.
 *
 * @category models
 * @since 0.1.0
 */
export interface PartOf {
  /** The number of the part, the first of which is 1. */
  readonly number: number
  /** The number of parts. */
  readonly of: number
}

/**
 * The options that `SmsProvider.make` handles for all providers.
 *
 * @category models
 * @since 0.1.0
 */
export type Policy = Pick<SendOptions, "from" | "longText" | "severalMedia" | "retry">

/**
 * One part of a message, sent in one request: a text, files, or both, within
 * the carrier's limits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Part {
  /** The whole message, for its options. */
  readonly message: OutboundMessage
  readonly to: Address
  /** All recipients: `to` alone, or those of a group message, who see each other. */
  readonly recipients: ReadonlyArray<Address>
  readonly from: Address | undefined
  /** Empty when the part has only files. */
  readonly text: string
  readonly media: ReadonlyArray<MediaContent>
  /**
   * The reference to send with the part, where the carrier returns it in
   * delivery reports: in the query of its default callback URL, or in a field.
   * Absent for a send that is not recorded.
   */
  readonly intent?: SendReference | undefined
}

/**
 * The carrier's response when it accepts a part.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accepted {
  readonly messageId: string
  readonly status: Status
  readonly carrierStatus: string
  readonly sender?: string | undefined
  readonly segments?: number | undefined
  /** The status of each recipient of a group message, as far as the carrier gives them. */
  readonly recipients?:
    | ReadonlyArray<{
      readonly recipient: Address
      readonly status: Status
      readonly carrierStatus: string
    }>
    | undefined
}

/**
 * How a carrier is asked about messages. The members are those of
 * `SmsProvider.Service`, without what all carriers share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queries {
  /** Returns the candidates for one part. */
  readonly lookUp?:
    | ((part: Part, lookup: Query.Lookup) => Effect.Effect<ReadonlyArray<Query.Candidate>, SmsErrorReason>)
    | undefined
  readonly fetchStatus?:
    | ((provider: string, key: Query.StatusKey) => Effect.Effect<ReadonlyArray<DeliveryStatus>, SmsErrorReason>)
    | undefined
  readonly fetchCallbacks?: Effect.Effect<ReadonlyArray<Query.Callback>, SmsErrorReason> | undefined
}

/**
 * How a carrier sends.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sending {
  readonly capabilities: SendCapabilities
  readonly policy: Policy
  /** The credentials. They are removed from the carrier's error messages. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** Validates a message against rules of the carrier that the capabilities do not express. */
  readonly check?: ((message: OutboundMessage) => Effect.Effect<void, SmsErrorReason>) | undefined
  readonly queries?: Queries | undefined
  /** Makes one request. `SmsProvider.make` retries it when the error reason allows that. */
  readonly deliver: (part: Part) => Effect.Effect<Accepted, SmsErrorReason>
}

/**
 * The carrier's explanation of a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Words {
  /** Absent when the carrier's code adds nothing to the HTTP status. */
  readonly refusal?: Refusal | undefined
  readonly code?: string | undefined
  readonly detail?: string | undefined
}

/**
 * How a carrier is asked over HTTP. Requests only read, so they are safe to
 * repeat.
 *
 * @category models
 * @since 0.1.0
 */
export interface CarrierQueries {
  /** Finds the message of a part. Absent when the carrier lists no messages. */
  readonly lookUp?: {
    readonly request: (part: Part, lookup: Query.Lookup) => HttpClientRequest.HttpClientRequest
    /** Reads a 2xx response. Returns `undefined` when it is no list of messages. */
    readonly candidates: (body: unknown, part: Part) => ReadonlyArray<Query.Candidate> | undefined
  } | undefined
  /** Returns the status of a message. Absent when the carrier cannot be asked for it. */
  readonly fetchStatus?: {
    /** The requests to make, until one of them is not answered with 404. */
    readonly requests: (key: Query.StatusKey) => ReadonlyArray<HttpClientRequest.HttpClientRequest>
    /** Reads a 2xx response: one status for each recipient. */
    readonly statuses: (provider: string, body: unknown) => Effect.Effect<ReadonlyArray<DeliveryStatus>>
  } | undefined
  /**
   * Returns where received messages are posted, or `undefined` when a response
   * is not what was asked for. `ask` makes a request, and returns a 2xx
   * response, or `undefined` for a 404. Absent when the carrier cannot be
   * asked.
   */
  readonly fetchCallbacks?:
    | ((
      ask: (
        request: HttpClientRequest.HttpClientRequest
      ) => Effect.Effect<{ readonly body: unknown } | undefined, SmsErrorReason>
    ) => Effect.Effect<ReadonlyArray<Query.Callback> | undefined, SmsErrorReason>)
    | undefined
}

/**
 * How a carrier sends over HTTP: builds the request for a part, and reads the
 * response. The pipeline provides the client and the timeout, and determines
 * the outcome of a failed request.
 *
 * @category models
 * @since 0.1.0
 */
export interface CarrierSending extends Omit<Sending, "deliver" | "policy" | "queries"> {
  readonly queries?: CarrierQueries | undefined
  readonly request: (part: Part) => Effect.Effect<HttpClientRequest.HttpClientRequest>
  /** Reads a 2xx response. Returns `undefined` when it contains no message id. */
  readonly accepted: (body: unknown, part: Part) => Accepted | undefined
  /** Reads the response of a refusal. */
  readonly words: (body: unknown, status: number) => Words
  /** Returns whether the body of a 2xx response reports a refusal. Absent when the status is sufficient. */
  readonly isRefusal?: ((body: unknown) => boolean) | undefined
}
