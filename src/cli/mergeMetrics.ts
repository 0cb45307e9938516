/**
 * Adds up the metrics of several processes that share a database.
 */

interface Family {
  readonly comments: Set<string>
  readonly samples: Map<string, number>
}

/** Returns the name of a metric: the third word of its comments. */
const nameOf = (comment: string): string => comment.split(" ", 3)[2] ?? ""

const isGauge = ({ comments }: Family): boolean =>
  Array.from(comments).some((comment) => /^# TYPE .* gauge$/.test(comment))

/**
 * Merges texts in the format of Prometheus. Counts and histograms are added up.
 * Of a gauge the highest value is taken, because each process reads it from the
 * same database.
 */
export const mergeMetrics = (texts: ReadonlyArray<string>): string => {
  const families = new Map<string, Family>()
  const familyOf = (name: string): Family => {
    const family = families.get(name) ?? { comments: new Set(), samples: new Map() }
    families.set(name, family)
    return family
  }
  for (const text of texts) {
    // The comments of a metric are before its samples.
    let family = familyOf("")
    for (const line of text.split("\n")) {
      if (line.startsWith("#")) {
        family = familyOf(nameOf(line))
        family.comments.add(line)
      } else if (line !== "") {
        const space = line.lastIndexOf(" ")
        const series = line.slice(0, space)
        const value = Number(line.slice(space + 1))
        const other = family.samples.get(series)
        family.samples.set(series, isGauge(family) ? Math.max(other ?? value, value) : (other ?? 0) + value)
      }
    }
  }
  const lines = Array.from(families.values()).flatMap(({ comments, samples }) => [
    ...comments,
    ...Array.from(samples, ([series, value]) => `${series} ${value}`)
  ])
  return lines.map((line) => `${line}\n`).join("")
}
