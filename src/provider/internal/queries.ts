/**
 * What all carriers share when they are asked about messages and callback URLs:
 * the parts of a message, and which candidate is one of them.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { OutboundMessage } from "../../Message.ts"
import { SmsError, type SmsErrorReason } from "../../SmsError.ts"
import type { Candidate, Lookup, Match, StatusKey } from "../Query.ts"
import type { Part, Sending } from "../Sending.ts"
import { compact } from "../Wire.ts"
import { maskReason } from "./masking.ts"
import { referenced } from "./references.ts"
import { plan, policyOf } from "./sendPlan.ts"

/** Carriers tell the time of a message in whole seconds, and cut off the rest. */
const rounding = Duration.seconds(1)

/** Within this time, the clocks of the carrier and of this process may differ. */
const near = Duration.minutes(5)

const defaultTimeout = Duration.seconds(30)

/** Returns whether the carrier got a message between two times, with tolerances. */
const isBetween = (
  { createdAt }: Candidate,
  [since, until]: readonly [DateTime.Utc, DateTime.Utc],
  before: Duration.Duration,
  after: Duration.Duration
): boolean =>
  createdAt !== undefined &&
  DateTime.isGreaterThanOrEqualTo(createdAt, DateTime.subtractDuration(since, before)) &&
  DateTime.isLessThanOrEqualTo(createdAt, DateTime.addDuration(until, after))

/** Returns when a request for a part can have been with the carrier: each part is sent after the one before it. */
const timesOf = ({ since, timeout = defaultTimeout, until }: Lookup, number: number) => {
  const end = DateTime.addDuration(since, Duration.times(timeout, number))
  return [since, DateTime.min(until, end)] as const
}

const matchOf = (part: Part, number: number, candidate: Candidate, lookup: Lookup): Match["by"] | undefined => {
  const { reference } = candidate
  if (reference !== undefined) {
    return reference.intentId === part.intent?.intentId && reference.part === part.intent.part &&
        reference.of === part.intent.of
      ? "reference"
      : undefined
  }
  if (candidate.text !== part.text || candidate.files !== part.media.length) return undefined
  if (isBetween(candidate, timesOf(lookup, number), rounding, Duration.zero)) return "content"
  return isBetween(candidate, [lookup.since, lookup.until], near, near) ? "similar" : undefined
}

export const make = (name: string, { capabilities, policy, queries, secrets }: Sending) => {
  const { fetchCallbacks, fetchStatus, lookUp } = queries ?? {}

  const failed = (message: OutboundMessage | undefined) => (reason: SmsErrorReason) =>
    new SmsError({ provider: name, reason: maskReason(reason, message, secrets) })

  return {
    ...(lookUp !== undefined && {
      lookUp: Effect.fn("SmsProvider.lookUp")(function*(lookup: Lookup) {
        const { intentId, message } = lookup
        const parts = plan(message, policyOf(capabilities, policy))
        // The message cannot have been sent like this, for example after a change of the configuration.
        if (Result.isFailure(parts)) return []
        const matches: Array<Match> = []
        for (const [index, part] of referenced(parts.success, intentId).entries()) {
          for (const candidate of yield* Effect.mapError(lookUp(part, lookup), failed(message))) {
            const by = matchOf(part, index + 1, candidate, lookup)
            const { messageId, sender } = candidate
            if (by !== undefined) {
              matches.push({ part: index + 1, of: parts.success.length, messageId, by, ...compact({ sender }) })
            }
          }
        }
        return matches
      })
    }),
    ...(fetchStatus !== undefined && {
      fetchStatus: Effect.fn("SmsProvider.fetchStatus")((key: StatusKey) =>
        Effect.mapError(fetchStatus(name, key), failed(undefined))
      )
    }),
    ...(fetchCallbacks !== undefined && {
      fetchCallbacks: Effect.withSpan(Effect.mapError(fetchCallbacks, failed(undefined)), "SmsProvider.fetchCallbacks")
    })
  }
}
