/**
 * Sends the messages of channels: `BeforeSend` hooks, provider, tracker,
 * `AfterSend` hooks.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Address } from "../../Address.ts"
import { OutboundMessage, type SendReceipt } from "../../Message.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import { OutcomeUnknown, ProviderUnavailable, SmsError } from "../../SmsError.ts"
import type { Delivery, Outgoing, SendResult } from "../Channel.ts"
import type { AboutSend, Subject } from "../Hook.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Room } from "../Room.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import type { Registered } from "./channels.ts"
import type { HookRuns } from "./hookRuns.ts"
import type { Tracking } from "./tracking.ts"

export interface Parts {
  readonly hooks: HookRuns
  readonly tracking: Tracking
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  /** How long a room waits for one send. */
  readonly sendTimeout: Duration.Input
}

/** An event being delivered to the channels of its room. */
export interface Passing {
  /** The event as received, before any modification by a hook. */
  readonly received: RoomEvent
  readonly event: RoomEvent
  readonly room: Room
}

export interface Sends {
  /**
   * Sends all messages and returns their results. The fibers in `after` run until
   * the tracker has recorded each message and the `AfterSend` hooks have run.
   */
  readonly send: (channel: Registered, passing: Passing, outgoing: ReadonlyArray<Outgoing>) => Effect.Effect<{
    readonly results: ReadonlyArray<SendResult>
    readonly after: ReadonlyArray<Fiber.Fiber<unknown, unknown>>
  }>
}

type Answer = Result.Result<SendReceipt, SmsError>

// Limits concurrency, because carriers rate limit each sender.
const concurrency = 10

const isNumber = (address: Address): boolean => /^(?:[a-z]+:)?\+?\d+$/.test(address)
const digits = (address: Address): string => address.replaceAll(/\D/g, "")

/** Whether two addresses denote the same person. Carriers write a number with or without `+`, or after a scheme. */
const isSame = (one: Address, other: Address): boolean =>
  one === other || (isNumber(one) && isNumber(other) && digits(one) === digits(other))

const wentOut = (result: SendResult): boolean =>
  result.outcome === "sent" || (result.outcome !== "blocked" && result.error.accepted !== undefined)

/** Summarizes the results of a channel's messages. */
export const deliveryOf = (channelId: string, sends: ReadonlyArray<SendResult>): Delivery => {
  const all = (outcome: SendResult["outcome"]) => sends.every((send) => send.outcome === outcome)
  if (all("sent")) return { channelId, outcome: "delivered", sends }
  if (sends.some(wentOut)) return { channelId, outcome: "partial", sends }
  if (sends.some(({ outcome }) => outcome === "unknown")) return { channelId, outcome: "unknown", sends }
  const failure = sends.find((send) => send.outcome === "failed")
  return failure === undefined
    ? { channelId, outcome: "blocked", sends }
    : { channelId, outcome: "failed", error: failure.error, sends }
}

const resultOf = (recipient: Address, answer: Answer): SendResult => {
  if (Result.isSuccess(answer)) return { recipient, outcome: "sent", receipt: answer.success }
  const error = answer.failure
  return { recipient, outcome: error.reason._tag === "OutcomeUnknown" ? "unknown" : "failed", error }
}

const unknown = ({ name }: Provider, because: OutcomeUnknown["because"]) =>
  new SmsError({ provider: name, reason: new OutcomeUnknown({ because }) })

const neverBegun = ({ name }: Provider) =>
  new SmsError({ provider: name, reason: new ProviderUnavailable({ detail: "The channel was removed" }) })

const checkModified = (fields: OutboundMessage) => OutboundMessage.makeEffect({ ...fields })

