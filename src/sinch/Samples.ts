/**
 * Sample callbacks in Sinch's format, signed with a generated secret.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { toCarrierDigits } from "../Address.ts"
import type { Samples } from "../provider/Carrier.ts"
import { generateSecret } from "../provider/Secrets.ts"
import { make } from "../WebhookRequest.ts"
import { hmacSha256, type WebhookOptions } from "./Config.ts"
import { signWebhook } from "./Signature.ts"

export const samples = Effect.map(generateSecret, (secret): Samples<WebhookOptions> => ({
  options: { verification: hmacSha256(secret) },
  sign: (options) => signWebhook({ secret, ...options }),
  webhooks: Effect.fnUntraced(function*({ customer, inboundUrl: url, ours }) {
    const random = yield* SecureRandom.SecureRandom
    const [sms, mms, batch, forged] = [yield* random.ulid, yield* random.ulid, yield* random.ulid, yield* random.ulid]
    const now = DateTime.formatIso(yield* DateTime.now)
    const message = { from: toCarrierDigits(customer), to: toCarrierDigits(ours), received_at: now }
    const signed = (kind: string, messageId: string, payload: object) =>
      Effect.map(signWebhook({ secret, url, payload }), (request) => ({ kind, messageId, request }))
    const answer = { type: "mo_text", id: forged, ...message, body: "Yes" }
    const signedBefore = yield* signed("forged", forged, answer)
    const body = JSON.stringify({ ...answer, body: "Yes, and cancel everything" })
    return [
      yield* signed("SMS", sms, { type: "mo_text", id: sms, ...message, body: "Do you deliver on Saturday?" }),
      yield* signed("MMS", mms, {
        type: "mo_media",
        id: mms,
        ...message,
        body: {
          message: "My front door",
          media: [{
            url: "https://media.sinch.example/door.png",
            content_type: "image/png",
            status: "Uploaded",
            code: 0
          }]
        }
      }),
      yield* signed("delivery report", batch, {
        type: "recipient_delivery_report_sms",
        batch_id: batch,
        recipient: toCarrierDigits(customer),
        code: 0,
        status: "Delivered",
        at: now
      }),
      { ...signedBefore, request: make({ ...signedBefore.request, body }) }
    ]
  })
}))
