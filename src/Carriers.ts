/**
 * Summarizes the webhooks of all four carriers with one function. This module
 * loads the code of every carrier; a program that uses a single carrier can
 * import that carrier's module alone.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { lookup } from "./internal/record.ts"
import { extractSinchMeta } from "./sinch/Meta.ts"
import { extractTelnyxMeta } from "./telnyx/Meta.ts"
import { extractTwilioMeta } from "./twilio/Meta.ts"
import { extractVoiceMeUpMeta } from "./voicemeup/Meta.ts"
import { UnknownProvider, WebhookError } from "./WebhookError.ts"
import type { Extract, WebhookMeta } from "./WebhookMeta.ts"

const extractors: Readonly<Record<string, Extract>> = {
  twilio: extractTwilioMeta,
  sinch: extractSinchMeta,
  telnyx: extractTelnyxMeta,
  voicemeup: extractVoiceMeUpMeta
}

/**
 * Summarizes the payload of a verified webhook. Fails with a `WebhookError`
 * when the provider is unknown or the payload is invalid.
 *
 * **Example** (Reading a Twilio form)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Carriers } from "effect-sms"
 *
 * const meta = Effect.runSync(
 *   Carriers.extractSmsMeta("twilio", { MessageSid: "SM1", MessageStatus: "delivered", To: "+15145550142" })
 * )
 * meta.isInbound // => false
 * meta.isStatus // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractSmsMeta = (
  provider: string,
  payload: Readonly<Record<string, unknown>>
): Effect.Effect<WebhookMeta, WebhookError> => {
  const extract = lookup(extractors, provider)
  return extract === undefined
    ? Effect.fail(new WebhookError({ provider, reason: new UnknownProvider({ known: Object.keys(extractors) }) }))
    : extract(payload)
}
