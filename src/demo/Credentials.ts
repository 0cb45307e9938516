/**
 * Throw-away credentials, so that the server can be tried with no account at
 * any carrier.
 */
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"
import * as SmsProviders from "../provider/SmsProviders.ts"
import * as Sinch from "../sinch/index.ts"
import * as Telnyx from "../telnyx/index.ts"
import * as Twilio from "../twilio/index.ts"
import * as VoiceMeUp from "../voicemeup/index.ts"

export const generate = Effect.gen(function*() {
  const random = yield* SecureRandom.SecureRandom
  const secret = Effect.map(random.randomBytes(16), (bytes) => Redacted.make(Hex.encode(bytes)))
  return {
    twilioAuthToken: yield* secret,
    sinchSecret: yield* secret,
    telnyxKeys: yield* Telnyx.generateKeyPair,
    voicemeupToken: yield* secret,
    adminToken: yield* secret
  }
})

export type Credentials = Effect.Success<typeof generate>

export const layerProviders = (credentials: Credentials) =>
  SmsProviders.layer(
    Twilio.layerWebhook({ authToken: credentials.twilioAuthToken }),
    Sinch.layerWebhook({ verification: Sinch.hmacSha256(credentials.sinchSecret) }),
    Telnyx.layerWebhook({ publicKey: credentials.telnyxKeys.publicKey }),
    VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token: credentials.voicemeupToken } })
  )
