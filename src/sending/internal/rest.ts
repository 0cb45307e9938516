/**
 * The rest of a message of which only some parts were sent. Pure.
 */
import { compact } from "../../internal/record.ts"
import { SendReceipt } from "../../Message.ts"
import type { PartOf } from "../../provider/Sending.ts"
import { OutcomeUnknown, SmsError } from "../../SmsError.ts"
import type { FoundPart, Intent } from "../IntentStore.ts"
import * as Findings from "./findings.ts"

/** What is left to send, and the receipt of the parts before it. */
export interface Rest {
  readonly provider: string
  /** The first part to send. Beyond the last one, nothing is left. */
  readonly from: PartOf
  readonly accepted: SendReceipt
  /** Whether it is known that the first part to send was not sent yet. */
  readonly isSure: boolean
}

const withIds = (receipt: SendReceipt, messageIds: SendReceipt["messageIds"]): SendReceipt =>
  new SendReceipt({ ...receipt, messageIds })

/** Returns whether a part of the message was sent. */
export const isBegun = ({ error, found = [] }: Intent): boolean => error?.accepted !== undefined || found.length > 0

/** Returns the provider that sent the parts, and their number. */
const sentBy = ({ error, found }: Intent): Pick<FoundPart, "provider" | "of"> | undefined =>
  error?.part === undefined ? found?.at(-1) : { provider: error.provider, of: error.part.of }

/**
 * Returns the rest, or `undefined` when no part of the message is known to be
 * sent. Parts are sent one after the other: where one was sent, the earlier ones
 * were, also if nobody knows their ids.
 */
export const restOf = (intent: Intent): Rest | undefined => {
  const { error, found = [], message, state } = intent
  const by = sentBy(intent)
  if (state !== "unknown" || by === undefined) return undefined
  const { of, provider } = by
  const parts = Findings.partsOf(intent, { provider, of })
  const [first, ...others] = [...parts].sort(([one], [other]) => one - other).map(([, id]) => id)
  if (first === undefined) return undefined
  const failed = error?.part?.number ?? 0
  const number = Math.max(failed, ...[...parts.keys()].map((part) => part + 1))
  const sender = found.findLast((part) => part.provider === provider)?.sender
  const receipt = error?.accepted ?? Findings.receiptOf(message, { provider, ...compact({ sender }) }, [first])
  return {
    provider,
    from: { number, of },
    accepted: withIds(receipt, [first, ...others]),
    // A part that was refused was not sent. Any other may have been, as the one after those of a process that ended.
    isSure: number > of || (number === failed && error !== undefined && error.reason._tag !== "OutcomeUnknown")
  }
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
  { accepted, from, provider }: Pick<Rest, "accepted" | "from" | "provider">,
  error: Pick<SmsError, "reason" | "part" | "accepted">
): SmsError =>
  new SmsError({
    provider,
    reason: error.reason,
    part: error.part ?? from,
    accepted: error.accepted === undefined ? accepted : merged(accepted, error.accepted)
  })

/** The error of a rest whose process ends while it is sent. */
export const interrupted = (rest: Rest, because: OutcomeUnknown["because"] = "ConnectionLost"): SmsError =>
  failureOf(rest, { reason: new OutcomeUnknown({ because }) })

/** The error of a rest that is as it was before. */
export const unchanged = (rest: Rest, { error }: Intent): SmsError =>
  error === undefined ? interrupted(rest) : failureOf(rest, { reason: error.reason })
