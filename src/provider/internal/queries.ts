/**
 * What all carriers share when they are asked about messages and callback URLs:
 * the parts of a message, and which candidate is one of them.
 */
import * as DateTime from "effect/DateTime"
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

/** How far the clocks of the carrier and of this process may differ. */
const skew = "5 minutes"

const isInTime = ({ createdAt }: Candidate, { since, until }: Lookup): boolean =>
  createdAt !== undefined &&
  DateTime.isGreaterThanOrEqualTo(createdAt, DateTime.subtractDuration(since, skew)) &&
  DateTime.isLessThanOrEqualTo(createdAt, DateTime.addDuration(until, skew))

const matchOf = (part: Part, candidate: Candidate, lookup: Lookup): Match["by"] | undefined => {
  const { reference } = candidate
  if (reference !== undefined) {
    return reference.intentId === part.intent?.intentId && reference.part === part.intent.part &&
        reference.of === part.intent.of
      ? "reference"
      : undefined
  }
  const isSame = candidate.text === part.text && candidate.files === part.media.length
  return isSame && isInTime(candidate, lookup) ? "content" : undefined
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
            const by = matchOf(part, candidate, lookup)
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
