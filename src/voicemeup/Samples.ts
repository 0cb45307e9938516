/**
 * Sample webhooks in VoiceMeUp's format, with a generated token.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { toCarrierDigits } from "../Address.ts"
import type { Samples } from "../provider/Carrier.ts"
import { generateSecret } from "../provider/Secrets.ts"
import type { WebhookOptions } from "./Config.ts"
import { signWebhook } from "./Signature.ts"

export const samples = Effect.map(generateSecret, (token): Samples<WebhookOptions> => ({
  options: { verification: { scheme: "Token", token } },
  sign: (options) => signWebhook({ token, ...options }),
  webhooks: Effect.fnUntraced(function*({ customer, inboundUrl: url, ours }) {
    const random = yield* SecureRandom.SecureRandom
    const signed = Effect.fnUntraced(function*(kind: string, row: object, by: Redacted.Redacted<string> = token) {
      const messageId = yield* random.uuidV4()
      const payload = {
        sms_hash: messageId,
        direction: "inbound",
        source_number: toCarrierDigits(customer),
        destination_number: toCarrierDigits(ours),
        ...row
      }
      return { kind, messageId, request: yield* signWebhook({ token: by, url, payload }) }
    })
    const file = "https://clients.voicemeup.com/file/0a1b2c3d.mms"
    const parts = { datetime_transmission: "2026-01-28 13:00:14" }
    return [
      yield* signed("SMS", { message: "Bonjour!" }),
      yield* signed("MMS, text", {
        ...parts,
        message: "Our cat",
        attachment: `${file}.html`,
        attachment_mime_type: "text/html"
      }),
      yield* signed("MMS, file", {
        ...parts,
        message: "",
        attachment: `${file}.jpg`,
        attachment_mime_type: "image/jpeg"
      }),
      // Webhooks are not signed, so an attacker would have to guess the token.
      yield* signed("forged", { message: "Let me in" }, Redacted.make(`${Redacted.value(token).slice(0, -1)}x`))
    ]
  })
}))
