/**
 * Which attempt of the inbox an event is processed by.
 */
import * as Context from "effect/Context"

/** The number of earlier attempts that failed. `undefined` without an inbox, where there are no others. */
export const EarlierAttempts = Context.Reference<number | undefined>("effect-sms/rooms/RoomKit/EarlierAttempts", {
  defaultValue: () => undefined
})
