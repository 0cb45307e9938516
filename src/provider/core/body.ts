/**
 * Parses the two body formats that carriers send, JSON and forms, into plain
 * data.
 */
import { isObject } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"
import { type InvalidPayload, invalidPayload, type Refused, refused } from "./refusal.ts"

/** A parsed form. A field that occurs once is a string, a repeated field an array. */
export type Form = Readonly<Record<string, string | ReadonlyArray<string>>>

/** A parsed body. */
export interface Parsed<P extends Payload = Payload> {
  readonly _tag: "Parsed"
  readonly payload: P
}

const parsed = <P extends Payload>(payload: P): Parsed<P> => ({ _tag: "Parsed", payload })

const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const decodeText = (bytes: Uint8Array): string | Refused<InvalidPayload> => {
  try {
    return utf8.decode(bytes)
  } catch {
    return refused(invalidPayload("", "Expected UTF-8"))
  }
}

/**
 * Returns the same text with memory of its own. V8 keeps a part of a text as a
 * reference to the whole, so a stored id would keep the body that it came in.
 */
export const detached = (text: string): string => text.length < 13 ? text : ` ${text}`.slice(1)

/** Parses a query string that starts with its question mark. */
export const parsePairs = (query: string): Form =>
  Object.fromEntries(
    Array.from(Map.groupBy(new URLSearchParams(query), ([name]) => name), ([name, pairs]) => {
      const values = pairs.map(([, value]) => detached(value))
      return [name, values.length > 1 ? values : values[0]!]
    })
  )

/** Parses a query string or an `application/x-www-form-urlencoded` text into a flat record. Keeps empty values. */
export const formFromText = (text: string): Form => parsePairs(text.startsWith("?") ? text : `?${text}`)

/** Parses a form body. A leading `?` belongs to the first field name. */
export const parseForm = (bytes: Uint8Array): Parsed<Form> | Refused<InvalidPayload> => {
  const text = decodeText(bytes)
  return typeof text === "string" ? parsed(parsePairs(`?${text}`)) : text
}

const notJson = /* @__PURE__ */ refused(/* @__PURE__ */ invalidPayload("", "Expected JSON"))

export const parseJson = (bytes: Uint8Array): Parsed | Refused<InvalidPayload> => {
  const text = decodeText(bytes)
  if (typeof text !== "string") return text
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return notJson
  }
  return isObject(json) ? parsed(json) : refused(invalidPayload("", "Expected a JSON object"))
}

/** Returns whether the content type declares JSON. */
export const isJson = ({ headers }: WebhookHead): boolean => {
  const type = headers["content-type"]
  if (type === "application/x-www-form-urlencoded") return false
  return type === "application/json" || type?.toLowerCase().startsWith("application/json") === true
}

/** Parses the body by its content type: as JSON if it declares JSON, otherwise as a form. */
export const parseBody = (request: WebhookRequest): Parsed | Refused<InvalidPayload> =>
  isJson(request) ? parseJson(request.body) : parseForm(request.body)
