import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact } from "../provider/Wire.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "TWILIO_AUTH_TOKEN",
    description: "The auth token of the account, or several separated by commas during a rotation.",
    group: "receiving",
    required: true,
    secret: true
  },
  { name: "TWILIO_ACCOUNT_SID", description: "The account that sends: `AC…`.", group: "sending", required: true },
  { name: "TWILIO_FROM", description: "The default sender, for messages without one.", group: "sending" },
  {
    name: "TWILIO_MESSAGING_SERVICE_SID",
    description: "The messaging service that chooses the sender. Required for scheduling.",
    group: "sending"
  },
  { name: "TWILIO_REGION", description: "A region outside the United States, with `TWILIO_EDGE`.", group: "sending" },
  { name: "TWILIO_EDGE", description: "The edge of `TWILIO_REGION`.", group: "sending" },
  { name: "TWILIO_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" },
  {
    name: "TWILIO_API_KEY",
    description: "An API key to send and fetch files with, instead of the auth token.",
    group: "media"
  },
  { name: "TWILIO_API_SECRET", description: "The secret of `TWILIO_API_KEY`.", group: "media", secret: true }
]

const key = Environment.pair("TWILIO_API_KEY", "TWILIO_API_SECRET")

/** The first auth token. Webhooks may be signed with any of the tokens, but requests are authenticated with one. */
const primaryToken = Effect.map(Environment.secret("TWILIO_AUTH_TOKEN"), (token) => {
  const [primary] = token === undefined ? [] : Environment.list(Redacted.value(token))
  return primary === undefined ? undefined : Redacted.make(primary, { label: "TWILIO_AUTH_TOKEN" })
})

const sender: Environment.Read<SenderOptions> = Effect.gen(function*() {
  // An API key also gives access to media files, so it is useful without the account SID.
  const apiKey = yield* key
  return yield* Environment.sending(
    variables,
    Effect.fnUntraced(function*(required, excess) {
      const location = yield* Environment.pair("TWILIO_REGION", "TWILIO_EDGE")
      const authToken = yield* primaryToken
      if (authToken === undefined && apiKey === undefined) {
        return yield* Environment.invalid(
          "TWILIO_AUTH_TOKEN",
          "is missing, and so are TWILIO_API_KEY and TWILIO_API_SECRET: set either"
        )
      }
      return {
        accountSid: Redacted.value(required("TWILIO_ACCOUNT_SID")),
        ...compact({
          ...excess,
          authToken,
          apiKey: apiKey && { sid: apiKey[0], secret: apiKey[1] },
          from: yield* Environment.address("TWILIO_FROM"),
          messagingServiceSid: yield* Environment.text("TWILIO_MESSAGING_SERVICE_SID"),
          location: location && { region: location[0], edge: Redacted.value(location[1]) },
          statusCallback: yield* Environment.statusCallback("twilio"),
          baseUrl: yield* Environment.apiUrl("TWILIO_BASE_URL")
        })
      }
    })
  )
})

/** Reads an API key, or the account SID and auth token (https://www.twilio.com/docs/messaging/api/media-resource). */
const mediaCredentials = Effect.gen(function*() {
  const [apiKey, accountSid, authToken] = [
    yield* key,
    yield* Environment.text("TWILIO_ACCOUNT_SID"),
    yield* primaryToken
  ]
  if (apiKey !== undefined) return basic(apiKey[0], apiKey[1])
  return accountSid === undefined || authToken === undefined ? undefined : basic(accountSid, authToken)
})

const basic = (username: string, password: Redacted.Redacted<string>) => ({
  "api.twilio.com": { scheme: "Basic" as const, username, password }
})

export const environment: EnvironmentDefinition<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError
> = {
  variables,
  webhook: Effect.map(
    Environment.webhookSecrets(variables, "TWILIO_AUTH_TOKEN"),
    (authToken) => authToken && { authToken }
  ),
  sender,
  blame: ({ reason }) => Environment.invalid("TWILIO_AUTH_TOKEN", `cannot be used. ${reason.message}`),
  mediaCredentials,
  mediaCredentialsHint: "Twilio's files can be fetched with TWILIO_ACCOUNT_SID, or TWILIO_API_KEY and TWILIO_API_SECRET"
}
