/**
 * Webhook requests, before and after signature verification.
 *
 * Carriers sign bytes. A request therefore holds the body exactly as received
 * and the URL exactly as the carrier called it; nothing is parsed or normalized
 * before the signature check.
 *
 * **Example** (A request of another framework)
 *
 * ```ts run
 * import { WebhookRequest } from "effect-sms"
 *
 * const request = WebhookRequest.make({
 *   url: "https://sms.example.com/webhooks/sms/twilio/inbound",
 *   headers: { "X-Twilio-Signature": "…", "Content-Type": "application/x-www-form-urlencoded" },
 *   body: new TextEncoder().encode("Body=Hello")
 * })
 * request.method // => "POST"
 * request.headers["x-twilio-signature"] // => "…"
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type GivenHeaders, lowerCaseHeaders } from "./internal/headers.ts"
import type { Payload } from "./Payload.ts"

/**
 * A webhook request without its body, which arrives last.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookHead {
  /** The HTTP method in upper case: `POST` or `GET`. */
  readonly method: string
  /** The public URL (scheme, host, path and query), character for character as the carrier called it. */
  readonly url: string
  /** The headers, with lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A webhook request as received, not yet verified.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookRequest extends WebhookHead {
  readonly body: Uint8Array
}

/**
 * The input of {@link make}: headers in any shape a runtime provides, and a
 * body that may be text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Input {
  readonly method?: string | undefined
  readonly url: string
  readonly headers: GivenHeaders
  readonly body?: Uint8Array | string | undefined
}

const encoder = new TextEncoder()

/** `never` for `any`, to which nothing else is assignable. */
type Known<A> = 0 extends 1 & A ? never : A

/**
 * Builds a request from its parts. Headers may be a `Headers` object, Node's
 * header record or a plain record; values of a repeated header are joined with
 * a comma. A record that has the right form is kept and not copied.
 *
 * The body must be as received. One of type `any`, such as `request.body` of
 * Express, is refused by the compiler: it may be what a parser made of the
 * bytes. Check it with `instanceof Uint8Array` first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Body extends Input["body"]>(
  input: Omit<Input, "body"> & { readonly body?: Body & Known<Body> }
): WebhookRequest => {
  const body: Uint8Array | string = input.body ?? ""
  const method = input.method ?? "POST"
  return {
    // Nearly all are one already, and what the runtime does to see that takes a third of this function.
    method: method === "POST" ? method : method.toUpperCase(),
    url: input.url,
    headers: lowerCaseHeaders(input.headers),
    body: typeof body === "string" ? encoder.encode(body) : body
  }
}

/**
 * Builds a request from a Fetch API `Request`. Behind a proxy, `request.url` is
 * not the URL that the carrier called; pass the public one as `url`.
 *
 * **Example** (A request behind a proxy)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { WebhookRequest } from "effect-sms"
 *
 * const received = new Request("http://127.0.0.1:3000/webhooks/sms/twilio/inbound", { method: "POST", body: "Body=Hello" })
 * const request = await Effect.runPromise(
 *   WebhookRequest.fromWeb(received, { url: "https://sms.example.com/webhooks/sms/twilio/inbound" })
 * )
 * request.url // => "https://sms.example.com/webhooks/sms/twilio/inbound"
 * new TextDecoder().decode(request.body) // => "Body=Hello"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromWeb = (
  request: Request,
  options?: { readonly url?: string | undefined }
): Effect.Effect<WebhookRequest> => {
  const { bodyUsed, headers, method } = request
  const url = options?.url ?? request.url
  // The bytes are gone. `SmsProvider.verify` refuses what is not bytes, and says what to do.
  if (bodyUsed) return Effect.succeed({ ...make({ method, url, headers }), body: undefined as never })
  return Effect.map(
    Effect.promise(() => request.arrayBuffer()),
    (buffer) => make({ method, url, headers, body: new Uint8Array(buffer) })
  )
}

declare const Verified: unique symbol

/**
 * A webhook request whose signature the named provider has verified. Only
 * `SmsProvider.verify` builds one, and only the same provider decodes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface VerifiedWebhook {
  readonly [Verified]: true
  readonly provider: string
  readonly request: WebhookRequest
  /** The parsed body, set when the signature covers the parsed form. Decoding reuses it. */
  readonly payload?: Payload | undefined
  /**
   * What repetitions of the request are recognized by, beside the keys of its
   * events. `RoomKit.processEvents` takes them.
   */
  readonly idempotencyKeys?: ReadonlyArray<string> | undefined
}

/**
 * Marks a request as verified without checking its signature. Use it for
 * payloads that were verified earlier, such as a stored webhook that is decoded
 * again.
 *
 * **Example** (Decoding a stored webhook again)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { SmsProvider, WebhookRequest } from "effect-sms"
 * import { MockSmsProvider } from "effect-sms/testing"
 *
 * const stored = WebhookRequest.make({
 *   url: "https://sms.example.com/webhooks/sms/mock/inbound",
 *   headers: { "content-type": "application/json" },
 *   body: JSON.stringify({ id: "1", from: "+15145550142", to: "+15145550100", text: "Hello!" })
 * })
 * const decoded = SmsProvider.SmsProvider.use(({ decode }) => decode(WebhookRequest.unverifiedWebhook("mock", stored)))
 *
 * const events = await Effect.runPromise(Effect.provide(decoded, MockSmsProvider.layer()))
 * events.map(({ _tag }) => _tag) // => ["InboundMessage"]
 * ```
 *
 * @category unsafe
 * @since 0.1.0
 */
export const unverifiedWebhook = (provider: string, request: WebhookRequest): VerifiedWebhook =>
  ({ provider, request }) as VerifiedWebhook

/**
 * The HTTP response to a webhook. Carriers may act on its body: Twilio sends a
 * `text/plain` body back to the customer as a message.
 *
 * @category models
 * @since 0.1.0
 */
export interface WebhookResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}
