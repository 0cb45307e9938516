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
import { personOf } from "../../internal/person.ts"
import { compact } from "../../internal/record.ts"
import { OutboundMessage, type SendReceipt } from "../../Message.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import { outcomeUnknown } from "../../sending/internal/outcomeUnknown.ts"
import { isProven } from "../../sending/internal/refusals.ts"
import type { Service as Outbox } from "../../sending/Outbox.ts"
import { ProviderUnavailable, SmsError } from "../../SmsError.ts"
import type { Delivery, Outgoing, SendResult } from "../Channel.ts"
import { type AboutSend, SendBlocked, type Subject } from "../Hook.ts"
import type { KitEvent } from "../KitEvent.ts"
import type { Room } from "../Room.ts"
import type { Registered } from "./channels.ts"
import type { HookRuns } from "./hookRuns.ts"
import { ofPerson } from "./routes.ts"
import type { Tracking } from "./tracking.ts"

export interface Parts {
  readonly hooks: HookRuns
  readonly tracking: Tracking
  readonly notify: (event: KitEvent) => Effect.Effect<void>
  /** How long a room waits for one send, once it is stored. */
  readonly sendTimeout: Duration.Input
  /** The outbox, which stores each message and sends it at most once. */
  readonly outbox: Outbox | undefined
}

/** An event being delivered to the channels of its room. */
export interface Passing {
  /** The event as received, before any modification by a hook. */
  readonly received: RoomEvent
  readonly event: RoomEvent
  readonly room: Room
  /** Whether the event comes from an inbox, and is retried on request. */
  readonly isResumed: boolean
  /** Whether the event passes again when the carrier refuses a message of it for now. */
  readonly isPatient: boolean
}

export interface Sends {
  /** Sends a message without a room, and runs the hooks before and after the send. */
  readonly guard: <E>(
    message: OutboundMessage,
    provider: string | undefined,
    send: (message: OutboundMessage) => Effect.Effect<SendReceipt, E | SmsError>
  ) => Effect.Effect<SendReceipt, E | SmsError | SendBlocked>
  /**
   * Sends all messages and returns their results. The fibers in `after` run until
   * the tracker has recorded each message and the `AfterSend` hooks have run.
   */
  readonly send: (channel: Registered, passing: Passing, outgoing: ReadonlyArray<Outgoing>) => Effect.Effect<{
    readonly results: ReadonlyArray<SendResult>
    readonly after: ReadonlyArray<Fiber.Fiber<unknown, unknown>>
    /** The failure of a message that did not go out because it could not be stored. */
    readonly notStored?: SmsError | undefined
  }>
}

type Answer = Result.Result<SendReceipt, SmsError>

// Limits concurrency, because carriers rate limit each sender.
const concurrency = 10

const wentOut = (result: SendResult): boolean =>
  result.outcome === "sent" || (result.outcome !== "blocked" && result.error.accepted !== undefined)

/** Returns whether a message of a delivery was sent, or may have been. */
export const mayHaveGoneOut = ({ sends = [] }: Delivery): boolean =>
  sends.some((send) => wentOut(send) || send.outcome === "unknown")

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

/** Returns the error of a message that did not go out and that the carrier may take later. */
export const refusedForNow = (sends: ReadonlyArray<SendResult>): SmsError | undefined => {
  const refused = sends.flatMap((send) => send.outcome === "failed" ? [send.error] : [])
  return refused.find((error) => isProven(error) && error.reason.isRetryable)
}

type Addressed = Pick<SendResult, "recipient" | "participants">

const addressedTo = ({ participants, to }: OutboundMessage): Addressed => ({
  recipient: to,
  ...compact({ participants })
})

const resultOf = (addressed: Addressed, answer: Answer): SendResult => {
  if (Result.isSuccess(answer)) return { ...addressed, outcome: "sent", receipt: answer.success }
  const error = answer.failure
  return { ...addressed, outcome: error.reason._tag === "OutcomeUnknown" ? "unknown" : "failed", error }
}

const neverBegun = ({ name }: Provider) =>
  new SmsError({ provider: name, reason: new ProviderUnavailable({ detail: "The channel was removed" }) })

const checkModified = (fields: OutboundMessage) => OutboundMessage.makeEffect({ ...fields })