export const make = ({ hooks, notify, sendTimeout, tracking }: Parts): Sends => {
  const failed = ({ channelId, event, provider }: AboutSend, error: SmsError) =>
    Effect.logWarning(`Send failed: ${error.reason.message}`).pipe(
      Effect.annotateLogs({ provider, channel: channelId, room: event.roomId, event: event.id }),
      Effect.andThen(notify({ _tag: "SendFailed", roomId: event.roomId, eventId: event.id, channelId, error }))
    )

  const blocked = ({ channelId, event }: AboutSend, hook: string, reason: string) =>
    Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked a message`).pipe(
      Effect.annotateLogs({ channel: channelId, room: event.roomId, event: event.id }),
      Effect.andThen(
        notify({ _tag: "SendBlocked", roomId: event.roomId, eventId: event.id, channelId, hook, reason })
      )
    )

  /** Sends through the provider. A provider only has typed failures; after a defect, the outcome is unknown. */
  const ask = (provider: Provider, message: OutboundMessage): Effect.Effect<Answer> =>
    Effect.suspend(() => provider.send(message)).pipe(
      Effect.result,
      Effect.catchCause((cause) =>
        Effect.andThen(
          Effect.logError(`Provider ${JSON.stringify(provider.name)} died during a send`, cause),
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : Effect.succeed(Result.fail(unknown(provider, "Defect")))
        )
      )
    )

  const attempt = Effect.fnUntraced(function*(
    provider: Provider,
    message: OutboundMessage,
    about: AboutSend,
    subject: Subject,
    answered: Deferred.Deferred<Answer>
  ) {
    const answer = yield* ask(provider, message)
    Deferred.doneUnsafe(answered, Effect.succeed(answer))
    const receipt = Result.isSuccess(answer) ? answer.success : answer.failure.accepted
    if (receipt !== undefined) yield* tracking.sent(receipt)
    if (Result.isFailure(answer)) yield* failed(about, answer.failure)
    yield* hooks.after("AfterSend", { subject, event: about.event, run: (hook) => hook.run(message, answer, about) })
  })

  const sendOne = Effect.fnUntraced(function*(
    { id: channelId, runs }: Registered,
    { event, room }: Passing,
    { message: wanted, provider }: Outgoing
  ) {
    const recipient = wanted.to
    const about = { event, room, channelId, provider: provider.name }
    const subjectOf = ({ channelType }: OutboundMessage): Subject => ({
      roomId: event.roomId,
      source: { channelId, channelType, direction: "outbound" }
    })
    const verdict = yield* hooks.before("BeforeSend", {
      subject: subjectOf(wanted),
      event,
      value: wanted,
      run: (hook, message) => hook.run(message, about),
      check: checkModified
    })
    if (verdict._tag === "Blocked") {
      const { hook, reason } = verdict
      yield* blocked(about, hook, reason)
      return { result: { recipient, outcome: "blocked", hook, reason } as const, after: [] }
    }
    const message = verdict.value
    const answered = Deferred.makeUnsafe<Answer>()
    let begun = false
    // Runs in its own fiber: when the room's timeout passes, a request that the
    // carrier may have accepted must not be interrupted.
    const after = yield* runs.start(Effect.suspend(() => {
      begun = true
      return attempt(provider, message, about, subjectOf(message), answered)
    }))
    after.addObserver(() =>
      Deferred.doneUnsafe(
        answered,
        Effect.sync(() => Result.fail(begun ? unknown(provider, "ConnectionLost") : neverBegun(provider)))
      )
    )
    const answer = yield* Effect.timeoutOption(Deferred.await(answered), sendTimeout)
    if (!begun) yield* failed(about, neverBegun(provider))
    return Option.match(answer, {
      onSome: (answer) => ({ result: resultOf(recipient, answer), after: [after] }),
      onNone: () => ({ result: resultOf(recipient, Result.fail(unknown(provider, "Timeout"))), after: [] })
    })
  })

  return {
    send: Effect.fnUntraced(function*(channel, passing, outgoing) {
      const { participant } = passing.received.source
      const others = outgoing.filter(({ message }) => participant === undefined || !isSame(message.to, participant))
      const sent = yield* Effect.forEach(others, (each) => sendOne(channel, passing, each), { concurrency })
      return { results: sent.map(({ result }) => result), after: sent.flatMap(({ after }) => after) }
    })
  }
}
