/**
 * The sending pipeline that all carriers share: validates the message, splits
 * it, retries requests that are safe to retry, and records the outcome.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { Address, canonical } from "../../Address.ts"
import * as Counters from "../../internal/counters.ts"
import * as Histograms from "../../internal/histograms.ts"
import { CurrentProgress } from "../../internal/sendProgress.ts"
import * as Spans from "../../internal/spans.ts"
import { type OutboundMessage, RecipientReceipt, SendReceipt } from "../../Message.ts"
import * as SmsError from "../../SmsError.ts"
import { CurrentSend } from "../Exchanges.ts"
import type { Accepted, Part, PartOf, Retry, Sending, SendSettings } from "../Sending.ts"
import { compact } from "../Wire.ts"
import { maskReason } from "./masking.ts"
import { referenced } from "./references.ts"
import { plan, policyOf } from "./sendPlan.ts"

/** Counts sends by outcome. */
export const count: (provider: string, outcome: "accepted" | SmsError.SmsErrorReason["_tag"]) => Effect.Effect<void> =
  Counters.make("sms_sends_total", "Sends by provider and outcome")

const measure = Histograms.make("sms_send_seconds", {
  description: "The duration of sends, with retries, by provider and outcome",
  boundaries: Histograms.seconds
})

const retryAfterOf = (reason: SmsError.SmsErrorReason): Duration.Duration =>
  "retryAfter" in reason && reason.retryAfter !== undefined ? reason.retryAfter : Duration.zero

/** The retry schedule: exponential backoff, with at least the delay that the carrier asks for. */
const retrying = ({ delay = "500 millis", maxDelay = "30 seconds", times = 2 }: Retry = {}) => {
  const longest = Duration.fromInputUnsafe(maxDelay)
  const schedule = Schedule.exponential(delay).pipe(
    Schedule.jittered,
    Schedule.setInputType<SmsError.SmsErrorReason>(),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(Duration.max(Duration.min(duration, longest), retryAfterOf(input)))
    )
  )
  return <A>(send: Effect.Effect<A, SmsError.SmsErrorReason>): Effect.Effect<A, SmsError.SmsErrorReason> =>
    Effect.retry(send, {
      schedule,
      times,
      while: (reason) => reason.isRetryable && Duration.isLessThanOrEqualTo(retryAfterOf(reason), longest)
    })
}

/** Returns the receipt of every recipient of a group, also of one that the carrier's answer does not name. */
const recipientsOf = ({ recipients }: OutboundMessage, { recipients: answered = [] }: Accepted) =>
  recipients.length < 2 ? undefined : recipients.map((recipient) => {
    const found = answered.find((other) => canonical(other.recipient) === canonical(recipient))
    return new RecipientReceipt({
      recipient,
      status: found?.status ?? "unknown",
      carrierStatus: found?.carrierStatus ?? ""
    })
  })

const receiptOf = (
  provider: string,
  message: OutboundMessage,
  accepted: readonly [Accepted, ...Array<Accepted>]
): SendReceipt => {
  const [first, ...rest] = accepted
  const last = rest.at(-1) ?? first
  const { carrierStatus, sender, status } = last
  const segments = accepted.map(({ segments }) => segments)
  return new SendReceipt({
    provider,
    messageIds: [first.messageId, ...rest.map(({ messageId }) => messageId)],
    recipient: message.to,
    status,
    carrierStatus,
    ...compact({
      recipients: recipientsOf(message, last),
      sender: sender === undefined ? undefined : Address.make(sender),
      segments: segments.every((count) => count !== undefined)
        ? segments.reduce((sum, count) => sum + count, 0)
        : undefined
    })
  })
}

type Sent = Effect.Effect<SendReceipt, SmsError.SmsError>

interface Senders {
  readonly send: (message: OutboundMessage, settings?: SendSettings) => Sent
  /** Sends the message from a part on. */
  readonly sendRest: (message: OutboundMessage, from: PartOf, settings?: SendSettings) => Sent
}

/** Sends the message in as many parts as needed, and stops at the first part that fails. */
export const make = (
  provider: string,
  { capabilities, check = () => Effect.void, deliver, policy, secrets }: Sending
): Senders => {
  const planPolicy = policyOf(capabilities, policy)
  const retried = retrying(policy.retry)

  const sendParts = Effect.fnUntraced(function*(
    message: OutboundMessage,
    parts: readonly [Part, ...Array<Part>],
    { number: start, of }: PartOf
  ) {
    const progress = yield* CurrentProgress
    const accepted: Array<Accepted> = []
    const failure = (reason: SmsError.SmsErrorReason) => {
      const [first, ...rest] = accepted
      return new SmsError.SmsError({
        provider,
        reason: maskReason(reason, message, secrets),
        ...(of > 1 && { part: { number: start + accepted.length, of } }),
        ...(first !== undefined && { accepted: receiptOf(provider, message, [first, ...rest]) })
      })
    }
    for (const part of parts) {
      const { intent } = part
      const request = intent === undefined
        ? deliver(part)
        : Effect.andThen(progress.requesting(intent), deliver(part))
      const one = yield* Effect.mapError(retried(request), failure)
      accepted.push(one)
      if (intent !== undefined && accepted.length < parts.length) {
        const { messageId } = one
        const sender = one.sender === undefined ? undefined : Address.make(one.sender)
        yield* progress.accepted({ intent, provider, messageId, sender })
      }
    }
    return receiptOf(provider, message, accepted as [Accepted, ...Array<Accepted>])
  })

  const send = Effect.fnUntraced(function*(
    message: OutboundMessage,
    { intentId }: SendSettings,
    from: PartOf | undefined
  ) {
    const refuse = (reason: SmsError.SmsErrorReason) => new SmsError.SmsError({ provider, reason })
    const parts = plan(message, planPolicy)
    if (Result.isFailure(parts)) return yield* refuse(parts.failure)
    yield* Effect.mapError(check(message), refuse)
    const all = referenced(parts.success, intentId)
    const { number, of } = from ?? { number: 1, of: all.length }
    const [first, ...rest] = all.slice(number - 1)
    // Hooks or other options may have changed the message since its first parts were sent.
    if (all.length !== of || first === undefined) {
      const expected = `a message of ${of} parts, as when its first parts were sent`
      return yield* refuse(new SmsError.InvalidMessage({ field: "content", expected }))
    }
    return yield* sendParts(message, [first, ...rest], { number, of })
  })

  const timed = Effect.fnUntraced(function*(
    message: OutboundMessage,
    settings: SendSettings,
    from: PartOf | undefined
  ) {
    const begun = yield* Clock.monotonicTimeNanos
    const result = yield* Effect.result(send(message, settings, from))
    const outcome = Result.isSuccess(result) ? "accepted" : result.failure.reason._tag
    yield* count(provider, outcome)
    yield* measure({ provider, outcome }, Number((yield* Clock.monotonicTimeNanos) - begun) / 1e9)
    return yield* Effect.fromResult(result)
  })

  const traced = (message: OutboundMessage, settings: SendSettings = {}, from?: PartOf) =>
    timed(message, settings, from).pipe(
      Effect.provideService(CurrentSend, { provider, intentId: settings.intentId }),
      Spans.withSpan("SmsProvider.send", { "sms.provider": provider })
    )

  return {
    send: (message, settings) => traced(message, settings),
    sendRest: (message, from, settings) => traced(message, settings, from)
  }
}
