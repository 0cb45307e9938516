/**
 * Whether the server can take requests, for `GET /health/ready`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * A check of something that the server needs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Check {
  /** The reason for the answer 503 when the check fails or takes longer than 2 seconds, without personal data. */
  readonly reason: string
  readonly check: Effect.Effect<unknown, unknown>
}

/**
 * The checks of the server. None by default; a shutdown is always noticed.
 *
 * @category services
 * @since 0.1.0
 */
export const Readiness: Context.Reference<ReadonlyArray<Check>> = Context.Reference("effect-sms/http/Readiness", {
  defaultValue: (): ReadonlyArray<Check> => []
})
