/**
 * Calls in this process, as a contender. They are counted by the time of the
 * processor, of all threads: unlike the time of the clock, it does not depend
 * on what else the cores do.
 */
import type { Contender, Sample, Setting } from "./Measure.ts"

/** In milliseconds of the processor. */
interface Times {
  /** How long a run takes. */
  readonly run: number
  /** How long the one before the first takes, after which all is compiled. */
  readonly warmUp: number
}

/** For calls that take less than a tenth of a millisecond. */
export const usual = ({ quick }: Setting): Times => ({ run: 100, warmUp: quick ? 1000 : 2000 })

/** In milliseconds. */
const processorTime = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1000
}

type Calls = (millis: number) => Sample | Promise<Sample>

const warmedUp = (times: Times, run: Calls): Contender => {
  let warm = false
  return async () => {
    if (!warm) await run(times.warmUp)
    warm = true
    return run(times.run)
  }
}

const perSecond = (count: number, start: number): Sample => ({ calls: count / (processorTime() - start) * 1000 })

const demand = (result: unknown): void => {
  if (result === undefined) throw new Error("The call gave nothing")
}

/** How often it can be called. The number of the call lets it take another input each time. */
export const calls = (setting: Setting, call: (i: number) => unknown, times = usual(setting)): Contender => {
  let i = 0
  // Grows until a batch takes a millisecond, so that looking at the clock costs nothing.
  let batch = 1
  return warmedUp(times, (millis) => {
    const start = processorTime()
    const first = i
    let last: unknown
    for (let now = start; now - start < millis;) {
      const before = now
      for (const next = i + batch; i < next; i++) last = call(i)
      now = processorTime()
      if (now - before < 1) batch *= 2
    }
    demand(last)
    return perSecond(i - first, start)
  })
}

/** The same for what ends later. One call begins when the one before has ended. */
export const asyncCalls = (
  setting: Setting,
  call: (i: number) => Promise<unknown>,
  times = usual(setting)
): Contender => {
  let i = 0
  return warmedUp(times, async (millis) => {
    const start = processorTime()
    const first = i
    let last: unknown
    while (processorTime() - start < millis) {
      for (const next = i + 20; i < next; i++) last = await call(i)
    }
    demand(last)
    return perSecond(i - first, start)
  })
}

/** In microseconds of the processor, what each of many inputs takes, which were made before. */
export const batches = <A>(
  setting: Setting,
  make: (i: number) => A,
  call: (inputs: ReadonlyArray<A>) => unknown,
  times = usual(setting)
): Contender => {
  let i = 0
  return warmedUp(times, (millis) => {
    const first = i
    let busy = 0
    while (busy < millis) {
      const inputs = Array.from({ length: 200 }, () => make(i++))
      const start = processorTime()
      demand(call(inputs))
      busy += processorTime() - start
    }
    return { CPU: busy * 1000 / (i - first) }
  })
}
