/**
 * What is answered while an event is processed, and by whom.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { StorageError } from "../../StorageError.ts"
import type { Unfinished } from "../ProcessResult.ts"

/** What an answer is deduplicated by. */
export interface Repetition {
  readonly key?: string | undefined
  readonly isResumed: boolean
}

/** The channel or hook that is handling an event. Messages that it posts meanwhile are answers to the event. */
interface Speaker {
  readonly eventId: string
  readonly id: string
  readonly isResumed: boolean
  posts: number
}

export const CurrentSpeaker = Context.Reference<Speaker | undefined>("effect-sms/rooms/RoomKit/Speaker", {
  defaultValue: () => undefined
})

/**
 * The key by which answers are deduplicated: the event that they answer, the
 * author, and the number of the answer. An event that is processed a second
 * time, because the process stopped, is therefore not answered twice.
 */
export const answering = Effect.map(
  CurrentSpeaker,
  (speaker): Repetition =>
    speaker === undefined
      ? { isResumed: false }
      : {
        key: JSON.stringify(["answer", speaker.eventId, speaker.id, speaker.posts++]),
        isResumed: speaker.isResumed
      }
)

/** Whether the current code is a hook or channel that handles an event. */
export const isAnswering = Effect.map(CurrentSpeaker, (speaker) => speaker !== undefined)

/** A message passed to the kit, and the answers to it. */
export interface Conversation {
  /** The answers that are still being processed. */
  readonly answers: Array<Fiber.Fiber<unknown, StorageError | Unfinished>>
  /** Why answers were not processed. */
  readonly failures: Array<Cause.Cause<StorageError | Unfinished>>
  /**
   * Stores what became of each event, the message last. Not before every answer
   * has passed: a process that ends earlier leaves a message that passes again,
   * and its answers with it.
   */
  readonly settles: Array<() => Effect.Effect<void, StorageError>>
}

/**
 * The conversation of a hook or channel that runs for an event. It must not
 * wait for another event, which may be waiting for this one.
 */
export const CurrentConversation = Context.Reference<Conversation | undefined>(
  "effect-sms/rooms/RoomKit/Conversation",
  {
    defaultValue: () => undefined
  }
)
