/**
 * What the measurements come to, and how it is printed.
 */
import type { Measurement } from "./measure.ts"

/** A measurement, and how busy the machine was when it began. */
export interface Run extends Measurement {
  /** Of the last minute. Everything above what the benchmark itself needs is somebody else's. */
  readonly loadAverage: number
}

/** The middle of the runs, and their ends. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface Summary {
  readonly name: string
  readonly seconds: Spread
  /** 10^6 bytes in a second. */
  readonly throughput: Spread
  readonly cpuSeconds: Spread
  /** In MiB. */
  readonly idleRss: Spread
  /** In MiB. */
  readonly peakRss: Spread
  /** In MiB: what the files took. */
  readonly growth: Spread
}

const spreadOf = (values: ReadonlyArray<number>): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1)
  }
}

export const summaryOf = (name: string, bytes: number, runs: ReadonlyArray<Run>): Summary => {
  const spread = (value: (run: Run) => number) => spreadOf(runs.map(value))
  const mebibytes = (value: (run: Run) => number) => spread((run) => value(run) / 2 ** 20)
  return {
    name,
    seconds: spread((run) => run.seconds),
    throughput: spread((run) => bytes / 1e6 / run.seconds),
    cpuSeconds: spread((run) => run.cpuSeconds),
    idleRss: mebibytes((run) => run.idleRss),
    peakRss: mebibytes((run) => run.peakRss),
    growth: mebibytes((run) => run.peakRss - run.idleRss)
  }
}

const columns: ReadonlyArray<readonly [title: string, spread: (summary: Summary) => Spread, digits: number]> = [
  ["wall, s", ({ seconds }) => seconds, 2],
  ["MB/s", ({ throughput }) => throughput, 0],
  ["CPU, s", ({ cpuSeconds }) => cpuSeconds, 2],
  ["idle, MiB", ({ idleRss }) => idleRss, 0],
  ["peak, MiB", ({ peakRss }) => peakRss, 0],
  ["growth, MiB", ({ growth }) => growth, 0]
]

const row = (cells: ReadonlyArray<string>, widths: ReadonlyArray<number>) =>
  `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`

/** A table in Markdown: medians with the least and the most, then the ratios of the medians to the first row. */
export const tableOf = (summaries: ReadonlyArray<Summary>): string => {
  const [baseline, ...others] = summaries
  const absolute = summaries.map((summary) => [
    summary.name,
    ...columns.map(([, spread, digits]) => {
      const { least, median, most } = spread(summary)
      return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`
    })
  ])
  const relative = baseline === undefined ? [] : others.map((summary) => [
    `${summary.name} / ${baseline.name}`,
    ...columns.map(([, spread]) => (spread(summary).median / spread(baseline).median).toFixed(2))
  ])
  const rows = [["", ...columns.map(([title]) => title)], ...absolute, ...relative]
  const widths = [...Array(columns.length + 1).keys()].map((i) =>
    Math.max(...rows.map((cells) => cells[i]?.length ?? 0))
  )
  const [header = [], ...body] = rows.map((cells) => row(cells, widths))
  return [header, row(widths.map((width) => "-".repeat(width)), widths), ...body].join("\n")
}
