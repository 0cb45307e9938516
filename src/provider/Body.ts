/**
 * From bytes to plain data: the two body formats that carriers send.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { setOwn } from "../internal/record.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"

/** A form field that was sent once is a string, one that was repeated an array. */
export type Form = Readonly<Record<string, string | ReadonlyArray<string>>>

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

// What can be read at once is read at once: nothing here waits, and a fiber would take longer than the work.
const decodeText = (bytes: Uint8Array): Effect.Effect<string, InvalidPayload> =>
  Effect.fromResult(Result.try({ try: () => utf8.decode(bytes), catch: () => invalidPayload("", "Expected UTF-8") }))

/** The pairs of a query string that begins with its question mark. */
const parsePairs = (query: string): Form => {
  const form: Record<string, string | Array<string>> = {}
  new URLSearchParams(query).forEach((value, name) => {
    const earlier = Object.hasOwn(form, name) ? form[name] : undefined
    if (typeof earlier === "object") earlier.push(value)
    else setOwn(form, name, earlier === undefined ? value : [earlier, value])
  })
  return form
}

/** A query string or an `application/x-www-form-urlencoded` text, flat, with empty values kept. */
export const formFromText = (text: string): Form => parsePairs(text.startsWith("?") ? text : `?${text}`)

/** A body. It may begin with `?`, which is no mark of a query there. */
export const parseForm = (bytes: Uint8Array): Effect.Effect<Form, InvalidPayload> =>
  Effect.mapEager(decodeText(bytes), (text) => parsePairs(`?${text}`))

export const parseJson = (bytes: Uint8Array): Effect.Effect<Payload, InvalidPayload> =>
  Effect.flatMapEager(decodeText(bytes), (text) => {
    const json = Result.try((): unknown => JSON.parse(text))
    if (Result.isFailure(json)) return Effect.fail(invalidPayload("", "Expected JSON"))
    return isPayload(json.success)
      ? Effect.succeed(json.success)
      : Effect.fail(invalidPayload("", "Expected a JSON object"))
  })

/** Whether the body claims to be JSON. */
export const isJson = (request: WebhookRequest): boolean =>
  request.headers["content-type"]?.toLowerCase().startsWith("application/json") === true

/** The body by its content type: JSON, or else a form. */
export const parseBody = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> =>
  isJson(request) ? parseJson(request.body) : parseForm(request.body)
