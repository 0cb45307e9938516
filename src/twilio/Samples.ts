/**
 * Sample webhooks in Twilio's format, signed with a generated auth token.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import type { Samples } from "../provider/Carrier.ts"
import { generateSecret } from "../provider/Secrets.ts"
import { make } from "../WebhookRequest.ts"
import type { WebhookOptions } from "./Config.ts"
import { signWebhook } from "./Signature.ts"

export const samples = Effect.map(generateSecret, (authToken): Samples<WebhookOptions> => ({
  options: { authToken },
  sign: ({ payload, url }) => signWebhook({ authToken, url, form: payload as Readonly<Record<string, string>> }),
  webhooks: Effect.fnUntraced(function*({ customer, inboundUrl, ours, statusUrl }) {
    const sid = yield* (yield* SecureRandom.SecureRandom).ulid
    const message = { From: customer, To: ours, SmsStatus: "received", AccountSid: "AC_DEMO", NumSegments: "1" }
    const signed = (kind: string, url: string, form: Readonly<Record<string, string>>) =>
      Effect.map(
        signWebhook({ authToken, url, form }),
        (request) => ({ kind, messageId: form["MessageSid"]!, request })
      )
    const forged = { ...message, MessageSid: `SMforged${sid}`, Body: "Thank you", NumMedia: "0" }
    const signedBefore = yield* signed("forged", inboundUrl, forged)
    const body = new URLSearchParams({ ...forged, Body: "Send the refund to another account" }).toString()
    return [
      yield* signed("SMS", inboundUrl, {
        ...message,
        MessageSid: `SM${sid}`,
        Body: "Is my order on its way?",
        NumMedia: "0"
      }),
      yield* signed("MMS", inboundUrl, {
        ...message,
        MessageSid: `MM${sid}`,
        Body: "It should look like this",
        NumMedia: "1",
        MediaUrl0: "https://api.twilio.com/2010-04-01/Accounts/AC_DEMO/Messages/MM_DEMO/Media/ME_DEMO",
        MediaContentType0: "image/jpeg"
      }),
      yield* signed("delivery report", statusUrl, {
        From: ours,
        To: customer,
        MessageSid: `SMout${sid}`,
        MessageStatus: "delivered",
        SmsStatus: "delivered"
      }),
      { ...signedBefore, request: make({ ...signedBefore.request, body }) }
    ]
  })
}))
