/** What every inbox does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { InboundMessage } from "../../src/Message.ts"
import type { Claim, Filter } from "../../src/queue/Queue.ts"
import { Unrecognized } from "../../src/WebhookEvent.ts"
import { textContent } from "../rooms/kit.ts"

export const message = (key: string | undefined, sender = "+15145550142") =>
  new InboundMessage({
    provider: "mock",
    channelId: "sms-mock",
    ...(key !== undefined && { idempotencyKey: key }),
    sender: Address.make(sender),
    recipient: Address.make("+15145550100"),
    content: textContent(`hello ${key}`),
    metadata: {},
    raw: { key: key ?? "" }
  })

const other = "+15145550143"

/** The layer gives an empty inbox each time. */
export const suite = (name: string, layer: Layer.Layer<Inbox, unknown>, skip = false) => {
  const test = (title: string, body: (inbox: Inbox["Service"]) => Effect.Effect<void, unknown>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(Effect.flatMap(Inbox, body), layer, { local: true })))

  /** Takes all that can be claimed now, lane by lane, and completes it. */
  const drain = Effect.fnUntraced(function*(inbox: Inbox["Service"]) {
    const keys: Array<unknown> = []
    for (const claim of yield* inbox.claim({ limit: 100 })) {
      for (let entry = yield* inbox.head(claim); entry !== undefined; entry = yield* inbox.head(claim)) {
        keys.push(entry.event._tag === "InboundMessage" ? entry.event.idempotencyKey : entry.event._tag)
        assert.notStrictEqual((yield* inbox.complete(claim, entry))._tag, "Outdated")
      }
      yield* inbox.release(claim)
    }
    return keys
  })

  const first = Effect.fnUntraced(function*(inbox: Inbox["Service"]) {
    const [claim] = yield* inbox.claim({ limit: 1 })
    const entry = yield* inbox.head(claim as Claim)
    return [claim as Claim, entry!] as const
  })

  describe.skipIf(skip)(`Inbox (${name})`, () => {
    test("accepts a message once for its key, and tells a repetition its id", (inbox) =>
      Effect.gen(function*() {
        const [one] = yield* inbox.accept([message("1")])
        const again = yield* inbox.accept([message("1"), message("2")])
        assert.deepStrictEqual(again.map(({ _tag }) => _tag), ["Repeated", "Accepted"])
        assert.strictEqual(again[0]!.id, one!.id)
        // Nothing to tell a repetition by.
        const unkeyed = yield* inbox.accept([message(undefined), message(undefined)])
        assert.deepStrictEqual(unkeyed.map(({ _tag }) => _tag), ["Accepted", "Accepted"])
        assert.deepStrictEqual(yield* drain(inbox), ["1", "2", undefined, undefined])
        assert.strictEqual((yield* inbox.accept([message("2")]))[0]!._tag, "Repeated")
        assert.deepStrictEqual(yield* drain(inbox), [])
      }))

    test("keeps an event as it came", (inbox) =>
      Effect.gen(function*() {
        const events = [message("1"), new Unrecognized({ provider: "mock", eventType: "x", raw: { a: [1, "é"] } })]
        yield* inbox.accept(events)
        const entries = yield* inbox.list({ state: "pending", limit: 10 })
        assert.deepStrictEqual(entries.map(({ event }) => event).reverse(), events)
      }))

    test("hands out the events of a lane in their order, and lanes apart from each other", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("a1"), message("b1", other), message("a2")])
        yield* inbox.accept([message("b2", other), message("a3")])
        const claims = yield* inbox.claim({ limit: 10 })
        assert.lengthOf(claims, 2)
        assert.deepStrictEqual(yield* inbox.claim({ limit: 10 }), [])
        for (const claim of claims) yield* inbox.release(claim)
        const keys = yield* drain(inbox)
        assert.deepStrictEqual(keys.filter((key) => String(key).startsWith("a")), ["a1", "a2", "a3"])
        assert.deepStrictEqual(keys.filter((key) => String(key).startsWith("b")), ["b1", "b2"])
      }))

    test("hands out the next event of a lane when one is completed, and releases the lane with the last", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("1"), message("2")])
        const [claim, entry] = yield* first(inbox)
        const next = yield* inbox.complete(claim, entry)
        if (next._tag !== "Next") return assert.fail(next._tag)
        assert.deepStrictEqual(next.entry, yield* inbox.head(claim))
        assert.deepStrictEqual(yield* inbox.complete(claim, next.entry), { _tag: "Released" })
        // Nobody has it any more, and what comes next can be claimed.
        yield* inbox.accept([message("3")])
        assert.deepStrictEqual(yield* drain(inbox), ["3"])
      }))

    test("makes the changes that come with a completion, unless the claim is outdated", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("1")])
        const made: Array<string> = []
        const change = (name: string) => Effect.sync(() => void made.push(name))
        const [old, entry] = yield* first(inbox)
        yield* inbox.release(old)
        const [claim] = yield* first(inbox)
        yield* inbox.complete(claim, entry, [change("current")])
        assert.deepStrictEqual(made, ["current"])
      }))

    test("holds a lane until its retry, and no other", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("a1"), message("a2")])
        const [claim, entry] = yield* first(inbox)
        yield* inbox.retry(claim, entry, { delay: Duration.seconds(5), error: "Broken" })
        yield* inbox.accept([message("b1", other)])
        assert.deepStrictEqual(yield* drain(inbox), ["b1"])
        yield* TestClock.adjust("5 seconds")
        const [, again] = yield* first(inbox)
        assert.deepStrictEqual([again.id, again.failures, again.lastError], [entry.id, 1, "Broken"])
      }))

    test("finds dead letters by kind, provider, number in any form, and time, in pages", (inbox) =>
      Effect.gen(function*() {
        const report = new DeliveryStatus({
          provider: "mo_k",
          messageId: "1",
          status: "sent",
          carrierStatus: "sent",
          recipient: Address.make(other.slice(1)),
          idempotencyKey: "1",
          // What a carrier writes is not the provider.
          raw: { "{\"_tag\":\"DeliveryStatus\",\"provider\":\"mock\"": "\"provider\":\"mock\"" }
        })
        yield* inbox.accept([message("1"), message("2", other), report])
        yield* TestClock.adjust("1 second")
        yield* inbox.accept([message("3", "+15145550144")])
        yield* inbox.accept([message("pending")])
        for (const claim of yield* inbox.claim({ limit: 10 })) {
          yield* inbox.bury(claim, (yield* inbox.head(claim))!, "Poison")
          yield* inbox.release(claim)
        }
        const find = (filter: Filter, before?: number, limit = 10) =>
          Effect.map(
            inbox.list({ state: "dead", limit, before, filter }),
            (found) =>
              found.map(({ event }) =>
                "idempotencyKey" in event && event._tag === "InboundMessage" ? event.idempotencyKey : event._tag
              )
          )
        assert.deepStrictEqual(yield* find({}), ["3", "DeliveryStatus", "2", "1"])
        assert.deepStrictEqual(yield* find({ kind: "DeliveryStatus" }), ["DeliveryStatus"])
        assert.deepStrictEqual(yield* find({ provider: "mock" }), ["3", "2", "1"])
        assert.deepStrictEqual(yield* find({ provider: "mo_k" }), ["DeliveryStatus"])
        assert.deepStrictEqual(yield* find({ provider: "mo" }), [])
        for (const number of [other, other.slice(1), `whatsapp:${other}`]) {
          assert.deepStrictEqual(yield* find({ number: Address.make(number) }), ["DeliveryStatus", "2"], number)
        }
        const second = DateTime.makeUnsafe(1000)
        assert.deepStrictEqual(yield* find({ since: second }), ["3"])
        assert.deepStrictEqual(yield* find({ until: second }), ["DeliveryStatus", "2", "1"])
        const [last] = yield* inbox.list({ state: "dead", limit: 1, filter: { provider: "mock" } })
        assert.deepStrictEqual(yield* find({ provider: "mock" }, last!.position, 1), ["2"])
      }))

    test("goes on past a dead letter, lists it, and takes it up again when asked to", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("1"), message("2")])
        const [claim, entry] = yield* first(inbox)
        assert.isTrue(yield* inbox.bury(claim, entry, "Poison"))
        yield* inbox.release(claim)
        assert.deepStrictEqual(yield* drain(inbox), ["2"])
        const [dead] = yield* inbox.list({ state: "dead", limit: 10 })
        assert.deepStrictEqual([dead!.id, dead!.lastError], [entry.id, "Poison"])
        assert.deepStrictEqual(yield* Effect.map(inbox.backlog(), ({ dead, pending }) => [dead, pending]), [1, 0])
        assert.isTrue(yield* inbox.replay(entry.id))
        assert.isFalse(yield* inbox.replay("none"))
        assert.deepStrictEqual(yield* drain(inbox), ["1"])
        // A manual replay runs although its key is known.
        assert.isTrue(yield* inbox.replay(entry.id))
        assert.deepStrictEqual(yield* drain(inbox), ["1"])
      }))

    test("leaves a lane for later, without an attempt", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("1")])
        const [claim] = yield* first(inbox)
        yield* inbox.release(claim, Duration.minutes(1))
        // The second release of the same claim changes nothing.
        yield* inbox.release(claim)
        assert.deepStrictEqual(yield* inbox.claim({ limit: 1 }), [])
        assert.strictEqual(yield* inbox.nextAt, 60_000)
        yield* TestClock.adjust("1 minute")
        const [, again] = yield* first(inbox)
        assert.strictEqual(again.failures, 0)
      }))

    test("does not take what an outdated claim says", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("1")])
        const [old, entry] = yield* first(inbox)
        yield* inbox.release(old)
        const [claim] = yield* first(inbox)
        assert.strictEqual((yield* inbox.complete(old, entry))._tag, "Outdated")
        assert.isUndefined(yield* inbox.head(old))
        yield* inbox.retry(old, entry, { delay: Duration.seconds(5), error: "Late" })
        yield* inbox.release(old)
        assert.deepStrictEqual(yield* inbox.claim({ limit: 1 }), [])
        assert.notStrictEqual((yield* inbox.complete(claim, entry))._tag, "Outdated")
        assert.strictEqual((yield* inbox.complete(claim, entry))._tag, "Outdated")
      }))

    test("leaves what it has claimed, except for what is still worked on", (inbox) =>
      Effect.gen(function*() {
        yield* inbox.accept([message("a1"), message("b1", other)])
        const [one, two] = yield* inbox.claim({ limit: 10 })
        yield* inbox.releaseOthers([one!])
        assert.isUndefined(yield* inbox.head(two!))
        const again = yield* inbox.claim({ limit: 10 })
        assert.deepStrictEqual(again.map(({ lane }) => lane), [two!.lane])
        // An outdated claim keeps nothing.
        yield* inbox.releaseOthers([two!])
        assert.lengthOf(yield* inbox.claim({ limit: 10 }), 2)
      }))

    test("says when there is something to be done", (inbox) =>
      Effect.gen(function*() {
        assert.strictEqual(yield* inbox.nextAt, Infinity)
        yield* TestClock.adjust("1 minute")
        yield* inbox.accept([message("1")])
        assert.isAtMost(yield* inbox.nextAt, 60_000)
        const [claim, entry] = yield* first(inbox)
        assert.strictEqual(yield* inbox.nextAt, Infinity)
        yield* inbox.retry(claim, entry, { delay: Duration.seconds(5), error: "x" })
        assert.strictEqual(yield* inbox.nextAt, 65_000)
      }))

    test("holds nothing up for long when the clock is set back", (inbox) =>
      Effect.gen(function*() {
        yield* TestClock.adjust("2 hours")
        yield* inbox.accept([message("1")])
        const [claim, entry] = yield* first(inbox)
        yield* inbox.retry(claim, entry, { delay: Duration.seconds(5), error: "Broken" })
        yield* TestClock.setTime(3_600_000)
        assert.deepStrictEqual(yield* drain(inbox), ["1"])
      }))
  })
}
