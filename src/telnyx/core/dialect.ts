/** How Telnyx sends webhooks, and how they are answered. */
import type { Bounds } from "../../provider/core/head.ts"
import { limitsOf, type Options as Common } from "../../provider/core/receive.ts"
import type { Reason } from "../../provider/core/refusal.ts"
import type { WebhookResponse } from "../../WebhookRequest.ts"
import { isSound } from "./ed25519.ts"
import { checkHead, keyOf } from "./verify.ts"

export const bounds = { methods: ["POST"], contentTypes: ["application/json"] }

/**
 * Telnyx expects any 2xx within two seconds and ignores the body
 * (https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks).
 */
export const acknowledgement: WebhookResponse = { status: 200, contentType: "application/json", body: "{}" }

/**
 * The options of the core.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Common {
  /** The public key of the portal, in Base64, or several during a rotation. */
  readonly publicKey: string | ReadonlyArray<string>
  /** The maximum clock difference of the signed timestamp, in seconds. 300 by default. */
  readonly tolerance?: number | undefined
  /** The current time in epoch milliseconds. `Date.now` by default. */
  readonly now?: (() => number) | undefined
}

/** What is accepted before the signature is checked. */
export const boundsOf = (options: Options): Bounds<Reason> => ({ ...bounds, limits: limitsOf(options), checkHead })

/** Returns the bytes of the keys. Throws for a key under which no signature can be trusted. */
export const keysOf = ({ publicKey }: Options): ReadonlyArray<Uint8Array> => {
  const keys = (typeof publicKey === "string" ? [publicKey] : publicKey).map((text) => {
    const key = keyOf(text)
    if (key === undefined || !isSound(key)) throw new TypeError("publicKey: Expected the Base64 of a key of 32 bytes")
    return key
  })
  if (keys.length === 0) throw new TypeError("publicKey: Expected at least one public key")
  return keys
}
