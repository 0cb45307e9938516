/**
 * Log lines about refused webhooks.
 *
 * Anybody can send requests that are refused, so lines of one kind are limited
 * to some a second; the next line says how many were left out.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** What is logged of a refusal. */
export interface Refusal {
  readonly provider: string
  readonly reason: { readonly _tag: string; readonly message: string }
}

/** Of one provider and one reason. */
const maxPerSecond = 20

/** Logs a refusal with its hint for the operator. */
export const log = ({ provider, reason }: Refusal, leftOut = 0): Effect.Effect<void> =>
  Effect.logWarning(`Webhook refused: ${reason.message}`).pipe(
    Effect.annotateLogs({ provider, reason: reason._tag, ...(leftOut > 0 && { leftOut }) })
  )

/** As {@link log}, at most so many times a second. */
export const make = (): (error: Refusal) => Effect.Effect<void> => {
  // As many as there are providers and reasons. A provider that is not known has one name.
  const kinds = new Map<string, { second: number; lines: number; leftOut: number }>()
  return (error) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const key = `${error.reason._tag} ${error.provider}`
      const kind = kinds.get(key) ?? { second: 0, lines: 0, leftOut: 0 }
      kinds.set(key, kind)
      const second = Math.floor(now / 1000)
      if (kind.second !== second) Object.assign(kind, { second, lines: 0 })
      if (kind.lines >= maxPerSecond) {
        kind.leftOut++
        return Effect.void
      }
      const { leftOut } = kind
      kind.lines++
      kind.leftOut = 0
      return log(error, leftOut)
    })
}
