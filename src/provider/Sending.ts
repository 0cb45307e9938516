/**
 * How a provider sends: its limits, its options, and what it does with one part
 * of a message.
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
import type { Status } from "../DeliveryStatus.ts"
import type { OutboundMessage } from "../Message.ts"
import type { Refusal, SmsErrorReason } from "../SmsError.ts"

/**
 * What a provider sends. A message that asks for more is refused before
 * anything is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface SendCapabilities {
  /** Files in one message. 0 where no MMS can be sent. */
  readonly maxMedia: number
  /** UTF-16 code units of text in one message. */
  readonly maxLength: number
  /** Segments of one SMS, where the carrier limits them. */
  readonly maxSegments?: number | undefined
  /** Characters of GSM-7 that make a text UCS-2 there, as in `Segments.Options`. */
  readonly excluding?: string | undefined
  readonly senders: ReadonlyArray<Kind>
  /** Whether the carrier chooses the sender of a message that has none. */
  readonly choosesSender: boolean
  readonly recipients: ReadonlyArray<Kind>
  /** The options of `OutboundMessage` that the carrier has. */
  readonly options: ReadonlyArray<"sendAt" | "validityPeriod" | "statusCallback" | "reference">
}

/**
 * When a carrier proves that it did not take a message, because there were too
 * many at a time or it could not be reached, it is asked again. In no other
 * case.
 *
 * @category models
 * @since 0.1.0
 */
export type Retry = {
  /** How often, after the first time. 2 by default; 0 for never. */
  readonly times?: number | undefined
  /** The wait before the first repetition; it doubles with each, and is jittered by a fifth. 500 milliseconds by default. */
  readonly delay?: Duration.Input | undefined
  /**
   * The longest wait. A carrier that asks for more of it gets no repetition.
   * 30 seconds by default.
   */
  readonly maxDelay?: Duration.Input | undefined
}

/**
 * What to do with a message that is more than the carrier takes at once.
 *
 * - `refuse`: it fails with `NotSupported`, before anything is sent
 * - `split`: it goes out as several messages, one after the other, and nothing
 *   of it is lost. When one of them fails, the error says which went out
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
  /** The sender of messages that name none. */
  readonly from?: Address | undefined
  /** For a text that is longer than the carrier takes. `refuse` by default. */
  readonly longText?: Excess | undefined
  /** For more files than the carrier takes. `split` by default for carriers that take one only, else `refuse`. */
  readonly severalMedia?: Excess | undefined
  readonly retry?: Retry | undefined
  /** The time limit of one request. 30 seconds by default. What it ends has an unknown outcome. */
  readonly timeout?: Duration.Input | undefined
  /** Another address of the API, for tests and proxies. */
  readonly baseUrl?: string | undefined
  /**
   * Changes the client. It sees every request, so it must not repeat one: the
   * carrier would send a second message.
   */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The options that all providers act on alike.
 *
 * @category models
 * @since 0.1.0
 */
export type Policy = Pick<SendOptions, "from" | "longText" | "severalMedia" | "retry">

/**
 * One message on its way to the carrier: a text, files, or both, within the
 * carrier's limits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Part {
  /** The whole message, for its options. */
  readonly message: OutboundMessage
  readonly to: Address
  readonly from: Address | undefined
  /** Empty when there are files only. */
  readonly text: string
  readonly media: ReadonlyArray<MediaContent>
}

/**
 * What a carrier says when it accepts a part.
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
  /** The credentials. Whatever the carrier says, they are not passed on. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** What the carrier's rules say against a message, beyond the capabilities. */
  readonly check?: ((message: OutboundMessage) => Effect.Effect<void, SmsErrorReason>) | undefined
  /** Makes one request. `SmsProvider.make` repeats it when its reason allows that. */
  readonly deliver: (part: Part) => Effect.Effect<Accepted, SmsErrorReason>
}

/**
 * What a carrier says about a refusal.
 *
 * @category models
 * @since 0.1.0
 */
export interface Words {
  /** Absent where the carrier's code says nothing that the HTTP status does not say. */
  readonly refusal?: Refusal | undefined
  readonly code?: string | undefined
  readonly detail?: string | undefined
}

/**
 * How a carrier sends over HTTP: the request of a part, and how its answer is
 * read. The client, its timeout, and the outcome of a request that fails belong
 * to the pipeline.
 *
 * @category models
 * @since 0.1.0
 */
export interface CarrierSending extends Omit<Sending, "deliver" | "policy"> {
  readonly request: (part: Part) => Effect.Effect<HttpClientRequest.HttpClientRequest>
  /** Reads a 2xx answer. `undefined` where it names no message. */
  readonly accepted: (body: unknown, part: Part) => Accepted | undefined
  /** Reads the answer of a refusal. */
  readonly words: (body: unknown, status: number) => Words
  /** Whether the body of a 2xx says that the message was refused. Absent where the status says it all. */
  readonly isRefusal?: ((body: unknown) => boolean) | undefined
}
