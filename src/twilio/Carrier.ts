import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import { parsedOf } from "../provider/Body.ts"
import * as Carrier from "../provider/Carrier.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { consent } from "./Consent.ts"
import { decode } from "./core/decode.ts"
import { acknowledgement, bounds, parse } from "./core/dialect.ts"
import * as Signature from "./Signature.ts"

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
        verification: { scheme: "signature", covers: ["body", "url"] },
        consent
      },
      ...bounds,
      ...signature,
      parse: (request) => parsedOf(parse(request)),
      decodePayload: (payload) => eventsOf(decode(classes, name, payload)),
      acknowledgement
    })),
  decodePayload: (provider, payload) => eventsOf(decode(classes, provider, payload)),
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: {
    hosts: ["api.twilio.com"],
    redirectHosts: ["mms.twiliocdn.com", "s3-external-1.amazonaws.com", "media.twiliocdn.com"]
  },
  samples: () => import("./Samples.ts"),
  masking: () => import("./Masking.ts"),
  emulation: () => import("./emulation/Emulation.ts")
})
