/** What an operator gets to see of a program. */
import { Effect, Layer, Logger, Metric, References, type Tracer } from "effect"
import { recordingTracer } from "../src/testing/internal/recordingTracer.ts"

export interface Observed {
  /** The log lines, as JSON. */
  readonly logs: ReadonlyArray<string>
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  /** Everything that was logged, and is in a span or a label of a metric, as one text. */
  readonly text: string
  /** The value of a counter with these labels. 0 when it was never counted. */
  readonly count: (id: string, labels: Readonly<Record<string, string>>) => number
}

const spanText = ({ attributes, events, name, status }: Tracer.NativeSpan): string => {
  const failure = status._tag === "Ended" && status.exit._tag === "Failure" ? String(status.exit.cause) : ""
  return JSON.stringify(
    [name, [...attributes], events, failure],
    (_, value) => typeof value === "bigint" ? String(value) : value
  )
}

/** Runs it, with metrics of its own, and tells what could be seen. */
export const observe = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const logs: Array<string> = []
    const layerLogs = Logger.layer([Logger.map(Logger.formatJson, (line) => void logs.push(line))])
    const { spans, tracer } = recordingTracer()
    const value = yield* effect.pipe(
      Effect.provide(Layer.merge(layerLogs, Layer.succeed(References.MinimumLogLevel, "All"))),
      Effect.withTracer(tracer)
    )
    const metrics = yield* Metric.snapshot
    const observed: Observed = {
      logs,
      spans,
      text: [
        ...logs,
        ...spans.map(spanText),
        ...metrics.map(({ attributes, id }) => JSON.stringify([id, attributes]))
      ].join("\n"),
      count: (id, labels) => {
        const wanted = Object.entries(labels)
        const found = metrics.find((metric) =>
          metric.id === id && wanted.every(([key, value]) => metric.attributes?.[key] === value)
        )
        return found?.type === "Counter" ? Number(found.state.count) : 0
      }
    }
    return { value, observed }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
