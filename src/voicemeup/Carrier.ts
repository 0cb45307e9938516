import type * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { parseBody } from "../provider/Body.ts"
import * as Carrier from "../provider/Carrier.ts"
import { unknown, zoneOf } from "../provider/core/time.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { decode } from "./core/decode.ts"
import { acknowledgement, bounds } from "./core/dialect.ts"
import * as Signature from "./Signature.ts"

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
    // Fails for an unknown zone.
    if (timeZone !== undefined) yield* DateTime.zoneMakeNamedEffect(timeZone)
    const zone = timeZone === undefined ? unknown : zoneOf(timeZone)
    return {
      capabilities: {
        mms: true,
        splitMms: true,
        deliveryStatuses: false,
        verification: { scheme: verification.scheme === "Token" ? "token" : "none", covers: [] }
      },
      ...bounds,
      guard: yield* Signature.make(verification),
      verify: () => Effect.void,
      parse: parseBody,
      decodePayload: (payload) => eventsOf(decode(classes, name, zone, payload)),
      acknowledgement
    }
  }),
  decodePayload: (provider, payload) => eventsOf(decode(classes, provider, unknown, payload)),
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: { hosts: ["clients.voicemeup.com", "dev-clients.voicemeup.com"] },
  samples: () => import("./Samples.ts"),
  masking: () => import("./Masking.ts"),
  emulation: () => import("./emulation/Emulation.ts")
})
