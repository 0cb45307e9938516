/**
 * Reads from environment variables where logs, metrics and traces go: logs to
 * the standard output in a format for people or for programs, and everything to
 * an OpenTelemetry collector if one is configured.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Struct from "effect/Struct"
import { version } from "../internal/version.ts"
import { checked, choice, type InvalidVariable } from "../provider/Environment.ts"

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = [
  "LOG_LEVEL",
  "LOG_FORMAT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_PROTOCOL"
]

const levels = LogLevel.values.map((level) => level.toLowerCase())

const level = (given: LogLevel.LogLevel | undefined) =>
  Effect.map(
    choice("LOG_LEVEL", levels),
    (value = "info") => given ?? LogLevel.values[levels.indexOf(value)]!
  )

const formats = {
  pretty: Logger.consolePretty(),
  json: Logger.consoleJson,
  logfmt: Logger.consoleLogFmt
}

const endpoint = checked("OTEL_EXPORTER_OTLP_ENDPOINT", (value) =>
  /^https?:\/\//.test(value) && URL.canParse(value)
    ? undefined
    : "must be the URL of an OpenTelemetry collector, as in http://localhost:4318")

const protocol = choice("OTEL_EXPORTER_OTLP_PROTOCOL", ["http/protobuf", "http/json"])

// Loaded on demand: most servers have no collector.
const loadOtlp = Effect.promise(() =>
  Promise.all([import("effect/observability/Otlp"), import("effect/observability/OtlpSerialization")])
)

/** What the endpoint alone switches on. Each signal has a variable that switches it off. */
const defaults = ConfigProvider.fromUnknown({
  OTEL_LOGS_EXPORTER: "otlp",
  OTEL_METRICS_EXPORTER: "otlp",
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_SERVICE_NAME: "effect-sms",
  OTEL_SERVICE_VERSION: version
})

const collector = Effect.gen(function*() {
  const url = yield* endpoint
  const format = yield* protocol
  if (url === undefined) return Layer.empty
  const [Otlp, OtlpSerialization] = yield* loadOtlp
  // The other standard variables, such as OTEL_EXPORTER_OTLP_HEADERS, are read by the exporter.
  return Otlp.layerFromConfig().pipe(
    Layer.provide(format === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf),
    Layer.provide(ConfigProvider.layerAdd(defaults))
  )
})

/**
 * Reads the configuration. `isTerminal` says whether people read the standard
 * output. The level of logs is `LOG_LEVEL` unless one is given.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = Effect.fnUntraced(function*(
  isTerminal: boolean,
  givenLevel?: LogLevel.LogLevel | undefined
): Effect.fn.Return<
  { readonly logs: Layer.Layer<never>; readonly collector: Layer.Layer<never, never, HttpClient.HttpClient> },
  InvalidVariable | Config.ConfigError
> {
  return {
    logs: Layer.merge(
      Logger.layer([formats[(yield* choice("LOG_FORMAT", Struct.keys(formats))) ?? (isTerminal ? "pretty" : "json")]]),
      Layer.succeed(References.MinimumLogLevel, yield* level(givenLevel))
    ),
    collector: yield* collector
  }
})
