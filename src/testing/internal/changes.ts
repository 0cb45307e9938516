/**
 * Generates changed requests, which a provider must refuse, and damaged
 * payloads, which it must tolerate.
 */
import * as fc from "fast-check"
import type { Payload } from "../../Payload.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"

/**
 * What a signature covers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Covers {
  readonly body: boolean
  readonly url: boolean
  /** The names of the headers, in lower case, including the signature header. */
  readonly headers: ReadonlyArray<string>
}

const encoder = new TextEncoder()

const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = Uint8Array.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

/** Generates every text that differs from this ASCII text in one bit and is still text. */
const flippedTexts = function*(text: string): Iterable<string> {
  const bytes = encoder.encode(text)
  for (let bit = 0; bit < bytes.length * 8; bit++) yield String.fromCharCode(...flip(bytes, bit))
}

/** Generates every request that differs from this one in one covered bit. */
export const flips = function*(request: WebhookRequest, covers: Covers): Iterable<WebhookRequest> {
  if (covers.body) {
    for (let bit = 0; bit < request.body.length * 8; bit++) yield { ...request, body: flip(request.body, bit) }
  }
  if (covers.url) { for (const url of flippedTexts(request.url)) yield { ...request, url } }
  for (const name of covers.headers) {
    for (const value of flippedTexts(request.headers[name]!)) {
      yield { ...request, headers: { ...request.headers, [name]: value } }
    }
  }
}

const oddValues = fc.oneof(
  fc.constantFrom(null, "", " ", 0, -1, 1e21, true, [], {}, [null], [{}], [""], { a: null }, "received", "inbound"),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: "grapheme" })
)

/** Generates variants of the payload with some members, at any depth, removed or replaced. */
export const mutated = (payload: Payload): fc.Arbitrary<Payload> =>
  fc.array(fc.tuple(fc.nat(), fc.option(oddValues, { nil: undefined })), { minLength: 1, maxLength: 4 }).map(
    (changes) => {
      const copy = structuredClone(payload) as Record<string, unknown>
      for (const [pick, value] of changes) {
        const places: Array<readonly [Record<string, unknown>, string]> = []
        const visit = (node: unknown): void => {
          if (typeof node !== "object" || node === null) return
          for (const key of Object.keys(node)) {
            places.push([node as Record<string, unknown>, key])
            visit((node as Record<string, unknown>)[key])
          }
        }
        visit(copy)
        if (places.length === 0) break
        const [node, key] = places[pick % places.length]!
        if (value === undefined) delete node[key]
        // A shared constant assigned twice could become a cycle.
        else node[key] = structuredClone(value)
      }
      return copy
    }
  )

/** A body, or an already parsed payload. */
export type Input =
  | { readonly type: "json" | "form"; readonly body: Uint8Array }
  | { readonly type: "payload"; readonly payload: Payload }

/** Generates bodies of arbitrary bytes, forms and JSON, and mutations of these payloads. */
export const inputs = (payloads: ReadonlyArray<Payload>): fc.Arbitrary<Input> =>
  fc.oneof(
    fc.record({ type: fc.constant("json" as const), body: fc.uint8Array({ maxLength: 200 }) }),
    fc.record({ type: fc.constant("form" as const), body: fc.uint8Array({ maxLength: 200 }) }),
    fc.record({
      type: fc.constant("form" as const),
      body: fc.dictionary(fc.string(), fc.string()).map((form) => encoder.encode(`${new URLSearchParams(form)}`))
    }),
    fc.record({ type: fc.constant("json" as const), body: fc.json().map((text) => encoder.encode(text)) }),
    ...payloads.map((payload) => fc.record({ type: fc.constant("payload" as const), payload: mutated(payload) }))
  )
