/**
 * Twilio Programmable Messaging: the Message resource to send with, and
 * webhooks signed with HMAC-SHA1, as forms.
 *
 * **Example** (A webhook of a test)
 *
 * ```ts run
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Effect, Redacted } from "effect"
 * import { Twilio } from "effect-sms"
 *
 * const authToken = Redacted.make("the auth token of the account")
 * const program = Effect.gen(function*() {
 *   const { decode, verify } = yield* Twilio.makeWebhook({ authToken })
 *   const request = yield* Twilio.signWebhook({
 *     authToken,
 *     url: "https://sms.example.com/sms",
 *     form: { MessageSid: "SM1", SmsStatus: "received", From: "+15145550142", To: "+15145550100", Body: "Hello!" }
 *   })
 *   return (yield* decode(yield* verify(request))).map(({ _tag }) => _tag)
 * })
 *
 * await Effect.runPromise(Effect.provide(program, NodeCrypto.layer)) // => ["InboundMessage"]
 * ```
 *
 * @since 0.1.0
 */
import { carrier } from "./Carrier.ts"

export { carrier }
export * from "./Config.ts"
export { refusalOf } from "./Errors.ts"
export { sign, signWebhook } from "./Signature.ts"

export const {
  extractMeta: extractTwilioMeta,
  layer,
  layerConfig,
  layerSender,
  layerSenderConfig,
  layerWebhook,
  layerWebhookConfig,
  make,
  makeSender,
  makeWebhook,
  parseWebhook: parseTwilioWebhook
} = carrier
