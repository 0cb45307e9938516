import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import * as Effect from "effect/Effect"
import { parseJson } from "../provider/Body.ts"
import * as Carrier from "../provider/Carrier.ts"
import { classes, eventsOf } from "../provider/internal/classes.ts"
import type { Verification } from "../provider/Receiving.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { decode } from "./core/decode.ts"
import { acknowledgement, bounds } from "./core/dialect.ts"
import * as Signature from "./Signature.ts"

const verifications: Readonly<Record<WebhookOptions["verification"]["scheme"], Verification>> = {
  HmacSha256: { scheme: "signature", covers: ["body", "time"] },
  HmacSha1: { scheme: "signature", covers: ["body"] },
  None: { scheme: "none", covers: [] }
}

/**
 * The Sinch carrier.
 *
 * Sinch documents no media host, only that files are in a bucket. An operator
 * who receives MMS from Sinch must configure the host found in the messages.
 *
 * @category carrier
 * @since 0.1.0
 */
export const carrier: Carrier.Carrier<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError,
  Mac.Mac
> = /* @__PURE__ */ Carrier.define({
  name: "sinch",
  title: "Sinch",
  receive: ({ name = "sinch", verification }: WebhookOptions) =>
    Effect.map(Signature.make(verification), (signature) => ({
      capabilities: {
        mms: true,
        splitMms: false,
        deliveryStatuses: true,
        verification: verifications[verification.scheme]
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
  samples: () => import("./Samples.ts"),
  masking: () => import("./Masking.ts"),
  emulation: () => import("./emulation/Emulation.ts")
})
