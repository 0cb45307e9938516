import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"
import { privateKey, publicKey } from "./keys.ts"

ProviderSuite.suite({
  name: "telnyx",
  fixtures: webhookFixtures("telnyx"),
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
})
