/**
 * Requests of the Fetch API, and the HMAC of the Web Cryptography API.
 */
import type { WebhookHead, WebhookRequest } from "../../WebhookRequest.ts"
import { type Bounds, headFault, requestFault } from "./head.ts"
import { type Reason, type Refused, refused } from "./refusal.ts"

const headersOf = (headers: Headers): Readonly<Record<string, string>> => Object.fromEntries(headers)

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
  const bytes = new Uint8Array(size)
  size = 0
  for (const piece of pieces) {
    bytes.set(piece, size)
    size += piece.length
  }
  return bytes
}

/**
 * Reads a request. `url` is the URL that the carrier called, which is another
 * behind a proxy. A request that is refused by its head has no body read.
 */
export const read = async (
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

const encoder = /* @__PURE__ */ new TextEncoder()

const toBase64 = (buffer: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(buffer)))

/** Prepares a key, and returns the HMAC of a text, or of bytes and a text after them, in Base64. */
export const hmac = (hash: "SHA-1" | "SHA-256", secret: string) => {
  const { subtle } = crypto
  const imported = subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash }, false, ["sign"])
  return async (text: string): Promise<string> =>
    toBase64(await subtle.sign("HMAC", await imported, encoder.encode(text)))
}

/** Returns the SHA-256, in lower-case hexadecimal digits. */
export const sha256 = async (data: Uint8Array): Promise<string> =>
  Array.from(
    new Uint8Array(await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>)),
    (byte) => byte.toString(16).padStart(2, "0")
  ).join("")
