/**
 * An HTTP client for hosts that come from untrusted input.
 *
 * It is a service of its own, not an `HttpClient`, so that a caller cannot
 * accidentally provide a client that connects to any address a name resolves
 * to. `NodeGuardedClient.layer` provides it on Node.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConnectionFailed, InvalidBody, PrivateAddress } from "./MediaError.ts"

/**
 * A response whose headers have arrived.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardedResponse {
  readonly status: number
  /** Returns all values of a header, given its lower-case name. */
  readonly header: (name: string) => ReadonlyArray<string>
  /**
   * The body bytes as sent, without HTTP framing. Fails with `InvalidBody` when
   * the body ends before the length that the headers or the framing declare. Runs
   * only once.
   */
  readonly stream: Stream.Stream<Uint8Array, ConnectionFailed | InvalidBody>
}

/**
 * A request. A body makes it a `POST`, else it is a `GET`.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardedRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
}

/**
 * Sends a single request. Every implementation must:
 *
 * - resolve the name once, refuse it if any of its addresses is not public, and
 *   connect to one of the checked addresses
 * - check an IP address in the URL, in every notation
 * - follow no redirect, add no header that identifies the user or the trace,
 *   and decompress nothing
 * - abort the request and the reading of its response when the scope closes
 *
 * @category services
 * @since 0.1.0
 */
export class GuardedClient extends Context.Service<GuardedClient, {
  readonly send: (
    request: GuardedRequest
  ) => Effect.Effect<GuardedResponse, PrivateAddress | ConnectionFailed | InvalidBody, Scope.Scope>
}>()("effect-sms/media/GuardedClient") {}
