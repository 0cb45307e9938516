import { NodeCrypto } from "@effect/platform-node"
import { it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as SmsProviderSuite from "../suites/SmsProviderSuite.ts"
import { privateKey, publicKey } from "./keys.ts"

SmsProviderSuite.suite({
  name: "telnyx",
  layer: Telnyx.layerWebhook({ publicKey }).pipe(Layer.provide(NodeCrypto.layer)),
  sign: ({ body, contentType, method, url }) =>
    Telnyx.sign({ privateKey, body }).pipe(
      Effect.map((headers) =>
        WebhookRequest.make({ method, url, headers: { "content-type": contentType, ...headers }, body })
      ),
      Effect.provide(NodeCrypto.layer)
    ),
  withoutSignature: (request) => ({ ...request, headers: { "content-type": request.headers["content-type"]! } }),
  // Telnyx does not sign the URL.
  covers: { body: true, url: false, headers: ["telnyx-signature-ed25519", "telnyx-timestamp"] }
}, it)
