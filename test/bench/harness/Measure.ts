/**
 * What a measure is: contenders that do the same work, and rows that set one
 * against another.
 */

/** The numbers of one run of one contender, by metric. */
export type Sample = Readonly<Record<string, number>>

export interface Metric {
  readonly unit: string
  readonly better: "more" | "less"
  readonly digits: number
}

/** A comparison. The ratio says how many times as good ours is, whatever the metric: twice is half of the time. */
export interface Row {
  readonly name: string
  readonly metric: string
  readonly ours: string
  readonly theirs: string
  /** The least ratio that is wanted. Without it the row only informs. */
  readonly aim?: number | undefined
}

export const row = (name: string, metric: string, ours: string, theirs: string, aim?: number): Row => ({
  name,
  metric,
  ours,
  theirs,
  aim
})

export interface Setting {
  readonly quick: boolean
}

/** One run. The rounds go through the contenders in turn. */
export type Contender = (round: number) => Sample | Promise<Sample>

export interface Prepared {
  readonly contenders: Readonly<Record<string, Contender>>
  readonly tearDown?: (() => Promise<void>) | undefined
}

export interface Measure {
  readonly title: string
  /** The heading of the rows: what ours is set against. */
  readonly metrics: Readonly<Record<string, Metric>>
  readonly rows: ReadonlyArray<Row>
  readonly rounds: (setting: Setting) => number
  readonly prepare: (setting: Setting) => Prepared | Promise<Prepared>
}

/** What was measured, as it is kept in the JSON file. */
export interface Result {
  readonly title: string
  readonly metrics: Measure["metrics"]
  readonly rows: Measure["rows"]
  /** In the order of the rounds, by contender. */
  readonly samples: Readonly<Record<string, ReadonlyArray<Sample>>>
}

/** Rounds of all contenders, each round beginning with another, so that none always comes after the same. */
export const run = async (measure: Measure, setting: Setting, tell: (line: string) => void): Promise<Result> => {
  const { contenders, tearDown } = await measure.prepare(setting)
  const names = Object.keys(contenders)
  const samples: Record<string, Array<Sample>> = Object.fromEntries(names.map((name) => [name, []]))
  const rounds = measure.rounds(setting)
  try {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < names.length; i++) {
        const name = names[(round + i) % names.length]!
        samples[name]!.push(await contenders[name]!(round))
      }
      tell(`round ${round + 1}/${rounds}`)
    }
  } finally {
    await tearDown?.()
  }
  const { metrics, rows, title } = measure
  return { title, metrics, rows, samples }
}
