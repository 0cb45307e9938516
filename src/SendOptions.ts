/**
 * Options of sending that all carriers have.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as HttpClient from "effect/http/HttpClient"
import type { Address } from "./Address.ts"

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
