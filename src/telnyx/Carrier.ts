import type * as CryptoError from "effect/crypto/CryptoError"
import type * as CryptoSignature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import { parseJson } from "../provider/Body.ts"
import * as Carrier from "../provider/Carrier.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { consent } from "./Consent.ts"
import { decode } from "./core/decode.ts"
import { acknowledgement, bounds } from "./core/dialect.ts"
import * as Ed25519 from "./Ed25519.ts"
import * as Signature from "./Signature.ts"

/**
 * The Telnyx carrier. Webhooks are verified with the runtime's Ed25519 unless
 * the application provides another.
 *
 * The media host is from Telnyx's documentation
 * (https://developers.telnyx.com/docs/messaging/messages/receive-message).
 *
 * @category carrier
 * @since 0.1.0
 */
export const carrier: Carrier.Carrier<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError,
  Ed25519.Ed25519,
  CryptoSignature.Signature
> = /* @__PURE__ */ Carrier.defineWith({
  name: "telnyx",
  title: "Telnyx",
  receive: ({ name = "telnyx", ...options }: WebhookOptions) =>
    Effect.map(Signature.make(options), (signature) => ({
      capabilities: {
        mms: true,
        splitMms: false,
        deliveryStatuses: true,
        verification: { scheme: "signature", covers: ["body", "time"] },
        consent
      },
      ...bounds,
      ...signature,
      parse: (request) => parseJson(request.body),
      decodePayload: (payload) => eventsOf(decode(classes, name, payload)),
      acknowledgement
    })),
  decodePayload: (provider, payload) => eventsOf(decode(classes, provider, payload)),
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: { hosts: ["media.telnyx.com"] },
  samples: () => import("./Samples.ts"),
  masking: () => import("./Masking.ts"),
  emulation: () => import("./emulation/Emulation.ts")
}, Ed25519.layer)
