/**
 * Whether a fiber does background work, which requests do not wait for.
 */
import * as Context from "effect/Context"

/**
 * Marks the fibers that process what is already accepted. Stores let the
 * transactions of requests pass before theirs. Inherited by the fibers that they
 * start.
 */
export const IsBackground = Context.Reference<boolean>("effect-sms/internal/IsBackground", {
  defaultValue: () => false
})
