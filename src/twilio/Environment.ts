import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { EnvironmentDefinition } from "../provider/Carrier.ts"
import * as Environment from "../provider/Environment.ts"
import { compact, lookup } from "../provider/Wire.ts"
import type { SenderOptions, WebhookOptions } from "./Config.ts"
import { signer } from "./Signature.ts"

const variables: ReadonlyArray<Environment.Variable> = [
  {
    name: "TWILIO_AUTH_TOKEN",
    description: "The auth token of the account, or several separated by commas during a rotation.",
    group: "receiving",
    required: true,
    secret: true
  },
  {
    name: "TWILIO_WEBHOOK_ACCOUNTS",
    description:
      "The accounts whose webhooks are accepted, separated by commas: `TWILIO_ACCOUNT_SID` by default, or any if that is not set.",
    group: "receiving"
  },
  { name: "TWILIO_ACCOUNT_SID", description: "The account that sends: `AC…`.", group: "sending", required: true },
  {
    name: "TWILIO_FROM",
    description:
      "The default sender, for messages without one: a number as in `+15145550100`, a short code, a name, or `whatsapp:` and a number.",
    group: "sending"
  },
  {
    name: "TWILIO_MESSAGING_SERVICE_SID",
    description: "The messaging service, `MG…`, that chooses the sender. Required for scheduling.",
    group: "sending"
  },
  {
    name: "TWILIO_REGION",
    description: "A region outside the United States, as in `ie1`, with `TWILIO_EDGE`.",
    group: "sending"
  },
  { name: "TWILIO_EDGE", description: "The edge of `TWILIO_REGION`, as in `dublin`.", group: "sending" },
  { name: "TWILIO_BASE_URL", description: "The base URL of the API, if it is not the default.", group: "sending" },
  {
    name: "TWILIO_API_KEY",
    description: "An API key, `SK…`, to send and to fetch files with, instead of the auth token.",
    group: "media"
  },
  { name: "TWILIO_API_SECRET", description: "The secret of `TWILIO_API_KEY`.", group: "media", secret: true }
]

/** Where an id belongs that begins like this. */
const owners: Readonly<Record<string, string>> = {
  AC: "an account, which belongs in TWILIO_ACCOUNT_SID",
  SK: "an API key, which belongs in TWILIO_API_KEY",
  MG: "a messaging service, which belongs in TWILIO_MESSAGING_SERVICE_SID"
}

const isSid = (value: string) => /^[A-Z]{2}[\da-f]{32}$/i.test(value)

const ownerOf = (value: string) => lookup(owners, value.slice(0, 2))

/** Makes the check of an id. At another address of the API, that is not Twilio itself, an id has any length. */
const sidFlaw = Effect.fnUntraced(function*(prefix: string, what: string) {
  const isOurs = (yield* Environment.text("TWILIO_BASE_URL")) === undefined
  return (value: string) => {
    const fits = value.startsWith(prefix) && (isOurs ? isSid(value) : /^[\w-]+$/.test(value))
    if (fits) return undefined
    const expected = `must be the SID of ${what}: ${prefix} and 32 hexadecimal digits`
    const owner = value.startsWith(prefix) ? undefined : ownerOf(value)
    return owner === undefined ? expected : `${expected}. This looks like ${owner}`
  }
})

const sid = (name: string, prefix: string, what: string) =>
  Effect.flatMap(sidFlaw(prefix, what), (flaw) => Environment.checked(name, flaw))

/** Reads the accounts whose webhooks are accepted. One that is none would refuse every webhook. */
const webhookAccounts = Effect.gen(function*() {
  const flaw = yield* sidFlaw("AC", "an account, or several with commas between them")
  const accounts = yield* Environment.checked(
    "TWILIO_WEBHOOK_ACCOUNTS",
    (value) => Environment.list(value).map(flaw).find((flaw) => flaw !== undefined)
  )
  return Environment.list(accounts ?? "")
})

const key = Effect.tap(
  Environment.pair("TWILIO_API_KEY", "TWILIO_API_SECRET"),
  sid("TWILIO_API_KEY", "SK", "an API key")
)

const expectToken = (token: string) => {
  const owner = isSid(token) ? ownerOf(token) : undefined
  const refuse = (problem: string) => Effect.fail(Environment.invalid("TWILIO_AUTH_TOKEN", problem))
  if (owner !== undefined) return refuse(`must be the auth token. This looks like ${owner}`)
  // One that was copied in part, or twice. What is no token of Twilio's at all is for an emulator.
  return /^[\da-f]{16,}$/i.test(token) && token.length !== 32
    ? refuse("must be the auth token: 32 hexadecimal digits. This has another number of them")
    : Effect.void
}

