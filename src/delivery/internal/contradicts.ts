import { isTerminal, type Status } from "../../DeliveryStatus.ts"

const arrived = (status: Status): boolean => status === "delivered" || status === "read"

/** Returns whether the status says what became of the message. */
const tells = (status: Status): boolean => isTerminal(status) && status !== "unconfirmed"

/**
 * Returns whether two terminal statuses exclude each other. `delivered` and
 * `read` do not, and `unconfirmed` excludes none.
 */
export const contradicts = (one: Status, other: Status): boolean =>
  tells(one) && tells(other) && one !== other && !(arrived(one) && arrived(other))
