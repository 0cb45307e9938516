/**
 * Answers in a room for a caller of the API: posts a message, which the room's
 * channels send, at most once per key.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Content from "../../Content.ts"
import * as Bytes from "../../internal/bytes.ts"
import { providerOf } from "../../internal/providerOf.ts"
import { compact } from "../../internal/record.ts"
import { checkContent } from "../../provider/internal/sendPlan.ts"
import type { SendResult } from "../../rooms/Channel.ts"
import { SendBlocked } from "../../rooms/Hook.ts"
import type { Service as Kit } from "../../rooms/RoomKit.ts"
import { DeliveryOutcome } from "../../rooms/RoomStore.ts"
import type { Intent } from "../../sending/IntentStore.ts"
import { outcomeUnknown } from "../../sending/internal/outcomeUnknown.ts"
import type * as Outbox from "../../sending/Outbox.ts"
import { SmsError } from "../../SmsError.ts"
import type { StorageError } from "../../StorageError.ts"
import { Answered, AnsweredTo, AnswerRequest } from "../AnswerApi.ts"
import * as MessageProblems from "../MessageProblems.ts"
import * as Problems from "../Problems.ts"

/** The channel that answers of callers come from. */
const channelId = "api"

/** The field of the metadata that tells whether a key is used again for the same request. */
const hashName = "requestHash"

const textOf = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(AnswerRequest)))

/** A message of the answer, with why it did not go out. */
interface Sent {
  readonly view: AnsweredTo
  readonly failure?: SmsError | SendBlocked
}

const ofResult = (result: SendResult): Sent => {
  const { participants, recipient: to } = result
  const view = (fields: Pick<AnsweredTo, "state"> & Partial<AnsweredTo>) =>
    new AnsweredTo({ to, ...compact({ participants }), ...fields })
  switch (result.outcome) {
    case "sent": {
      const { messageIds, provider } = result.receipt
      return { view: view({ state: "accepted", provider, messageIds }) }
    }
    case "blocked": {
      const { hook, reason } = result
      return { view: view({ state: "blocked", reason: "Blocked" }), failure: new SendBlocked({ hook, reason }) }
    }
    default: {
      const { error } = result
      const state = result.outcome === "unknown" || error.accepted !== undefined ? "unknown" : "refused"
      return { view: view({ state, provider: error.provider, reason: error.reason._tag }), failure: error }
    }
  }
}

const ofIntent = (intent: Intent): Sent => {
  const { error, message: { participants, to }, receipt, refusal, state } = intent
  return {
    view: new AnsweredTo({
      to,
      state: state === "queued" || state === "cancelled" ? "refused" : state,
      ...compact({
        participants,
        provider: providerOf(intent),
        messageIds: receipt?.messageIds,
        reason: error?.reason._tag ?? refusal
      })
    }),
    ...(error !== undefined && state !== "accepted" && { failure: error })
  }
}

/** Answers when it cannot be read what became of an earlier request, which may have sent the message. */
const unreadable = (error: StorageError) =>
  Effect.andThen(Effect.logError(error.message, error), Effect.fail(outcomeUnknown("unknown", "ConnectionLost")))

/** The kit keeps no more of a message that was blocked than its outcome. */
const blockedEarlier = new SendBlocked({ hook: "of the first request", reason: "see the history of the room" })

const unknownRoom = new Problems.NotFound({ detail: "Unknown room" })

export const make = Effect.fnUntraced(function*(
  { kit, outbox }: { readonly kit: Kit; readonly outbox: Outbox.Service }
) {
  const digest = yield* Digest.Digest

  const hashOf = (request: AnswerRequest) =>
    Effect.orDie(digest.digestHex(Digest.sha256, Bytes.fromText(textOf(request))))

  /** Answers with what became of the messages, or with the problem of the first one when none went out. */
  const respond = Effect.fnUntraced(
    function*(eventId: string, roomId: string, outcomes: ReadonlyArray<DeliveryOutcome>, sent: ReadonlyArray<Sent>) {
      const failure = sent.find(({ failure }) => failure !== undefined)?.failure ??
        (sent.length === 0 && outcomes.some(({ outcome }) => outcome === "blocked") ? blockedEarlier : undefined)
      if (failure !== undefined && sent.every(({ view }) => view.state !== "accepted")) return yield* failure
      if (sent.length === 0) return yield* MessageProblems.noChannel
      return new Answered({ roomId, eventId, outcomes, sends: sent.map(({ view }) => view) })
    }
  )

  return Effect.fnUntraced(function*(roomId: string, request: AnswerRequest, key: string | undefined) {
    const { author, media = [], text = "" } = request
    const content = Content.fromParts(text, media.map((file) => new Content.MediaContent(file)))
    const problem = checkContent({ content })
    if (problem !== undefined && Result.isFailure(problem)) {
      return yield* new SmsError({ provider: "unknown", reason: problem.failure })
    }
    const hash = yield* hashOf(request)
    const posting = kit.post(roomId, {
      channelId,
      channelType: "other",
      content,
      author,
      key,
      metadata: key === undefined ? {} : { [hashName]: hash }
    })
    const result = yield* Effect.catchTag(posting, "RoomNotFound", () => Effect.fail(unknownRoom))
    if (result._tag === "Blocked") {
      const { event: { id }, hook, reason } = result
      // The hook ran again, but the history keeps only the message of the first request.
      const replayed = key !== undefined && (yield* kit.store.event({ id, roomId })) === undefined
      return { replayed, result: Result.fail(new SendBlocked({ hook, reason })) }
    }
    if (result._tag === "Broadcast") {
      const { deliveries, earlier = [], event } = result
      // Who answers has read what was said before.
      yield* Effect.ignore(kit.store.markRead(event))
      // It went on with what an earlier request had posted.
      if (key !== undefined && event.source.metadata[hashName] !== hash) return yield* MessageProblems.keyReused
      const now = deliveries.map(({ channelId, outcome }) => new DeliveryOutcome({ channelId, outcome }))
      const outcomes = [...earlier, ...now]
      const sentNow = deliveries.flatMap(({ sends = [] }) => sends.map(ofResult))
      const isSentNow = ({ view: { to } }: Sent) => sentNow.some(({ view }) => view.to === to)
      const before = earlier.length === 0 ? [] : yield* Effect.catch(outbox.intents.ofEvent(event.id), unreadable)
      const sent = [...before.map(ofIntent).filter((one) => !isSentNow(one)), ...sentNow]
      return { replayed: false, result: yield* Effect.result(respond(event.id, roomId, outcomes, sent)) }
    }
    const { eventId } = result
    const entry = yield* Effect.catch(kit.store.event({ id: eventId, roomId }), unreadable)
    if (entry === undefined) return yield* unknownRoom
    if (entry.event.source.metadata[hashName] !== hash) return yield* MessageProblems.keyReused
    const { blocked } = entry.event
    if (blocked !== undefined) return { replayed: true, result: Result.fail(new SendBlocked(blocked)) }
    const sent = (yield* Effect.catch(outbox.intents.ofEvent(eventId), unreadable)).map(ofIntent)
    return { replayed: true, result: yield* Effect.result(respond(eventId, roomId, entry.deliveries ?? [], sent)) }
  })
})
