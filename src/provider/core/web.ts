// @effect-diagnostics asyncFunction:off
/**
 * Requests of the Fetch API, and the HMAC of the Web Cryptography API.
 */
import { toBase64, toHex } from "../../internal/encodings.ts"
import type { Payload } from "../../Payload.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { parseJson } from "./body.ts"
import type { Decoded } from "./build.ts"
import { type Bounds, countFault, headFault, sizeFault } from "./head.ts"
import type { WebReceived } from "./receive.ts"
import { invalidPayload, type Reason, type Refused, refused } from "./refusal.ts"

const consumed = /* @__PURE__ */ refused(
  /* @__PURE__ */ invalidPayload("body", "Expected a request whose body nobody has read")
)

/** Concatenates byte arrays into one. */
export const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    bytes.set(piece, end)
    end += piece.length
  }
  return bytes
}

/** Reads a body, and stops past the limit. Returns what was read until then. */
const bytesOf = async (request: Request, limit: number): Promise<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  let size = 0
  const reader = request.body?.getReader()
  for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
    pieces.push(piece.value)
    size += piece.value.length
    if (size > limit) {
      await reader?.cancel()
      break
    }
  }
  return concat(pieces)
}

/** An authentic webhook with its payload. */
export interface Authentic {
  readonly _tag: "Verified"
  readonly payload: Payload
  readonly idempotencyKeys?: ReadonlyArray<string>
}

/** Reads the JSON of a request that was verified. */
export const jsonOf = (
  { body }: WebhookRequest,
  verified: { readonly _tag: "Verified" } | Refused
): Authentic | Refused => {
  if (verified._tag === "Refused") return verified
  const parsed = parseJson(body)
  return parsed._tag === "Refused" ? parsed : { _tag: "Verified", payload: parsed.payload }
}

/**
 * Receives a request. `url` is the URL that the carrier called, which is another
 * behind a proxy. The body of a request that is refused by its head is not read.
 */
export const receive = async (
  bounds: Bounds<Reason>,
  given: Request,
  url: string | undefined,
  verify: (request: WebhookRequest) => Promise<Authentic | Refused>,
  decode: (payload: Payload) => Decoded
): Promise<WebReceived | Refused> => {
  const head = {
    method: given.method.toUpperCase(),
    url: url ?? given.url,
    headers: Object.fromEntries(given.headers)
  }
  const unwanted = headFault(bounds, head)
  if (unwanted !== undefined) return refused(unwanted)
  if (given.bodyUsed) return consumed
  const request = { ...head, body: await bytesOf(given, bounds.limits.maxBytes) }
  const fault = sizeFault(bounds, request.body) ?? countFault(bounds, request)
  if (fault !== undefined) return refused(fault)
  const verified = await verify(request)
  if (verified._tag === "Refused") return verified
  const { idempotencyKeys = [], payload } = verified
  return { _tag: "Received", events: decode(payload).events, idempotencyKeys, request }
}

export const encoder = /* @__PURE__ */ new TextEncoder()

/** Prepares a key, and returns the HMAC of a text, or of bytes and a text after them, in Base64. */
export const hmac = (hash: "SHA-1" | "SHA-256", secret: string) => {
  const { subtle } = crypto
  const imported = subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash }, false, ["sign"])
  return async (text: string, before: Uint8Array = new Uint8Array(0)): Promise<string> => {
    const data = concat([before, encoder.encode(text)])
    return toBase64(new Uint8Array(await subtle.sign("HMAC", await imported, data as Uint8Array<ArrayBuffer>)))
  }
}

/** Returns the SHA-256, in lower-case hexadecimal digits. */
export const sha256 = async (data: Uint8Array): Promise<string> =>
  toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>)))
