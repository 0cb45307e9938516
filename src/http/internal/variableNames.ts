/**
 * Names of variables that are probably mistyped, and the names that were
 * probably meant.
 */

/** Counts the characters to insert, delete, replace or swap with their neighbour. */
export const distance = (a: string, b: string): number => {
  const rows: Array<ReadonlyArray<number>> = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i++) {
    const [above = [], before] = [rows[i - 1], rows[i - 2]]
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = before === undefined || !isSwapped ? Infinity : before[j - 2]! + 1
      row.push(Math.min(row[j - 1]! + 1, above[j]! + 1, replaced, swapped))
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

/** How many typing mistakes a name of this length may have. */
const mistakes = (length: number): number => length < 7 ? 1 : length < 13 ? 2 : 3

const isNear = (a: string, b: string): boolean => {
  const most = mistakes(Math.min(a.length, b.length))
  return Math.abs(a.length - b.length) <= most && distance(a, b) <= most
}

const wordsOf = (name: string): ReadonlyArray<string> => name.split(/[^A-Z\d]+/).filter((word) => word !== "")

/** What others call the sender of messages. */
const senderWords = new Set(["PHONE", "NUMBER", "SENDER", "ORIGINATOR", "FROM"])

const meaning = (word: string): string => senderWords.has(word) ? "FROM" : word.replace(/IES$/, "Y")

const isWordOf = (words: ReadonlyArray<string>) => (word: string): boolean =>
  words.some((other) => {
    const [one, two] = [meaning(word), meaning(other)]
    // DIRECTORY and DIR
    return isNear(one, two) || (Math.min(one.length, two.length) >= 3 && (one.startsWith(two) || two.startsWith(one)))
  })

/** Whether one name has all the words of the other, in any order. */
const isContained = (a: string, b: string): boolean => {
  const [first, second] = [wordsOf(a), wordsOf(b)]
  const [short, long] = first.length < second.length ? [first, second] : [second, first]
  return short.length > 1 && short.every(isWordOf(long))
}

const compact = (name: string): string => name.replaceAll(/[^A-Z\d]/g, "")

/** Whether a name is meant to begin with a prefix: `TWILLIO_` and `VOICE_ME_UP_` do. */
export const hasPrefix = (name: string, prefix: string): boolean => {
  const upper = name.toUpperCase()
  const word = compact(prefix)
  return compact(upper).startsWith(word) || isNear(wordsOf(upper)[0] ?? "", word)
}

/**
 * Returns the name that was probably meant. `undefined` when none is alike.
 *
 * - One or a few characters are wrong: `TWILLIO_AUTH_TOKEN`
 * - The first word is right, and words are missing, added or in another order:
 *   `TWILIO_TOKEN`
 */
export const likeliest = (name: string, known: ReadonlyArray<string>): string | undefined => {
  const upper = name.toUpperCase()
  const first = wordsOf(upper)[0] ?? ""
  const isAlike = (candidate: string): boolean =>
    isNear(compact(upper), compact(candidate)) ||
    (isNear(first, wordsOf(candidate)[0]!) && isContained(upper, candidate))
  const ranked = known.filter(isAlike)
    .map((candidate) => ({ candidate, distance: distance(upper, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}
