/**
 * The latest files that people sent, bounded in bytes.
 */
import { InsertionOrderedMap } from "../../internal/insertionOrderedMap.ts"
import type { File } from "../../provider/Emulation.ts"

const maxBytes = 100_000_000

export class Files {
  readonly #files = new InsertionOrderedMap<File>({ maxBytes })

  add(file: File): void {
    this.#files.put(file.id, file, file.bytes.length)
    this.#files.trim()
  }

  get(id: string): File | undefined {
    return this.#files.get(id)
  }

  delete(id: string): void {
    this.#files.delete(id)
  }

  values(): Iterable<File> {
    return this.#files.values()
  }

  clear(): void {
    this.#files.clear()
  }
}
