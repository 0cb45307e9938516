/**
 * The aggregator of split messages: parts that open a window and parts that
 * close one, with few and with many windows open, and what a window holds.
 */
import { MmsAggregator } from "effect-sms/mms"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { asyncCalls } from "../harness/calls.ts"
import { type Contender, type Measure, row, type Setting } from "../harness/Measure.ts"
import { part } from "../inputs/parts.ts"

const aggregatorWith = async (scope: Scope.Scope, pending: number) => {
  const aggregator = await Effect.runPromise(
    // The windows stay open for as long as it is measured.
    Scope.provide(
      MmsAggregator.makeMemory({ timeout: "1 day", maxPending: 1_000_000, onTimeout: () => Effect.void }),
      scope
    )
  )
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let i = 1; i <= pending; i++) await Effect.runPromise(aggregator.offer(part("wrapper", -i)))
  globalThis.gc?.()
  return { aggregator, bytes: pending === 0 ? 0 : (process.memoryUsage().heapUsed - before) / pending }
}

/** The wrapper of a message and its file, of which the second gives the message. */
const messages = (setting: Setting, { aggregator, bytes }: Awaited<ReturnType<typeof aggregatorWith>>): Contender => {
  const contender = asyncCalls(setting, async (i) => {
    await Effect.runPromise(aggregator.offer(part("wrapper", i)))
    const whole = await Effect.runPromise(aggregator.offer(part("media", i)))
    if (whole._tag !== "Some") throw new Error("The parts are no message")
    return whole
  })
  return async (round) => {
    const { calls = 0 } = await contender(round)
    return { offers: calls * 2, ...(bytes > 0 && { bytes }) }
  }
}

export const measure: Measure = {
  title: "Split MMS",
  metrics: {
    offers: { unit: "offers/s", better: "more", digits: 0 },
    bytes: { unit: "bytes a pending window", better: "less", digits: 0 }
  },
  rows: [
    row("offers with 100,000 pending, against 100", "offers", "100,000 pending", "100 pending", 0.77),
    row("memory of a window of 100,000, against 10,000", "bytes", "100,000 pending", "10,000 pending", 0.8)
  ],
  rounds: ({ quick }) => quick ? 9 : 41,
  prepare: async (setting) => {
    const scope = Scope.makeUnsafe()
    const contenders: Record<string, Contender> = {}
    for (const pending of [100, 10_000, 100_000]) {
      contenders[`${pending.toLocaleString("en-US")} pending`] = messages(setting, await aggregatorWith(scope, pending))
    }
    return { contenders, tearDown: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
  }
}
