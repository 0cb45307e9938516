import type * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { parseBody } from "../provider/Body.ts"
import * as Carrier from "../provider/Carrier.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import * as Signature from "./Signature.ts"
import { acknowledgement, decodePayload } from "./Webhook.ts"

/**
 * The VoiceMeUp carrier. Making a provider fails when a token is empty
 * (`CryptoError`), or when the time zone or the environment is unknown
 * (`IllegalArgumentError`).
 *
 * The media hosts are from real messages.
 *
 * @category carrier
 * @since 0.1.0
 */
export const carrier: Carrier.Carrier<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError | Cause.IllegalArgumentError,
  Digest.Digest
> = /* @__PURE__ */ Carrier.define({
  name: "voicemeup",
  title: "VoiceMeUp",
  receive: Effect.fnUntraced(function*({ name = "voicemeup", timeZone, verification }: WebhookOptions) {
    const zone = timeZone === undefined ? undefined : yield* DateTime.zoneMakeNamedEffect(timeZone)
    return {
      capabilities: {
        mms: true,
        splitMms: true,
        deliveryStatuses: false,
        verification: { scheme: verification.scheme === "Token" ? "token" : "none", covers: [] }
      },
      methods: ["POST"],
      contentTypes: ["application/json", "application/x-www-form-urlencoded"],
      guard: yield* Signature.make(verification),
      verify: () => Effect.void,
      parse: parseBody,
      decodePayload: (payload) => decodePayload(name, zone, payload),
      acknowledgement
    }
  }),
  decodePayload: (provider, payload) => decodePayload(provider, undefined, payload),
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: { hosts: ["clients.voicemeup.com", "dev-clients.voicemeup.com"] },
  samples: () => import("./Samples.ts")
})
