/**
 * Numbers of people to whom something particular happens, at every carrier. The
 * test numbers that a carrier itself documents come on top.
 *
 * **Example** (A number of somebody who has opted out)
 *
 * ```ts run
 * import { MagicNumber } from "effect-sms/emulator"
 *
 * MagicNumber.isMagic("+15005551010") // => true
 * MagicNumber.isMagic("+15145550142") // => false
 * ```
 *
 * @since 0.1.0
 */
import type { Kind } from "../provider/Emulation.ts"
import type { Effect } from "./Fault.ts"

/**
 * A number, and what happens to messages to it.
 *
 * @category models
 * @since 0.1.0
 */
export interface MagicNumber {
  readonly number: string
  /** One sentence. */
  readonly description: string
  /** The exchanges with something particular: the requests that send to the number, or the delivery reports. */
  readonly kind: Kind
  readonly effect?: Effect | undefined
  /** What the person writes back when a message arrives. */
  readonly answer?: string | undefined
}

const numbered =
  (kind: Kind) => (last: number, description: string, effect?: Effect, answer?: string): MagicNumber => ({
    number: `+1500555${last}`,
    description,
    kind,
    effect,
    answer
  })

const send = /* @__PURE__ */ numbered("send")
const report = /* @__PURE__ */ numbered("status")

/**
 * The magic numbers of the emulator.
 *
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<MagicNumber> = [
  send(1000, "Sent, and no receipt follows", { type: "fail", state: "sent" }),
  send(1001, "Accepted, then undelivered: the handset cannot be reached", {
    type: "fail",
    state: "undelivered",
    reason: "Unreachable"
  }),
  send(1002, "Accepted, then undelivered: the number does not exist", {
    type: "fail",
    state: "undelivered",
    reason: "InvalidRecipient"
  }),
  send(1003, "Accepted, then undelivered: filtered as spam", {
    type: "fail",
    state: "undelivered",
    reason: "ContentRejected"
  }),
  send(1004, "Accepted, then failed: the sender is not registered", {
    type: "fail",
    state: "failed",
    reason: "UnregisteredSender"
  }),
  send(1005, "Accepted, then undelivered for an unknown reason", {
    type: "fail",
    state: "undelivered",
    reason: "Unknown"
  }),
  send(1006, "Accepted, then expired", { type: "fail", state: "expired", reason: "Expired" }),
  send(1010, "Refused: the person opted out", { type: "refuse", reason: "OptedOut" }),
  send(1011, "Refused: not a valid number", { type: "refuse", reason: "InvalidRecipient" }),
  send(1012, "Refused: the sender is not allowed", { type: "refuse", reason: "InvalidSender" }),
  send(1013, "Refused: the region is not enabled", { type: "refuse", reason: "NotEnabled" }),
  send(1014, "Refused: the account is suspended", { type: "refuse", reason: "AccountSuspended" }),
  send(1015, "Refused with 429, and `Retry-After: 1`", { type: "rateLimit", retryAfter: 1 }),
  send(1016, "Refused with 503: the message does not go out", { type: "serverError", status: 503 }),
  send(1020, "Answered with 500, but the message goes out", { type: "serverError", status: 500, taken: true }),
  send(1021, "The message goes out, and the connection is cut without an answer", { type: "cut" }),
  send(1022, "The connection is reset before the request is taken", { type: "reset" }),
  send(1023, "The message goes out, and the answer comes after 5 seconds", { type: "delay", millis: 5000 }),
  send(1024, "The answer drips, 20 bytes a second", { type: "drip", bytesPerSecond: 20 }),
  send(1025, "The answer is corrupt", { type: "corrupt" }),
  send(1026, "The request gets no answer, and the message does not go out", { type: "lose" }),
  report(1030, "Every delivery report comes twice", { type: "duplicate" }),
  report(1031, "The delivery reports come in another order", { type: "reorder" }),
  report(1032, "No delivery report comes", { type: "lose" }),
  report(1033, "The delivery reports have a wrong signature", { type: "wrongSignature" }),
  report(1034, "The delivery reports are an hour late, by the clock in their signature", {
    type: "clockSkew",
    seconds: -3600
  }),
  send(1040, "Delivered, and the person answers", undefined, "Thank you!"),
  send(1041, "Delivered, and the person answers STOP", undefined, "STOP")
]

const byNumber: ReadonlyMap<string, MagicNumber> = /* @__PURE__ */ new Map(all.map((magic) => [magic.number, magic]))

/**
 * Finds a magic number.
 *
 * **Example** (What happens to messages to a number)
 *
 * ```ts run
 * import { MagicNumber } from "effect-sms/emulator"
 *
 * MagicNumber.find("+15005551010")?.description // => "Refused: the person opted out"
 * MagicNumber.all.some(({ number }) => number === "+15005551010") // => true
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const find = (number: string): MagicNumber | undefined => byNumber.get(number)

/**
 * Returns whether a number is magic.
 *
 * @category guards
 * @since 0.1.0
 */
export const isMagic = (number: string): boolean => byNumber.has(number)
