/** Verification in tests: a request, and what the provider says to it. */
import { NodeCrypto } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createHmac } from "node:crypto"
import * as Sinch from "../../src/sinch/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { sha256Vectors } from "./vectors.ts"

const url = "https://sms.example.com/webhooks/sms/sinch/inbound"

export const request = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
  body: string | Uint8Array
) => WebhookRequest.make({ url, headers: { "content-type": "application/json", ...headers }, body })

export const make = (verification: Sinch.Verification) =>
  Effect.orDie(Effect.provide(Sinch.makeWebhook({ verification }), NodeCrypto.layer))

export const verify = (verification: Sinch.Verification, request: WebhookRequest.WebhookRequest) =>
  Effect.flatMap(make(verification), (provider) => provider.verify(request))

export const refusal = (verification: Sinch.Verification, request: WebhookRequest.WebhookRequest) =>
  Effect.map(Effect.flip(verify(verification, request)), ({ reason }) => reason)

export const hintOf = (verification: Sinch.Verification, request: WebhookRequest.WebhookRequest) =>
  Effect.map(refusal(verification, request), (reason) => {
    assert.strictEqual(reason._tag, "InvalidSignature")
    return reason._tag === "InvalidSignature" ? reason.hint : undefined
  })

export const hmac = (key: string | Uint8Array, text: string) => createHmac("sha256", key).update(text)

/** The delivery report that Sinch's SDK has a signature of. */
export const sms = sha256Vectors[0]!

export const secret = Redacted.make(sms.secret)

/** For tests that are not about the signed time. */
export const atAnyTime = { tolerance: "36500 days" } as const

export const sha256 = Sinch.hmacSha256(secret, atAnyTime)

export const sha256InTime = Sinch.hmacSha256(secret)

export const signed = {
  "x-sinch-webhook-signature": sms.signature,
  "x-sinch-webhook-signature-timestamp": sms.timestamp,
  "x-sinch-webhook-signature-nonce": sms.nonce
}
