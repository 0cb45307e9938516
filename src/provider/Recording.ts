/**
 * What a carrier's folder defines so that its webhooks can be recorded without
 * personal data, and replayed with a new signature.
 *
 * @since 0.1.0
 */
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Signature from "effect/crypto/Signature"
import type * as Effect from "effect/Effect"
import type { Payload } from "../Payload.ts"
import { make, type WebhookRequest } from "../WebhookRequest.ts"

/**
 * How a field of a webhook is replaced in a recording.
 *
 * - `keep`: kept, if it is a short word, a small number or a flag: a status, a
 *   type, a count
 * - `number`: a phone number or another address
 * - `text`: what a person typed, and names and places
 * - `id`: an id of the carrier, replaced by one of the same form
 * - `sid`: an id whose first two letters say what it is of
 * - `reference`: the reference of a send, or a reference of the application
 * - `url`, `time`, `json` (as text), `coordinate`, `country`
 * - `bytes`: the bytes of a message in Base64
 * - `header`: the user data header of a message, in hexadecimal digits
 *
 * @category models
 * @since 0.1.0
 */
export type Kind =
  | "keep"
  | "number"
  | "text"
  | "id"
  | "sid"
  | "reference"
  | "url"
  | "time"
  | "json"
  | "coordinate"
  | "country"
  | "bytes"
  | "header"

/**
 * The kinds of fields by their paths: `data.payload.text`. Items of a list have
 * the path of the list, and `#` stands for the digits at the end of a path. A
 * field without a kind is masked by what its value looks like.
 *
 * @category models
 * @since 0.1.0
 */
export type Kinds = Readonly<Record<string, Kind>>

/**
 * What is replaced in a carrier's webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Masking {
  readonly kindsOf: (payload: Payload) => Kinds
  /** The parameters of a callback URL that the signature adds. They are left out of a recording. */
  readonly signatureParameters?: ReadonlyArray<string> | undefined
}

/**
 * A webhook before it is signed. The query of a GET has its payload.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unsigned {
  readonly method: "POST" | "GET"
  readonly format: "form" | "json"
  /** The public URL, without the payload of a GET. */
  readonly url: string
  readonly payload: Payload
}

/**
 * The services that a carrier may need to sign webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Mac.Mac | Digest.Digest | Signature.Signature | SecureRandom.SecureRandom

/**
 * Signs a webhook as the carrier does.
 *
 * @category models
 * @since 0.1.0
 */
export type Sign = (unsigned: Unsigned) => Effect.Effect<WebhookRequest, CryptoError.CryptoError, Services>

/** Formats the fields of a form. What is not text is formatted as JSON formats it. */
const formOf = (payload: Payload): string => {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(payload)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      form.append(name, typeof item === "string" ? item : JSON.stringify(item) ?? "")
    }
  }
  return form.toString()
}

/**
 * Adds a query to a URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withQuery = (url: string, query: string): string =>
  query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${query}`

/**
 * Builds the request of a webhook, without a signature.
 *
 * @category constructors
 * @since 0.1.0
 */
export const requestOf = ({ format, method, payload, url }: Unsigned): WebhookRequest =>
  method === "GET"
    ? make({ method, url: withQuery(url, formOf(payload)), headers: {} })
    : make({
      method,
      url,
      headers: { "content-type": format === "json" ? "application/json" : "application/x-www-form-urlencoded" },
      body: format === "json" ? JSON.stringify(payload) : formOf(payload)
    })
