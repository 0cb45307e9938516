import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import * as ProviderSuite from "effect-sms/testing/ProviderSuite"
import * as SendSuite from "effect-sms/testing/SendSuite"
import { carrier, sign } from "./Carrier.ts"
import { accepts, messages, refusals, webhooks } from "./fixtures.ts"

const secret = Redacted.make("acme-webhook-secret")

ProviderSuite.suite({
  name: "acme",
  fixtures: webhooks,
  layer: Layer.provide(carrier.layerWebhook({ secret }), NodeCrypto.layer),
  sign: ({ body, url }) => Effect.provide(sign(secret, url, body), NodeCrypto.layer),
  withoutSignature: (request) => ({ ...request, headers: { "content-type": request.headers["content-type"]! } }),
  covers: { body: true, url: false, headers: ["acme-signature", "acme-time"] }
})

SendSuite.suite({
  name: "acme",
  fixtures: messages,
  refusals,
  layer: (options) => carrier.layerSender({ apiKey: Redacted.make("acme-api-key"), ...options }),
  secrets: ["acme-api-key"],
  accepts,
  textOf: ({ body }) => JSON.parse(body).text
})
