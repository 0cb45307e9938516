import { Effect } from "effect"
import { type Carrier, Environment, Wire } from "effect-sms/provider"
import type { CryptoError } from "effect/crypto"
import type { SenderOptions, WebhookOptions } from "./Carrier.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  { name: "ACME_WEBHOOK_SECRET", description: "Signs webhooks.", group: "receiving", required: true, secret: true },
  { name: "ACME_API_KEY", description: "Also opens files.", group: "sending", required: true, secret: true },
  { name: "ACME_FROM", description: "The default sender, for messages without one.", group: "sending" },
  { name: "ACME_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

export const environment: Carrier.EnvironmentDefinition<WebhookOptions, SenderOptions, CryptoError.CryptoError> = {
  variables,
  webhook: Effect.map(Environment.webhookSecrets(variables, "ACME_WEBHOOK_SECRET"), (secret) => secret && { secret }),
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      return {
        apiKey: required("ACME_API_KEY"),
        ...Wire.compact({
          ...excess,
          from: yield* Environment.address("ACME_FROM"),
          statusCallback: yield* Environment.statusCallback("acme"),
          baseUrl: yield* Environment.apiUrl("ACME_BASE_URL")
        })
      }
    })
  ),
  blame: ({ reason }) => Environment.invalid("ACME_WEBHOOK_SECRET", `cannot be used. ${reason.message}`),
  mediaCredentials: Effect.map(
    Environment.secret("ACME_API_KEY"),
    (token) => token && { "media.acme.example": { scheme: "Bearer" as const, token } }
  ),
  mediaCredentialsHint: "Acme's files can be fetched with ACME_API_KEY"
}
