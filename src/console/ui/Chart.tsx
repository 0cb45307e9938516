/**
 * Small charts, one figure each, side by side on the same span of time.
 */
import type * as DateTime from "effect/DateTime"
import { useState } from "preact/hooks"
import { fullTime, shortTime } from "./text.ts"

export interface Series {
  readonly name: string
  /** Absent where there is nothing to show. */
  readonly values: ReadonlyArray<number | undefined>
  readonly kind: "in" | "out" | "bad" | "time"
}

const [width, height] = [300, 84]

const xOf = (index: number, count: number) => count < 2 ? 0 : (index / (count - 1)) * width

const pointOf = (values: Series["values"], index: number, value: number, max: number) =>
  `${xOf(index, values.length).toFixed(1)} ${(height - (value / max) * (height - 6) - 2).toFixed(1)}`

/** Lines between neighbours that both have a value. */
const lineOf = (values: Series["values"], max: number): string => {
  let path = ""
  let isDown = false
  values.forEach((value, index) => {
    if (value === undefined) {
      isDown = false
      return
    }
    const point = pointOf(values, index, value, max)
    path += isDown ? `L${point}` : `M${point}`
    isDown = true
  })
  return path
}

/** Values without a neighbour. */
const dotsOf = (values: Series["values"], max: number): string =>
  values.flatMap((value, index) =>
    value === undefined || values[index - 1] !== undefined || values[index + 1] !== undefined
      ? []
      : [`M${pointOf(values, index, value, max)}h.01`]
  ).join("")

/** Where the lines are filled down to the ground: only where all has a value. */
const areaOf = (values: Series["values"], max: number): string =>
  values.some((value) => value === undefined) ? "" : `${lineOf(values, max)}L${width} ${height}L0 ${height}Z`

export const Chart = ({ format, now, series, times, title }: {
  readonly title: string
  /** The figure itself. */
  readonly now: string
  readonly series: ReadonlyArray<Series>
  readonly times: ReadonlyArray<DateTime.Utc>
  readonly format: (value: number) => string
}) => {
  const [at, setAt] = useState<number>()
  const max = Math.max(...series.flatMap(({ values }) => values.map((value) => value ?? 0)), 1e-9)
  const onMove = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    setAt(Math.round(Math.min(1, Math.max(0, (event.clientX - left) / width)) * (times.length - 1)))
  }
  const shown = at === undefined ? undefined : times[at]
  const highest = format(max < 1e-6 ? 0 : max)
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-now">{now}</span>
        <span class="chart-legend">
          {series.map(({ kind, name, values }) => (
            <span class={`chart-key is-${kind}`} key={name}>
              {name}
              {at !== undefined && `: ${values[at] === undefined ? "none" : format(values[at])}`}
            </span>
          ))}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${now}. At most ${highest} at a time.`}
        onPointerMove={onMove}
        onPointerLeave={() => setAt(undefined)}
      >
        <path class="chart-ground" d={`M0 ${height - 0.5}H${width}`} />
        {series.map(({ kind, name, values }) => (
          <g class={`chart-series is-${kind}`} key={name}>
            <path class="chart-area" d={areaOf(values, max)} />
            <path class="chart-line" d={lineOf(values, max)} />
            <path class="chart-dots" d={dotsOf(values, max)} />
          </g>
        ))}
        {at !== undefined && <path class="chart-cursor" d={`M${xOf(at, times.length)} 0V${height}`} />}
      </svg>
      <p class="chart-axis" aria-hidden="true">
        <span>{times[0] !== undefined && shortTime(times[0])}</span>
        <span>{shown === undefined ? `max ${highest}` : fullTime(shown)}</span>
        <span>now</span>
      </p>
    </figure>
  )
}

export interface Share {
  readonly name: string
  readonly count: number
  readonly kind: "good" | "bad" | "warn" | "neutral"
}

/** Shares of a whole as one bar, with what they are in words. */
export const Shares = ({ label, shares }: { readonly label: string; readonly shares: ReadonlyArray<Share> }) => {
  const some = shares.filter(({ count }) => count > 0)
  const total = some.reduce((sum, { count }) => sum + count, 0)
  return total === 0 ? <p class="muted">Nothing sent in this time.</p> : (
    <div class="shares">
      <div
        class="shares-bar"
        role="img"
        aria-label={`${label}: ${some.map(({ count, name }) => `${count} ${name}`).join(", ")}`}
      >
        {some.map(({ count, kind, name }) => (
          <span class={`is-${kind}`} style={{ flexGrow: String(count) }} key={name} />
        ))}
      </div>
      <ul class="shares-legend">
        {some.map(({ count, kind, name }) => (
          <li class={`is-${kind}`} key={name}>
            {name} <strong>{count}</strong>
          </li>
        ))}
      </ul>
    </div>
  )
}
