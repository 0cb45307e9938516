/**
 * What is found out about a send whose response was lost. Pure.
 */
import * as Schema from "effect/Schema"
import { Address } from "../../Address.ts"
import { compact } from "../../internal/record.ts"
import { type OutboundMessage, RecipientReceipt, SendReceipt } from "../../Message.ts"
import type { SmsError } from "../../SmsError.ts"

/**
 * One part of a send that the carrier is known to have, although its response
 * was lost.
 *
 * @category models
 * @since 0.1.0
 */
export class FoundPart extends Schema.Class<FoundPart>("effect-sms/sending/IntentStore/FoundPart")({
  /** The number of the part, the first of which is 1. */
  part: Schema.Int,
  /** The number of parts. */
  of: Schema.Int,
  provider: Schema.NonEmptyString,
  messageId: Schema.NonEmptyString,
  sender: Schema.optionalKey(Address),
  /** The source: `response` of the carrier, `delivery report`, or `carrier` for the answer to a query. */
  by: Schema.Literals(["response", "delivery report", "carrier"])
}) {}

interface Accepted {
  readonly state: "accepted"
  readonly receipt: SendReceipt
  readonly resolvedBy: string
}

interface Intent {
  readonly state: string
  readonly message: OutboundMessage
  readonly receipt?: SendReceipt
  readonly error?: SmsError
  readonly resolvedBy?: string
  readonly found?: ReadonlyArray<FoundPart>
}

/** Returns whether more can be found out about an intent. An operator may have given it up. */
export const isOpen = ({ receipt, state }: Intent): boolean =>
  state === "sending" || (state === "unknown" && receipt === undefined)

/** Returns whether an operator can still decide about an intent, with a receipt or without one. */
export const isUndecided = ({ receipt, resolvedBy, state }: Intent, decision: Pick<Intent, "receipt">): boolean =>
  state === "unknown" && receipt === undefined && (resolvedBy === undefined || decision.receipt !== undefined)

/** Returns the outcome of an intent that is decided: the receipt of another send replaces the error. */
export const decided = ({ error }: Pick<Intent, "error">, receipt: SendReceipt | undefined) =>
  ({ state: "unknown", ...(receipt === undefined ? { error } : { receipt }) }) as const

/** Returns whether an outcome says less than what is already decided about an intent. */
export const isDecided = (
  { resolvedBy, state }: Intent,
  outcome: Pick<Intent, "state"> & { readonly resolvedBy?: string | undefined }
): boolean =>
  state === "unknown" && resolvedBy !== undefined && outcome.state === "unknown" && outcome.resolvedBy === undefined

/** Returns the parts that the provider is known to have, by their numbers. */
export const partsOf = (
  { error, found = [] }: Pick<Intent, "error" | "found">,
  { of, provider }: Pick<FoundPart, "of" | "provider">
): ReadonlyMap<number, string> => {
  const parts = new Map<number, string>()
  const ids = error?.accepted?.messageIds ?? []
  // A receipt from which a part is missing does not tell which ones it has.
  if (error?.provider === provider && (error.part?.of ?? 1) === of && ids.length === (error.part?.number ?? 1) - 1) {
    ids.forEach((messageId, index) => parts.set(index + 1, messageId))
  }
  for (const one of found) {
    if (one.provider === provider && one.of === of && !parts.has(one.part)) parts.set(one.part, one.messageId)
  }
  return parts
}

/** Returns whether a message is known to belong to an intent. */
export const owns = (
  { error, found = [], receipt }: Pick<Intent, "error" | "found" | "receipt">,
  { messageId, provider }: Pick<FoundPart, "messageId" | "provider">
): boolean =>
  [receipt, error?.accepted].some((one) => one?.provider === provider && one.messageIds.includes(messageId)) ||
  found.some((part) => part.provider === provider && part.messageId === messageId)

/** Makes the receipt of parts that were found. */
export const receiptOf = (
  message: OutboundMessage,
  last: Pick<FoundPart, "provider" | "sender">,
  ids: readonly [string, ...Array<string>]
): SendReceipt => {
  const status = { status: "accepted", carrierStatus: "" } as const
  return new SendReceipt({
    provider: last.provider,
    messageIds: ids,
    recipient: message.to,
    ...status,
    ...(message.recipients.length > 1 && {
      recipients: message.recipients.map((recipient) => new RecipientReceipt({ recipient, ...status }))
    }),
    ...(last.sender !== undefined && { sender: last.sender })
  })
}

/** Adds a part to those that were found, unless it is known. */
export const withFound = (intent: Intent, part: FoundPart): ReadonlyArray<FoundPart> => {
  const { found = [] } = intent
  const known = partsOf(intent, part)
  return known.has(part.part) || [...known.values()].includes(part.messageId) ? found : [...found, part]
}

/** Returns the outcome of an intent with an unknown one, if all of its parts are found. */
export const outcomeOf = (intent: Intent): Accepted | undefined => {
  const last = intent.found?.at(-1)
  if (intent.state !== "unknown" || intent.receipt !== undefined || last === undefined) return undefined
  const parts = partsOf(intent, last)
  const ids = Array.from({ length: last.of }, (_, index) => parts.get(index + 1)).filter((id) => id !== undefined)
  const [first, ...rest] = ids
  return first === undefined || ids.length < last.of
    ? undefined
    : { state: "accepted", receipt: receiptOf(intent.message, last, [first, ...rest]), resolvedBy: last.by }
}

/** Returns the outcome of an intent, or the better one that was found out while it was being sent. */
export const withFindings = <
  A extends Pick<Intent, "state"> & { readonly [K in "error" | "receipt"]?: Intent[K] | undefined }
>(
  { found, message }: Intent,
  outcome: A
): A | Accepted => {
  const { error, receipt, state } = outcome
  return outcomeOf({ state, message, ...compact({ error, receipt, found }) }) ?? outcome
}
