import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { formFromText } from "../../src/provider/Body.ts"
import * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"

const authToken = Redacted.make("12345")

ProviderSuite.suite({
  name: "twilio",
  fixtures: webhookFixtures("twilio"),
  layer: Twilio.layerWebhook({ authToken }).pipe(Layer.provide(NodeCrypto.layer)),
  sign: ({ body, contentType, method, url }) =>
    Twilio.sign({ authToken, url, form: method === "GET" ? {} : formFromText(body) }).pipe(
      Effect.map((signature) =>
        WebhookRequest.make({
          method,
          url,
          headers: { "content-type": contentType, "x-twilio-signature": signature },
          body
        })
      ),
      Effect.provide(NodeCrypto.layer)
    ),
  withoutSignature: (request) => ({ ...request, headers: { "content-type": request.headers["content-type"]! } }),
  covers: { body: true, url: true, headers: ["x-twilio-signature"] },
  acceptedOnPurpose: (original, changed) =>
    // Percent escapes mean the same in either letter case, and the signature covers what they mean.
    Buffer.from(original.body).toString().toLowerCase() === Buffer.from(changed.body).toString().toLowerCase() &&
      decodeURIComponent(Buffer.from(original.body).toString()) ===
        decodeURIComponent(Buffer.from(changed.body).toString()) &&
      original.url === changed.url &&
      original.headers["x-twilio-signature"] === changed.headers["x-twilio-signature"] ||
    // Scheme and host mean the same in either letter case.
    original.url !== changed.url && new URL(original.url).href === URL.parse(changed.url)?.href
})
