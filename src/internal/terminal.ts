/**
 * The terminal statuses, without their schema: the emulator starts without the
 * modules of messages.
 */
export const terminal = [
  "delivered",
  "read",
  "undelivered",
  "failed",
  "expired",
  "canceled",
  "unconfirmed"
] as const
