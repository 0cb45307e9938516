import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact } from "../provider/Wire.ts"
import { hmacSha1, hmacSha256, type SenderOptions, unsigned, type WebhookOptions } from "./Config.ts"
import { signer } from "./Signature.ts"

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
    description:
      "`hmac-sha256` (default), `hmac-sha1`, or `none`, which disables signatures and is the default with one of the guards below.",
    group: "receiving"
  },
  ...Environment.guardVariables("SINCH", "sinch"),
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
  {
    name: "SINCH_FROM",
    description:
      "The default sender, for messages without one: a number as in `+15145550100`, a short code, or a name.",
    group: "sending"
  },
  {
    name: "SINCH_DELIVERY_REPORT",
    description:
      "Which delivery reports Sinch posts: `per_recipient` (default), `per_recipient_final`, `full`, `none`. Needs `PUBLIC_URL`.",
    group: "sending"
  },
  { name: "SINCH_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

const webhook: Environment.Read<WebhookOptions> = Effect.gen(function*() {
  const name = "SINCH_WEBHOOK_SECRET"
  const scheme = yield* Environment.choice("SINCH_VERIFICATION", ["hmac-sha256", "hmac-sha1", "none"])
  const guards = yield* Environment.guards("SINCH")
  if (scheme === "none") {
    yield* Environment.refuseUnused(name, "SINCH_VERIFICATION")
    return { verification: unsigned, guards }
  }
  // A guard is a choice, as Sinch signs only for accounts that asked for it.
  if (scheme === undefined && guards.length > 0 && (yield* Environment.secret(name)) === undefined) {
    return { verification: unsigned, guards }
  }
  const secrets = yield* Environment.webhookSecrets(
    variables,
    name,
    " (SINCH_WEBHOOK_TOKEN verifies the callback URL instead, and SINCH_VERIFICATION=none disables verification)"
  )
  return secrets && { verification: scheme === "hmac-sha1" ? hmacSha1(secrets) : hmacSha256(secrets), guards }
})

const sign = Effect.gen(function*() {
  const options = yield* webhook
  return options && signer(options.verification, yield* Environment.passes("SINCH"))
})

const plan = Environment.checked("SINCH_SERVICE_PLAN_ID", (value) => {
  if (/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value)) {
    return "must be the id of a service plan. This looks like the id of a project"
  }
  return /^[\w-]+$/.test(value) ? undefined : "must be the id of a service plan: letters and digits"
})

/**
 * Reads which reports Sinch posts. It refuses a message that asks for reports
 * while neither the message nor the service plan names a URL for them.
 */
const deliveryReport = Effect.gen(function*() {
  const name = "SINCH_DELIVERY_REPORT"
  const report = yield* Environment.choice(name, ["none", "per_recipient", "per_recipient_final", "full"])
  if (report === undefined || report === "none" || (yield* Environment.publicUrl) !== undefined) return report
  return yield* Environment.invalid(
    "PUBLIC_URL",
    `is missing: ${name} is set, but Sinch posts reports to a URL below it`
  )
})

export const environment: EnvironmentDefinition<WebhookOptions, SenderOptions, CryptoError.CryptoError> = {
  variables,
  webhook,
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      const region = yield* Environment.choice("SINCH_REGION", ["us", "eu", "au", "br", "ca"])
      return {
        // Both are required, and a region that is none of these is an error.
        servicePlanId: (yield* plan)!,
        apiToken: required("SINCH_API_TOKEN"),
        region: region!,
        ...compact({
          ...excess,
          from: yield* Environment.address("SINCH_FROM", {
            kinds: ["PhoneNumber", "ShortCode", "SenderId"],
            digits: true
          }),
          deliveryReport: yield* deliveryReport,
          // Nothing here says that it has.
          planHasCallback: false,
          statusCallback: yield* Environment.statusCallback("sinch"),
          baseUrl: yield* Environment.apiUrl("SINCH_BASE_URL", "/xms/v1")
        })
      }
    })
  ),
  sign,
  blame: ({ reason }) => Environment.invalid("SINCH_WEBHOOK_SECRET", `cannot be used. ${reason.message}`)
}
