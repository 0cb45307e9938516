/**
 * The states of a circuit, as pure functions: what the store of Effect on Redis
 * does.
 */
import * as Duration from "effect/Duration"
import type * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Schema from "effect/Schema"
import { isOver, type Step } from "./limits.ts"

export const Circuit = Schema.Struct({
  state: Schema.Literals(["Closed", "Open", "HalfOpen"]),
  /** Distinguishes the calls that were admitted in this state from earlier ones. */
  generation: Schema.Finite,
  openUntil: Schema.Finite,
  /** How long the circuit was open last. */
  lastOpenFor: Schema.Finite,
  /** The consecutive openings since the backoff was reset. */
  openings: Schema.Finite,
  /** When the backoff is reset, if the circuit stays closed. */
  resetAt: Schema.Finite,
  /** Until when the probe may take, unless it asks for more. */
  leaseUntil: Schema.Finite,
  /** The consecutive failures. */
  streak: Schema.Finite,
  /** The last outcomes: `1` for a failure, `0` for a success. */
  outcomes: Schema.String
})

type Circuit = typeof Circuit.Type

export interface Settings {
  readonly lease: number
  readonly timeToLive: number
}

export type Admitted =
  | { readonly _tag: "Admitted"; readonly admission: CircuitBreaker.Admission }
  | { readonly _tag: "Open"; readonly retryAfter: number }
  | { readonly _tag: "HalfOpen" }

const closed: Circuit = {
  state: "Closed",
  generation: 0,
  openUntil: 0,
  lastOpenFor: 0,
  openings: 0,
  resetAt: 0,
  leaseUntil: 0,
  streak: 0,
  outcomes: ""
}

/** A state that expired must not lend its generation to the next one, so the time is a part of it. */
const nextGeneration = (known: number, now: number): number => Math.max(known + 1, now * 1000)

export const admit =
  (key: string, { lease, timeToLive }: Settings) =>
  (known: Circuit | undefined, now: number): Step<Circuit, Admitted> => {
    const circuit = known ?? { ...closed, generation: nextGeneration(0, now) }
    const admitted = (next: Circuit, transition?: CircuitBreaker.Transition): Step<Circuit, Admitted> => ({
      answer: {
        _tag: "Admitted",
        admission: {
          generation: next.generation,
          probe: next.state === "HalfOpen",
          consecutiveOpenings: next.openings,
          transition
        }
      },
      state: next,
      expiresAt: Math.max(now, next.leaseUntil) + timeToLive
    })
    if (circuit.state === "Closed") {
      return admitted(isOver(circuit.resetAt, circuit.lastOpenFor, now) ? { ...circuit, openings: 0 } : circuit)
    }
    if (circuit.state === "Open" && !isOver(circuit.openUntil, circuit.lastOpenFor, now)) {
      return { answer: { _tag: "Open", retryAfter: circuit.openUntil - now } }
    }
    if (circuit.state === "HalfOpen" && !isOver(circuit.leaseUntil, lease, now)) return { answer: { _tag: "HalfOpen" } }
    const generation = nextGeneration(circuit.generation, now)
    return admitted(
      { ...circuit, state: "HalfOpen", generation, leaseUntil: now + lease },
      circuit.state === "Open" ? { key, from: "Open", to: "HalfOpen" } : undefined
    )
  }

/** Extends the lease of a probe. Answers whether the probe still has it. */
export const renew =
  (generation: number, { lease, timeToLive }: Settings) =>
  (circuit: Circuit | undefined, now: number): Step<Circuit, boolean> =>
    circuit?.state === "HalfOpen" && circuit.generation === generation
      ? { answer: true, state: { ...circuit, leaseUntil: now + lease }, expiresAt: now + lease + timeToLive }
      : { answer: false }

const trips = ({ outcomes, streak }: Circuit, policy: CircuitBreaker.TripPolicy): boolean => {
  if (policy._tag === "Consecutive") return streak >= policy.failures
  const failures = outcomes.replaceAll("0", "").length
  return outcomes.length >= policy.minimumCalls && failures > 0 && failures / outcomes.length >= policy.threshold
}

export const record = (
  { generation, key, openFor, outcome, tripPolicy }: Parameters<
    CircuitBreaker.CircuitBreakerStore["Service"]["record"]
  >[0],
  { timeToLive }: Settings
) =>
(circuit: Circuit | undefined, now: number): Step<Circuit, CircuitBreaker.Transition | undefined> => {
  const unchanged = { answer: undefined }
  // The call was admitted in an earlier state.
  if (circuit?.generation !== generation || circuit.state === "Open") return unchanged
  const to = (next: Circuit, transition?: CircuitBreaker.Transition) => ({
    answer: transition,
    state: next,
    expiresAt: Math.max(now, next.openUntil) + timeToLive
  })
  const fresh = { generation: nextGeneration(generation, now), leaseUntil: 0, streak: 0, outcomes: "" }
  const open = (from: "Closed" | "HalfOpen") => {
    const millis = Math.max(0, Math.ceil(Duration.toMillis(openFor)))
    const openings = circuit.openings + 1
    return to(
      { ...circuit, ...fresh, state: "Open", openUntil: now + millis, lastOpenFor: millis, openings },
      { key, from, to: "Open", retryAfter: openFor, consecutiveOpenings: openings }
    )
  }
  if (circuit.state === "HalfOpen") {
    switch (outcome) {
      case "Ignored":
        return to({ ...circuit, generation: fresh.generation, leaseUntil: 0 })
      case "Failure":
        return open("HalfOpen")
      case "Success":
        return to(
          { ...circuit, ...fresh, state: "Closed", openUntil: 0, resetAt: now + circuit.lastOpenFor },
          { key, from: "HalfOpen", to: "Closed" }
        )
    }
  }
  if (outcome === "Ignored") return unchanged
  const isFailure = outcome === "Failure"
  const outcomes = tripPolicy._tag === "Rate"
    ? `${circuit.outcomes}${isFailure ? 1 : 0}`.slice(-tripPolicy.size)
    : circuit.outcomes
  const next = { ...circuit, streak: isFailure ? circuit.streak + 1 : 0, outcomes }
  return trips(next, tripPolicy) ? open("Closed") : to(next)
}

export const read =
  (key: string, { lease }: Settings) =>
  (circuit: Circuit | undefined, now: number): Step<Circuit, CircuitBreaker.State> => {
    switch (circuit?.state) {
      case "Open": {
        const isEnded = isOver(circuit.openUntil, circuit.lastOpenFor, now)
        const retryAfter = Duration.millis(isEnded ? 0 : circuit.openUntil - now)
        return { answer: { _tag: "Open", key, retryAfter, consecutiveOpenings: circuit.openings } }
      }
      case "HalfOpen": {
        const probing = !isOver(circuit.leaseUntil, lease, now)
        return { answer: { _tag: "HalfOpen", key, probing, consecutiveOpenings: circuit.openings } }
      }
      default:
        return { answer: { _tag: "Closed", key } }
    }
  }
