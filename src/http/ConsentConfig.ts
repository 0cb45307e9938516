/**
 * Reads from environment variables how the consent of people is enforced. It is
 * on unless `CONSENT` is `off`.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Consent from "../consent/Consent.ts"
import * as ConsentIntake from "../consent/ConsentIntake.ts"
import type { ConsentLedger } from "../consent/ConsentLedger.ts"
import * as Keywords from "../consent/Keywords.ts"
import { compact } from "../internal/record.ts"
import { Purpose } from "../Message.ts"
import { choice, invalid, type InvalidVariable, list, text } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import type { SmsProviders } from "../provider/SmsProviders.ts"
import { listOf } from "./internal/listOf.ts"

/**
 * How the server enforces consent.
 *
 * @category models
 * @since 0.1.0
 */
export interface ConsentConfig {
  readonly isOn: boolean
  /** Makes a carrier refuse messages to people who have opted out. Does nothing when consent is off. */
  readonly enforce: <E, R>(
    provider: Layer.Layer<SmsProvider, E, R>
  ) => Layer.Layer<SmsProvider, E, R | Consent.Consent>
  readonly layer: Layer.Layer<Consent.Consent, never, ConsentLedger>
  /** Provides `ConsentIntake`, unless consent is off. */
  readonly intake: Layer.Layer<never, never, Consent.Consent | SmsProviders>
}

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = [
  "CONSENT",
  "CONSENT_SCOPE",
  "CONSENT_EXEMPT",
  "CONSENT_LANGUAGES",
  "CONSENT_STOP_WORDS",
  "CONSENT_FREE_TEXT",
  "CONSENT_ANSWER",
  "CONSENT_STOP_TEXT",
  "CONSENT_START_TEXT",
  "CONSENT_HELP_TEXT"
]

/** The confirmation and the answer to HELP pass by themselves, once each. */
const exemptable = Purpose.literals.filter((purpose) => purpose !== "confirmation" && purpose !== "help")

const stopWords = Effect.fnUntraced(function*(languages: ReadonlyArray<Keywords.Language> | undefined) {
  const name = "CONSENT_STOP_WORDS"
  const value = yield* text(name)
  if (value === undefined) return undefined
  const words = list(value)
  if (words.length === 0 || words.some((word) => word.length > 32 || !/\p{L}/u.test(word))) {
    return yield* invalid(name, "must be a comma-separated list of words of at most 32 characters, as in REMOVE,ALTO")
  }
  const recognize = Keywords.make({ languages })
  const other = words.map(recognize).find((keyword) => keyword !== undefined && keyword.action !== "stop")
  return other === undefined
    ? words
    : yield* invalid(name, `must have no word that opts in or asks for help, as ${other.word} does`)
})

/**
 * Reads the configuration.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<ConsentConfig, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const isOn = (yield* choice("CONSENT", ["on", "off"])) !== "off"
  const layer = Consent.layer({
    scope: yield* choice("CONSENT_SCOPE", ["all", "provider", "number"]),
    exempt: yield* listOf("CONSENT_EXEMPT", exemptable)
  })
  const known = Object.keys(Keywords.words) as ReadonlyArray<Keywords.Language>
  const languages = yield* listOf("CONSENT_LANGUAGES", known)
  // Without a language, no word opts out.
  if (languages?.length === 0) {
    return yield* invalid("CONSENT_LANGUAGES", `must be a comma-separated list of ${known.join(", ")}`)
  }
  const stop = yield* stopWords(languages)
  const intake = ConsentIntake.layer({
    keywords: { languages, ...(stop !== undefined && { more: { stop } }) },
    freeText: yield* choice("CONSENT_FREE_TEXT", ["enforce", "suggest", "off"]),
    replies: {
      answer: yield* choice("CONSENT_ANSWER", ["auto", "always", "never"]),
      texts: compact({
        stop: yield* text("CONSENT_STOP_TEXT"),
        start: yield* text("CONSENT_START_TEXT"),
        help: yield* text("CONSENT_HELP_TEXT")
      })
    }
  })
  return isOn
    ? { isOn, layer, enforce: Consent.enforced, intake }
    : { isOn, layer, enforce: (provider) => provider, intake: Layer.empty }
})
