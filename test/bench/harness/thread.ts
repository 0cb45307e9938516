/**
 * Contenders in threads of their own. Each has a heap and a compiler of its
 * own: what the collector does for one, and what the engine has learned from
 * another, must not count.
 */
import { once } from "node:events"
import { Worker } from "node:worker_threads"
import type { Contender, Prepared } from "./Measure.ts"

/** What a module in `workers` exports. */
export interface Module<Task> {
  readonly prepare: (task: Task) => Prepared | Promise<Prepared>
}

/** To the thread: a round of one of its contenders, or nothing, which ends it. */
export type Request = { readonly name: string; readonly round: number } | undefined

interface Thread extends Prepared {
  readonly tearDown: () => Promise<void>
}

const start = async (module: string, task: unknown): Promise<Thread> => {
  const worker = new Worker(new URL("threadMain.ts", import.meta.url), {
    workerData: { module, task },
    resourceLimits: { maxOldGenerationSizeMb: 8192 }
  })
  const [names]: Array<ReadonlyArray<string>> = await once(worker, "message")
  const contenderOf = (name: string): Contender => async (round) => {
    worker.postMessage({ name, round } satisfies Request)
    const [sample] = await once(worker, "message")
    return sample
  }
  return {
    contenders: Object.fromEntries(names!.map((name) => [name, contenderOf(name)])),
    tearDown: async () => {
      const exit = once(worker, "exit")
      worker.postMessage(undefined satisfies Request)
      await exit
    }
  }
}

/** Prepares the contenders of a module in `workers`, in a new thread for each task, as those of one measure. */
export const prepare = async (module: string, tasks: ReadonlyArray<unknown>): Promise<Prepared> => {
  const threads: Array<Thread> = []
  for (const task of tasks) threads.push(await start(module, task))
  return {
    contenders: Object.assign({}, ...threads.map(({ contenders }) => contenders)),
    tearDown: async () => {
      for (const { tearDown } of threads) await tearDown()
    }
  }
}
