/**
 * Limits how many bytes of webhooks are processed at the same time: behind a
 * slow hook or channel, they would fill the memory.
 */

/** Bytes that are held. */
export interface Claim {
  /** Holds the bytes once more, for what runs on in the background. */
  readonly hold: () => void
  /** Gives the bytes back, once as often as they are held. */
  readonly release: () => void
}

export interface ByteBudget {
  /** Holds the bytes, or returns `undefined` while others leave no room. */
  readonly take: (bytes: number) => Claim | undefined
}

export const make = (max: number): ByteBudget => {
  let taken = 0

  return {
    take: (bytes) => {
      // What exceeds the limit alone is taken alone.
      if (taken > 0 && taken + bytes > max) return undefined
      taken += bytes
      let holders = 1
      return {
        hold: () => {
          holders++
        },
        release: () => {
          if (--holders === 0) taken -= bytes
        }
      }
    }
  }
}
