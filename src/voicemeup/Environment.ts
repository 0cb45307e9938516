import type * as Cause from "effect/Cause"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { requestOf } from "../provider/Recording.ts"
import { compact } from "../provider/Wire.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "VOICEMEUP_WEBHOOK_TOKEN",
    description:
      "The secret in the callback URL: `…/webhooks/sms/voicemeup/inbound?token=SECRET`. Several separated by commas during a rotation.",
    group: "receiving",
    required: true,
    secret: true
  },
  {
    name: "VOICEMEUP_VERIFICATION",
    description: "`token` (default), or `none`, which disables verification.",
    group: "receiving"
  },
  {
    name: "VOICEMEUP_TIME_ZONE",
    description: "The time zone of the times in its webhooks, for example `America/Toronto`.",
    group: "receiving"
  },
  { name: "VOICEMEUP_USERNAME", description: "The user that sends.", group: "sending", required: true },
  {
    name: "VOICEMEUP_AUTH_TOKEN",
    description: "The token of that user.",
    group: "sending",
    required: true,
    secret: true
  },
  {
    name: "VOICEMEUP_FROM",
    description: "The default sender, for messages without one: a number as in `+15145550100`.",
    group: "sending"
  },
  { name: "VOICEMEUP_ENVIRONMENT", description: "`production` (default) or `sandbox`.", group: "sending" },
  { name: "VOICEMEUP_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" }
]

const verification = Effect.gen(function*() {
  const name = "VOICEMEUP_WEBHOOK_TOKEN"
  const scheme = yield* Environment.choice("VOICEMEUP_VERIFICATION", ["token", "none"])
  if (scheme === "none") {
    yield* Environment.refuseUnused(name, "VOICEMEUP_VERIFICATION")
    return { scheme: "None" } as const
  }
  const token = yield* Environment.webhookSecrets(
    variables,
    name,
    " (VOICEMEUP_VERIFICATION=none disables verification)"
  )
  return token && { scheme: "Token", token } as const
})

const username = Environment.checked(
  "VOICEMEUP_USERNAME",
  (value) => /\s/.test(value) ? "must be the name of a user, without blanks" : undefined
)

export const environment: EnvironmentDefinition<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError | Cause.IllegalArgumentError
> = {
  variables,
  webhook: Effect.gen(function*() {
    const timeZone = yield* Environment.text("VOICEMEUP_TIME_ZONE")
    const chosen = yield* verification
    return chosen && { verification: chosen, timeZone }
  }),
  sign: Effect.gen(function*() {
    if ((yield* verification) === undefined) return undefined
    const pass = yield* Environment.passes("VOICEMEUP")
    return (unsigned) => Effect.sync(() => pass(requestOf(unsigned)))
  }),
  sender: Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      return {
        // It is required.
        username: (yield* username)!,
        authToken: required("VOICEMEUP_AUTH_TOKEN"),
        ...compact({
          ...excess,
          from: yield* Environment.address("VOICEMEUP_FROM", {
            kinds: ["PhoneNumber"],
            digits: true,
            northAmerican: true
          }),
          environment: yield* Environment.choice("VOICEMEUP_ENVIRONMENT", ["production", "sandbox"]),
          baseUrl: yield* Environment.apiUrl("VOICEMEUP_BASE_URL", "/api/v1.1")
        })
      }
    })
  ),
  blame: (error) =>
    error._tag === "CryptoError"
      ? Environment.invalid("VOICEMEUP_WEBHOOK_TOKEN", `cannot be used. ${error.reason.message}`)
      : Environment.invalid("VOICEMEUP_TIME_ZONE", "must be the name of a time zone, as in America/Toronto")
}
