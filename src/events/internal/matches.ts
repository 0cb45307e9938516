/**
 * Tests entries against a filter.
 */
import * as DateTime from "effect/DateTime"
import { personOf } from "../../internal/person.ts"
import type { Entry, Filter } from "../Entry.ts"

/** Returns whether the entry matches the filter. */
export const matches = (
  { address, kind, roomId, time }: Entry,
  { kinds, number, roomId: room, since, until }: Filter = {}
): boolean =>
  (room === undefined || room === roomId) &&
  (kinds === undefined || kinds.includes(kind)) &&
  (number === undefined || (address !== undefined && personOf(address) === personOf(number))) &&
  (since === undefined || DateTime.isGreaterThanOrEqualTo(time, since)) &&
  (until === undefined || DateTime.isLessThan(time, until))
