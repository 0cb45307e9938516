import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { HttpClient } from "effect/http"
import { createHash } from "node:crypto"
import * as Twilio from "../../src/twilio/index.ts"
import type * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as Webhooks from "./webhooks.ts"

const url = "https://sms.example.com/hook"
const authToken = Redacted.make("12345")
const [ours, other] = ["AC00000000000000000000000000000001", "AC00000000000000000000000000000002"] as const

const form = (AccountSid?: string) => ({
  MessageSid: "SM00000000000000000000000000000001",
  SmsStatus: "received",
  From: "+16505550111",
  To: "+16505550100",
  Body: "hi",
  ...(AccountSid !== undefined && { AccountSid })
})

type Provider = Effect.Success<ReturnType<typeof Twilio.makeWebhook>>

const outcome = Effect.fnUntraced(function*(provider: Provider, request: WebhookRequest.WebhookRequest) {
  const result = yield* Effect.result(provider.verify(request))
  return result._tag === "Success" ? "accepted" : result.failure.message
})

const posted = Effect.fnUntraced(function*(provider: Provider, account?: string) {
  return yield* outcome(provider, yield* Twilio.signWebhook({ authToken, url, form: form(account) }))
})

const got = Effect.fnUntraced(function*(provider: Provider, account: string) {
  const target = `${url}?${new URLSearchParams(form(account))}`
  const signature = yield* Webhooks.sign(target)
  return yield* outcome(provider, Webhooks.request({ method: "GET", url: target, signature }))
})

const sentJson = Effect.fnUntraced(function*(provider: Provider, payload: unknown) {
  const body = JSON.stringify(payload)
  const target = `${url}?bodySHA256=${createHash("sha256").update(body).digest("hex")}`
  const signature = yield* Webhooks.sign(target)
  return yield* outcome(
    provider,
    Webhooks.request({ url: target, contentType: "application/json", body, signature })
  )
})

const refused = "twilio: AccountSid: Expected an account whose webhooks are accepted: see webhookAccounts"

describe("webhooks of another account", () => {
  it.effect("are refused where the account that sends is configured", () =>
    Effect.gen(function*() {
      const provider = yield* Twilio.make({ authToken, accountSid: ours })
      assert.strictEqual(yield* posted(provider, ours), "accepted")
      assert.strictEqual(yield* got(provider, ours), "accepted")
      assert.strictEqual(yield* posted(provider, other), refused)
      assert.strictEqual(yield* got(provider, other), refused)
      // Nothing says that it is another's.
      assert.strictEqual(yield* posted(provider), "accepted")

      for (const name of ["AccountSid", "accountSid", "account_sid"]) {
        assert.strictEqual(yield* sentJson(provider, { [name]: ours, MessageSid: "SM1" }), "accepted")
        const named = refused.replace("AccountSid", name)
        for (const account of [other, "", null, 1, [ours, other], {}]) {
          assert.strictEqual(yield* sentJson(provider, { [name]: account, MessageSid: "SM1" }), named)
        }
        const form = { event_type: "click", [name]: other }
        assert.strictEqual(yield* outcome(provider, yield* Twilio.signWebhook({ authToken, url, form })), named)
      }
      for (const json of [{}, [], "AccountSid", { nested: { AccountSid: other } }]) {
        assert.strictEqual(yield* sentJson(provider, json), "accepted")
      }
    }).pipe(
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.die("nothing is sent"))),
      Effect.provide(NodeCrypto.layer)
    ))

  it.effect("are accepted where they are listed, or where no account is configured", () =>
    Effect.gen(function*() {
      const listed = yield* Twilio.makeWebhook({ authToken, accountSid: ours, webhookAccounts: [ours, other] })
      assert.strictEqual(yield* posted(listed, other), "accepted")
      const cased = yield* Twilio.makeWebhook({ authToken, webhookAccounts: ["AC0000000000000000000000000000ABCD"] })
      assert.strictEqual(yield* posted(cased, "AC0000000000000000000000000000abcd"), "accepted")
      assert.strictEqual(yield* posted(listed, "AC00000000000000000000000000000003"), refused)
      const any = yield* Twilio.makeWebhook({ authToken })
      assert.strictEqual(yield* posted(any, other), "accepted")
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