/** `ie1` and `dublin`: hosts are named `api.dublin.ie1.twilio.com`. */
const location = Effect.gen(function*() {
  const both = yield* Environment.pair("TWILIO_REGION", "TWILIO_EDGE")
  if (both === undefined) return undefined
  const [region, edge] = [both[0].toLowerCase(), Redacted.value(both[1]).toLowerCase()]
  const isRegion = (text: string) => /^[a-z]{2}\d$/.test(text)
  if (!isRegion(region)) {
    return yield* Environment.invalid("TWILIO_REGION", "must be a region, as in ie1: its edge belongs in TWILIO_EDGE")
  }
  if (!/^[a-z]+(?:-[a-z]+)*$/.test(edge)) {
    return yield* Environment.invalid(
      "TWILIO_EDGE",
      "must be an edge, as in dublin: its region belongs in TWILIO_REGION"
    )
  }
  return { region, edge }
})

/** Reads where delivery is reported. Twilio refuses some hosts (https://www.twilio.com/docs/api/errors/21609). */
const statusCallback = Effect.tap(
  Environment.statusCallback("twilio"),
  (callback) =>
    callback !== undefined && URL.parse(callback)?.hostname.includes("_")
      ? Effect.fail(Environment.invalid("PUBLIC_URL", "must name a host without underscores: Twilio refuses them"))
      : Effect.void
)

/** Twilio signs with every token that is valid, but requests are made with one. */
const primaryToken = Effect.gen(function*() {
  const token = yield* Environment.secret("TWILIO_AUTH_TOKEN")
  const [primary] = token === undefined ? [] : Environment.list(Redacted.value(token))
  if (primary === undefined) return undefined
  yield* expectToken(primary)
  return Redacted.make(primary, { label: "TWILIO_AUTH_TOKEN" })
})

const from = Effect.gen(function*() {
  const name = "TWILIO_FROM"
  const value = (yield* Environment.text(name)) ?? ""
  const owner = isSid(value) ? ownerOf(value) : undefined
  return owner === undefined
    ? yield* Environment.address(name)
    : yield* Environment.invalid(name, `must be a phone number or another sender. This looks like ${owner}`)
})

const apiUrl = Environment.apiUrl("TWILIO_BASE_URL", "/2010-04-01")

const sender: Environment.Read<SenderOptions> = Effect.gen(function*() {
  // An API key also gives access to media files, so it is useful without the account SID.
  const apiKey = yield* key
  return yield* Environment.sending(
    variables,
    Effect.fnUntraced(function*(_, excess) {
      const authToken = yield* primaryToken
      if (authToken === undefined && apiKey === undefined) {
        return yield* Environment.invalid(
          "TWILIO_AUTH_TOKEN",
          "is missing, and so are TWILIO_API_KEY and TWILIO_API_SECRET: set either"
        )
      }
      const optional = compact({
        ...excess,
        authToken,
        apiKey: apiKey && { sid: apiKey[0], secret: apiKey[1] },
        location: yield* location,
        from: yield* from,
        messagingServiceSid: yield* sid("TWILIO_MESSAGING_SERVICE_SID", "MG", "a messaging service"),
        statusCallback: yield* statusCallback,
        baseUrl: yield* apiUrl
      })
      // It is required.
      return { accountSid: (yield* sid("TWILIO_ACCOUNT_SID", "AC", "an account"))!, ...optional }
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
  const baseUrl = yield* apiUrl
  const host = baseUrl === undefined ? "api.twilio.com" : new URL(baseUrl).host
  const basic = (username: string, password: Redacted.Redacted<string>) => ({
    [host]: { scheme: "Basic" as const, username, password }
  })
  if (apiKey !== undefined) return basic(apiKey[0], apiKey[1])
  return accountSid === undefined || authToken === undefined ? undefined : basic(accountSid, authToken)
})

/** Twilio's webhooks name the account, which must be one that the server accepts. */
const sign = Effect.gen(function*() {
  const [authToken] = (yield* Environment.webhookSecrets(variables, "TWILIO_AUTH_TOKEN")) ?? []
  if (authToken === undefined) return undefined
  const account = (yield* webhookAccounts)[0] ?? (yield* Environment.text("TWILIO_ACCOUNT_SID"))
  return signer(authToken, account)
})

export const environment: EnvironmentDefinition<
  WebhookOptions,
  SenderOptions,
  CryptoError.CryptoError
> = {
  variables,
  webhook: Effect.gen(function*() {
    const authToken = yield* Environment.webhookSecrets(variables, "TWILIO_AUTH_TOKEN")
    for (const token of authToken ?? []) yield* expectToken(Redacted.value(token))
    const accounts = yield* webhookAccounts
    return authToken && { authToken, ...(accounts.length > 0 && { webhookAccounts: accounts }) }
  }),
  sender,
  blame: ({ reason }) => Environment.invalid("TWILIO_AUTH_TOKEN", `cannot be used. ${reason.message}`),
  mediaCredentials,
  sign,
  mediaCredentialsHint: "Twilio's files can be fetched with TWILIO_ACCOUNT_SID, or TWILIO_API_KEY and TWILIO_API_SECRET"
}
