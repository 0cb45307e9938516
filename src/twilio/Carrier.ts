import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import * as Carrier from "../provider/Carrier.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload, parse } from "./Webhook.ts"

/**
 * The Twilio carrier.
 *
 * The media hosts are from real messages. The first two redirect hosts are from
 * Twilio's own list (https://support.twilio.com/hc/en-us/articles/223183748):
 * one for protected media, one for unprotected media. The third appears only in
 * third-party lists.
 *
 * @category carrier
 * @since 0.1.0
 */
export const carrier: Carrier.Carrier<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError,
  Mac.Mac | Digest.Digest
> = /* @__PURE__ */ Carrier.define({
  name: "twilio",
  title: "Twilio",
  receive: ({
    accountSid,
    authToken,
    name = "twilio",
    webhookAccounts = accountSid === undefined ? undefined : [accountSid]
  }: WebhookOptions) =>
    Effect.map(Signature.make(authToken, webhookAccounts), (signature) => ({
      capabilities: {
        mms: true,
        splitMms: false,
        deliveryStatuses: true,
        verification: { scheme: "signature", covers: ["body", "url"] }
      },
      methods: ["POST", "GET"],
      contentTypes: ["application/x-www-form-urlencoded", "application/json"],
      ...signature,
      parse,
      decodePayload: (payload) => decodePayload(name, payload),
      acknowledgement
    })),
  decodePayload,
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: {
    hosts: ["api.twilio.com"],
    redirectHosts: ["mms.twiliocdn.com", "s3-external-1.amazonaws.com", "media.twiliocdn.com"]
  },
  samples: () => import("./Samples.ts")
})
