/**
 * The metrics of a server that has several processes on one port: whichever
 * process is asked adds up those of all.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import cluster, { type Worker } from "node:cluster"
import { MetricsText } from "../http/MetricsText.ts"
import { mergeMetrics } from "./mergeMetrics.ts"

/** What the processes tell each other. */
type Message =
  /** A worker asks for the metrics of the others. */
  | { readonly _tag: "MetricsWanted"; readonly request: number }
  /** The first process asks a worker for its metrics. */
  | { readonly _tag: "MetricsOf"; readonly worker: number; readonly request: number }
  /** A worker answers, and the first process passes it on. */
  | { readonly _tag: "Metrics"; readonly worker: number; readonly request: number; readonly text: string }
  /** The first process tells the worker how many will answer. */
  | { readonly _tag: "Asked"; readonly request: number; readonly count: number }

/** A request whose answers are not all there. */
interface Waiting {
  /** How many will answer. */
  count: number
  readonly texts: Array<string>
  readonly all: Deferred.Deferred<void>
}

const others = (worker: Worker): ReadonlyArray<Worker> =>
  Object.values(cluster.workers ?? {}).filter((other) => other !== undefined && other !== worker) as Array<Worker>

/** In the first process, passes the questions and answers of workers on. */
export const relay = (worker: Worker, message: Message): void => {
  if (message._tag === "MetricsWanted") {
    const asked = others(worker).filter((other) => other.isConnected())
    worker.send({ _tag: "Asked", request: message.request, count: asked.length } satisfies Message)
    for (const other of asked) {
      other.send({ _tag: "MetricsOf", worker: worker.id, request: message.request } satisfies Message)
    }
  } else if (message._tag === "Metrics") cluster.workers?.[message.worker]?.send(message)
}

/** How long a worker waits for the metrics of the others. */
const metricsTimeout = "2 seconds"

/** In a worker, answers `GET /metrics` with those of all workers. */
export const layer: Layer.Layer<never> = Layer.effect(
  MetricsText,
  Effect.gen(function*() {
    const own = PrometheusMetrics.format()
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const waiting = new Map<number, Waiting>()
    let requests = 0
    const send = (message: Message) => Effect.sync(() => void process.send?.(message))
    const onMessage = (message: Message): void => {
      if (message._tag === "MetricsOf") {
        run(Effect.flatMap(own, (text) => send({ ...message, _tag: "Metrics", text })))
        return
      }
      const request = waiting.get(message.request)
      if (request === undefined) return
      if (message._tag === "Asked") request.count = message.count
      else if (message._tag === "Metrics") request.texts.push(message.text)
      if (request.texts.length === request.count) Deferred.doneUnsafe(request.all, Effect.void)
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("message", onMessage)),
      () => Effect.sync(() => process.off("message", onMessage))
    )
    return Effect.gen(function*() {
      const request = ++requests
      const all = yield* Deferred.make<void>()
      const texts: Array<string> = []
      waiting.set(request, { all, texts, count: Infinity })
      yield* send({ _tag: "MetricsWanted", request })
      yield* Effect.timeoutOption(Deferred.await(all), metricsTimeout)
      waiting.delete(request)
      return mergeMetrics([yield* own, ...texts])
    })
  })
)
