// @effect-diagnostics asyncFunction:off
/**
 * Receives requests of the Fetch API with the Web Cryptography API: what the
 * entries for the edge have in common.
 *
 * They are loaded with every worker, so that each byte counts. They refuse by
 * throwing, say no more than the reason, and have no part of the cores that is
 * there for speed. Properties hold them equal to the cores.
 */
import { toHex } from "../../internal/encodings.ts"
import { isObject } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { defaultLimits } from "../Receiving.ts"
import { parsePairs } from "./body.ts"
import type { Event } from "./build.ts"
import type { Options, Received as Common } from "./receive.ts"
import type { Reason } from "./refusal.ts"

/**
 * The events of an authentic webhook.
 *
 * @category models
 * @since 0.1.0
 */
export interface Received extends Common {
  /** The request with the bytes of its body, for `decode` of the entry that decodes in full. */
  readonly request: WebhookRequest
}

/**
 * A refused webhook. What was expected is known to the core alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refused {
  readonly _tag: "Refused"
  readonly reason: Pick<Reason, "_tag">
  /** The HTTP status of the answer. */
  readonly status: number
}

/** Refuses the request unless a condition is met. */
export const check: (isMet: unknown, status: number, reason: Reason["_tag"]) => asserts isMet = (
  isMet,
  status,
  reason
) => {
  if (!isMet) throw { _tag: "Refused", reason: { _tag: reason }, status } satisfies Refused
}

export const authenticate: (isAuthentic: unknown) => asserts isAuthentic = (isAuthentic) =>
  check(isAuthentic, 403, "InvalidSignature")

/** What is known of a request before its body was read. `query` has its question mark. */
export type Verify = (
  headers: WebhookRequest["headers"],
  read: () => Promise<Uint8Array<ArrayBuffer>>,
  isJson: boolean,
  isGet: boolean,
  url: string,
  query: string
) => Promise<readonly [payload: Payload, ...idempotencyKeys: ReadonlyArray<string>]>

export const json = "application/json"
export const form = "application/x-www-form-urlencoded"

/** Concatenates bytes and texts. */
export const bytesOf = async (parts: Array<Uint8Array<ArrayBuffer> | string>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Blob(parts).arrayBuffer())

/** Decodes Base64. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0))

/** Returns whether one of the secrets signs data with a tag, in canonical Base64. */
export const hmac = (hash: string, secrets: ReadonlyArray<string>, tag: Uint8Array<ArrayBuffer>) => {
  const { subtle } = crypto
  const keys = secrets.map(async (secret) =>
    subtle.importKey("raw", await bytesOf([secret]), { name: "HMAC", hash }, false, ["verify"])
  )
  return async (data: Parameters<typeof bytesOf>[0]): Promise<boolean> => {
    for (const key of keys) if (await subtle.verify("HMAC", await key, tag, await bytesOf(data))) return true
    return false
  }
}

/** Returns the SHA-256, in lower-case hexadecimal digits. */
export const sha256 = async (data: Uint8Array<ArrayBuffer>): Promise<string> =>
  toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data)))

/** Parses JSON, or a form. */
export const parse = (body: Uint8Array, isJson: boolean): Payload => {
  let payload: unknown
  try {
    const text = new TextDecoder(undefined, { fatal: true, ignoreBOM: true }).decode(body)
    payload = isJson ? JSON.parse(text) : parsePairs(`?${text}`)
  } catch {
    // Neither UTF-8 nor JSON is an object.
  }
  check(isObject(payload), 400, "InvalidPayload")
  return payload
}

/** Receives a request. `url` is the URL that the carrier called, which is another behind a proxy. */
export const receive = async (
  given: Request,
  carrier: string,
  { limits, name = carrier }: Options,
  methods: ReadonlyArray<string>,
  contentTypes: ReadonlyArray<string>,
  verify: Verify,
  decode: (provider: string, payload: Payload) => ReadonlyArray<Event> | undefined,
  url = given.url
): Promise<Received | Refused> => {
  const { maxBytes, maxFields, maxQueryLength } = { ...defaultLimits, ...limits }
  const { method } = given
  const headers = Object.fromEntries(given.headers)
  const type = headers["content-type"]?.split(";")[0]!.trim().toLowerCase()
  const query = /\?.*/s.exec(url.replace(/#.*/s, ""))?.[0] ?? ""
  const isGet = method === "GET"
  let body!: Uint8Array<ArrayBuffer>
  const read = async () => {
    check(!given.bodyUsed, 400, "InvalidPayload")
    const pieces: Array<Uint8Array<ArrayBuffer>> = []
    let size = 0
    for await (const piece of given.body ?? []) {
      pieces.push(piece)
      check((size += piece.length) <= maxBytes, 413, "PayloadTooLarge")
    }
    body = await bytesOf(pieces)
    let fields = query === "" ? 0 : query.split("&").length
    if (type === form && size > 0) fields += body.filter((byte) => byte === 38).length + 1
    check(fields <= maxFields, 400, "InvalidPayload")
    return body
  }
  try {
    check(methods.includes(method), 405, "MethodNotAllowed")
    if (isGet) check(query.length <= maxBytes, 413, "PayloadTooLarge")
    else {
      check(contentTypes.includes(type!), 415, "UnsupportedContentType")
      check(query.length <= maxQueryLength, 400, "InvalidPayload")
    }
    const [raw, ...idempotencyKeys] = await verify(headers, read, type === json, isGet, url, query)
    let events
    try {
      events = decode(name, raw)
    } catch {
      // It is of another shape.
    }
    return {
      _tag: "Received",
      events: events?.[0] ? events : [{ _tag: "Unrecognized", provider: name, raw }],
      idempotencyKeys,
      request: { method, url, headers, body }
    }
  } catch (refused) {
    if ((refused as Refused)._tag) return refused as Refused
    throw refused
  }
}
