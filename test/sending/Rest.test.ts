/** Which parts of a message are left to send, as far as is known. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { Address } from "../../src/Address.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { FoundPart, Intent } from "../../src/sending/IntentStore.ts"
import { merged, restOf } from "../../src/sending/internal/rest.ts"
import { OutcomeUnknown, RateLimited, SmsError, type SmsErrorReason } from "../../src/SmsError.ts"
import { textContent } from "../rooms/kit.ts"

const to = Address.make("+15145550142")

const receiptOf = (...messageIds: readonly [string, ...Array<string>]) =>
  new SendReceipt({
    provider: "mock",
    messageIds,
    recipient: to,
    status: "queued",
    carrierStatus: "queued",
    segments: 2
  })

const found = (part: number, provider = "mock", of = 3) =>
  new FoundPart({ part, of, provider, messageId: `found-${part}`, by: "delivery report" })

const lost = new OutcomeUnknown({ because: "Timeout" })
const limited = new RateLimited({})

const failed = (reason: SmsErrorReason, number: number) => {
  const [first, ...rest] = Array.from({ length: number - 1 }, (_, index) => `${index + 1}`)
  return new SmsError({
    provider: "mock",
    reason,
    part: { number, of: 3 },
    ...(first !== undefined && { accepted: receiptOf(first, ...rest) })
  })
}

const intentOf = (error: SmsError | undefined, ...parts: ReadonlyArray<FoundPart>) => {
  const now = DateTime.makeUnsafe(0)
  return new Intent({
    id: "1",
    hash: "h",
    message: new OutboundMessage({ to, content: textContent("hello") }),
    priority: "transactional",
    state: "unknown",
    failures: 0,
    deferrals: 0,
    createdAt: now,
    updatedAt: now,
    times: {},
    ...(error !== undefined && { error }),
    ...(parts.length > 0 && { found: parts })
  })
}

/** The number of the next part, whether it is sure that it was not sent, and the ids of those before it. */
const next = (intent: Intent) => {
  const rest = restOf(intent)
  return rest && [rest.from.number, rest.isSure, ...rest.accepted.messageIds]
}

describe("the rest of a message", () => {
  it("begins with a part that was refused", () => {
    assert.deepStrictEqual(next(intentOf(failed(limited, 2))), [2, true, "1"])
    assert.deepStrictEqual(next(intentOf(failed(limited, 3))), [3, true, "1", "2"])
  })

  it("begins after the parts that the carrier has, with one that may have been sent", () => {
    assert.deepStrictEqual(next(intentOf(failed(lost, 2))), [2, false, "1"])
    assert.deepStrictEqual(next(intentOf(failed(lost, 2), found(2))), [3, false, "1", "found-2"])
    assert.deepStrictEqual(next(intentOf(failed(lost, 1), found(1))), [2, false, "found-1"])
    assert.deepStrictEqual(next(intentOf(failed(lost, 2), found(2, "other"))), [2, false, "1"])
    assert.deepStrictEqual(next(intentOf(failed(lost, 2), found(2, "mock", 4))), [2, false, "1"])
  })

  it("begins after the last part that is found of a send whose process ended: earlier ones were sent before", () => {
    assert.deepStrictEqual(next(intentOf(undefined, found(1))), [2, false, "found-1"])
    assert.deepStrictEqual(next(intentOf(undefined, found(2))), [3, false, "found-2"])
    assert.deepStrictEqual(next(intentOf(undefined, found(2), found(1))), [3, false, "found-1", "found-2"])
    // Sent from the third part on, and ended again.
    const { accepted } = restOf(intentOf(undefined, found(2, "mock", 5)))!
    const error = new SmsError({ provider: "mock", reason: lost, part: { number: 3, of: 5 }, accepted })
    assert.deepStrictEqual(next(intentOf(error, found(2, "mock", 5))), [3, false, "found-2"])
    assert.deepStrictEqual(
      next(intentOf(error, found(2, "mock", 5), found(3, "mock", 5))),
      [4, false, "found-2", "found-3"]
    )
  })

  it("is empty when the last part is found, and not known when none is, or the send goes on", () => {
    assert.deepStrictEqual(next(intentOf(failed(lost, 3), found(3))), [4, true, "1", "2", "found-3"])
    assert.deepStrictEqual(next(intentOf(undefined, found(3))), [4, true, "found-3"])
    assert.isUndefined(next(intentOf(undefined)))
    assert.isUndefined(next(intentOf(failed(lost, 1))))
    assert.isUndefined(next(new Intent({ ...intentOf(failed(limited, 2)), state: "sending" })))
  })

  it("adds its receipt to that of the parts before", () => {
    const { messageIds, segments } = merged(receiptOf("1"), receiptOf("2", "3"))
    assert.deepStrictEqual([messageIds, segments], [["1", "2", "3"], 4])
  })
})
