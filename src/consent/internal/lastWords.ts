/**
 * Which entries of a ledger decide.
 */
import * as DateTime from "effect/DateTime"
import type { Address } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"

/** The fields of an entry that decide. */
export interface Word {
  readonly action: string
  readonly position: number
  readonly person?: Address | undefined
  readonly sender?: Address | undefined
  readonly provider?: string | undefined
  readonly saidAt: DateTime.Utc
}

/** Returns the word that was said later. Of a `stop` and a `start` of the same time, that is the `stop`. */
export const later = <W extends Word>(one: W, other: W): W => {
  const difference = DateTime.toEpochMillis(one.saidAt) - DateTime.toEpochMillis(other.saidAt)
  if (difference !== 0) return difference > 0 ? one : other
  if (one.action !== other.action) return one.action === "stop" ? one : other
  return one.position > other.position ? one : other
}

/** Returns whether the entry opts out or in. */
export const isWord = ({ action }: Pick<Word, "action">): boolean => action === "stop" || action === "start"

/** What the words of one person concern: a sender and a provider. */
const keyOf = ({ provider, sender }: Word): string =>
  JSON.stringify([sender === undefined ? "" : personOf(sender), provider ?? ""])

/** Returns the last word for each sender and provider, from the entries of one person. */
export const of = <W extends Word>(entries: ReadonlyArray<W>): ReadonlyArray<W> => {
  const last = new Map<string, W>()
  for (const entry of entries) {
    if (!isWord(entry)) continue
    const key = keyOf(entry)
    const other = last.get(key)
    last.set(key, other === undefined ? entry : later(entry, other))
  }
  return [...last.values()]
}

/** Returns the last word about the same sender and provider, from the entries of the same person. */
export const before = <W extends Word>(entries: ReadonlyArray<W>, entry: Word): W | undefined => {
  const key = keyOf(entry)
  return of(entries.filter((other) => keyOf(other) === key))[0]
}

/** Returns what a new word changes the last one to, or `undefined` where it changes nothing. */
export const changeOf = <W extends Word>(before: W | undefined, entry: W): "stop" | "start" | undefined => {
  const { action } = entry
  if ((action !== "stop" && action !== "start") || action === before?.action) return undefined
  return before === undefined || later(before, entry) === entry ? action : undefined
}

/**
 * Returns the entries of a person, the latest first, without each `start` that was said before a `stop` that was
 * known by then, as an import of old consents has them: it opted nobody in.
 */
export const effective = <W extends Word>(entries: ReadonlyArray<W>): ReadonlyArray<W> =>
  entries.filter((entry, index) =>
    entry.action !== "start" ||
    !entries.slice(index + 1).some((other) => other.action === "stop" && later(entry, other) === other)
  )
