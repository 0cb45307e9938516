/** Records what an operator can see of a program: log lines, spans and metrics. */
import { Cause, Context, Layer, Logger, LogLevel, Metric, References, Tracer } from "effect"
import { inspect } from "node:util"
import { recordingTracer } from "../src/testing/internal/recordingTracer.ts"

export interface LogLine {
  readonly level: LogLevel.LogLevel
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
}

export interface Observed {
  /** The lines that are logged by default: those of the level Info and above. */
  readonly lines: ReadonlyArray<LogLine>
  /** The lines of every level. */
  readonly all: ReadonlyArray<LogLine>
  readonly spans: ReadonlyArray<Tracer.NativeSpan>
  /** Everything that was logged, and is in a span or a label of a metric. */
  readonly text: () => string
  /** The value of a counter with these labels. 0 when it was never counted. */
  readonly count: (id: string, labels: Readonly<Record<string, string>>) => number
  /** The value of a gauge with these labels, if it was ever set. */
  readonly gauge: (id: string, labels?: Readonly<Record<string, string>>) => number | undefined
  /** Records a program that it is provided to. */
  readonly layer: Layer.Layer<never>
}

const textOf = (value: unknown): string =>
  inspect(value, { depth: 12, maxArrayLength: Infinity, maxStringLength: Infinity })

// Of a failure, exporters take the message and the stack. A value that a span ends with is not exported.
const spanText = ({ attributes, events, name, status }: Tracer.NativeSpan): string =>
  textOf({
    name,
    attributes,
    events,
    failure: status._tag === "Ended" && status.exit._tag === "Failure" ? Cause.pretty(status.exit.cause) : undefined
  })

export const observe = (): Observed => {
  const all: Array<LogLine> = []
  const lines: Array<LogLine> = []
  const logger = Logger.make(({ cause, fiber, logLevel, message }) => {
    const line = {
      level: logLevel,
      message: [message, ...cause.reasons].flat()
        .map((part) => typeof part === "string" ? part : inspect(part))
        .join(" "),
      annotations: { ...fiber.getRef(References.CurrentLogAnnotations) }
    }
    all.push(line)
    if (LogLevel.isGreaterThanOrEqualTo(logLevel, "Info")) lines.push(line)
  })
  const { spans, tracer } = recordingTracer()
  const registry: Metric.MetricRegistry = new Map()
  const metrics = () => Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
  const find = (id: string, labels: Readonly<Record<string, string>>) =>
    metrics().find((metric) =>
      metric.id === id && Object.entries(labels).every(([key, value]) => metric.attributes?.[key] === value)
    )
  return {
    lines,
    all,
    spans,
    text: () =>
      [
        ...all.map(textOf),
        ...spans.map(spanText),
        ...metrics().map(({ attributes, id }) => textOf([id, attributes]))
      ].join("\n"),
    gauge: (id, labels = {}) => {
      const found = find(id, labels)
      return found?.type === "Gauge" ? Number(found.state.value) : undefined
    },
    count: (id, labels) => {
      const found = find(id, labels)
      return found?.type === "Counter" ? Number(found.state.count) : 0
    },
    layer: Layer.mergeAll(
      Logger.layer([logger]),
      Layer.succeed(References.MinimumLogLevel, "All"),
      Layer.succeed(Tracer.Tracer, tracer),
      Layer.succeed(Metric.MetricRegistry, registry)
    )
  }
}
