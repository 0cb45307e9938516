/**
 * The consent ledger: what people and carriers said about receiving messages.
 *
 * Entries are only appended. Whether a person may be texted follows from the
 * entries, by the time at which each was said: see `Consent`. Ledgers append to
 * the event log of their context who opted out and in: see
 * `Event.ConsentChanged`.
 *
 * **Example** (A ledger in memory)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { ConsentLedger } from "effect-sms"
 *
 * export const Ledger = Layer.provide(ConsentLedger.layerMemory(), NodeCrypto.layer)
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Address } from "../Address.ts"
import type { Event } from "../events/Event.ts"
import { recorder } from "../events/EventLog.ts"
import * as Changes from "../events/internal/changes.ts"
import { type Action, Entry, type Source } from "../internal/consentEntry.ts"
import { personOf } from "../internal/person.ts"
import { compact } from "../internal/record.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import { StorageError } from "../StorageError.ts"
import * as LastWords from "./internal/lastWords.ts"

export { Action, Entry, Source } from "../internal/consentEntry.ts"

/**
 * An entry to append.
 *
 * @category models
 * @since 0.1.0
 */
export interface NewEntry {
  readonly person: Address
  readonly action: Action
  readonly source: Source
  readonly sender?: Address | undefined
  readonly provider?: string | undefined
  readonly words?: string | undefined
  /** Now by default. A time in the future becomes the present. */
  readonly saidAt?: DateTime.Utc | undefined
  readonly answers?: string | undefined
  readonly intentId?: string | undefined
  /** The idempotency key. An entry whose key is known is not appended again. */
  readonly key?: string | undefined
}

/**
 * The members of {@link ConsentLedger}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Appends entries, all or none. Returns each as it is stored, and whether its key is new. */
  readonly append: (
    entries: ReadonlyArray<NewEntry>
  ) => Effect.Effect<ReadonlyArray<{ readonly entry: Entry; readonly isNew: boolean }>, StorageError>
  /**
   * Returns the last words of a person: for each sender and provider, the `stop`
   * or `start` that was said last. A `stop` of the same time is later than a
   * `start`.
   */
  readonly lastWords: (person: Address) => Effect.Effect<ReadonlyArray<Entry>, StorageError>
  /** Returns the entries of a person, the latest first. */
  readonly of: (person: Address, options: { readonly limit: number }) => Effect.Effect<
    ReadonlyArray<Entry>,
    StorageError
  >
  /** Returns the entries after a position, the oldest first. */
  readonly list: (options: { readonly after: number; readonly limit: number }) => Effect.Effect<
    ReadonlyArray<Entry>,
    StorageError
  >
}

/**
 * The consent ledger.
 *
 * @category services
 * @since 0.1.0
 */
export class ConsentLedger extends Context.Service<ConsentLedger, Service>()("effect-sms/consent/ConsentLedger") {}

/** The longest words that are stored. */
const maxWords = 160

/** Digits that may be somebody's number. The entries of a person must not name another one. */
const numbers = /\d(?:[\s().-]*\d){6,}/g

/** Returns the words as they are stored. */
const kept = (words: string): string => words.slice(0, maxWords).toWellFormed().replaceAll(numbers, "…")

/**
 * Builds the entry that is stored. For stores.
 *
 * @category constructors
 * @since 0.1.0
 */
export const entryOf = (
  { key: _, person, saidAt, words, ...fields }: NewEntry,
  about: { readonly id: string; readonly position: number; readonly now: DateTime.Utc }
): Entry =>
  new Entry({
    id: about.id,
    position: about.position,
    person,
    saidAt: saidAt === undefined ? about.now : DateTime.min(saidAt, about.now),
    recordedAt: about.now,
    action: fields.action,
    source: fields.source,
    ...compact({
      sender: fields.sender,
      provider: fields.provider,
      words: words === undefined ? undefined : kept(words),
      answers: fields.answers,
      intentId: fields.intentId
    })
  })

/**
 * Options of the ledger in memory.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions = {
  /**
   * The maximum bytes of all entries, estimated. 64 MiB by default. Beyond it,
   * entries that decide nothing any more are removed, and an entry that finds no
   * place is refused: a forgotten opt-out would be worse.
   */
  readonly maxBytes?: number | undefined
}

/**
 * Makes a ledger in memory, which is lost on restart: for tests, and for
 * servers that may forget who opted out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*(
  { maxBytes = 64 * 1024 * 1024 }: MemoryOptions = {}
): Effect.fn.Return<Service, never, SecureRandom.SecureRandom> {
  const random = yield* SecureRandom.SecureRandom
  const record = yield* recorder
  let entries: Array<Entry> = []
  const byPerson = new Map<string, Array<Entry>>()
  const byKey = new Map<string, Entry>()
  let bytes = 0
  let position = 0

  const ofPerson = (person: Address) => byPerson.get(personOf(person)) ?? []

  const index = () => {
    byPerson.clear()
    bytes = 0
    for (const entry of entries) {
      bytes += sizeOf(entry)
      const person = personOf(entry.person!)
      const others = byPerson.get(person)
      if (others === undefined) byPerson.set(person, [entry])
      else others.push(entry)
    }
  }

  /** Removes what decides nothing any more. */
  const shrink = () => {
    const needed = new Set([...byPerson.values()].flatMap((all) => LastWords.of(all)))
    entries = entries.filter((entry) => needed.has(entry))
    for (const [key, entry] of byKey) if (!needed.has(entry)) byKey.delete(key)
    index()
  }

  return ConsentLedger.of({
    append: Effect.fnUntraced(function*(added) {
      const now = yield* DateTime.now
      const ids = yield* Effect.forEach(added, () => random.ulid)
      const isFull = () => bytes + sizeOf(added) > maxBytes
      if (isFull()) shrink()
      if (isFull()) {
        return yield* new StorageError({ store: "consents", cause: new Error("The ledger in memory is full") })
      }
      const events: Array<() => Event> = []
      const appended = added.map((fields, place) => {
        const known = fields.key === undefined ? undefined : byKey.get(fields.key)
        if (known !== undefined) return { entry: known, isNew: false }
        const entry = entryOf(fields, { id: ids[place]!, position: ++position, now })
        const change = LastWords.changeOf(LastWords.before(ofPerson(fields.person), entry), entry)
        if (change !== undefined) events.push(() => Changes.consented(fields.person, change, entry))
        entries.push(entry)
        bytes += sizeOf(entry)
        byPerson.set(personOf(fields.person), [...ofPerson(fields.person), entry])
        if (fields.key !== undefined) byKey.set(fields.key, entry)
        return { entry, isNew: true }
      })
      yield* Effect.forEach(events, record, { discard: true })
      return appended
    }),
    lastWords: (person) => Effect.sync(() => LastWords.of(ofPerson(person))),
    of: (person, { limit }) => Effect.sync(() => ofPerson(person).slice(-limit).toReversed()),
    list: ({ after, limit }) => Effect.sync(() => entries.filter(({ position }) => position > after).slice(0, limit))
  })
})

/**
 * Provides a ledger in memory: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (
  options?: MemoryOptions
): Layer.Layer<ConsentLedger, never, SecureRandom.SecureRandom> => Layer.effect(ConsentLedger, makeMemory(options))
