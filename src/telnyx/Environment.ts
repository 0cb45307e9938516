import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact } from "../provider/Wire.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "TELNYX_PUBLIC_KEY",
    description: "The public key of the account, or several separated by commas during a rotation.",
    group: "receiving",
    required: true
  },
  { name: "TELNYX_API_KEY", description: "The API key (v2).", group: "sending", required: true, secret: true },
  { name: "TELNYX_FROM", description: "The default sender, for messages without one.", group: "sending" },
  {
    name: "TELNYX_MESSAGING_PROFILE_ID",
    description: "The messaging profile that sends, and whose number pool chooses the sender.",
    group: "sending"
  },
  { name: "TELNYX_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

export const environment: EnvironmentDefinition<WebhookOptions, SenderOptions, CryptoError.CryptoError> = {
  variables,
  webhook: Effect.map(
    Environment.webhookSecrets(variables, "TELNYX_PUBLIC_KEY"),
    (keys) => keys && { publicKey: keys.map((key) => Redacted.value(key)) }
  ),
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      return {
        apiKey: required("TELNYX_API_KEY"),
        ...compact({
          ...excess,
          from: yield* Environment.address("TELNYX_FROM"),
          messagingProfileId: yield* Environment.text("TELNYX_MESSAGING_PROFILE_ID"),
          statusCallback: yield* Environment.statusCallback("telnyx"),
          baseUrl: yield* Environment.apiUrl("TELNYX_BASE_URL")
        })
      }
    })
  ),
  blame: ({ reason }) => Environment.invalid("TELNYX_PUBLIC_KEY", `cannot be used. ${reason.message}`)
}
