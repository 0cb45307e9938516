/**
 * How to send with each carrier, from the environment: what a provider needs
 * besides what its webhooks are verified with.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { Address } from "../Address.ts"
import { compact } from "../internal/wire.ts"
import type * as Twilio from "../twilio/index.ts"
import { baseUrl, invalid, type InvalidVariable, publicUrl, secret, variable } from "./internal/variables.ts"

/**
 * The variables that are of sending alone, by the name of the provider, the one
 * first that turns it on.
 *
 * @category models
 * @since 0.1.0
 */
export const variables = {
  twilio: [
    "TWILIO_ACCOUNT_SID",
    "TWILIO_FROM",
    "TWILIO_MESSAGING_SERVICE_SID",
    "TWILIO_REGION",
    "TWILIO_EDGE",
    "TWILIO_BASE_URL"
  ]
} as const

const missing = (name: string, other: string) =>
  invalid(name, `is missing: ${other} is set, but means nothing without it`)

/** The first of the names that is set. */
const firstSet = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  for (const name of names) if ((yield* secret(name)) !== undefined) return name
  return undefined
})

/** Two variables that mean something together only. */
const pair = Effect.fnUntraced(function*(one: string, other: string) {
  const values = [yield* variable(one), yield* variable(other)] as const
  const [first, second] = values
  if (first === undefined && second === undefined) return undefined
  if (first === undefined) return yield* missing(one, other)
  if (second === undefined) return yield* missing(other, one)
  return [first, second] as const
})

const from = (name: string) =>
  Effect.map(variable(name), (value) => value === undefined ? undefined : Address.make(value))

const statusCallback = (provider: string) =>
  Effect.map(
    publicUrl,
    (base) => base === undefined ? undefined : `${base.replace(/\/+$/, "")}/webhooks/sms/${provider}/status`
  )

/** The API key that requests are made with in the place of the auth token. */
const twilioApiKey = Effect.gen(function*() {
  const key = yield* pair("TWILIO_API_KEY", "TWILIO_API_SECRET")
  const secretOfKey = yield* secret("TWILIO_API_SECRET")
  return key === undefined || secretOfKey === undefined ? undefined : { sid: key[0], secret: secretOfKey }
})

/**
 * How to send with Twilio. `undefined` when it is not configured to send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const twilio: Effect.Effect<
  Omit<Twilio.Options, keyof Twilio.WebhookOptions> | undefined,
  InvalidVariable | Config.ConfigError
> = Effect.gen(function*() {
  const apiKey = yield* twilioApiKey
  const [first, ...others] = variables.twilio
  const accountSid = yield* variable(first)
  if (accountSid === undefined) {
    const other = yield* firstSet(others)
    return other === undefined ? undefined : yield* missing(first, other)
  }
  const location = yield* pair("TWILIO_REGION", "TWILIO_EDGE")
  return {
    accountSid,
    ...compact({
      apiKey,
      from: yield* from("TWILIO_FROM"),
      messagingServiceSid: yield* variable("TWILIO_MESSAGING_SERVICE_SID"),
      location: location && { region: location[0], edge: location[1] },
      statusCallback: yield* statusCallback("twilio"),
      baseUrl: yield* baseUrl("TWILIO_BASE_URL", "the path of each request")
    })
  }
})
