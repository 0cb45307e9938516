/** How every store counts what it holds, by span of time, and what is not done yet. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Delivery, DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import type { Status } from "../../src/DeliveryStatus.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore, type Refuser } from "../../src/sending/IntentStore.ts"
import {
  Authentication,
  GuardRefused,
  InvalidRecipient,
  NotSupported,
  OptedOut,
  OutcomeUnknown,
  ProviderUnavailable,
  RateLimited,
  SmsError,
  type SmsErrorReason
} from "../../src/SmsError.ts"
import { message, textContent } from "../rooms/kit.ts"
import { ann, event, room } from "./RoomStoreSuite.ts"

type Stores = RoomStore | DeliveryStore | IntentStore

const minute = 60_000
const step = minute

/** The layer gives empty stores each time. */
export const suite = (name: string, layer: Layer.Layer<Stores, unknown>, skip = false) => {
  const test = (title: string, body: Effect.Effect<void, unknown, Stores>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(body, layer, { local: true })))

  describe.skipIf(skip)(`counting (${name})`, () => {
    test(
      "counts received messages by minute and provider, and none that was posted",
      Effect.gen(function*() {
        yield* TestClock.setTime(10 * minute + 30_000)
        const rooms = yield* RoomStore
        yield* rooms.create(room("a"))
        const receive = (id: string) => rooms.append(event(id, "a"), { inbound: message(id) })
        yield* receive("1")
        yield* TestClock.adjust("1 minute")
        yield* receive("2")
        yield* receive("3")
        yield* rooms.append(event("4", "a"))
        const { source, ...fields } = event("posted", "a")
        yield* rooms.append(
          new RoomEvent({ ...fields, source: new EventSource({ ...source, direction: "outbound" }) })
        )
        const later = [
          { at: 11 * minute, provider: "twilio", count: 2 },
          { at: 11 * minute, provider: undefined, count: 1 }
        ]
        const sorted = (since: number) =>
          Effect.map(
            rooms.tally({ since, step }),
            (all) => [...all].sort((one, other) => one.at - other.at || other.count - one.count)
          )
        assert.deepStrictEqual(yield* sorted(0), [{ at: 10 * minute, provider: "twilio", count: 1 }, ...later])
        assert.deepStrictEqual(yield* sorted(11 * minute), later)
        assert.deepStrictEqual(yield* sorted(12 * minute), [])
      })
    )

    test(
      "counts sends by state, and knows what waits and since when",
      Effect.gen(function*() {
        yield* TestClock.setTime(10 * minute)
        const intents = yield* IntentStore
        const empty = { queued: 0, sending: 0, unknown: 0, waitingSince: undefined }
        assert.deepStrictEqual(yield* intents.backlog, empty)
        const content = textContent("hi")
        const reserve = (id: string, readyAt?: number) =>
          intents.reserve({
            id,
            hash: "h",
            message: new OutboundMessage({ to: ann, content }),
            ...(readyAt !== undefined && { readyAt: DateTime.makeUnsafe(readyAt) })
          })
        for (const id of ["accepted", "refused", "unknown", "resolved", "sending"]) yield* reserve(id)
        const receipt = new SendReceipt({
          provider: "twilio",
          messageIds: ["1"],
          recipient: ann,
          status: "queued",
          carrierStatus: "queued"
        })
        yield* intents.settle("accepted", { state: "accepted", receipt })
        const refusal = new SmsError({ provider: "telnyx", reason: new OptedOut({}) })
        yield* intents.settle("refused", { state: "refused", error: refusal })
        const error = new SmsError({ provider: "telnyx", reason: new OutcomeUnknown({ because: "Timeout" }) })
        for (const id of ["unknown", "resolved"]) yield* intents.settle(id, { state: "unknown", error })
        yield* intents.settle("resolved", { state: "unknown", error, resolvedBy: "operator: given up" })
        yield* TestClock.adjust("1 minute")
        yield* reserve("later", 30 * minute)
        assert.deepStrictEqual(yield* intents.backlog, { ...empty, queued: 1, sending: 1, unknown: 1 })
        yield* reserve("ready", 10.5 * minute)
        yield* reserve("readier", 10.25 * minute)
        assert.deepStrictEqual(yield* intents.backlog, {
          queued: 3,
          sending: 1,
          unknown: 1,
          waitingSince: 10.25 * minute
        })
        const byState = Effect.map(
          intents.tally({ since: 10 * minute, step }),
          (all) => all.map(({ at, count, provider, state }) => [at / minute, state, provider, count].join(" ")).sort()
        )
        assert.deepStrictEqual(yield* byState, [
          "10 accepted twilio 1",
          "10 refused telnyx 1",
          "10 sending  1",
          "10 unknown telnyx 2",
          "11 queued  3"
        ])
        assert.lengthOf(yield* intents.tally({ since: 11 * minute, step }), 1)
      })
    )

    test(
      "tells sends that the carrier refused from those that this server did",
      Effect.gen(function*() {
        yield* TestClock.setTime(10 * minute)
        const intents = yield* IntentStore
        const entry = { id: "1", source: "keyword", saidAt: DateTime.makeUnsafe(0) }
        const refusals: ReadonlyArray<readonly [Refuser, SmsErrorReason | undefined]> = [
          ["carrier", new OptedOut({})],
          ["carrier", new OptedOut({ code: "21610", status: 400 })],
          ["carrier", new ProviderUnavailable({})],
          ["carrier", new Authentication({})],
          ["carrier", new RateLimited({ status: 429 })],
          ["carrier", new InvalidRecipient({ code: "21211" })],
          ["server", new OptedOut({ entry })],
          ["server", new GuardRefused({ guard: "quietHours", rule: "night" })],
          ["server", new RateLimited({})],
          ["server", new InvalidRecipient({})],
          ["server", new NotSupported({ field: "sendAt", expected: "none" })],
          // A hook.
          ["server", undefined]
        ]
        for (const [index, [refuser, reason]] of refusals.entries()) {
          const id = `${index}`
          const message = new OutboundMessage({ to: ann, content: textContent("hi") })
          // Each is alone in its minute.
          yield* TestClock.setTime((10 + index) * minute)
          yield* intents.reserve({ id, hash: "h", message, provider: "telnyx" })
          yield* intents.settle(id, {
            state: "refused",
            ...(reason === undefined ? { refusal: "Hook" } : { error: new SmsError({ provider: "telnyx", reason }) })
          })
          assert.deepStrictEqual(
            yield* intents.tally({ since: (10 + index) * minute, step }),
            [{ at: (10 + index) * minute, provider: "telnyx", count: 1, state: "refused", refuser }],
            reason?._tag
          )
        }
        const all = yield* intents.tally({ since: 0, step: 60 * minute })
        assert.sameDeepMembers([...all], [
          { at: 0, provider: "telnyx", count: 6, state: "refused", refuser: "carrier" },
          { at: 0, provider: "telnyx", count: 6, state: "refused", refuser: "server" }
        ])
      })
    )

    test(
      "counts deliveries by status, and times those that arrived",
      Effect.gen(function*() {
        yield* TestClock.setTime(10 * minute)
        const deliveries = yield* DeliveryStore
        const put = Effect.fnUntraced(function*(messageId: string, status: Status, provider = "mock") {
          const delivery = new Delivery({
            provider,
            messageId,
            status,
            since: yield* DateTime.now,
            reported: [status],
            history: [],
            dropped: 0
          })
          yield* deliveries.modify(delivery, () => [undefined, delivery])
        })
        for (const id of ["1", "2", "3"]) yield* put(id, "queued")
        yield* put("4", "queued", "other")
        yield* TestClock.adjust("2 seconds")
        yield* put("1", "delivered")
        yield* put("2", "failed")
        yield* TestClock.adjust("3 seconds")
        yield* put("4", "read", "other")
        const { statuses, took } = yield* deliveries.tally({ since: 10 * minute })
        assert.sameDeepMembers(statuses as Array<unknown>, [
          { provider: "mock", status: "delivered", count: 1 },
          { provider: "mock", status: "failed", count: 1 },
          { provider: "mock", status: "queued", count: 1 },
          { provider: "other", status: "read", count: 1 }
        ])
        assert.sameDeepMembers(took as Array<unknown>, [
          { provider: "mock", at: 10 * minute, millis: 2000 },
          { provider: "other", at: 10 * minute, millis: 5000 }
        ])
        assert.deepStrictEqual(yield* deliveries.tally({ since: 11 * minute }), { statuses: [], took: [] })
      })
    )
  })
}
