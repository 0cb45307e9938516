/**
 * Lists of what stores hold, the newest first, in pages.
 */
import * as DateTime from "effect/DateTime"
import type { Address } from "../Address.ts"
import * as Content from "../Content.ts"
import { personOf } from "./person.ts"

/** The place of an item in its list: by time, and then by the order in which it was stored. */
export interface Place {
  readonly time: number
  readonly position: number
}

/** An item, and the place after which the next page begins. */
export interface Listed<A> {
  readonly value: A
  readonly place: Place
}

/** A span of time. An absent end is open. */
export interface TimeSpan {
  /** Only items from this time on. */
  readonly since?: DateTime.Utc | undefined
  /** Only items before this time. */
  readonly until?: DateTime.Utc | undefined
}

/** Returns whether a time, in epoch milliseconds, is in a span. */
export const isIn = ({ since, until }: TimeSpan): (time: number) => boolean => {
  const from = since === undefined ? -Infinity : DateTime.toEpochMillis(since)
  const to = until === undefined ? Infinity : DateTime.toEpochMillis(until)
  return (time) => time >= from && time < to
}

/** What to list. An absent field matches everything. */
export interface SearchOptions extends TimeSpan {
  readonly limit: number
  /** Only items after this place, which are older. */
  readonly after?: Place | undefined
  /** Only those of this person. The number may have any form. */
  readonly number?: Address | undefined
  readonly provider?: string | undefined
  /** Only those whose text contains this, in any letter case. */
  readonly text?: string | undefined
}

/** Returns a text as texts are searched: in lower case. */
export const searchable = (text: string): string => text.normalize("NFC").toLowerCase()

/** Returns the text of a content as it is searched. */
export const wordsOf = (content: Content.Content): string => searchable(Content.text(content))

/** Returns the digits that a search may be a part of a number by, or `undefined` where it can be none. */
export const digitsOf = (text: string): string | undefined => {
  const digits = text.replaceAll(/\D/g, "")
  return digits.length >= 3 && /^[\d\s()+./-]+$/.test(text) ? digits : undefined
}

/** What to count: items from a time on, by the spans of a length that they fall into, in milliseconds. */
export interface TallyOptions {
  readonly since: number
  readonly step: number
}

/** The number of items in a span of time. */
export interface Tally {
  /** When the span begins, in milliseconds since the epoch: a multiple of its length. */
  readonly at: number
  readonly provider: string | undefined
  readonly count: number
}

/** Counts items in memory: those of a span that have the same fields together. */
export const tally = <A extends { readonly at: number }>(
  items: Iterable<A>,
  { since, step }: TallyOptions
): ReadonlyArray<A & { readonly count: number }> => {
  const counts = new Map<string, A & { count: number }>()
  for (const item of items) {
    if (item.at < since) continue
    const one = { ...item, at: item.at - item.at % step }
    const key = JSON.stringify(one)
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { ...one, count: 1 })
    else known.count++
  }
  return Array.from(counts.values()).sort((one, other) => one.at - other.at)
}

/** An item in memory, with the fields that it is searched by. */
export interface Searchable<A> extends Listed<A> {
  readonly address: Address | undefined
  readonly provider: string | undefined
  readonly content?: Content.Content | undefined
}

/** Returns whether one place comes before another, which is older. */
const isBefore = (one: Place, other: Place): boolean =>
  one.time > other.time || (one.time === other.time && one.position > other.position)

/** Searches items in memory. */
export const search = <A>(
  items: Iterable<Searchable<A>>,
  { after, limit, number, provider, text, ...span }: SearchOptions
): ReadonlyArray<Listed<A>> => {
  const person = number === undefined ? undefined : personOf(number)
  const isInSpan = isIn(span)
  const words = text === undefined ? undefined : searchable(text)
  return Array.from(items)
    .filter((item) =>
      (after === undefined || isBefore(after, item.place)) &&
      (person === undefined || (item.address !== undefined && personOf(item.address) === person)) &&
      (provider === undefined || item.provider === provider) &&
      (words === undefined || (item.content !== undefined && wordsOf(item.content).includes(words))) &&
      isInSpan(item.place.time)
    )
    .sort((one, other) => isBefore(one.place, other.place) ? -1 : 1)
    .slice(0, limit)
    .map(({ place, value }) => ({ place, value }))
}
