/**
 * Counts of deliveries.
 */
import type { Status } from "../../DeliveryStatus.ts"
import * as Listing from "../../internal/listing.ts"

/**
 * The deliveries of a span of time.
 *
 * @category models
 * @since 0.1.0
 */
export interface DeliveryTally {
  readonly statuses: ReadonlyArray<{
    readonly provider: string
    readonly status: Status
    readonly count: number
  }>
  /** The latest deliveries that arrived, at most {@link maxTook}, and how long that took. */
  readonly took: ReadonlyArray<{
    readonly provider: string
    /** When the delivery was first recorded, in milliseconds since the epoch. */
    readonly at: number
    readonly millis: number
  }>
}

/**
 * The number of deliveries of which a tally has the times.
 *
 * @category models
 * @since 0.1.0
 */
export const maxTook = 2000

/** Counts deliveries, and times those that arrived. */
export const tallyOf = (
  all: ReadonlyArray<{
    readonly at: number
    readonly provider: string
    readonly status: Status
    readonly reached: number
  }>
): DeliveryTally => ({
  statuses: Listing.tally(all.map(({ provider, status }) => ({ at: 0, provider, status })), { since: 0, step: 1 })
    .map(({ count, provider, status }) => ({ count, provider, status })),
  // What is first recorded as delivered was sent by another application, or before a restart.
  took: all.filter(({ at, reached, status }) => (status === "delivered" || status === "read") && reached > at)
    .sort((one, other) => other.at - one.at)
    .slice(0, maxTook)
    .map(({ at, provider, reached }) => ({ at, provider, millis: reached - at }))
})
