/**
 * A delivery tracker whose store is full: messages that are followed, and what
 * the store holds.
 */
import { Address } from "effect-sms/Address"
import { DeliveryStore, DeliveryTracker } from "effect-sms/delivery"
import { DeliveryStatus } from "effect-sms/DeliveryStatus"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { calls } from "../harness/calls.ts"
import type { Sample, Setting } from "../harness/Measure.ts"
import type { Module } from "../harness/thread.ts"

export interface Task {
  readonly name: string
  readonly capacity: number
  /** How many messages have been followed before anything is measured. What the store then lacks is put into it. */
  readonly followed: number
  /** Whether to follow more. */
  readonly speed: boolean
  readonly setting: Setting
}

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

const filled = Effect.fnUntraced(function*({ capacity, followed }: Task) {
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
    const { receipt, sent } = reportsOf(i)
    const accepted = DeliveryTracker.step(undefined, sent, yield* DateTime.now, 20)
    const { delivery } = DeliveryTracker.step(accepted.delivery, receipt, yield* DateTime.now, 20)
    yield* store.modify(receipt, () => [undefined, delivery])
  })

  const before = heap()
  for (let i = 0; i < followed; i++) yield* follow(i)
  for (let i = followed; i < capacity; i++) yield* put(i)
  return { follow, full: { heap: heap() - before } satisfies Sample }
})

export const prepare: Module<Task>["prepare"] = async (task) => {
  const { capacity, followed, name, setting, speed } = task
  const scope = Scope.makeUnsafe()
  const { follow, full } = await Effect.runPromise(
    filled(task).pipe(Effect.provide(DeliveryStore.layerStoreMemory({ capacity })), Scope.provide(scope))
  )
  // The store is full, so that each message takes the place of another one.
  const first = Math.max(followed, capacity)
  // So long that the collector's work for a whole store is a part of each run, as it is of the years of a server.
  const following = calls(setting, (i) => Effect.runSync(follow(first + i)), { run: 1500, warmUp: 3000 })
  return {
    contenders: { [name]: speed ? async (round) => ({ ...full, ...await following(round) }) : () => full },
    tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
