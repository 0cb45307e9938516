import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type { SendReceipt } from "../../Message.ts"
import type { SmsError, SmsErrorReason } from "../../SmsError.ts"

/** Reasons that only the carrier itself reports, after it evaluated a message. */
const judgements: ReadonlySet<SmsErrorReason["_tag"]> = new Set([
  "InvalidMessage",
  "InvalidRecipient",
  "InvalidSender",
  "OptedOut",
  "ContentRejected",
  "DuplicateMessage",
  "UnregisteredSender",
  "Unreachable",
  "AccountSuspended",
  "NotEnabled"
])

/**
 * Classifies the exit of a send for the circuit breaker.
 *
 * - Failure: `ProviderUnavailable` and `OutcomeUnknown`: the carrier could not
 *   be reached or did not respond properly
 * - Success: a receipt, or a response that evaluates the message or the account
 * - Ignored: everything else. A refusal without a request (it has no HTTP
 *   status) says nothing about the carrier's health. Neither do `RateLimited`
 *   and `Authentication`, which a gateway may return while the carrier behind
 *   it is down; opening the circuit would neither speed up a sender nor fix
 *   credentials. `UnexpectedResponse` may be a proxy's error page
 */
export const healthOf = (exit: Exit.Exit<SendReceipt, SmsError>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const reason = exit.cause.reasons.find(Cause.isFailReason)?.error.reason
  switch (reason?._tag) {
    case undefined:
      return CircuitBreaker.ignored
    case "OutcomeUnknown":
      return CircuitBreaker.failure()
    case "ProviderUnavailable":
      return CircuitBreaker.failure({ retryAfter: reason.retryAfter })
    default:
      return reason?.status !== undefined && judgements.has(reason._tag)
        ? CircuitBreaker.success
        : CircuitBreaker.ignored
  }
}
