/**
 * The one way to a host that somebody else named.
 *
 * A service of its own, and not an `HttpClient`, so that nobody can pass a
 * client that connects wherever a name leads. `NodeGuardedClient.layer`
 * provides it on Node.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { ConnectionFailed, InvalidBody, PrivateAddress } from "./MediaError.ts"

/**
 * An answer whose headers have arrived.
 *
 * @category models
 * @since 0.1.0
 */
export interface GuardedResponse {
  readonly status: number
  /** All values of a header, by its name in lower case. */
  readonly header: (name: string) => ReadonlyArray<string>
  /**
   * The bytes as they are on the wire, without the framing of HTTP. `InvalidBody`
   * if they end before the headers or the framing say so. To be run once.
   */
  readonly stream: Stream.Stream<Uint8Array, ConnectionFailed | InvalidBody>
}

/**
 * Sends one GET request. An implementation promises that
 *
 * - it resolves the name once, refuses if one of the addresses is not public,
 *   and connects to one of the addresses that it checked
 * - it checks an address that stands in the URL, in every spelling
 * - it follows no redirect, sends no header of its own that names the user or
 *   the trace, and decompresses nothing
 * - the request, and the reading of its answer, ends with the scope
 *
 * @category services
 * @since 0.1.0
 */
export class GuardedClient extends Context.Service<GuardedClient, {
  readonly get: (
    url: URL,
    headers: Readonly<Record<string, string>>
  ) => Effect.Effect<GuardedResponse, PrivateAddress | ConnectionFailed | InvalidBody, Scope.Scope>
}>()("effect-sms/media/GuardedClient") {}
