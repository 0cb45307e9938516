import { Effect } from "effect"
import { type Carrier, Secrets } from "effect-sms/provider"
import * as WebhookRequest from "effect-sms/WebhookRequest"
import { SecureRandom } from "effect/crypto"
import { sign, type WebhookOptions } from "./Carrier.ts"

export const samples = Effect.map(Secrets.generateSecret, (secret): Carrier.Samples<WebhookOptions> => ({
  options: { secret },
  sign: ({ payload, url }) => sign(secret, url, JSON.stringify(payload)),
  webhooks: Effect.fnUntraced(function*({ customer, inboundUrl, ours, statusUrl }) {
    const random = yield* SecureRandom.SecureRandom
    const signed = Effect.fnUntraced(function*(kind: string, url: string, fields: object) {
      const messageId = yield* random.uuidV4()
      return { kind, messageId, request: yield* sign(secret, url, JSON.stringify({ id: messageId, ...fields })) }
    })
    const message = { type: "message", from: customer, to: ours }
    const photo = { url: "https://media.acme.example/1.jpg", type: "image/jpeg" }
    const forged = yield* signed("forged", inboundUrl, { ...message, text: "Keep the change" })
    const body = JSON.stringify({ ...message, id: forged.messageId, text: "Send the change" })
    return [
      yield* signed("SMS", inboundUrl, { ...message, text: "Do you sell anvils?" }),
      yield* signed("MMS", inboundUrl, { ...message, text: "Like this one", files: [photo] }),
      yield* signed("delivery report", statusUrl, { type: "report", to: customer, state: "failed", code: "17" }),
      { ...forged, request: WebhookRequest.make({ ...forged.request, body }) }
    ]
  })
}))
