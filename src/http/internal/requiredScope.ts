/**
 * The scopes of tokens, as the definitions of endpoints name them. Without the
 * tokens themselves, so that a client does not load how those are checked.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"

/**
 * What a token may do.
 *
 * - `read`: read rooms, messages, deliveries and metrics
 * - `send`: send messages
 * - `operate`: decide about dead letters and sends with an unknown outcome, and
 *   delete personal data
 *
 * @category models
 * @since 0.1.0
 */
export type Scope = typeof Scope.Type

/**
 * Schema of {@link Scope}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Scope = Schema.Literals(["read", "send", "operate"])

/**
 * The scope that an endpoint needs. By default `read` for `GET`, else `operate`.
 *
 * @category services
 * @since 0.1.0
 */
export class RequiredScope extends Context.Service<RequiredScope, Scope>()("effect-sms/http/RequiredScope") {}
