/**
 * The log of exchanges: API requests and webhooks with what was answered.
 */
import type { Effect } from "../Fault.ts"
import { Latest } from "./latest.ts"

export type HeaderFields = Readonly<Record<string, string | undefined>>

export interface Exchange {
  readonly id: number
  /** In epoch milliseconds. */
  readonly at: number
  readonly carrier: string
  readonly direction: "request" | "webhook"
  /** The carrier's name of the operation, or the kind of webhook. */
  readonly operation: string
  readonly method: string
  readonly url: string
  readonly requestHeaders: HeaderFields
  readonly requestBody: string | Uint8Array
  /** Absent where there was no response. */
  readonly status?: number | undefined
  readonly responseHeaders?: HeaderFields | undefined
  readonly responseBody?: string | Uint8Array | undefined
  /** `unreachable`, `timed out` or `lost`, where a webhook got no response. */
  readonly problem?: string | undefined
  /** The number of the attempt to post a webhook. */
  readonly attempt?: number | undefined
  readonly faults: ReadonlyArray<Effect>
  readonly warnings: ReadonlyArray<string>
}

/** Returns headers without the credentials in them. */
export const withoutSecrets = (headers: HeaderFields): Readonly<Record<string, string>> => {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    shown[name] = name === "authorization" || name === "proxy-authorization" ? value.replace(/ .*$/s, " …") : value
  }
  return shown
}

/** How many bytes an exchange may have, on the average of all. A usual one has about two thousand. */
const bytesOfExchange = 32_000

const bodySize = (body: string | Uint8Array = ""): number => typeof body === "string" ? 2 * body.length : body.length

export class Exchanges {
  readonly #latest: Latest<Exchange>
  #count = 0

  constructor(limit: number) {
    this.#latest = new Latest({ maxEntries: limit, maxBytes: limit * bytesOfExchange })
  }

  /** How many there were in all. */
  get count(): number {
    return this.#count
  }

  add(exchange: Omit<Exchange, "id">): void {
    const { requestBody, responseBody, url } = exchange
    this.#latest.add(
      { ...exchange, id: ++this.#count },
      1500 + bodySize(url) + bodySize(requestBody) + bodySize(responseBody)
    )
    while (this.#latest.takeExcess() !== undefined);
  }

  oldestFirst(): Iterable<Exchange> {
    return this.#latest.oldestFirst()
  }

  clear(): void {
    this.#latest.clear()
  }
}
