/**
 * Copies the write-ahead log of an SQLite file into the file, in a thread of its
 * own.
 *
 * By default SQLite does this within a commit, and that blocks the event loop:
 * for about 4 milliseconds a megabyte, which is 2 seconds after a backup has held
 * a log of 500 MB. The thread is started when there is enough to copy, and
 * writers do not wait for it. Only when a constant load keeps it from ever
 * reaching the end of the log, so that the log cannot begin again, the
 * connection is kept from writing meanwhile, which does not block the event loop
 * either.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type * as Semaphore from "effect/Semaphore"
import type { DatabaseSync } from "node:sqlite"
import { Worker } from "node:worker_threads"

/** How many changed rows start a copy. With their indexes they are a few megabytes. */
const minChanges = 500

/** The length of the log, in pages, above which the connection waits for a copy: 32 MiB with pages of 4 KiB. */
const maxPages = 8192

/** The program of the worker. It is text, because a bundle has no files beside it. */
const program = `
const { parentPort, workerData } = require("node:worker_threads")
const { DatabaseSync } = require("node:sqlite")
const database = new DatabaseSync(workerData)
const checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)")
parentPort.on("message", () => parentPort.postMessage(checkpoint.get()))
`

interface Copied {
  /** The number of pages in the log, and of those that are copied. */
  readonly log: number
  readonly checkpointed: number
}

/** Returns what must be called after every commit. The thread ends with the scope. */
export const make = Effect.fnUntraced(function*(
  database: DatabaseSync,
  filename: string,
  writing: Semaphore.Semaphore
): Effect.fn.Return<() => void, never, Scope.Scope> {
  const totalChanges = database.prepare("SELECT total_changes() AS total")
  const isNeeded = yield* Latch.make()
  let seen = 0
  let started: Worker | undefined

  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.resolve(started?.terminate())))

  const copy = Effect.callback<Copied, unknown>((resume) => {
    const worker = started ??= new Worker(program, { eval: true, execArgv: [], workerData: filename })
    // It must not keep the program from ending.
    worker.unref()
    const onMessage = (copied: Copied) => {
      worker.off("error", onError)
      resume(Effect.succeed(copied))
    }
    const onError = (cause: unknown) => {
      worker.off("message", onMessage)
      resume(Effect.fail(cause))
    }
    worker.once("message", onMessage)
    worker.once("error", onError)
    worker.postMessage(null)
  })

  let limit = maxPages
  const round = Effect.gen(function*() {
    yield* isNeeded.await
    yield* isNeeded.close
    const { log } = yield* copy
    if (log < limit) return
    const { checkpointed, log: length } = yield* writing.withPermit(copy)
    // Where another process reads an old state of the file, waiting again would not help soon.
    limit = checkpointed === length ? maxPages : length * 2
  })

  database.exec("PRAGMA wal_autocheckpoint = 0")
  yield* Effect.forever(round).pipe(
    Effect.catch((cause) =>
      Effect.andThen(
        Effect.sync(() => database.exec("PRAGMA wal_autocheckpoint = 1000")),
        Effect.logWarning("The thread that copies the write-ahead log ended; commits do it from now on", cause)
      )
    ),
    Effect.forkScoped
  )

  return () => {
    const { total } = totalChanges.get() as { readonly total: number }
    if (total - seen < minChanges) return
    seen = total
    isNeeded.openUnsafe()
  }
})
