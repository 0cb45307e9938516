/**
 * The format of a recording: one line of JSON for each webhook, in the order of
 * their arrival.
 *
 * A recording has no signature, no header but the format of the body, no secret
 * and no original value. The payloads are complete, so they decode to the same
 * kinds of events as the originals.
 *
 * **Example** (Reading a recording)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Recording } from "effect-sms/recording"
 *
 * const line = { offset: 0, provider: "mock", route: "inbound", method: "POST", format: "json", payload: { id: "1" } }
 * const [webhook] = Effect.runSync(Recording.fromText(JSON.stringify(line)))
 * webhook?.payload // => { id: "1" }
 *
 * const error = Effect.runSync(Effect.flip(Recording.fromText("not a webhook")))
 * error.line // => 1
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isObject, setOwn } from "../internal/record.ts"
import type { Payload } from "../Payload.ts"
import { formFromText, isJson, parseBody } from "../provider/Body.ts"
import type { Masking } from "../provider/Recording.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import type { Pseudonymizer } from "./Pseudonymizer.ts"

/**
 * A recorded webhook.
 *
 * @category models
 * @since 0.1.0
 */
export class RecordedWebhook extends Schema.Class<RecordedWebhook>("effect-sms/RecordedWebhook")({
  /** The time since the first webhook of the recording, in milliseconds. */
  offset: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** The provider's name, as in the path of the webhook. */
  provider: Schema.NonEmptyString,
  /** Which of the provider's URLs was called. */
  route: Schema.Literals(["inbound", "status"]),
  method: Schema.Literals(["POST", "GET"]),
  format: Schema.Literals(["form", "json"]),
  /** The query of the URL of a POST, without what proves who calls. */
  query: Schema.optionalKey(Schema.String),
  payload: Schema.Record(Schema.String, Schema.Unknown)
}) {}

/**
 * A line is not a recorded webhook.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidRecording extends Schema.TaggedError<InvalidRecording>()("InvalidRecording", {
  line: Schema.Int
}) {
  override get message(): string {
    return `Line ${this.line} is not a recorded webhook`
  }
}

const Line = Schema.fromJsonString(RecordedWebhook)
const encode = Schema.encodeEffect(Line)
const decode = Schema.decodeEffect(Line)

/**
 * Formats a webhook as a line, without the line break.
 *
 * **Example** (Writing a line)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Recording } from "effect-sms/recording"
 *
 * const { provider, route } = Recording.routeOf("https://sms.example.com/webhooks/sms/mock/inbound?a=b")!
 * const webhook = new Recording.RecordedWebhook({
 *   offset: 0,
 *   provider,
 *   route,
 *   method: "POST",
 *   format: "json",
 *   payload: { id: "1" }
 * })
 * const [read] = Effect.runSync(Effect.flatMap(Recording.toLine(webhook), Recording.fromText))
 * read?.provider // => "mock"
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const toLine = (webhook: RecordedWebhook): Effect.Effect<string> => Effect.orDie(encode(webhook))

/**
 * Parses the lines of a recording. Empty lines are ignored.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromText = (text: string): Effect.Effect<ReadonlyArray<RecordedWebhook>, InvalidRecording> =>
  Effect.forEach(
    text.split("\n").map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => line.trim() !== ""),
    ({ line, number }) => Effect.mapError(decode(line), () => new InvalidRecording({ line: number }))
  )

/**
 * Matches the path of a webhook: the provider's name, and the route.
 *
 * @category parsing
 * @since 0.1.0
 */
export const routeOf = (
  url: string
): { readonly provider: string; readonly route: "inbound" | "status" } | undefined => {
  const [, provider, route] = /^(?:[a-z]+:\/\/[^/]*)?\/+webhooks\/+sms\/+([^/?#;]+)\/+(inbound|status)\/*(?:[?#;]|$)/i
    .exec(url) ?? []
  return provider === undefined || route === undefined
    ? undefined
    : { provider, route: route.toLowerCase() === "inbound" ? "inbound" : "status" }
}

const queryOf = (url: string): string => url.split("#", 1)[0]!.split("?").slice(1).join("?")

/** The parameters of a GET that prove who calls, beside the payload. */
const withoutProofs = (form: Payload, { signatureParameters = [] }: Masking): Payload => {
  const payload: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(form)) {
    if (name !== "token" && !signatureParameters.includes(name)) setOwn(payload, name, value)
  }
  return payload
}

/**
 * Builds the record of a verified webhook. Fails when its body is neither JSON
 * nor a form.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRequest = Effect.fnUntraced(function*(
  request: WebhookRequest,
  options: {
    readonly offset: number
    readonly provider: string
    readonly route: "inbound" | "status"
    readonly masking: Masking
    readonly pseudonymizer: Pseudonymizer
  }
): Effect.fn.Return<RecordedWebhook, InvalidPayload> {
  const { masking, offset, provider, pseudonymizer, route } = options
  const query = queryOf(request.url)
  if (request.method === "GET") {
    const payload = pseudonymizer.payload(withoutProofs(formFromText(query), masking), masking)
    return new RecordedWebhook({ offset, provider, route, method: "GET", format: "form", payload })
  }
  const payload = yield* parseBody(request)
  if (!isObject(payload)) return yield* invalidPayload("", "Expected an object")
  const kept = pseudonymizer.query(query, masking)
  return new RecordedWebhook({
    offset,
    provider,
    route,
    method: "POST",
    format: isJson(request) ? "json" : "form",
    ...(kept !== "" && { query: kept }),
    payload: pseudonymizer.payload(payload, masking)
  })
})
