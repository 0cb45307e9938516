import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { DeliveryStore, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { extractSinchMeta } from "../../src/sinch/index.ts"
import { extractTelnyxMeta } from "../../src/telnyx/index.ts"
import { extractTwilioMeta } from "../../src/twilio/index.ts"
import type { Extract } from "../../src/WebhookMeta.ts"
import { webhookFixtures } from "../fixtures.ts"

const makeTracker = Effect.flatMap(
  makeStoreMemory(),
  (store) => Effect.provideService(DeliveryTracker.make(), DeliveryStore, store)
)

/** Tells the tracker what a webhook of the fixtures reports. */
const receive = (tracker: DeliveryTracker.DeliveryTracker["Service"], extract: Extract, folder: string, name: string) =>
  Effect.gen(function*() {
    const fixture = webhookFixtures(folder).find((fixture) => fixture.name === name)
    assert.isDefined(fixture)
    const meta = yield* extract(JSON.parse(fixture.request.body))
    return yield* Effect.forEach(meta.toStatuses(), tracker.update)
  })

describe("delivery reports of Sinch", () => {
  it.effect("belong to the recipient of the batch, with or without a plus", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker
      const messageId = "01JHFFHQ0P99JPPNQPJDV7JTBP"
      const sent = { provider: "sinch", messageId, recipient: "33662162466" }
      yield* tracker.sent(sent)
      const other = { ...sent, recipient: "+33662162467" }
      yield* tracker.sent(other)
      const [update] = yield* receive(tracker, extractSinchMeta, "sinch", "status-recipient-delivered")
      assert.isTrue(update?.changed)
      for (const recipient of ["33662162466", "+33662162466"]) {
        assert.strictEqual((yield* tracker.get({ ...sent, recipient }))?.status, "delivered")
      }
      assert.strictEqual((yield* tracker.get(other))?.status, "accepted")
    }))

  it.effect("that list the recipients of a batch are about each of them", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker
      const batch = { provider: "sinch", messageId: "01FC66621XXXXX119Z8PMV1QPQ" }
      yield* tracker.sent({ ...batch, recipient: "+15551231234" })
      const waiter = yield* Effect.forkChild(
        tracker.awaitDelivery({ ...batch, recipient: "46732000000" }, "1 minute"),
        { startImmediately: true }
      )
      yield* receive(tracker, extractSinchMeta, "sinch", "status-batch-full-several")
      const statusOf = (recipient: string) =>
        Effect.map(tracker.get({ ...batch, recipient }), (delivery) => delivery?.status)
      assert.deepStrictEqual(
        yield* Effect.forEach(["+15551231234", "+15551256344", "+46732000000", "+15551231235"], statusOf),
        ["delivered", "delivered", "failed", "canceled"]
      )
      const failed = yield* Fiber.join(waiter)
      assert.deepStrictEqual([failed.status, failed.errorCode], ["failed", "402"])
      // Several recipients: without one of them it is not said whose delivery is meant.
      assert.isUndefined(yield* tracker.get(batch))
    }))

  it.effect("that only count change nothing", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker
      const sent = { provider: "sinch", messageId: "01FC66621XXXXX119Z8PMV1QPQ", recipient: "+15551231234" }
      const { delivery } = yield* tracker.sent(sent)
      const updates = yield* receive(tracker, extractSinchMeta, "sinch", "status-batch-summary")
      assert.deepStrictEqual(updates, [
        { changed: false, repeated: false, delivery: undefined },
        { changed: false, repeated: false, delivery: undefined }
      ])
      assert.deepStrictEqual(yield* tracker.get(sent), delivery)
    }))
})

describe("delivery reports of Telnyx", () => {
  const message = { provider: "telnyx", messageId: "ac012cbf-5e09-46af-a69a-7c0e2d90993c" }

  it.effect("are about every recipient of a group, and about one message id", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker
      const recipients = ["+15559876543", "+15558765432", "+15557654321"]
      for (const recipient of recipients) yield* tracker.sent({ ...message, recipient, status: "queued" })
      const updates = yield* receive(tracker, extractTelnyxMeta, "telnyx", "status-finalized-three-recipients")
      assert.deepStrictEqual(updates.map(({ changed }) => changed), [true, true, true])
      assert.deepStrictEqual(
        yield* Effect.forEach(recipients, (recipient) =>
          Effect.map(tracker.get({ ...message, recipient }), (delivery) => delivery?.status)),
        ["delivered", "undelivered", "unconfirmed"]
      )
    }))

  it.effect("without a recipient are found, and move nobody who has one", () =>
    Effect.gen(function*() {
      const unnamed = { ...message, messageId: "ac012cbf-5e09-46af-a69a-7c0e2d90993d" }
      const named = { ...unnamed, recipient: "+13125550002" }
      const receiveUnnamed = (tracker: DeliveryTracker.DeliveryTracker["Service"]) =>
        receive(tracker, extractTelnyxMeta, "telnyx", "status-finalized-without-recipients")
      const before = yield* makeTracker
      yield* receiveUnnamed(before)
      assert.deepStrictEqual((yield* before.get(named))?.history.map(({ carrierStatus }) => carrierStatus), [
        "finalized"
      ])
      yield* before.sent(named)
      const after = yield* makeTracker
      yield* after.sent(named)
      yield* receiveUnnamed(after)
      assert.deepStrictEqual(yield* before.get(named), yield* after.get(named))
      assert.strictEqual((yield* after.get(named))?.status, "accepted")
    }))
})

describe("delivery reports of Twilio", () => {
  it.effect("are found by the id alone, since it names one message to one recipient", () =>
    Effect.gen(function*() {
      const tracker = yield* makeTracker
      const message = { provider: "twilio", messageId: "SM1" }
      yield* tracker.sent({ ...message, recipient: "whatsapp:+15145550142" })
      const waiter = yield* Effect.forkChild(tracker.awaitDelivery(message, "1 minute"), { startImmediately: true })
      const meta = yield* extractTwilioMeta({
        MessageSid: "SM1",
        MessageStatus: "delivered",
        To: "+15145550142",
        From: "+15145550100"
      })
      yield* Effect.forEach(meta.toStatuses(), tracker.update)
      assert.strictEqual((yield* Fiber.join(waiter)).status, "delivered")
      assert.strictEqual((yield* tracker.get(message))?.recipient, "whatsapp:+15145550142")
    }))
})
