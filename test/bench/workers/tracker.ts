/**
 * A delivery tracker in a thread of its own, with a heap of its own: what the
 * collector does for a million messages must not count for a thousand.
 *
 * Its data is a `Task`. It answers each message with a sample: the first when
 * the store is full, of its memory, and the others of messages followed.
 */
import { Address } from "effect-sms/Address"
import { DeliveryStatus } from "effect-sms/DeliveryStatus"
import * as DeliveryStore from "effect-sms/DeliveryStore"
import * as DeliveryTracker from "effect-sms/DeliveryTracker"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { parentPort, workerData } from "node:worker_threads"
import { calls } from "../harness/calls.ts"
import type { Sample, Setting } from "../harness/Measure.ts"

export interface Task {
  readonly capacity: number
  /** How many messages have been followed before anything is measured. What the store then lacks is put into it. */
  readonly followed: number
  readonly setting: Setting
}

const { capacity, followed, setting }: Task = workerData

const recipient = Address.make("+16505550111")

const reportsOf = (i: number) => {
  const common = { provider: "twilio", messageId: `SM${i}`, recipient }
  return {
    sent: { ...common, status: "accepted", carrierStatus: "accepted", idempotencyKey: "sent:accepted" },
    receipt: new DeliveryStatus({
      ...common,
      status: "delivered",
      carrierStatus: "delivered",
      idempotencyKey: `SM${i}:delivered`,
      raw: {}
    })
  } as const
}

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
    const store = yield* DeliveryStore.DeliveryStore

    /** A message that was sent, and its receipt. */
    const follow = Effect.fnUntraced(function*(i: number) {
      const { receipt, sent } = reportsOf(i)
      yield* tracker.sent(sent)
      return yield* tracker.update(receipt)
    })

    /** What following it leaves in the store, in a third of the time. */
    const put = Effect.fnUntraced(function*(i: number) {
      const { sent, receipt } = reportsOf(i)
      const accepted = DeliveryTracker.step(undefined, sent, yield* DateTime.now, 20)
      const { delivery } = DeliveryTracker.step(accepted.delivery, receipt, yield* DateTime.now, 20)
      yield* store.modify(receipt, () => [undefined, delivery])
    })

    const before = heap()
    for (let i = 0; i < followed; i++) yield* follow(i)
    for (let i = followed; i < capacity; i++) yield* put(i)
    const full: Sample = { heap: heap() - before }

    // The store is full, so that each message takes the place of another one.
    const first = Math.max(followed, capacity)
    // So long that the collector's work for a whole store is a part of each run, as it is of the years of a server.
    const contender = calls(setting, (i) => Effect.runSync(follow(first + i)), {
      run: 1500,
      warmUp: 3000
    })
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
