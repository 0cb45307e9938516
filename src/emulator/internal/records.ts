/**
 * The records of a dialect, by kind: the latest ones, bounded in number and in
 * bytes for each kind.
 */
import { type Bounds, InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import type { Records } from "../../provider/Emulation.ts"

/** How many bytes a record may have, on the average of its kind. */
const bytesOfRecord = 5000
/** Fewer would not do for the settings of a carrier. */
const minRecords = 100

export class RecordKinds {
  readonly #bounds: Bounds
  readonly #kinds = new Map<string, InsertionOrderedMap<unknown>>()

  constructor(limit: number) {
    const maxEntries = Math.max(minRecords, limit)
    this.#bounds = { maxEntries, maxBytes: maxEntries * bytesOfRecord }
  }

  of(kind: string): Records<unknown> {
    const records = this.#kinds.get(kind) ?? new InsertionOrderedMap<unknown>(this.#bounds)
    this.#kinds.set(kind, records)
    return {
      get: (key) => records.get(key),
      set: (key, value) => {
        records.put(key, value, sizeOf(value))
        records.trim()
      },
      delete: (key) => records.delete(key),
      values: () => records.values()
    }
  }

  save(): Saved {
    return [...this.#kinds].map(([kind, records]) => [kind, [...records.entries()]])
  }

  restore(saved: Saved): void {
    for (const [kind, entries] of saved) {
      const { set } = this.of(kind)
      for (const [key, value] of entries) set(key, value)
    }
  }

  clear(): void {
    this.#kinds.clear()
  }
}

/** What is kept of the records in a snapshot. */
export type Saved = ReadonlyArray<readonly [kind: string, entries: ReadonlyArray<readonly [string, unknown]>]>
