/**
 * The states of circuit breakers in a database, which any number of servers can
 * share. A probe holds a lease and renews it, so that another server can probe
 * when the one that does is killed.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type { StorageError } from "../StorageError.ts"
import * as Circuits from "./internal/circuitStates.ts"
import type { Limits } from "./internal/limits.ts"

const settings: Circuits.Settings = { lease: 10_000, timeToLive: 60 * 60 * 1000 }

const refuse = (reason: CircuitBreaker.CircuitBreakerErrorReason) => new CircuitBreaker.CircuitBreakerError({ reason })

const failed = (cause: StorageError) =>
  refuse(new CircuitBreaker.CircuitBreakerStoreError({ message: cause.message, cause }))

/** Makes the store. The tables must exist. */
export const make = ({ modify }: Limits): CircuitBreaker.CircuitBreakerStore["Service"] => {
  const circuits = modify("circuit", Circuits.Circuit)

  /** Renews the lease until it is lost. A failed renewal is tried again while the lease lasts. */
  const renew = Effect.fnUntraced(function*(key: string, generation: number) {
    let isHeld = true
    while (isHeld) {
      yield* Effect.sleep(settings.lease / 3)
      isHeld = yield* Effect.orElseSucceed(circuits(key, Circuits.renew(generation, settings)), () => true)
    }
  })

  return CircuitBreaker.CircuitBreakerStore.of({
    admit: Effect.fnUntraced(function*(key) {
      const answer = yield* Effect.mapError(circuits(key, Circuits.admit(key, settings)), failed)
      switch (answer._tag) {
        case "Open":
          return yield* refuse(
            new CircuitBreaker.CircuitOpen({ key, retryAfter: Duration.millis(answer.retryAfter) })
          )
        case "HalfOpen":
          return yield* refuse(new CircuitBreaker.CircuitHalfOpen({ key }))
        case "Admitted": {
          const { admission } = answer
          if (admission.probe) yield* Effect.forkScoped(Effect.interruptible(renew(key, admission.generation)))
          return admission
        }
      }
    }),
    record: (options) => Effect.mapError(circuits(options.key, Circuits.record(options, settings)), failed),
    state: (key) => Effect.mapError(circuits(key, Circuits.read(key, settings)), failed)
  })
}
