/**
 * Waits for the answers to a message, and stores what became of them and of the
 * message.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { attempt } from "../../internal/attempt.ts"
import * as KeyedMutex from "../../internal/keyedMutex.ts"
import type { Completion } from "../../queue/internal/completion.ts"
import type { StorageError } from "../../StorageError.ts"
import type { Unfinished } from "../ProcessResult.ts"
import { type Conversation, CurrentConversation } from "./conversation.ts"

export interface Parts {
  /** Makes a change of the store, later if it fails. */
  readonly surely: (change: Effect.Effect<void, StorageError>) => Effect.Effect<void>
}

export interface Options<A> {
  readonly completion?: Completion | undefined
  readonly key?: string | undefined
  readonly isMade?: ((result: A) => boolean) | undefined
  readonly isResumed?: boolean | undefined
}

export const make = ({ surely }: Parts) => {
  const oncePerKey = KeyedMutex.make()

  /** Waits until all answers are processed, and fails as the first that is not. */
  const awaitAnswers = Effect.fnUntraced(function*({ answers, failures }: Conversation) {
    while (answers.length > 0) yield* Fiber.awaitAll([...answers])
    if (failures[0] !== undefined) return yield* Effect.failCause(failures[0])
  })

  /** Stores what became of the events: with the completion of their entry, if there is one. */
  const storeAll = (
    settles: Conversation["settles"],
    completion: Completion | undefined
  ): Effect.Effect<void, StorageError> => {
    if (completion?.isOpen === true) {
      completion.changes.push(...settles.map((settle) => Effect.suspend(settle)))
      return Effect.void
    }
    return Effect.forEach(settles, (settle) => settle(), { discard: true })
  }

  /** Waits for the answers, and stores what became of the events. */
  const settle = Effect.fnUntraced(function*(conversation: Conversation, completion: Completion | undefined) {
    // If an answer could not be stored, the event counts as not processed.
    yield* awaitAnswers(conversation)
    yield* storeAll(conversation.settles, completion)
  })

  /** The same for a message that was broadcast for a caller: nothing that fails keeps its result from the caller. */
  const settleMade = Effect.fnUntraced(function*(conversation: Conversation, isResumed: boolean) {
    const answered = yield* Effect.exit(awaitAnswers(conversation))
    if (Exit.isFailure(answered)) {
      yield* Effect.logError("An answer to a message of the application could not be processed", answered.cause)
      // Posted again with its key, the message goes on from here.
      if (isResumed) return
    }
    yield* Effect.forEach(conversation.settles, (settle) => surely(Effect.suspend(settle)), { discard: true })
  })

  const conclude = <A, E>(
    conversation: Conversation,
    result: Exit.Exit<A, E>,
    { completion, isMade, isResumed = true }: Options<A>
  ): Effect.Effect<A, E | StorageError | Unfinished> => {
    const { answers, failures, settles } = conversation
    if (Exit.isSuccess(result) && isMade?.(result.value) === true) {
      return Effect.andThen(settleMade(conversation, isResumed), result)
    }
    // Without a result, the entry is not completed.
    const completing = Exit.isSuccess(result) ? completion : undefined
    const settled = answers.length > 0 || failures.length > 0
      ? settle(conversation, completing)
      : storeAll(settles, completing)
    return Effect.flatMapEager(settled, () => result)
  }

  const useAnew = <A, E>(
    use: (conversation: Conversation) => Effect.Effect<A, E>,
    options: Options<A>
  ): Effect.Effect<A, E | StorageError | Unfinished> => {
    const conversation: Conversation = { answers: [], failures: [], settles: [] }
    const used = attempt(use, conversation)
    if (!Exit.isExit(used)) {
      return Effect.flatMap(Effect.exit(used), (result) => conclude(conversation, result, options))
    }
    // As it is for most messages.
    if (conversation.answers.length === 0 && conversation.settles.length === 0) return used
    return conclude(conversation, used as Exit.Exit<A, E>, options)
  }

  /**
   * Runs an effect, and waits until all answers that it caused are processed.
   * Another one with the same key begins after that: what became of the event
   * is not stored before, and it would be taken for one that a process left.
   * A result that is made is returned, whatever fails afterwards. What became of
   * the message of an entry is stored with the completion of the entry.
   */
  return <A, E>(
    fiber: Fiber.Fiber<unknown, unknown>,
    use: (conversation: Conversation) => Effect.Effect<A, E>,
    options: Options<A> = {}
  ): Effect.Effect<A, E | StorageError | Unfinished> => {
    const current = fiber.getRef(CurrentConversation)
    if (current !== undefined) return use(current)
    return options.key === undefined
      ? useAnew(use, options)
      : oncePerKey.begin(fiber, options.key, () => useAnew(use, options))
  }
}
