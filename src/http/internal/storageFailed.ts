/**
 * Answers when a store fails: the same request can succeed later.
 */
import * as Effect from "effect/Effect"
import type { MediaError } from "../../media/MediaError.ts"
import type { StorageError } from "../../StorageError.ts"
import * as Problems from "../Problems.ts"

/** Logs the error, and fails with the problem. */
export const storageFailedWith = <E>(problem: () => E) => (error: StorageError | MediaError): Effect.Effect<never, E> =>
  Effect.andThen(Effect.logError(error.message, error), Effect.suspend(() => Effect.fail(problem())))

/** Logs the error, and answers 503. */
export const storageFailed = storageFailedWith(() => new Problems.ServiceUnavailable({}))