export const make = ({ hooks, notify, outbox, sendTimeout, tracking }: Parts): Sends => {
  const failed = ({ channelId, event, provider }: AboutSend, error: SmsError) =>
    Effect.logWarning(`A message was not sent, or may not have been: ${error.reason.message}`).pipe(
      Effect.annotateLogs(compact({ provider, channel: channelId, room: event?.roomId, event: event?.id })),
      Effect.andThen(notify({ _tag: "SendFailed", roomId: event?.roomId, eventId: event?.id, channelId, error }))
    )

  const blocked = ({ channelId, event }: AboutSend, hook: string, reason: string) =>
    Effect.logInfo(`Hook ${JSON.stringify(hook)} blocked a message`).pipe(
      Effect.annotateLogs(compact({ channel: channelId, room: event?.roomId, event: event?.id })),
      Effect.andThen(
        notify({ _tag: "SendBlocked", roomId: event?.roomId, eventId: event?.id, channelId, hook, reason })
      )
    )

  /** The failures of the store, which are told to the caller as if the provider had not been there. */
  const unstored = new WeakSet<SmsError>()

  const notStored = ({ name }: Provider) => {
    const reason = new ProviderUnavailable({ detail: "The message could not be stored" })
    const error = new SmsError({ provider: name, reason })
    unstored.add(error)
    return error
  }

  /** Sends once for the key, where there is an outbox: an event that passes again is not sent again. */
  const once = (
    provider: Provider,
    message: OutboundMessage,
    { id: eventId, roomId }: RoomEvent,
    key: string,
    requested: Effect.Effect<unknown>
  ): Effect.Effect<SendReceipt, SmsError> => {
    if (outbox === undefined) return Effect.andThen(requested, Effect.suspend(() => provider.send(message)))
    const send = (intentId: string) =>
      Effect.andThen(requested, Effect.suspend(() => provider.send(message, { intentId })))
    return outbox.send({ key, message, provider: provider.name, roomId, eventId, what: key, send }).pipe(
      Effect.flatMap(({ result }) => Effect.fromResult(result)),
      Effect.catchTags({
        KeyReused: Effect.die,
        // Storing precedes sending, so nothing was sent.
        StorageError: () => Effect.fail(notStored(provider))
      })
    )
  }

  /** Asks the provider to send. Providers fail only with typed errors; a defect means that the outcome is unknown. */
  const request = (
    provider: Provider,
    message: OutboundMessage,
    event: RoomEvent,
    key: string,
    requested: Effect.Effect<unknown>
  ): Effect.Effect<Answer> =>
    once(provider, message, event, key, requested).pipe(
      Effect.result,
      Effect.catchCause((cause) =>
        Effect.andThen(
          Effect.logError(`Provider ${JSON.stringify(provider.name)} died during a send`, cause),
          Cause.hasInterruptsOnly(cause)
            ? Effect.failCause(cause)
            : Effect.succeed(Result.fail(outcomeUnknown(provider.name, "Defect")))
        )
      )
    )

  /** Asks the `BeforeSend` hooks. Tells of a message that one of them blocks. */
  const ask = Effect.fnUntraced(function*(about: AboutSend, subject: Subject, wanted: OutboundMessage) {
    const verdict = yield* Effect.orDie(hooks.before("BeforeSend", {
      subject,
      event: about.event,
      value: wanted,
      // No hook can ask for another attempt: a send is not processed again.
      isResumed: false,
      run: (hook, message) => hook.run(message, about),
      check: checkModified
    }))
    if (verdict._tag === "Blocked") yield* blocked(about, verdict.hook, verdict.reason)
    return verdict
  })

  /** Tells of a message that was not sent, and runs the `AfterSend` hooks. */
  const finish = Effect.fnUntraced(
    function*(about: AboutSend, subject: Subject, message: OutboundMessage, answer: Answer) {
      if (Result.isFailure(answer)) yield* failed(about, answer.failure)
      yield* hooks.after("AfterSend", { subject, event: about.event, run: (hook) => hook.run(message, answer, about) })
    }
  )

  const attempt = Effect.fnUntraced(function*(
    provider: Provider,
    message: OutboundMessage,
    about: AboutSend & { readonly event: RoomEvent },
    subject: Subject,
    answered: Deferred.Deferred<Answer>,
    requested: Effect.Effect<unknown>,
    key: string
  ) {
    const answer = yield* request(provider, message, about.event, key, requested)
    Deferred.doneUnsafe(answered, Effect.succeed(answer))
    const receipt = Result.isSuccess(answer) ? answer.success : answer.failure.accepted
    if (receipt !== undefined) yield* tracking.sent(receipt)
    yield* finish(about, subject, message, answer)
  })

  const sendOne = Effect.fnUntraced(function*(
    { id: channelId, runs }: Registered,
    { event, room }: Passing,
    { message: wanted, provider }: Outgoing
  ) {
    const addressed = addressedTo(wanted)
    const about = { event, room, channelId, provider: provider.name }
    const subjectOf = ({ channelType }: OutboundMessage): Subject => ({
      roomId: event.roomId,
      source: { channelId, channelType, direction: "outbound" }
    })
    const verdict = yield* ask(about, subjectOf(wanted), wanted)
    if (verdict._tag === "Blocked") {
      const { hook, reason } = verdict
      return { result: { ...addressed, outcome: "blocked", hook, reason } as const, after: [] }
    }
    const message = verdict.value
    const answered = Deferred.makeUnsafe<Answer>()
    const requested = Deferred.makeUnsafe<void>()
    let begun = false
    // Runs in its own fiber: when the room's timeout passes, a request that the
    // carrier may have accepted must not be interrupted.
    const after = yield* runs.start(Effect.suspend(() => {
      begun = true
      return attempt(
        provider,
        message,
        about,
        subjectOf(message),
        answered,
        Deferred.succeed(requested, undefined),
        JSON.stringify([event.id, channelId, ...wanted.recipients])
      )
    }))
    after.addObserver(() =>
      Deferred.doneUnsafe(
        answered,
        Effect.sync(() => Result.fail(begun ? outcomeUnknown(provider.name, "ConnectionLost") : neverBegun(provider)))
      )
    )
    // A message that is not stored has not gone out, so that the timeout must not call its outcome unknown.
    yield* Effect.raceFirst(Deferred.await(requested), Deferred.await(answered))
    const answer = yield* Effect.timeoutOption(Deferred.await(answered), sendTimeout)
    if (!begun) yield* failed(about, neverBegun(provider))
    return Option.match(answer, {
      onSome: (answer) => ({ result: resultOf(addressed, answer), after: [after] }),
      onNone: () => ({ result: resultOf(addressed, Result.fail(outcomeUnknown(provider.name, "Timeout"))), after: [] })
    })
  })

  const guard: Sends["guard"] = Effect.fnUntraced(function*<E>(
    wanted: OutboundMessage,
    provider: string | undefined,
    send: (message: OutboundMessage) => Effect.Effect<SendReceipt, E | SmsError>
  ) {
    const about: AboutSend = { channelId: "direct", provider }
    const subject: Subject = {
      roomId: "",
      source: { channelId: "direct", channelType: wanted.channelType, direction: "outbound" }
    }
    const verdict = yield* ask(about, subject, wanted)
    if (verdict._tag === "Blocked") return yield* new SendBlocked({ hook: verdict.hook, reason: verdict.reason })
    const message = verdict.value
    const result = yield* Effect.result(send(message))
    if (Result.isSuccess(result) || result.failure instanceof SmsError) {
      yield* finish(about, subject, message, result as Answer)
    }
    return yield* Effect.fromResult(result)
  })

  return {
    guard,
    send: Effect.fnUntraced(function*(channel, passing, outgoing) {
      const { received: { source: { participant } }, room } = passing
      const author = participant === undefined
        ? []
        : [participant, ...ofPerson(room.attachments, participant)].map(personOf)
      const others = outgoing.filter(({ message }) =>
        !message.recipients.some((recipient) => author.includes(personOf(recipient)))
      )
      const sent = yield* Effect.forEach(others, (each) => sendOne(channel, passing, each), { concurrency })
      const failures = sent.flatMap(({ result }) => result.outcome === "failed" ? [result.error] : [])
      return {
        results: sent.map(({ result }) => result),
        after: sent.flatMap(({ after }) => after),
        notStored: failures.find((error) => unstored.has(error))
      }
    })
  }
}
