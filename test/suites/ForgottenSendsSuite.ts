/** Sends of a person who is forgotten do not go out again, and what is written afterwards does not name the person. */
import { assert, describe } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { SqlClient } from "effect/sql"
import type { Address } from "../../src/Address.ts"
import { DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { OutboundMessage, RecipientReceipt, SendReceipt } from "../../src/Message.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import { People } from "../../src/sql/People.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import type { Stores } from "../../src/sql/SqlStorage.ts"
import { customer as ann } from "../mms/parts.ts"
import { textContent } from "../rooms/kit.ts"
import { everything, report, testWith, traces } from "./PeopleSuite.ts"
import { bob } from "./RoomStoreSuite.ts"

/** The layer gives empty tables each time, and the client below the stores. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>,
  skip = false
) => {
  const test = testWith(layer)

  describe.skipIf(skip)(`a send to a person who is forgotten (${name})`, () => {
    const reserve = Effect.fnUntraced(
      function*(key: string | undefined, to = ann, hash = "h", id = `${key} of ${to === ann}`) {
        const message = new OutboundMessage({ to, content: textContent("secret text") })
        return yield* (yield* IntentStore).reserve({ id, key, hash, message, provider: "mock" })
      }
    )

    const receiptFor = (...recipients: readonly [Address, ...Array<Address>]) =>
      new SendReceipt({
        provider: "mock",
        messageIds: ["m1"],
        recipient: recipients[0],
        status: "queued",
        carrierStatus: "queued",
        ...(recipients.length > 1 && {
          recipients: recipients.map((recipient) =>
            new RecipientReceipt({ recipient, status: "queued", carrierStatus: "queued" })
          )
        })
      })

    const reason = new OutcomeUnknown({ because: "Timeout" })

    const forget = Effect.flatMap(People, ({ forget }) => forget(ann))

    const assertForgotten = Effect.gen(function*() {
      const text = yield* everything
      for (const trace of traces) assert.notInclude(text, trace)
    })

    test(
      "is not sent the same message again while it is being sent, and what is written afterwards does not name the person",
      Effect.gen(function*() {
        const [intents, deliveries, log] = [yield* IntentStore, yield* DeliveryStore, yield* EventLog]
        const tracker = yield* Effect.provideService(DeliveryTracker.make(), DeliveryStore, deliveries)
        const sent = { provider: "mock", messageId: "m1", recipient: ann } as const
        yield* reserve("k")
        assert.strictEqual((yield* forget).sends, 1)
        yield* assertForgotten
        const known = yield* reserve("k", ann, "h", "new")
        if (known._tag !== "Known") return assert.fail(known._tag)
        assert.deepStrictEqual([known.intent.id, known.intent.state], ["k of true", "sending"])
        assert.strictEqual((yield* reserve("k", ann, "another", "new"))._tag, "KeyReused")

        // The router has it tracked before the outcome is stored, and a room afterwards.
        yield* tracker.sent(sent)
        yield* intents.settle("k of true", { state: "accepted", receipt: receiptFor(ann) })
        yield* assertForgotten
        yield* tracker.sent(sent)
        yield* tracker.update(report("m1", ann, ""))
        yield* assertForgotten
        const again = yield* reserve("k", ann, "h", "new")
        assert.deepStrictEqual([again._tag, again._tag === "Known" && again.intent.receipt?.messageIds], ["Known", [
          "m1"
        ]])
        assert.deepStrictEqual(yield* intents.list({ limit: 9 }), [])
        assert.deepStrictEqual(yield* intents.search({ limit: 9 }), [])
        const { entries } = yield* log.read({ after: 0, limit: 99 })
        const settled = entries.map(({ event }) => event).filter(({ _tag }) => _tag === "SendSettled")
        assert.lengthOf(settled, 1)
        // Nothing is left to forget, and it ends like others.
        assert.strictEqual((yield* forget).sends, 0)
      })
    )

    test(
      "is not sent a message again whose outcome is known, or never was, for as long as its key is kept",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const error = new SmsError({
          provider: "mock",
          reason: new OutcomeUnknown({ because: "Timeout", detail: `to ${ann}` })
        })
        yield* reserve("accepted")
        yield* intents.settle("accepted of true", { state: "accepted", receipt: receiptFor(ann) })
        yield* reserve("unknown")
        yield* intents.settle("unknown of true", { state: "unknown", error })
        yield* reserve("sending")
        yield* reserve("refused")
        yield* intents.settle("refused of true", { state: "refused" })
        yield* reserve(undefined)
        yield* intents.settle("undefined of true", { state: "accepted", receipt: receiptFor(ann) })
        assert.strictEqual((yield* forget).sends, 5)
        yield* assertForgotten
        yield* intents.settle("sending of true", { state: "unknown", error })
        yield* assertForgotten
        for (const key of ["accepted", "unknown", "sending"]) {
          assert.strictEqual((yield* reserve(key, ann, "h", "new"))._tag, "Known", key)
        }
        assert.isUndefined(yield* intents.get("refused of true"))
        assert.isUndefined(yield* intents.get("undefined of true"))
        // Nobody can decide about it, and no carrier is asked.
        assert.deepStrictEqual(yield* intents.list({ limit: 9, state: "unknown" }), [])
        assert.deepStrictEqual(yield* intents.claimUnknown({ limit: 9, lease: Duration.minutes(1) }), [])
        assert.isFalse(yield* intents.decide("unknown of true", { resolvedBy: "operator: given up" }))
      })
    )

    test(
      "cannot be decided about when it was being resent",
      Effect.gen(function*() {
        const [intents, sql] = [yield* IntentStore, yield* SqlClient.SqlClient]
        for (const key of ["refused", "killed"]) {
          yield* reserve(key)
          yield* intents.settle(`${key} of true`, {
            state: "unknown",
            error: new SmsError({ provider: "mock", reason })
          })
          assert.isTrue(yield* intents.claimResend({ id: `${key} of true`, token: key }))
        }
        yield* forget
        assert.isTrue(yield* intents.releaseResend({ id: "refused of true", token: "refused" }))
        yield* sql`UPDATE sms_intents SET owner = 'gone' WHERE key = 'killed'`
        yield* Effect.scoped(SqlStorage.make())
        for (const key of ["refused", "killed"]) {
          const id = `${key} of true`
          assert.strictEqual((yield* intents.get(id))?.resolvedBy, "forgotten")
          assert.isFalse(yield* intents.claimResend({ id, token: "again" }))
        }
        assert.deepStrictEqual(yield* intents.claimUnknown({ limit: 9, lease: Duration.minutes(1) }), [])
        yield* assertForgotten
      })
    )

    test(
      "is not sent a message again whose server was killed",
      Effect.gen(function*() {
        const [intents, sql] = [yield* IntentStore, yield* SqlClient.SqlClient]
        yield* reserve("k")
        yield* forget
        yield* sql`UPDATE sms_intents SET owner = 'gone'`
        yield* Effect.scoped(SqlStorage.make())
        const { resolvedBy, state } = (yield* intents.get("k of true"))!
        assert.deepStrictEqual([state, resolvedBy], ["unknown", "forgotten"])
        assert.deepStrictEqual(yield* intents.claimUnknown({ limit: 9, lease: Duration.minutes(1) }), [])
        assert.strictEqual((yield* reserve("k", ann, "h", "new"))._tag, "Known")
        yield* assertForgotten
      })
    )

    test(
      "is not sent a queued message that a carrier refuses for now meanwhile",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const message = new OutboundMessage({ to: ann, content: textContent("secret text") })
        const readyAt = yield* DateTime.now
        for (const id of ["1", "2", "3"]) yield* intents.reserve({ id, hash: "h", message, readyAt })
        const [first] = yield* intents.claim({ token: "a", limit: 1, bulk: 1 })
        yield* intents.claim({ token: "b", limit: 1, bulk: 1 })
        yield* forget
        yield* intents.requeue({ id: first!.id, token: "a" }, { delay: Duration.zero, failures: 1, deferrals: 0 })
        yield* intents.unclaim("b")
        assert.deepStrictEqual(yield* intents.claim({ token: "c", limit: 9, bulk: 9 }), [])
        assert.strictEqual(yield* intents.nextAt, Infinity)
        assert.strictEqual((yield* intents.get(first!.id))?.state, "cancelled")
        yield* assertForgotten
      })
    )

    test(
      "is named by no outcome of a message to a group that was being sent",
      Effect.gen(function*() {
        const intents = yield* IntentStore
        const message = new OutboundMessage({ to: bob, participants: [ann], content: textContent("to both") })
        yield* intents.reserve({ id: "g", key: "g", hash: "h", message })
        yield* forget
        yield* intents.settle("g", { state: "accepted", receipt: receiptFor(bob, ann) })
        yield* assertForgotten
        const [intent] = yield* intents.list({ limit: 9 })
        assert.deepStrictEqual([intent?.message.recipients, intent?.receipt?.recipients?.[0]?.recipient], [[bob], bob])
      })
    )
  })
}
