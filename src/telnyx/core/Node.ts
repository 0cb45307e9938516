/**
 * Verifies and decodes Telnyx's webhooks with plain synchronous functions, on
 * Node and without Effect.
 *
 * **Example** (A server of one's own)
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { buffer } from "node:stream/consumers"
 * import * as Telnyx from "effect-sms/telnyx/core"
 *
 * const telnyx = Telnyx.make({ publicKey: process.env["TELNYX_PUBLIC_KEY"] ?? "" })
 *
 * export const server = createServer(async (request, response) => {
 *   const url = `https://sms.example.com${request.url}`
 *   const result = telnyx.receive({ method: "POST", url, headers: request.headers, body: await buffer(request) })
 *   if (result._tag === "Refused") return void response.writeHead(result.status).end()
 *   for (const event of result.events) console.log(event._tag)
 *   return void response.writeHead(200, { "content-type": "application/json" }).end("{}")
 * })
 * ```
 *
 * @since 0.1.0
 */
import { ed25519 } from "../../internal/nodeSyncCrypto.ts"
import { now as systemTime } from "../../provider/core/now.ts"
import { type Core, makeCore, type Received, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { signedText } from "../SignedText.ts"
import { acknowledgement, boundsOf, keysOf, type Options } from "./dialect.ts"
import { isWellFormed } from "./ed25519.ts"
import { reading } from "./full.ts"
import { defaultTolerance, verifySync } from "./verify.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verified }

/**
 * Makes the core. Throws a `TypeError` for a public key that cannot be used.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core => {
  const { now = systemTime, tolerance = defaultTolerance } = options
  const checks = keysOf(options).map((key) => {
    const check = ed25519(key)
    return (signature: Uint8Array, data: Uint8Array) => isWellFormed(signature) && check(signature, data)
  })
  const verify = verifySync(checks, signedText, tolerance)
  return makeCore(
    { ...reading(options), bounds: boundsOf(options), acknowledgement },
    (request) => verify(request, now)
  )
}
