/**
 * What `GET /metrics` answers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

/**
 * Formats the metrics as the text of Prometheus: those of this process by
 * default. A server of several processes adds up those of all.
 *
 * @category services
 * @since 0.1.0
 */
export const MetricsText: Context.Reference<Effect.Effect<string>> = Context.Reference("effect-sms/http/MetricsText", {
  defaultValue: () => PrometheusMetrics.format()
})
