/**
 * Calls in this process, as a contender. They are counted by the time of the
 * processor, of all threads: unlike the time of the clock, it does not depend
 * on what else the cores do.
 */
import type { Contender, Setting } from "./Measure.ts"

const millis = ({ quick }: Setting): number => quick ? 30 : 60

const warmUpMillis = ({ quick }: Setting): number => quick ? 750 : 1500

const perSecond = (count: number, start: NodeJS.CpuUsage) => {
  const { system, user } = process.cpuUsage(start)
  return { calls: count / (user + system) * 1e6 }
}

/** How often it can be called. The number of the call lets it take another input each time. */
export const calls = (setting: Setting, call: (i: number) => unknown): Contender => {
  let i = 0
  let batch = 1
  let last: unknown
  const runFor = (millis: number) => {
    const start = process.cpuUsage()
    const first = i
    for (const end = performance.now() + millis; performance.now() < end;) {
      const before = performance.now()
      for (const next = i + batch; i < next; i++) last = call(i)
      // At least a millisecond, so that looking at the clock costs nothing.
      if (performance.now() - before < 1) batch *= 2
    }
    if (last === undefined) throw new Error("The call gave nothing")
    return perSecond(i - first, start)
  }
  return warmedUp(setting, runFor)
}

/** The same for what ends later. One call begins when the one before has ended. */
export const asyncCalls = (setting: Setting, call: (i: number) => Promise<unknown>): Contender => {
  let i = 0
  let last: unknown
  const runFor = async (millis: number) => {
    const start = process.cpuUsage()
    const first = i
    // The calls take so long that the clock costs nothing beside them.
    for (const end = performance.now() + millis; performance.now() < end;) last = await call(i++)
    if (last === undefined) throw new Error("The call gave nothing")
    return perSecond(i - first, start)
  }
  return warmedUp(setting, runFor)
}

type Runs = (millis: number) => ReturnType<Contender>

/** Before the first round, so that the compiler of the engine has seen the code. */
const warmedUp = (setting: Setting, runFor: Runs): Contender => {
  let warm = false
  return async () => {
    if (!warm) await runFor(warmUpMillis(setting))
    warm = true
    return runFor(millis(setting))
  }
}
