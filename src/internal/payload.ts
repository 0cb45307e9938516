/**
 * From bytes to plain data: the two body formats that carriers send.
 */
import * as Effect from "effect/Effect"
import { isPayload, type Payload } from "../Payload.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"

/** A form field that was sent once is a string, one that was repeated an array. */
export type Form = Readonly<Record<string, string | ReadonlyArray<string>>>

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decodeText = (bytes: Uint8Array): Effect.Effect<string, InvalidPayload> =>
  Effect.try({ try: () => utf8.decode(bytes), catch: () => invalidPayload("", "Expected UTF-8") })

/** A query string or an `application/x-www-form-urlencoded` body, flat, with empty values kept. */
export const formFromText = (text: string): Form => {
  const fields = new Map<string, string | Array<string>>()
  for (const [name, value] of new URLSearchParams(text)) {
    const earlier = fields.get(name)
    if (earlier === undefined) fields.set(name, value)
    else if (typeof earlier === "string") fields.set(name, [earlier, value])
    else earlier.push(value)
  }
  // `fromEntries` defines own properties, so a field named `__proto__` is just a field.
  return Object.fromEntries(fields)
}

export const parseForm = (bytes: Uint8Array): Effect.Effect<Form, InvalidPayload> =>
  // A body may begin with `?`, which would be taken for the mark of a query.
  Effect.map(decodeText(bytes), (text) => formFromText(`?${text}`))

export const parseJson = (bytes: Uint8Array): Effect.Effect<Payload, InvalidPayload> =>
  Effect.flatMap(decodeText(bytes), (text) =>
    Effect.flatMap(
      Effect.try({ try: (): unknown => JSON.parse(text), catch: () => invalidPayload("", "Expected JSON") }),
      (value) => isPayload(value) ? Effect.succeed(value) : Effect.fail(invalidPayload("", "Expected a JSON object"))
    ))

/** Whether the body claims to be JSON. */
export const isJson = (request: WebhookRequest): boolean =>
  request.headers["content-type"]?.toLowerCase().startsWith("application/json") === true

/** The body by its content type: JSON, or else a form. */
export const parseBody = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> =>
  isJson(request) ? parseJson(request.body) : parseForm(request.body)
