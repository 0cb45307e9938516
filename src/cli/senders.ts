/**
 * How to send with each carrier from the environment, without what its
 * webhooks are verified with.
 */
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import { invalid, type InvalidVariable, parts, secret } from "../http/internal/variables.ts"
import * as SendingConfig from "../http/SendingConfig.ts"
import * as Sending from "../internal/sending.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import type { SmsError } from "../SmsError.ts"
import type * as SmsProvider from "../SmsProvider.ts"

/** Sends a message. */
export type Sender = (message: OutboundMessage) => Effect.Effect<SendReceipt, SmsError>

type Made = Effect.Effect<
  SmsProvider.Sending,
  InvalidVariable | Config.ConfigError | CryptoError.CryptoError,
  HttpClient.HttpClient
>

const isMissing = (variable: string) => invalid(variable, "is missing: it is needed to send")

const twilio: Made = Effect.gen(function*() {
  const sending = yield* SendingConfig.twilio
  if (sending === undefined) return yield* isMissing(SendingConfig.variables.twilio[0])
  const token = yield* secret("TWILIO_AUTH_TOKEN")
  const [authToken] = token === undefined ? [] : parts(Redacted.value(token))
  const secrets = authToken === undefined
    ? sending.apiKey?.secret
    : Redacted.make(authToken, { label: "TWILIO_AUTH_TOKEN" })
  if (secrets === undefined) {
    return yield* invalid(
      "TWILIO_AUTH_TOKEN",
      "is missing, and so are TWILIO_API_KEY and TWILIO_API_SECRET: set either"
    )
  }
  const { make } = yield* Effect.promise(() => import("../twilio/Send.ts"))
  return yield* make({ ...sending, authToken: secrets })
})

const made = { twilio } satisfies Record<string, Made>

/** The carriers that can be sent with. */
export const names = Object.keys(made) as ReadonlyArray<keyof typeof made>

/** Whoever sends with this carrier. */
export const make = (name: keyof typeof made) =>
  Effect.map(made[name], (sending): Sender => Sending.make(name, sending))
