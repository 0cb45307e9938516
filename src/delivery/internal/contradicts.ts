import { isTerminal, type Status } from "../../DeliveryStatus.ts"

const arrived = (status: Status): boolean => status === "delivered" || status === "read"

/** Returns whether two terminal statuses exclude each other. `delivered` and `read` do not. */
export const contradicts = (one: Status, other: Status): boolean =>
  isTerminal(one) && isTerminal(other) && one !== other && !(arrived(one) && arrived(other))
