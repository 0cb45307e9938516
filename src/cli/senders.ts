/**
 * How to send with each carrier from the environment, without what its
 * webhooks are verified with.
 */
import type * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as SendingConfig from "../http/SendingConfig.ts"
import type { OutboundMessage, SendReceipt } from "../Message.ts"
import { invalid, type InvalidVariable, parts, secret } from "../provider/Environment.ts"
import * as Pipeline from "../provider/internal/send.ts"
import type * as Sending from "../provider/Sending.ts"
import type { SmsError } from "../SmsError.ts"

/** Sends a message. */
export type Sender = (message: OutboundMessage) => Effect.Effect<SendReceipt, SmsError>

type Made = Effect.Effect<
  Sending.Sending,
  InvalidVariable | Config.ConfigError | CryptoError.CryptoError | Cause.IllegalArgumentError,
  HttpClient.HttpClient
>

/** What the environment says, or the variable that it lacks. */
const configured = Effect.fnUntraced(function*<Options, E, R>(
  name: keyof typeof SendingConfig.variables,
  sending: Effect.Effect<Options | undefined, E, R>
) {
  const options = yield* sending
  return options === undefined
    ? yield* invalid(SendingConfig.variables[name].needed[0], "is missing: it is needed to send")
    : options
})

const twilio: Made = Effect.gen(function*() {
  const sending = yield* configured("twilio", SendingConfig.twilio)
  const token = yield* secret("TWILIO_AUTH_TOKEN")
  const [first] = token === undefined ? [] : parts(Redacted.value(token))
  const authToken = first === undefined ? sending.apiKey?.secret : Redacted.make(first, { label: "TWILIO_AUTH_TOKEN" })
  if (authToken === undefined) {
    return yield* invalid(
      "TWILIO_AUTH_TOKEN",
      "is missing, and so are TWILIO_API_KEY and TWILIO_API_SECRET: set either"
    )
  }
  const { make } = yield* Effect.promise(() => import("../twilio/Send.ts"))
  return yield* make({ ...sending, authToken })
})

// Of the rest, what webhooks are verified with has no part in sending.
const telnyx: Made = Effect.gen(function*() {
  const sending = yield* configured("telnyx", SendingConfig.telnyx)
  const { make } = yield* Effect.promise(() => import("../telnyx/Send.ts"))
  return yield* make({ ...sending, publicKey: [] })
})

const sinch: Made = Effect.gen(function*() {
  const sending = yield* configured("sinch", SendingConfig.sinch)
  const { make } = yield* Effect.promise(() => import("../sinch/Send.ts"))
  return yield* make({ ...sending, verification: { scheme: "None" } })
})

const voicemeup: Made = Effect.gen(function*() {
  const sending = yield* configured("voicemeup", SendingConfig.voicemeup)
  const { make } = yield* Effect.promise(() => import("../voicemeup/Send.ts"))
  return yield* make({ ...sending, verification: { scheme: "None" } })
})

const made = { twilio, sinch, telnyx, voicemeup } satisfies Record<string, Made>

/** The carriers that can be sent with. */
export const names = Object.keys(made) as ReadonlyArray<keyof typeof made>

/** Whoever sends with this carrier. */
export const make = (name: keyof typeof made) =>
  Effect.map(made[name], (sending): Sender => Pipeline.make(name, sending))
