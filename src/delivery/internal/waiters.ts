/**
 * Callers that wait for the terminal status of a delivery.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { keyOf, messageKeyOf } from "../../internal/deliveryKeys.ts"
import type { Delivery, Key } from "../DeliveryStore.ts"

interface Waiter<E> {
  readonly key: string
  /** The result, once decided. It outlives the delivery in the store. */
  result: Effect.Effect<Delivery, E> | undefined
  wake: Deferred.Deferred<void>
}

export interface Waiters<E> {
  /**
   * Wakes the callers that wait for the message, and passes the result, if any,
   * to those that wait for this delivery.
   */
  readonly notify: (delivery: Delivery, result?: Effect.Effect<Delivery, E>) => void
  /** Waits until `notify` passes a result or `look` returns a delivery in a terminal status. */
  readonly wait: <E2, R>(
    key: Key,
    look: Effect.Effect<Delivery | undefined, E2, R>
  ) => Effect.Effect<Delivery, E | E2, R>
}

export const make = <E>(): Waiters<E> => {
  // The waiters per message, for any of its recipients.
  const waiting = new Map<string, Set<Waiter<E>>>()

  const enter = (key: Key) =>
    Effect.sync(() => {
      const waiter: Waiter<E> = { key: keyOf(key), result: undefined, wake: Deferred.makeUnsafe() }
      const message = messageKeyOf(key)
      waiting.set(message, (waiting.get(message) ?? new Set()).add(waiter))
      return waiter
    })

  const leave = (key: Key, waiter: Waiter<E>) =>
    Effect.sync(() => {
      const message = messageKeyOf(key)
      const waiters = waiting.get(message)
      waiters?.delete(waiter)
      if (waiters?.size === 0) waiting.delete(message)
    })

  const untilTerminal = Effect.fnUntraced(function*<E2, R>(
    waiter: Waiter<E>,
    look: Effect.Effect<Delivery | undefined, E2, R>
  ): Effect.fn.Return<Delivery, E | E2, R> {
    while (true) {
      // Created before the look, so that a change after it is not missed.
      const wake = Deferred.makeUnsafe<void>()
      waiter.wake = wake
      if (waiter.result !== undefined) return yield* waiter.result
      const delivery = yield* look
      if (delivery?.isTerminal === true) return delivery
      yield* Deferred.await(wake)
    }
  })

  return {
    notify: (delivery, result) => {
      if (waiting.size === 0) return
      const key = keyOf(delivery)
      for (const waiter of waiting.get(messageKeyOf(delivery)) ?? []) {
        if (waiter.key === key) waiter.result ??= result
        Deferred.doneUnsafe(waiter.wake, Effect.void)
      }
    },
    wait: (key, look) =>
      Effect.acquireUseRelease(enter(key), (waiter) => untilTerminal(waiter, look), (waiter) => leave(key, waiter))
  }
}
