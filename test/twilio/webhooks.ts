/**
 * Webhooks as Twilio sends them, for the tests of this folder.
 */
import { NodeCrypto } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { type Form, formFromText } from "../../src/provider/Body.ts"
import type { Limits } from "../../src/provider/Receiving.ts"
import type { Secrets } from "../../src/provider/Secrets.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"

export const authToken = Redacted.make("12345")

export const layerWith = (authToken: Secrets, name?: string, limits?: Partial<Limits>) =>
  Twilio.layerWebhook({ authToken, name, limits }).pipe(Layer.provide(NodeCrypto.layer))

export const layer = layerWith(authToken)

/** A provider of its own for each run. */
export const providerWith = (authToken: Secrets, limits?: Partial<Limits>) =>
  Effect.provide(SmsProvider.use(Effect.succeed), Layer.fresh(layerWith(authToken, undefined, limits)))

export const provider = providerWith(authToken)

/** The form on the wire. */
export const encode = (form: Form): string =>
  `${new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => [value].flat().map((value) => [name, value]))
  )}`

export interface Parts {
  readonly method?: string | undefined
  readonly url: string
  readonly contentType?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Uint8Array | undefined
  readonly signature: string | undefined
}

export const request = (parts: Parts): WebhookRequest.WebhookRequest =>
  WebhookRequest.make({
    method: parts.method,
    url: parts.url,
    headers: {
      "Content-Type": parts.contentType ?? "application/x-www-form-urlencoded",
      "X-Twilio-Signature": parts.signature,
      ...parts.headers
    },
    body: parts.body
  })

/** The signature over this URL and this form body. */
export const sign = (url: string, body: string = "", token: Redacted.Redacted<string> = authToken) =>
  Effect.provide(Twilio.sign({ authToken: token, url, form: formFromText(body) }), NodeCrypto.layer)
