/**
 * Metrics with attributes. Building one takes ten times as long as an update, so
 * each is built once and cached.
 */
import * as Metric from "effect/Metric"

/** Returns a function that returns the metric with these attributes. Equal attributes must have one key of their own. */
export const attributed = <Input, State>(all: Metric.Metric<Input, State>) => {
  const known = new Map<string, Metric.Metric<Input, State>>()
  return (key: string, attributes: Readonly<Record<string, string>>): Metric.Metric<Input, State> => {
    const metric = known.get(key) ?? Metric.withAttributes(all, attributes)
    known.set(key, metric)
    return metric
  }
}
