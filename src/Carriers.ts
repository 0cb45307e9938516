/**
 * The list of carriers, which the server, the command line, the demonstration
 * and the test suites use. Each carrier is loaded on demand; a program that
 * uses a single carrier imports only that one.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Lazy } from "./provider/Carrier.ts"
import { lazy } from "./provider/internal/lazy.ts"
import { UnknownProvider, WebhookError } from "./WebhookError.ts"
import type { WebhookMeta } from "./WebhookMeta.ts"

/**
 * The carriers of this package. Add your own with `Carrier.loaded`:
 * `[...Carriers.all, Carrier.loaded(mine)]`.
 *
 * @category carriers
 * @since 0.1.0
 */
export const all: ReadonlyArray<Lazy> = [
  lazy("twilio", "Twilio", () => import("./twilio/Carrier.ts"), () => import("./twilio/emulation/Emulation.ts")),
  lazy("sinch", "Sinch", () => import("./sinch/Carrier.ts"), () => import("./sinch/emulation/Emulation.ts")),
  lazy("telnyx", "Telnyx", () => import("./telnyx/Carrier.ts"), () => import("./telnyx/emulation/Emulation.ts")),
  lazy(
    "voicemeup",
    "VoiceMeUp",
    () => import("./voicemeup/Carrier.ts"),
    () => import("./voicemeup/emulation/Emulation.ts")
  )
]

/** Unlike `Intl.ListFormat`, it takes no data of the language, which every command would load for its help. */
const listed = (words: ReadonlyArray<string>, conjunction: "and" | "or"): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`

/**
 * Formats the names of carriers as a list: `twilio, sinch or telnyx`.
 *
 * **Example** (Naming the carriers)
 *
 * ```ts run
 * import { Carriers } from "effect-sms"
 *
 * Carriers.names() // => "twilio, sinch, telnyx or voicemeup"
 * Carriers.titles() // => "Twilio, Sinch, Telnyx and VoiceMeUp"
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const names = (carriers: ReadonlyArray<Lazy> = all): string => listed(carriers.map(({ name }) => name), "or")

/**
 * Formats the titles of carriers as a list: `Twilio, Sinch and Telnyx`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const titles = (carriers: ReadonlyArray<Lazy> = all): string => listed(carriers.map(({ title }) => title), "and")

/**
 * Reads what a webhook is about, from the payload of a verified webhook. The
 * letter case of the name does not matter. Fails with `UnknownProvider` for a
 * name that is not in the list, and with `InvalidPayload`.
 *
 * **Example** (Reading a Twilio form)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Carriers } from "effect-sms"
 *
 * const meta = await Effect.runPromise(
 *   Carriers.extractSmsMeta("twilio", { MessageSid: "SM1", MessageStatus: "delivered", To: "+15145550142" })
 * )
 * meta.isInbound // => false
 * meta.isStatus // => true
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractSmsMeta = (
  provider: string,
  payload: Readonly<Record<string, unknown>>,
  carriers: ReadonlyArray<Lazy> = all
): Effect.Effect<WebhookMeta, WebhookError> => {
  const carrier = carriers.find(({ name }) => name === provider) ??
    carriers.find(({ name }) => name.toLowerCase() === provider.trim().toLowerCase())
  return carrier === undefined
    ? Effect.fail(
      new WebhookError({ provider, reason: new UnknownProvider({ known: carriers.map(({ name }) => name) }) })
    )
    : Effect.flatMap(carrier.load, ({ extractMeta }) => extractMeta(payload))
}
