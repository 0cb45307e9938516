import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { kind } from "../Address.ts"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact } from "../provider/Wire.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { generateKeyPair, signer } from "./Signature.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "TELNYX_PUBLIC_KEY",
    description: "The public key of the account, or several separated by commas during a rotation.",
    group: "receiving",
    required: true
  },
  { name: "TELNYX_API_KEY", description: "The API key (v2).", group: "sending", required: true, secret: true },
  {
    name: "TELNYX_FROM",
    description:
      "The default sender, for messages without one: a number as in `+15145550100`, a short code, or a name.",
    group: "sending"
  },
  {
    name: "TELNYX_MESSAGING_PROFILE_ID",
    description: "The messaging profile that sends, and whose number pool chooses the sender.",
    group: "sending"
  },
  { name: "TELNYX_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

const profile = Environment.checked(
  "TELNYX_MESSAGING_PROFILE_ID",
  (value) => uuid.test(value) ? undefined : "must be the id of a profile, as in 16fd2706-8baf-433b-82eb-8c7fada847da"
)

/** Reads the sender. One with a name needs a profile (https://developers.telnyx.com/docs/messaging/messages/alphanumeric-sender-id). */
const from = Effect.gen(function*() {
  const name = "TELNYX_FROM"
  const value = yield* Environment.address(name, { kinds: ["PhoneNumber", "ShortCode", "SenderId"] })
  if (value === undefined || kind(value) !== "SenderId") return value
  if (!/^[a-z\d ]+$/i.test(value)) {
    return yield* Environment.invalid(name, "must be a number, or a name of letters, digits and blanks")
  }
  return (yield* profile) === undefined
    ? yield* Environment.invalid("TELNYX_MESSAGING_PROFILE_ID", `is missing: ${name} is a name, which needs a profile`)
    : value
})

/** The API key, which is not the public key: the Base64 of 32 bytes. */
const apiKey = Effect.tap(
  Environment.secret("TELNYX_API_KEY"),
  (key) =>
    key !== undefined && /^[\w+/]{43}=$/.test(Redacted.value(key))
      ? Effect.fail(
        Environment.invalid(
          "TELNYX_API_KEY",
          "must be an API key. This looks like the public key, for TELNYX_PUBLIC_KEY"
        )
      )
      : Effect.void
)

/** The keys that verify webhooks, of which none is an API key. */
const publicKeys = Effect.tap(
  Environment.webhookSecrets(variables, "TELNYX_PUBLIC_KEY"),
  (keys = []) =>
    keys.some((key) => /^KEY[\dA-F]+_/.test(Redacted.value(key)))
      ? Effect.fail(
        Environment.invalid(
          "TELNYX_PUBLIC_KEY",
          "must be the public key. This looks like an API key, for TELNYX_API_KEY"
        )
      )
      : Effect.void
)

/** The variable of the key that signs. Telnyx has its own, so a replay needs another pair. */
const privateKeyName = "TELNYX_PRIVATE_KEY"

const sign = Effect.gen(function*() {
  const privateKey = yield* Environment.credential(privateKeyName)
  if (privateKey !== undefined) {
    return yield* Effect.mapError(
      signer(privateKey),
      ({ reason }) => Environment.invalid(privateKeyName, `cannot be used. ${reason.message}`)
    )
  }
  return (yield* publicKeys) === undefined ? undefined : yield* Environment.invalid(
    privateKeyName,
    "is missing: the key that Telnyx signs with is known to Telnyx only. effect-sms replay --keys makes another pair"
  )
})

export const environment: EnvironmentDefinition<WebhookOptions, SenderOptions, CryptoError.CryptoError> = {
  variables,
  webhook: Effect.map(
    publicKeys,
    (keys) => keys && { publicKey: keys.map((key) => Redacted.value(key)) }
  ),
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(_, excess) {
      return {
        // It is required.
        apiKey: (yield* apiKey)!,
        ...compact({
          ...excess,
          from: yield* from,
          messagingProfileId: yield* profile,
          statusCallback: yield* Environment.statusCallback("telnyx"),
          baseUrl: yield* Environment.apiUrl("TELNYX_BASE_URL", "/v2")
        })
      }
    })
  ),
  sign,
  generateKeys: Effect.map(generateKeyPair, ({ privateKey, publicKey }) => ({
    TELNYX_PUBLIC_KEY: Redacted.make(publicKey),
    [privateKeyName]: privateKey
  })),
  blame: ({ reason }) => Environment.invalid("TELNYX_PUBLIC_KEY", `cannot be used. ${reason.message}`)
}
