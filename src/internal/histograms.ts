/** Histograms by attributes. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { attributed } from "./attributed.ts"

/** Boundaries for what takes milliseconds to seconds, in seconds. */
export const seconds: ReadonlyArray<number> = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30
]

/** Boundaries for what may take hours, in seconds. */
export const hours: ReadonlyArray<number> = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 86_400]

interface Options {
  readonly description: string
  readonly boundaries: ReadonlyArray<number>
}

export const make = <const Name extends string>(name: string, options: Options) => {
  const histogramOf = attributed(Metric.histogram(name, options))
  return (attributes: Readonly<Record<Name, string>>, value: number): Effect.Effect<void> =>
    Metric.update(histogramOf(JSON.stringify(attributes), attributes), value)
}

/** As {@link make}, for code that has the context of its fiber and needs no effect. Attributes are told apart by the key. */
export const makeUnsafe = <const Name extends string>(name: string, options: Options) => {
  const histogramOf = attributed(Metric.histogram(name, options))
  return (
    context: Context.Context<never>,
    key: string,
    attributes: Readonly<Record<Name, string>>,
    value: number
  ): void => histogramOf(key, attributes).updateUnsafe(value, context)
}
