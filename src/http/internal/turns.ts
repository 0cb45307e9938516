/**
 * Handles what is read in one turn of the event loop in one go, and then writes
 * the answers in one go.
 *
 * A write lets the kernel pass the bytes on and wake who waits for them, after
 * which the caches of the processor have other things in them than the code for
 * the next request. Requests on several connections take half as much of the
 * processor when they are handled directly behind each other.
 */

/** As many as are handled before the first of them is answered: that takes a millisecond or two. */
const maxTogether = 32

/** For how long others are handled before one is answered. A hook may keep the processor to itself. */
const maxMillis = 4

export interface Turns {
  /** Handles a request with the others of the turn. */
  readonly handle: (handling: () => void) => void
  /** Writes an answer: behind the requests that are being handled, or at once. */
  readonly write: (writing: () => void) => void
  /** Handles what waits. */
  readonly flush: () => void
}

/** Takes what runs a function at the end of the turn, and a clock in milliseconds. No step may throw. */
export const make = (atEnd: (flush: () => void) => void, now: () => number): Turns => {
  let waiting: Array<() => void> = []
  let writings: Array<() => void> | undefined

  const writeAll = (): void => {
    const answers = writings ?? []
    writings = undefined
    for (const answer of answers) answer()
  }

  const flush = (): void => {
    const handlings = waiting
    waiting = []
    let begun = now()
    for (const handling of handlings) {
      writings ??= []
      handling()
      if (now() - begun < maxMillis) continue
      writeAll()
      begun = now()
    }
    writeAll()
  }

  return {
    handle: (handling) => {
      const count = waiting.push(handling)
      if (count === 1) atEnd(flush)
      if (count === maxTogether) flush()
    },
    write: (writing) => {
      if (writings === undefined) writing()
      else writings.push(writing)
    },
    flush
  }
}
