/**
 * How to send with each carrier, from the environment: what a provider needs
 * besides what its webhooks are verified with.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Address } from "../Address.ts"
import { compact } from "../internal/record.ts"
import { baseUrl, choice, invalid, type InvalidVariable, publicUrl, secret, variable } from "../provider/Environment.ts"
import type * as Sinch from "../sinch/index.ts"
import type * as Telnyx from "../telnyx/index.ts"
import type * as Twilio from "../twilio/index.ts"
import type * as VoiceMeUp from "../voicemeup/index.ts"

/**
 * The variables of sending, by the name of the provider. Where one is set, all
 * of `needed` have to be.
 *
 * @category models
 * @since 0.1.0
 */
export const variables = {
  twilio: {
    needed: ["TWILIO_ACCOUNT_SID"],
    others: ["TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_REGION", "TWILIO_EDGE", "TWILIO_BASE_URL"]
  },
  telnyx: {
    needed: ["TELNYX_API_KEY"],
    others: ["TELNYX_FROM", "TELNYX_MESSAGING_PROFILE_ID", "TELNYX_BASE_URL"]
  },
  sinch: {
    needed: ["SINCH_SERVICE_PLAN_ID", "SINCH_API_TOKEN", "SINCH_REGION"],
    others: ["SINCH_FROM", "SINCH_DELIVERY_REPORT", "SINCH_BASE_URL"]
  },
  voicemeup: {
    needed: ["VOICEMEUP_USERNAME", "VOICEMEUP_AUTH_TOKEN"],
    others: ["VOICEMEUP_FROM", "VOICEMEUP_ENVIRONMENT", "VOICEMEUP_BASE_URL"]
  }
} as const satisfies Record<string, Variables>

interface Variables {
  readonly needed: readonly [string, ...Array<string>]
  readonly others: ReadonlyArray<string>
}

type Sending<Options> = Effect.Effect<Options | undefined, InvalidVariable | Config.ConfigError>

const missing = (name: string, other: string) =>
  invalid(name, `is missing: ${other} is set, but means nothing without it`)

/** Two variables that mean something together only. */
const pair = Effect.fnUntraced(function*(one: string, other: string) {
  const values = [yield* variable(one), yield* secret(other)] as const
  const [first, second] = values
  if (first === undefined && second === undefined) return undefined
  if (first === undefined) return yield* missing(one, other)
  if (second === undefined) return yield* missing(other, one)
  return [first, second] as const
})

/** The options, where the variables say that messages are sent. */
const sending = <A, E>({ needed, others }: Variables, options: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const set: Array<string> = []
    for (const name of [...needed, ...others]) if ((yield* secret(name)) !== undefined) set.push(name)
    const [first] = set
    if (first === undefined) return undefined
    for (const name of needed) if (!set.includes(name)) return yield* missing(name, first)
    return yield* options
  })

/** A variable that is known to be set. */
const needed = (name: string) => Effect.map(secret(name), (value) => value ?? Redacted.make(""))

const neededText = (name: string) => Effect.map(needed(name), Redacted.value)

const from = (name: string) =>
  Effect.map(variable(name), (value) => value === undefined ? undefined : Address.make(value))

const statusCallback = (provider: string) =>
  Effect.map(
    publicUrl,
    (base) => base === undefined ? undefined : `${base.replace(/\/+$/, "")}/webhooks/sms/${provider}/status`
  )

/** What to do with more than a carrier takes at once, for all carriers alike. */
const excess = Effect.gen(function*() {
  return {
    longText: yield* choice("SEND_LONG_TEXT", ["refuse", "split"]),
    severalMedia: yield* choice("SEND_SEVERAL_MEDIA", ["refuse", "split"])
  }
})

const apiUrl = (name: string) => baseUrl(name, "the path of each request")

/**
 * How to send with Twilio. `undefined` when it is not configured to send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const twilio: Sending<Omit<Twilio.Options, keyof Twilio.WebhookOptions>> = Effect.gen(function*() {
  // A key opens the files of messages too, so it means something without the account.
  const key = yield* pair("TWILIO_API_KEY", "TWILIO_API_SECRET")
  return yield* sending(
    variables.twilio,
    Effect.gen(function*() {
      const location = yield* pair("TWILIO_REGION", "TWILIO_EDGE")
      return {
        accountSid: yield* neededText("TWILIO_ACCOUNT_SID"),
        ...compact({
          ...yield* excess,
          apiKey: key && { sid: key[0], secret: key[1] },
          from: yield* from("TWILIO_FROM"),
          messagingServiceSid: yield* variable("TWILIO_MESSAGING_SERVICE_SID"),
          location: location && { region: location[0], edge: Redacted.value(location[1]) },
          statusCallback: yield* statusCallback("twilio"),
          baseUrl: yield* apiUrl("TWILIO_BASE_URL")
        })
      }
    })
  )
})

/**
 * How to send with Telnyx. `undefined` when it is not configured to send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const telnyx: Sending<Omit<Telnyx.Options, keyof Telnyx.WebhookOptions>> = sending(
  variables.telnyx,
  Effect.gen(function*() {
    return {
      apiKey: yield* needed("TELNYX_API_KEY"),
      ...compact({
        ...yield* excess,
        from: yield* from("TELNYX_FROM"),
        messagingProfileId: yield* variable("TELNYX_MESSAGING_PROFILE_ID"),
        statusCallback: yield* statusCallback("telnyx"),
        baseUrl: yield* apiUrl("TELNYX_BASE_URL")
      })
    }
  })
)

/**
 * How to send with Sinch. `undefined` when it is not configured to send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const sinch: Sending<Omit<Sinch.Options, keyof Sinch.WebhookOptions>> = sending(
  variables.sinch,
  Effect.gen(function*() {
    const region = yield* choice("SINCH_REGION", ["us", "eu", "au", "br", "ca"])
    if (region === undefined) return yield* missing("SINCH_REGION", "SINCH_SERVICE_PLAN_ID")
    return {
      servicePlanId: yield* neededText("SINCH_SERVICE_PLAN_ID"),
      apiToken: yield* needed("SINCH_API_TOKEN"),
      region,
      ...compact({
        ...yield* excess,
        from: yield* from("SINCH_FROM"),
        deliveryReport: yield* choice("SINCH_DELIVERY_REPORT", [
          "none",
          "per_recipient",
          "per_recipient_final",
          "full"
        ]),
        statusCallback: yield* statusCallback("sinch"),
        baseUrl: yield* apiUrl("SINCH_BASE_URL")
      })
    }
  })
)

/**
 * How to send with VoiceMeUp. `undefined` when it is not configured to send.
 *
 * @category constructors
 * @since 0.1.0
 */
export const voicemeup: Sending<Omit<VoiceMeUp.Options, keyof VoiceMeUp.WebhookOptions>> = sending(
  variables.voicemeup,
  Effect.gen(function*() {
    return {
      username: yield* neededText("VOICEMEUP_USERNAME"),
      authToken: yield* needed("VOICEMEUP_AUTH_TOKEN"),
      ...compact({
        ...yield* excess,
        from: yield* from("VOICEMEUP_FROM"),
        environment: yield* choice("VOICEMEUP_ENVIRONMENT", ["production", "sandbox"]),
        baseUrl: yield* apiUrl("VOICEMEUP_BASE_URL")
      })
    }
  })
)
