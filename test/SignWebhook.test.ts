import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Service as Provider } from "../src/provider/SmsProvider.ts"
import * as Sinch from "../src/sinch/index.ts"
import * as Telnyx from "../src/telnyx/index.ts"
import * as Twilio from "../src/twilio/index.ts"
import * as VoiceMeUp from "../src/voicemeup/index.ts"
import type { WebhookRequest } from "../src/WebhookRequest.ts"

const secret = Redacted.make("a secret")
const other = Redacted.make("another secret")
const url = "https://sms.example.com/webhooks"

const assertSigned = Effect.fnUntraced(function*(mine: Provider, foreign: Provider, request: WebhookRequest) {
  yield* mine.verify(request)
  assert.strictEqual((yield* Effect.flip(foreign.verify(request))).reason._tag, "InvalidSignature")
})

it.effect("signs what the provider with the same secret accepts, and no other", () =>
  Effect.gen(function*() {
    yield* assertSigned(
      yield* Twilio.makeWebhook({ authToken: secret }),
      yield* Twilio.makeWebhook({ authToken: other }),
      yield* Twilio.signWebhook({ authToken: secret, url, form: { Body: "a+b & ü" } })
    )
    yield* assertSigned(
      yield* Sinch.makeWebhook({ verification: Sinch.hmacSha256(secret, { tolerance: "1 minute" }) }),
      yield* Sinch.makeWebhook({ verification: Sinch.hmacSha256(other) }),
      yield* Sinch.signWebhook({ secret, url, payload: { type: "mo_text" } })
    )
    const keys = yield* Telnyx.generateKeyPair
    const otherKeys = yield* Telnyx.generateKeyPair
    const telnyx = (publicKey: string) => Effect.provide(Telnyx.makeWebhook({ publicKey }), Telnyx.Ed25519.layer)
    yield* assertSigned(
      yield* telnyx(keys.publicKey),
      yield* telnyx(otherKeys.publicKey),
      yield* Telnyx.signWebhook({ privateKey: keys.privateKey, url, payload: { data: {} } })
    )
    yield* assertSigned(
      yield* VoiceMeUp.makeWebhook({ verification: { scheme: "Token", token: secret } }),
      yield* VoiceMeUp.makeWebhook({ verification: { scheme: "Token", token: other } }),
      yield* VoiceMeUp.signWebhook({ token: secret, url, payload: { message: "a" } })
    )
  }).pipe(Effect.provide(NodeCrypto.layer)))
