/**
 * Sample webhooks in Telnyx's format, signed with a generated key pair.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Samples } from "../provider/Carrier.ts"
import { make } from "../WebhookRequest.ts"
import type { WebhookOptions } from "./Config.ts"
import { generateKeyPair, signWebhook } from "./Signature.ts"

export const samples = Effect.map(generateKeyPair, ({ privateKey, publicKey }): Samples<WebhookOptions> => ({
  options: { publicKey },
  sign: (options) => signWebhook({ privateKey, ...options }),
  webhooks: Effect.fnUntraced(function*({ customer, inboundUrl: url, ours }) {
    const random = yield* SecureRandom.SecureRandom
    const now = DateTime.formatIso(yield* DateTime.now)
    const envelope = (id: string, eventType: string, payload: object) => ({
      data: { record_type: "event", event_type: eventType, id, occurred_at: now, payload: { id, ...payload } }
    })
    const signed = Effect.fnUntraced(function*(kind: string, eventType: string, payload: object) {
      const messageId = yield* random.uuidV4()
      const request = yield* signWebhook({ privateKey, url, payload: envelope(messageId, eventType, payload) })
      return { kind, messageId, request }
    })
    const message = {
      direction: "inbound",
      from: { phone_number: customer },
      to: [{ phone_number: ours, status: "webhook_delivered" }],
      received_at: now
    }
    const answer = { ...message, type: "SMS", text: "No", media: [] }
    const signedBefore = yield* signed("forged", "message.received", answer)
    const body = JSON.stringify(envelope(signedBefore.messageId, "message.received", { ...answer, text: "Yes" }))
    return [
      yield* signed("SMS", "message.received", {
        ...message,
        type: "SMS",
        text: "Can I change the address?",
        media: []
      }),
      yield* signed("MMS", "message.received", {
        ...message,
        type: "MMS",
        text: "This is the receipt",
        media: [{ url: "https://media.telnyx.com/receipt.jpg", content_type: "image/jpeg" }]
      }),
      yield* signed("delivery report", "message.finalized", {
        direction: "outbound",
        type: "SMS",
        from: { phone_number: ours },
        to: [{ phone_number: customer, status: "delivery_failed" }],
        errors: [{ code: "40001", title: "Not routable" }],
        completed_at: now
      }),
      { ...signedBefore, request: make({ ...signedBefore.request, body }) }
    ]
  })
}))
