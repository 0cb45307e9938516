/**
 * What a failed send proves, and whether it may succeed later.
 */
import * as Duration from "effect/Duration"
import { SmsError, type SmsErrorReason } from "../../SmsError.ts"
import type { Refuser } from "../IntentStore.ts"

/** Returns whether the failure proves that no part of the message was sent. */
export const isProven = (error: unknown): boolean =>
  !(error instanceof SmsError) || (error.accepted === undefined && error.reason._tag !== "OutcomeUnknown")

const tagOf = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null && "_tag" in value && typeof value._tag === "string"
    ? value._tag
    : undefined

/** Returns the kind of a refusal that no provider made. */
export const kindOf = (error: unknown): string | undefined => {
  if (error instanceof SmsError) return undefined
  const reason = typeof error === "object" && error !== null && "reason" in error ? tagOf(error.reason) : undefined
  return reason ?? tagOf(error) ?? "Unknown"
}

/** A guard or a rate limit of this library's refuses before any request: its reason has nothing of a carrier's answer. */
const isOwnLimit = (reason: SmsErrorReason): boolean =>
  reason._tag === "GuardRefused" ||
  (reason._tag === "RateLimited" && reason.status === undefined && reason.code === undefined)

/** What the rule needs of the error of a refusal. */
export interface RefusalFacts {
  /** The reason. `undefined` where no provider refused: a hook, or the router. */
  readonly reason: string | undefined
  /** Whether the carrier answered: there is an HTTP status or a code. */
  readonly isAnswered: boolean
  /** Whether the refusal is due to an entry of the consent ledger. */
  readonly isInLedger: boolean
}

/** Reasons of checks before a request, unless they have something of a carrier's answer. */
const ownChecks: ReadonlySet<string> = new Set<SmsErrorReason["_tag"]>([
  "InvalidMessage",
  "InvalidRecipient",
  "InvalidSender",
  "NotSupported",
  "RateLimited"
])

/**
 * Returns who refused a message. The carrier also did if it could not be
 * reached; the server did if it made no request.
 */
export const refuserOf = ({ isAnswered, isInLedger, reason }: RefusalFacts): Refuser =>
  reason === undefined || reason === "GuardRefused" || isInLedger || (ownChecks.has(reason) && !isAnswered)
    ? "server"
    : "carrier"

/** Returns what {@link refuserOf} needs. */
export const factsOf = (error: SmsError | undefined): RefusalFacts => {
  const reason = error?.reason
  return {
    reason: reason?._tag,
    isAnswered: reason?.status !== undefined || reason?.code !== undefined,
    isInLedger: reason?._tag === "OptedOut" && reason.entry !== undefined
  }
}

const retryAfterOf = (reason: SmsErrorReason): Duration.Duration =>
  "retryAfter" in reason && reason.retryAfter !== undefined ? reason.retryAfter : Duration.zero

/** How often a message was refused for the time being: by a carrier, and by a rate limit of this library's. */
export interface Attempts {
  readonly failures: number
  readonly deferrals: number
}

export interface Retry extends Attempts {
  readonly delay: Duration.Duration
}

/** The longest wait for a rate limit whose own wait is shorter. */
const longestDeferral = Duration.minutes(5)

/** The wait grows, so that a long queue behind a small limit is not tried all the time. */
const deferralOf = (deferrals: number): Duration.Duration =>
  Duration.min(Duration.seconds(2 ** Math.min(deferrals, 10)), longestDeferral)

/**
 * Returns when to try again after a proven refusal, or `undefined` when that
 * cannot help or the last attempt has failed. A message that a provider refused
 * for good may still be accepted by one that was only unavailable before.
 */
export const retryOf = (
  error: SmsError,
  { deferrals, failures }: Attempts,
  waits: ReadonlyArray<Duration.Duration>
): Retry | undefined => {
  const reasons = [error.reason, ...(error.earlier ?? []).map(({ reason }) => reason)].filter(
    ({ isRetryable }) => isRetryable
  )
  if (reasons.length === 0) return undefined
  // The first provider that can be tried again decides.
  const asked = reasons.map(retryAfterOf).reduce((one, other) => Duration.min(one, other))
  // Waiting for a rate limit of ours is no failure: it is sure to end.
  if (reasons.some(isOwnLimit)) {
    return { delay: Duration.max(deferralOf(deferrals), asked), failures, deferrals: deferrals + 1 }
  }
  const wait = waits[failures]
  return wait === undefined ? undefined : { delay: Duration.max(wait, asked), failures: failures + 1, deferrals }
}
