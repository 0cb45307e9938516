/**
 * The processes of a server that has several on one port.
 *
 * The first process starts the others with `node:cluster` and hands them the
 * connections. It replaces those that end, and at a signal it ends after them.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import cluster, { type Worker } from "node:cluster"
import { availableParallelism } from "node:os"
import { CodeOfInterruption, exitCodes, Failed } from "./Failed.ts"
import * as WorkerMetrics from "./workerMetrics.ts"

/** The number of processes that `WORKERS` asks for: one for each core where it is `auto`. */
export const countOf = (workers: number | "auto"): number => workers === "auto" ? availableParallelism() : workers

/** Whether this process was started by the first one. */
export const isWorker: boolean = cluster.isWorker

/** Whether this process logs what all have in common. */
export const isFirst: boolean = (cluster.worker?.id ?? 1) === 1

/** How long the first process waits before it replaces one that has ended. */
const pause = "1 second"

/** A worker listens, or has ended. */
interface Change {
  readonly worker: Worker
  readonly ended?: { readonly code: number; readonly how: string }
}

/** Reports the changes of workers from now on. */
const changes: Effect.Effect<Queue.Dequeue<Change>, never, Scope.Scope> = Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Change>()
  const onListening = (worker: Worker) => void Queue.offerUnsafe(queue, { worker })
  const onExit = (worker: Worker, code: number | null, signal: string | null) => {
    const ended = { code: code ?? exitCodes.notPossible, how: signal ?? `code ${code}` }
    Queue.offerUnsafe(queue, { worker, ended })
  }
  cluster.on("listening", onListening).on("exit", onExit).on("message", WorkerMetrics.relay)
  return queue
})

/** Runs so many processes until it is interrupted. Fails if the first one cannot start. */
export const run = Effect.fnUntraced(function*(
  count: number
): Effect.fn.Return<never, Failed, Scope.Scope | CodeOfInterruption> {
  const queue = yield* changes
  const codeOfInterruption = yield* CodeOfInterruption
  const fork = Effect.sync(() => void cluster.fork())
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      const left = new Set(Object.values(cluster.workers ?? {}))
      for (const worker of left) worker?.process.kill("SIGTERM")
      while (left.size > 0) {
        const { ended, worker } = yield* Queue.take(queue)
        if (ended === undefined) continue
        left.delete(worker)
        if (ended.code !== 0) yield* Ref.set(codeOfInterruption, ended.code)
      }
    })
  )
  // The first one finds out alone whether the configuration and the database can be used.
  yield* fork
  const first = yield* Queue.take(queue)
  if (first.ended !== undefined) return yield* new Failed(first.ended)
  for (let number = 2; number <= count; number++) yield* fork
  return yield* Effect.forever(Effect.gen(function*() {
    const { ended } = yield* Queue.take(queue)
    if (ended === undefined) return
    yield* Effect.logError(`A process of the server ended with ${ended.how} and is replaced`)
    yield* Effect.forkScoped(Effect.delay(fork, pause))
  }))
})
