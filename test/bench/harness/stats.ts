/**
 * What the samples come to.
 */
import type { Result, Row } from "./Measure.ts"

/** The middle of some values, and what half of them lie between. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** Medians and quartiles, between two values where they fall between them. */
export const spreadOf = (values: ReadonlyArray<number>): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => {
    const place = (sorted.length - 1) * share
    const below = sorted[Math.floor(place)] ?? NaN
    const above = sorted[Math.ceil(place)] ?? NaN
    return below + (above - below) * (place - Math.floor(place))
  }
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

/** The values of one metric, in the order of the rounds. */
export const valuesOf = ({ samples }: Result, contender: string, metric: string): ReadonlyArray<number> =>
  (samples[contender] ?? []).flatMap((sample) => sample[metric] ?? [])

export interface Comparison extends Row {
  readonly ratio: Spread
  readonly outcome: "met" | "missed" | undefined
}

/** The ratios within each round: what slows the machine down for a while slows both, and cancels out. */
export const comparisonsOf = (result: Result): ReadonlyArray<Comparison> =>
  result.rows.map((row) => {
    const { better } = result.metrics[row.metric]!
    const theirs = valuesOf(result, row.theirs, row.metric)
    const ratio = spreadOf(
      valuesOf(result, row.ours, row.metric).map((ours, round) =>
        better === "more" ? ours / theirs[round]! : theirs[round]! / ours
      )
    )
    // As it is printed: nobody should read that 1.50 misses 1.5.
    const outcome = row.aim === undefined ? undefined : Number(ratio.median.toFixed(2)) >= row.aim ? "met" : "missed"
    return { ...row, ratio, outcome }
  })
