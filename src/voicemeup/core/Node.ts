/**
 * Checks and decodes VoiceMeUp's webhooks with plain synchronous functions and
 * without Effect. It needs no cryptography, and runs on every runtime.
 *
 * **Example** (A server of one's own)
 *
 * ```ts
 * import { createServer } from "node:http"
 * import { buffer } from "node:stream/consumers"
 * import * as VoiceMeUp from "effect-sms/voicemeup/core"
 *
 * const voiceMeUp = VoiceMeUp.make({ verification: { scheme: "Token", token: process.env["VOICEMEUP_WEBHOOK_TOKEN"] ?? "" } })
 *
 * export const server = createServer(async (request, response) => {
 *   const url = `https://sms.example.com${request.url}`
 *   const result = voiceMeUp.receive({ method: "POST", url, headers: request.headers, body: await buffer(request) })
 *   if (result._tag === "Refused") return void response.writeHead(result.status).end()
 *   for (const event of result.events) console.log(event._tag)
 *   return void response.writeHead(200, { "content-type": "application/json" }).end("{}")
 * })
 * ```
 *
 * @since 0.1.0
 */
import { type Core, makeCore, type Received, type Verified } from "../../provider/core/receive.ts"
import type { Refused } from "../../provider/core/refusal.ts"
import { acknowledgement, boundsOf, type Options } from "./dialect.ts"
import { reading } from "./full.ts"

export { acknowledgement } from "./dialect.ts"
export type { Core, Options, Received, Refused, Verified }

/**
 * Makes the core. Throws a `TypeError` for an empty token, and a `RangeError` for
 * an unknown time zone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Core =>
  makeCore({ ...reading(options), bounds: boundsOf(options), acknowledgement }, () => ({ _tag: "Verified" }))
