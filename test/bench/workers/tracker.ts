/**
 * A delivery tracker in a thread of its own, with a heap of its own: what the
 * collector does for a million messages must not count for a thousand.
 *
 * Its data is a `Task`. It answers each message with a sample: the first when
 * the store is full, of its memory, and the others of messages followed.
 */
import { Address } from "effect-sms/Address"
import * as DeliveryStatus from "effect-sms/DeliveryStatus"
import * as DeliveryStore from "effect-sms/DeliveryStore"
import * as DeliveryTracker from "effect-sms/DeliveryTracker"
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { parentPort, workerData } from "node:worker_threads"
import { calls } from "../harness/calls.ts"
import type { Sample, Setting } from "../harness/Measure.ts"

export interface Task {
  readonly capacity: number
  /** Before anything is measured. */
  readonly followed: number
  readonly setting: Setting
}

const { capacity, followed, setting }: Task = workerData

const recipient = Address.make("+16505550111")

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** In MiB. */
const heap = (): number => {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

await Effect.runPromise(
  Effect.scoped(Effect.gen(function*() {
    const tracker = yield* DeliveryTracker.make()

    /** A message that was sent, and its receipt. */
    const follow = Effect.fnUntraced(function*(i: number) {
      yield* tracker.sent({ provider: "twilio", messageId: `SM${i}`, recipient })
      return yield* tracker.update(
        new DeliveryStatus.DeliveryStatus({
          provider: "twilio",
          messageId: `SM${i}`,
          recipient,
          status: "delivered",
          carrierStatus: "delivered",
          idempotencyKey: `SM${i}:delivered`,
          raw: {}
        })
      )
    })

    const before = heap()
    for (let i = 0; i < followed; i++) yield* follow(i)
    const full: Sample = { heap: heap() - before }

    // The store is full, so that each message takes the place of another one.
    const contender = calls(setting, (i) => Effect.runSync(follow(followed + i)))
    yield* Effect.promise(() =>
      new Promise<void>((resolve) => {
        parentPort?.on("message", (round: number | undefined) => {
          if (round === undefined) resolve()
          else void Promise.resolve(contender(round)).then((sample) => parentPort?.postMessage({ ...full, ...sample }))
        })
        parentPort?.postMessage(full)
      })
    )
  })).pipe(Effect.provide(DeliveryStore.layerStoreMemory({ capacity })))
)
parentPort?.close()
