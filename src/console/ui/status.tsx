/**
 * States of messages as badges.
 */
import type { Status } from "../../DeliveryStatus.ts"
import type { ListedMessage } from "../../http/ListsApi.ts"
import { Badge } from "./parts.tsx"
import { statusNames } from "./text.ts"

type Kind = Parameters<typeof Badge>[0]["kind"]

const statusKinds: Readonly<Partial<Record<Status, Exclude<Kind, undefined>>>> = {
  delivered: "good",
  read: "good",
  undelivered: "bad",
  failed: "bad",
  expired: "bad",
  canceled: "bad",
  unconfirmed: "warn"
}

export const StatusBadge = ({ status }: { readonly status: Status }) => (
  <Badge kind={statusKinds[status] ?? "neutral"}>{statusNames[status]}</Badge>
)

const states: Readonly<Record<ListedMessage["state"], readonly [name: string, kind: Exclude<Kind, undefined>]>> = {
  received: ["Received", "neutral"],
  blocked: ["Blocked", "bad"],
  queued: ["Queued", "neutral"],
  sending: ["Being sent", "neutral"],
  accepted: ["Accepted", "neutral"],
  refused: ["Refused", "bad"],
  unknown: ["Unknown", "warn"],
  cancelled: ["Cancelled", "neutral"]
}

export const stateOptions: ReadonlyArray<readonly [string, string]> = [
  ["", "Any state"],
  ...Object.entries(states).map(([state, [name]]): readonly [string, string] => [state, name])
]

/** The state of a message: what the carrier reported about it, if there is that. */
export const StateBadge = ({ state, status }: Pick<ListedMessage, "state" | "status">) => {
  if (state === "accepted" && status !== undefined) return <StatusBadge status={status} />
  const [name, kind] = states[state]
  return <Badge kind={kind}>{name}</Badge>
}
