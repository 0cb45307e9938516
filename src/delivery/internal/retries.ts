/**
 * How a store of deliveries that fails is retried.
 */
import * as Schedule from "effect/Schedule"

// Short enough that the server can still respond with the failure: see its `acknowledgeAfter`.
export const retries = { times: 3, schedule: Schedule.exponential("100 millis") }
