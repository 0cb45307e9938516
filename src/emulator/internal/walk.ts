/**
 * The states that a message walks through, and how long each takes.
 */
import type * as Emulation from "../../provider/Emulation.ts"
import type { Fate, Kept } from "./messages.ts"

export const delivered: Fate = { end: "delivered" }

/** How long a message takes to get into each state, in milliseconds. */
const durations: Readonly<Partial<Record<Emulation.State, number>>> = { queued: 50, sending: 50, sent: 100 }
const endDuration = 300

export const durationOf = (state: Emulation.State): number => durations[state] ?? endDuration

/** Returns the state that follows the present one, if any. */
export const nextState = ({ fate, state }: Kept): Emulation.State | undefined => {
  switch (state) {
    case "accepted":
    case "scheduled":
      return "queued"
    case "queued":
      return fate.end === "failed" ? "failed" : "sending"
    case "sending":
      return "sent"
    case "sent":
      return fate.end === "sent" ? undefined : fate.end
    default:
      return undefined
  }
}
