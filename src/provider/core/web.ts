// @effect-diagnostics asyncFunction:off
/**
 * Requests of the Fetch API, and the HMAC of the Web Cryptography API.
 */
import { toBase64, toHex } from "../../internal/encodings.ts"
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"
import { type Bounds, headFault, requestFault } from "./head.ts"
import { type Dialect, type Received, receivedFrom, type Verified } from "./receive.ts"
import { type Reason, type Refused, refused } from "./refusal.ts"

const headersOf = (headers: Headers): Readonly<Record<string, string>> => Object.fromEntries(headers)

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

const read = async (
  bounds: Bounds<Reason>,
  request: Request,
  url: string = request.url
): Promise<{ readonly _tag: "Read"; readonly request: WebhookRequest } | Refused> => {
  const head: WebhookHead = { method: request.method.toUpperCase(), url, headers: headersOf(request.headers) }
  const reason = headFault(bounds, head)
  if (reason !== undefined) return refused(reason)
  const whole = {
    ...head,
    body: request.bodyUsed ? undefined as never : await bytesOf(request, bounds.limits.maxBytes)
  }
  const fault = requestFault(bounds, whole)
  return fault === undefined ? { _tag: "Read", request: whole } : refused(fault)
}

/**
 * Receives a request. `url` is the URL that the carrier called, which is another
 * behind a proxy. The body of a request that is refused by its head is not read.
 */
export const receive = async (
  dialect: Dialect,
  request: Request,
  url: string | undefined,
  verify: (request: WebhookRequest) => Promise<Verified | Refused>
): Promise<Received | Refused> => {
  const whole = await read(dialect.bounds, request, url)
  if (whole._tag === "Refused") return whole
  const verified = await verify(whole.request)
  return verified._tag === "Refused" ? verified : receivedFrom(dialect, whole.request, verified)
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
