/**
 * A webhook as it arrived, and as it is once its signature was checked.
 *
 * Signatures cover bytes. So a request holds the body as the exact bytes
 * received and the URL as the exact string that the carrier called; nothing is
 * parsed or normalized before the check.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { setOwn } from "./internal/record.ts"
import type { Payload } from "./Payload.ts"

/**
 * A webhook request.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookRequest {
  /** `POST` or `GET`, upper case. */
  readonly method: string
  /** The public URL, character for character as the carrier has it: scheme, host, path, query. */
  readonly url: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * What {@link make} takes: headers in the shape that the runtime has them, and
 * a body that may still be text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly method?: string | undefined
  readonly url: string
  readonly headers:
    | Iterable<readonly [string, string]>
    | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body?: Uint8Array | string | undefined
}

const encoder = new TextEncoder()

/**
 * A request from its parts: a `Headers` object, Node's header record and a
 * plain record are all understood, and a header that was sent more than once
 * is joined with a comma.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (input: Input): WebhookRequest => {
  const headers: Record<string, string> = {}
  const entries = Symbol.iterator in input.headers
    ? input.headers as Iterable<readonly [string, string]>
    : Object.entries(input.headers)
  for (const [name, value] of entries) {
    if (value === undefined) continue
    const text = typeof value === "string" ? value : value.join(", ")
    const key = name.toLowerCase()
    setOwn(headers, key, Object.hasOwn(headers, key) ? `${headers[key]}, ${text}` : text)
  }
  const body = input.body ?? ""
  return {
    method: (input.method ?? "POST").toUpperCase(),
    url: input.url,
    headers,
    body: typeof body === "string" ? encoder.encode(body) : body
  }
}

/**
 * A request from a Fetch API `Request`. Behind a proxy `request.url` is not
 * what the carrier called: give `url` then.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWeb = (
  request: Request,
  options?: { readonly url?: string | undefined }
): Effect.Effect<WebhookRequest> =>
  Effect.map(
    Effect.promise(() => request.arrayBuffer()),
    (buffer) =>
      make({
        method: request.method,
        url: options?.url ?? request.url,
        headers: request.headers,
        body: new Uint8Array(buffer)
      })
  )

declare const Verified: unique symbol

/**
 * A webhook request whose signature was checked by the named provider. Only
 * `SmsProvider.verify` makes one, and only the same provider decodes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifiedWebhook {
  readonly [Verified]: true
  readonly provider: string
  readonly request: WebhookRequest
  /** What the request was parsed to, where the signature is of that: decoding starts from it. */
  readonly payload?: Payload | undefined
}

/**
 * Declares a request verified without looking at it. For payloads that were
 * verified before, such as a stored webhook that is decoded again.
 *
 * @category unsafe
 * @since 0.1.0
 */
export const unverifiedWebhook = (provider: string, request: WebhookRequest): VerifiedWebhook =>
  ({ provider, request }) as VerifiedWebhook

/**
 * The answer to a webhook. Carriers read it: Twilio sends a `text/plain` body
 * back to the customer.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}
