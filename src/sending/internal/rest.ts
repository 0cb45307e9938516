/**
 * The rest of a message of which only some parts were sent. Pure.
 */
import { compact } from "../../internal/record.ts"
import { SendReceipt } from "../../Message.ts"
import type { PartOf } from "../../provider/Sending.ts"
import { OutcomeUnknown, SmsError, type SmsErrorReason } from "../../SmsError.ts"
import type { Intent } from "../IntentStore.ts"
import * as Findings from "./findings.ts"

/** What is left to send, and the receipt of the parts before it. */
export interface Rest {
  readonly provider: string
  readonly from: PartOf
  readonly accepted: SendReceipt
}

const withIds = (receipt: SendReceipt, messageIds: SendReceipt["messageIds"]): SendReceipt =>
  new SendReceipt({ ...receipt, messageIds })

/** Returns whether a part of the message was sent. */
export const isBegun = ({ error, found = [] }: Intent): boolean => error?.accepted !== undefined || found.length > 0

/**
 * Returns the rest, or `undefined` when a part may have been sent of which
 * nobody knows, or nothing is left.
 */
export const restOf = (intent: Intent): Rest | undefined => {
  const { error, found = [], message, state } = intent
  if (state !== "unknown" || error?.part === undefined) return undefined
  const { provider } = error
  const { number, of } = error.part
  const parts = Findings.partsOf(intent, { provider, of })
  // The failed part was not sent if it was refused, and else only if nothing else is known of it.
  if (error.reason._tag === "OutcomeUnknown" && !parts.has(number)) return undefined
  let next = number
  while (parts.has(next)) next++
  const ids = Array.from({ length: next - 1 }, (_, index) => parts.get(index + 1)).filter((id) => id !== undefined)
  const [first, ...others] = ids
  if (first === undefined || ids.length < next - 1 || next > of) return undefined
  const last = found.findLast((part) => part.provider === provider)
  const sender = last?.sender
  const receipt = error.accepted ?? Findings.receiptOf(message, { provider, ...compact({ sender }) }, [first])
  return { provider, from: { number: next, of }, accepted: withIds(receipt, [first, ...others]) }
}

/** Returns one receipt for the parts that were sent before and those that were sent now. */
export const merged = (before: SendReceipt, now: SendReceipt): SendReceipt =>
  new SendReceipt({
    ...now,
    messageIds: [...before.messageIds, ...now.messageIds],
    ...compact({
      segments: before.segments === undefined || now.segments === undefined
        ? undefined
        : before.segments + now.segments
    })
  })

/** The error of a rest that was not sent, or not whole, for the message as a whole. */
export const failureOf = (
  { accepted, from, provider }: Rest,
  error: Pick<SmsError, "reason" | "part" | "accepted">
): SmsError =>
  new SmsError({
    provider,
    reason: error.reason,
    part: error.part ?? from,
    accepted: error.accepted === undefined ? accepted : merged(accepted, error.accepted)
  })

/** The error of a rest whose process ends while it is sent. */
export const interrupted = (
  rest: Rest,
  because: OutcomeUnknown["because"] = "ConnectionLost"
): SmsError => failureOf(rest, { reason: new OutcomeUnknown({ because }) satisfies SmsErrorReason })
