/**
 * Parses the two body formats that carriers send, JSON and forms, into plain
 * data.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { setOwn } from "../internal/record.ts"
import { isPayload, type Payload } from "../Payload.ts"
import { type InvalidPayload, invalidPayload } from "../WebhookError.ts"
import type { WebhookHead, WebhookRequest } from "../WebhookRequest.ts"

/** A parsed form. A field that occurs once is a string, a repeated field an array. */
export type Form = Readonly<Record<string, string | ReadonlyArray<string>>>

const rawBytes = "Expected the raw bytes of the request, not what a framework parsed from them. Express: " +
  "express.raw({ type: () => true }) on this route, before any other parser. Fastify: addContentTypeParser with " +
  "parseAs: \"buffer\". Hono, Next.js and others with a Fetch API Request: await request.arrayBuffer()"

/** Returns the bytes, or the refusal of a body that was parsed before. Code without types may pass anything. */
const checkBytes = (body: unknown): Result.Result<Uint8Array, InvalidPayload> =>
  ArrayBuffer.isView(body) ? Result.succeed(body as Uint8Array) : Result.fail(invalidPayload("body", rawBytes))

/**
 * Returns why the body of a request cannot be the bytes that the carrier sent,
 * or `undefined`: a framework has parsed it, or has consumed it and left nothing.
 */
export const notRaw = ({ body, headers }: WebhookRequest): InvalidPayload | undefined => {
  const isConsumed = ArrayBuffer.isView(body) && body.byteLength === 0 && Number(headers["content-length"] ?? 0) > 0
  return isConsumed ? invalidPayload("body", rawBytes) : Result.getOrUndefined(Result.flip(checkBytes(body)))
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

// Evaluated eagerly: decoding is synchronous, and starting a fiber would cost more than the work itself.
const decodeText = (bytes: Uint8Array): Effect.Effect<string, InvalidPayload> =>
  Effect.fromResult(
    Result.flatMap(checkBytes(bytes), (bytes) =>
      Result.try({
        try: () => utf8.decode(bytes),
        catch: () => invalidPayload("", "Expected UTF-8")
      }))
  )

/**
 * Returns the same text with memory of its own. V8 keeps a part of a text as a
 * reference to the whole, so a stored id would keep the body that it came in.
 */
const detached = (text: string): string => text.length < 13 ? text : ` ${text}`.slice(1)

/** Parses a query string that starts with its question mark. */
const parsePairs = (query: string): Form => {
  const form: Record<string, string | Array<string>> = {}
  new URLSearchParams(query).forEach((part, name) => {
    const value = detached(part)
    const earlier = Object.hasOwn(form, name) ? form[name] : undefined
    if (typeof earlier === "object") earlier.push(value)
    else setOwn(form, name, earlier === undefined ? value : [earlier, value])
  })
  return form
}

/** Parses a query string or an `application/x-www-form-urlencoded` text into a flat record. Keeps empty values. */
export const formFromText = (text: string): Form => parsePairs(text.startsWith("?") ? text : `?${text}`)

/** Parses a form body. A leading `?` belongs to the first field name. */
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

/** Returns whether the content type declares JSON. */
export const isJson = ({ headers }: WebhookHead): boolean =>
  headers["content-type"]?.toLowerCase().startsWith("application/json") === true

/** Parses the body by its content type: as JSON if it declares JSON, otherwise as a form. */
export const parseBody = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> =>
  isJson(request) ? parseJson(request.body) : parseForm(request.body)
