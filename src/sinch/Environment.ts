import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact } from "../provider/Wire.ts"
import { hmacSha1, hmacSha256, type SenderOptions, unsigned, type WebhookOptions } from "./Config.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "SINCH_WEBHOOK_SECRET",
    description: "The secret that Sinch signs with, or several separated by commas during a rotation.",
    group: "receiving",
    required: true,
    secret: true
  },
  {
    name: "SINCH_VERIFICATION",
    description: "`hmac-sha256` (default), `hmac-sha1`, or `none`, which disables verification.",
    group: "receiving"
  },
  { name: "SINCH_SERVICE_PLAN_ID", description: "The service plan that sends.", group: "sending", required: true },
  {
    name: "SINCH_API_TOKEN",
    description: "The API token of the service plan.",
    group: "sending",
    required: true,
    secret: true
  },
  {
    name: "SINCH_REGION",
    description: "The region of the service plan: `us`, `eu`, `au`, `br` or `ca`.",
    group: "sending",
    required: true
  },
  { name: "SINCH_FROM", description: "The default sender, for messages without one.", group: "sending" },
  {
    name: "SINCH_DELIVERY_REPORT",
    description:
      "Which delivery reports Sinch posts: `per_recipient` (default), `per_recipient_final`, `full`, `none`.",
    group: "sending"
  },
  { name: "SINCH_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

const webhook = Effect.gen(function*() {
  const name = "SINCH_WEBHOOK_SECRET"
  const scheme = yield* Environment.choice("SINCH_VERIFICATION", ["hmac-sha256", "hmac-sha1", "none"])
  if (scheme === "none") {
    yield* Environment.refuseUnused(name, "SINCH_VERIFICATION")
    return { verification: unsigned }
  }
  const secrets = yield* Environment.webhookSecrets(
    variables,
    name,
    " (SINCH_VERIFICATION=none disables verification)"
  )
  return secrets && { verification: scheme === "hmac-sha1" ? hmacSha1(secrets) : hmacSha256(secrets) }
})

export const environment: EnvironmentDefinition<WebhookOptions, SenderOptions, CryptoError.CryptoError> = {
  variables,
  webhook,
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      const region = yield* Environment.choice("SINCH_REGION", ["us", "eu", "au", "br", "ca"])
      return {
        servicePlanId: Redacted.value(required("SINCH_SERVICE_PLAN_ID")),
        apiToken: required("SINCH_API_TOKEN"),
        // Present, because the variable is required and an unknown region is an error.
        region: region!,
        ...compact({
          ...excess,
          from: yield* Environment.address("SINCH_FROM"),
          deliveryReport: yield* Environment.choice("SINCH_DELIVERY_REPORT", [
            "none",
            "per_recipient",
            "per_recipient_final",
            "full"
          ]),
          statusCallback: yield* Environment.statusCallback("sinch"),
          baseUrl: yield* Environment.apiUrl("SINCH_BASE_URL")
        })
      }
    })
  ),
  blame: ({ reason }) => Environment.invalid("SINCH_WEBHOOK_SECRET", `cannot be used. ${reason.message}`)
}
