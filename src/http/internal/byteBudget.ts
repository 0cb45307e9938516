/**
 * Limits how many bytes of webhooks are processed at the same time: behind a
 * slow hook or channel, they would fill the memory.
 */
import * as Effect from "effect/Effect"

export interface ByteBudget {
  /**
   * Runs an effect that holds the bytes, until it and whatever `keep` was called
   * for have ended. Runs `orElse` in its place while others leave no room.
   */
  readonly within: <A, E, R, B, E2, R2>(
    bytes: number,
    use: (keep: Keep) => Effect.Effect<A, E, R>,
    orElse: Effect.Effect<B, E2, R2>
  ) => Effect.Effect<A | B, E | E2, R | R2>
}

/** Holds the bytes until the effect has ended as well, for one that runs on in the background. */
export type Keep = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (max: number): ByteBudget => {
  let taken = 0

  const take = (bytes: number) => {
    // What exceeds the limit alone is taken alone.
    if (taken > 0 && taken + bytes > max) return undefined
    taken += bytes
    let holders = 1
    return {
      hold: () => void holders++,
      release: () => {
        if (--holders === 0) taken -= bytes
      }
    }
  }

  return {
    within: <A, E, R, B, E2, R2>(
      bytes: number,
      use: (keep: Keep) => Effect.Effect<A, E, R>,
      orElse: Effect.Effect<B, E2, R2>
    ) =>
      Effect.acquireUseRelease(
        Effect.sync(() => take(bytes)),
        (claim): Effect.Effect<A | B, E | E2, R | R2> => {
          if (claim === undefined) return orElse
          return use((effect) => {
            claim.hold()
            return Effect.ensuring(effect, Effect.sync(claim.release))
          })
        },
        (claim) => Effect.sync(() => claim?.release())
      )
  }
}
