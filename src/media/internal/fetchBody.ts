/**
 * Reads a response body within time and size limits.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import * as Bytes from "../../internal/bytes.ts"
import * as SteadyClock from "../../internal/steadyClock.ts"
import { InvalidBody, type MediaErrorReason, TimedOut, TooLarge } from "../MediaError.ts"

type Chunks = Arr.NonEmptyReadonlyArray<Uint8Array>

export type BytesPull = Pull.Pull<Chunks, MediaErrorReason>

export interface Limits {
  readonly maxBytes: number
  /** The length that the host declared. */
  readonly size: number | undefined
  readonly idleMillis: number
  /** In milliseconds of the clock that nobody sets. */
  readonly deadline: number
}

/** Fails when nothing arrives within the timeout or before the deadline, whichever comes first. */
export const withTimeLimit = (
  limit: "headers" | "idle",
  millis: number,
  deadline: number
) =>
<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | TimedOut, R> =>
  Effect.flatMap(SteadyClock.millis, (now) => {
    const left = deadline - now
    // Built lazily: this runs for every chunk, and capturing an error's stack is expensive.
    const timedOut = () => Effect.fail(new TimedOut({ limit: left < millis ? "total" : limit }))
    if (left <= 0) return timedOut()
    return Effect.timeoutOrElse(effect, { duration: Math.min(millis, left), orElse: timedOut })
  })

/** Passes the bytes through, and fails when a limit is exceeded. */
export const limited = (pull: BytesPull, limits: Limits): BytesPull => {
  const tooLarge = Effect.fail(new TooLarge({ limit: limits.maxBytes }))
  let received = 0
  const counted = Effect.flatMap(pull, (chunks) => {
    for (const chunk of chunks) received += chunk.length
    return received > limits.maxBytes ? tooLarge : Effect.succeed(chunks)
  })
  const complete = Effect.suspend((): Effect.Effect<never, InvalidBody | Cause.Done> => {
    if (received === 0) return Effect.fail(new InvalidBody({ expected: "a non-empty body" }))
    // Checked here for HTTP clients that do not: a truncated body must not pass as complete.
    return limits.size === undefined || limits.size === received
      ? Cause.done()
      : Effect.fail(new InvalidBody({ expected: "a body of the declared length" }))
  })
  return withTimeLimit("idle", limits.idleMillis, limits.deadline)(counted).pipe(Pull.catchDone(() => complete))
}

export interface Peeked {
  /** The first `length` bytes, or all of them if there are fewer. */
  readonly head: Uint8Array
  /** All bytes, including the first ones. Runs only once. */
  readonly stream: Stream.Stream<Uint8Array, MediaErrorReason>
}

/** Reads the first bytes and keeps them for the stream. */
export const peek = Effect.fnUntraced(function*(
  pull: BytesPull,
  length: number
): Effect.fn.Return<Peeked, MediaErrorReason> {
  const first: Array<Uint8Array> = []
  const next = pull.pipe(
    Effect.map((chunks) => {
      first.push(...chunks)
      return false
    }),
    Pull.catchDone(() => Effect.succeed(true))
  )
  let ended = false
  while (!ended && Bytes.size(first) < length) ended = yield* next
  let started = false
  const start = Effect.suspend(() => {
    // A second run would start where the first one stopped, and yield a shorter file.
    if (started) return Effect.die(new Error("The stream of a fetched file can run only once"))
    started = true
    return Effect.succeed(ended ? Cause.done() : pull)
  })
  return {
    head: Bytes.head(first, length),
    stream: Stream.concat(Stream.fromArray(first), Stream.fromPull(start))
  }
})
