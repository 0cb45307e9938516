/**
 * Verifies and decodes Sinch's webhooks with plain synchronous functions, on Node
 * and without Effect.
 *
 * **Example** (A server of one's own)
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { buffer } from "node:stream/consumers"
 * import * as Sinch from "effect-sms/sinch/core"
 *
 * const sinch = Sinch.make({ verification: { scheme: "HmacSha256", secret: process.env["SINCH_WEBHOOK_SECRET"] ?? "" } })
 *
 * export const server = createServer(async (request, response) => {
 *   const url = `https://sms.example.com${request.url}`
 *   const result = sinch.receive({ method: "POST", url, headers: request.headers, body: await buffer(request) })
 *   if (result._tag === "Refused") return void response.writeHead(result.status).end()
 *   for (const event of result.events) console.log(event._tag)
 *   return void response.writeHead(200, { "content-type": "application/json" }).end("{}")
 * })
 * ```
 *
 * @since 0.1.0
 */
import { syncCrypto } from "../../internal/nodeSyncCrypto.ts"
import { now as systemTime } from "../../provider/core/now.ts"
import { type Core, makeCore, type Received, secretsOf, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { acknowledgement, boundsOf, type Options, toleranceOf, type Verification } from "./dialect.ts"
import { reading } from "./full.ts"
import { verifySync } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verification, Verified }

/**
 * Makes the core. Throws a `TypeError` for an empty secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => {
  const { now = systemTime, verification } = options
  const dialect = { ...reading(options), bounds: boundsOf(options), acknowledgement }
  if (verification.scheme === "None") return makeCore(dialect, () => ({ _tag: "Verified" }))
  const { scheme, secret } = verification
  const encoder = new TextEncoder()
  const hash = scheme === "HmacSha256" ? "sha256" : "sha1"
  const tags = secretsOf("secret", secret).map((secret) => syncCrypto.hmac(hash, encoder.encode(secret)))
  const verify = verifySync(scheme, tags, toleranceOf(verification))
  return makeCore(dialect, (request) => verify(request, now))
}
