/**
 * Verifies and decodes Twilio's webhooks with plain synchronous functions, on
 * Node and without Effect.
 *
 * **Example** (A server of one's own)
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { buffer } from "node:stream/consumers"
 * import * as Twilio from "effect-sms/twilio/core"
 *
 * const twilio = Twilio.make({ authToken: process.env["TWILIO_AUTH_TOKEN"] ?? "" })
 *
 * export const server = createServer(async (request, response) => {
 *   const url = `https://sms.example.com${request.url}`
 *   const result = twilio.receive({ method: "POST", url, headers: request.headers, body: await buffer(request) })
 *   if (result._tag === "Refused") return void response.writeHead(result.status).end()
 *   for (const event of result.events) console.log(event._tag)
 *   return void response.writeHead(200, { "content-type": "text/xml" }).end("<Response/>")
 * })
 * ```
 *
 * @since 0.1.0
 */
import { syncCrypto } from "../../internal/nodeSyncCrypto.ts"
import { type Core, makeCore, type Received, secretsOf, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { acknowledgement, boundsOf, type Options } from "./dialect.ts"
import { reading } from "./full.ts"
import { scan } from "./nodeForm.ts"
import { verifySync } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verified }

/**
 * Makes the core. Throws a `TypeError` for an empty auth token.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => {
  const encoder = new TextEncoder()
  const tags = secretsOf("authToken", options.authToken).map((token) => syncCrypto.hmac("sha1", encoder.encode(token)))
  const bounds = boundsOf(options)
  const verify = verifySync({ tags, sha256: syncCrypto.sha256 }, options.webhookAccounts, scan)
  return makeCore({ ...reading(options), bounds, acknowledgement }, (request) => verify(request, bounds.limits))
}
