/** The other end of `thread.ts`: tells the names of its contenders, then answers each round with a sample. */
import { once } from "node:events"
import { parentPort, workerData } from "node:worker_threads"
import type { Module, Request } from "./thread.ts"

const { module, task }: { readonly module: string; readonly task: unknown } = workerData
const { prepare }: Module<unknown> = await import(`../workers/${module}.ts`)
const { contenders, tearDown } = await prepare(task)

parentPort!.postMessage(Object.keys(contenders))
while (true) {
  const [request]: Array<Request> = await once(parentPort!, "message")
  if (request === undefined) break
  parentPort!.postMessage(await contenders[request.name]!(request.round))
}
await tearDown?.()
parentPort!.close()
