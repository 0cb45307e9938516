/**
 * Recognizes a body that is not what the carrier sent.
 */
import type { WebhookRequest } from "../../WebhookRequest.ts"
import { type InvalidPayload, invalidPayload } from "./refusal.ts"

const rawBytes = "Expected the raw bytes of the request, not what a framework parsed from them. Express: " +
  "express.raw({ type: () => true }) on this route, before any other parser. Fastify: addContentTypeParser with " +
  "parseAs: \"buffer\". Hono, Next.js and others with a Fetch API Request: await request.arrayBuffer()"

const notBytes = invalidPayload("body", rawBytes)

/**
 * Returns why the body of a request cannot be the bytes that the carrier sent,
 * or `undefined`: a framework has parsed it, or has consumed it and left nothing.
 */
export const notRaw = ({ body, headers }: WebhookRequest): InvalidPayload | undefined => {
  // Code without types may pass anything.
  if (!ArrayBuffer.isView(body)) return notBytes
  return body.byteLength === 0 && Number(headers["content-length"] ?? 0) > 0 ? notBytes : undefined
}
