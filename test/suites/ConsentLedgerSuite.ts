/** What every consent ledger does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { ConsentLedger, type NewEntry } from "../../src/consent/ConsentLedger.ts"
import { EventLog } from "../../src/events/EventLog.ts"

const ann = Address.make("+15145550142")
const bob = Address.make("+15145550143")
const [first, second] = [Address.make("+15145550100"), Address.make("+15145550101")]

const at = (millis: number) => DateTime.makeUnsafe(millis)

const word = (action: "stop" | "start", fields: Partial<NewEntry> = {}): NewEntry => ({
  person: ann,
  action,
  source: "keyword",
  sender: first,
  provider: "mock",
  ...fields
})

/** The layer gives an empty ledger each time, with the event log that it appends to. */
export const suite = (name: string, layer: Layer.Layer<ConsentLedger | EventLog, unknown>, skip = false) => {
  const test = (title: string, body: (ledger: ConsentLedger["Service"]) => Effect.Effect<void, unknown, EventLog>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(Effect.flatMap(ConsentLedger, body), layer, { local: true })))

  describe.skipIf(skip)(`ConsentLedger (${name})`, () => {
    test("keeps what was said, by whom and when", (ledger) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(10_000)
        const [one, two] = yield* ledger.append([
          word("stop", { words: "Stop!", saidAt: at(4000) }),
          { person: bob, action: "answer", source: "server", answers: "x", intentId: "i" }
        ])
        assert.deepInclude({ ...one!.entry }, {
          person: ann,
          action: "stop",
          source: "keyword",
          sender: first,
          provider: "mock",
          words: "Stop!",
          saidAt: at(4000),
          recordedAt: at(10_000)
        })
        assert.deepStrictEqual([one!.isNew, two!.isNew], [true, true])
        assert.isBelow(one!.entry.position, two!.entry.position)
        assert.deepStrictEqual(two!.entry.saidAt, at(10_000))
        assert.deepStrictEqual(yield* ledger.of(ann, { limit: 5 }), [one!.entry])
        assert.deepStrictEqual(yield* ledger.of(bob, { limit: 5 }), [two!.entry])
        assert.deepStrictEqual(yield* ledger.list({ after: 0, limit: 5 }), [one!.entry, two!.entry])
        assert.deepStrictEqual(yield* ledger.list({ after: one!.entry.position, limit: 5 }), [two!.entry])
      }))

    test("appends once for a key, also within one call", (ledger) =>
      Effect.gen(function*() {
        const [one, same] = yield* ledger.append([word("stop", { key: "k" }), word("start", { key: "k" })])
        assert.deepStrictEqual([one!.isNew, same!.isNew], [true, false])
        assert.deepStrictEqual(same!.entry, one!.entry)
        const [again, other] = yield* ledger.append([word("stop", { key: "k" }), word("start", { key: "l" })])
        assert.deepStrictEqual([again!.isNew, other!.isNew], [false, true])
        assert.deepStrictEqual(again!.entry, one!.entry)
        assert.lengthOf(yield* ledger.list({ after: 0, limit: 5 }), 2)
      }))

    test("appends once for a key under concurrent calls", (ledger) =>
      Effect.gen(function*() {
        const appended = yield* Effect.forEach(
          Array.from({ length: 8 }),
          () => ledger.append([word("stop", { key: "k" })]),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(appended.flat().filter(({ isNew }) => isNew), 1)
        assert.lengthOf(new Set(appended.flat().map(({ entry }) => entry.id)), 1)
      }))

    test("finds the last word by the time when it was said, for each sender", (ledger) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(10_000)
        yield* ledger.append([
          word("start", { saidAt: at(5000) }),
          // Arrives late.
          word("stop", { saidAt: at(3000) }),
          word("stop", { sender: second, saidAt: at(1000) }),
          word("stop", { sender: undefined, provider: undefined, saidAt: at(2000) }),
          word("start", { person: bob }),
          { person: ann, action: "help", source: "keyword", sender: first, saidAt: at(9000) }
        ])
        const words = (yield* ledger.lastWords(ann)).map(({ action, sender }) => [action, sender])
        assert.sameDeepMembers(words, [["start", first], ["stop", second], ["stop", undefined]])
        assert.deepStrictEqual(yield* ledger.lastWords(second), [])
      }))

    test("takes a stop for later than a start of the same time, and what is said in the future for present", (ledger) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(10_000)
        yield* ledger.append([word("stop", { saidAt: at(5000) }), word("start", { saidAt: at(5000) })])
        assert.deepStrictEqual((yield* ledger.lastWords(ann)).map(({ action }) => action), ["stop"])
        yield* ledger.append([word("start", { saidAt: at(99_000) })])
        assert.deepStrictEqual((yield* ledger.lastWords(ann))[0]!.saidAt, at(10_000))
        yield* TestClock.setTime(20_000)
        yield* ledger.append([word("stop")])
        assert.deepStrictEqual((yield* ledger.lastWords(ann)).map(({ action }) => action), ["stop"])
      }))

    test("knows a person and a sender by any form of their numbers", (ledger) =>
      Effect.gen(function*() {
        yield* ledger.append([
          word("stop", { person: Address.make("whatsapp:+5215512345678"), saidAt: at(0) }),
          word("start", { person: Address.make("525512345678"), sender: Address.make("15145550100") })
        ])
        yield* TestClock.adjust("1 second")
        const [last, ...others] = yield* ledger.lastWords(Address.make("+525512345678"))
        assert.deepStrictEqual([last?.action, others], ["stop", []])
        yield* ledger.append([word("start", { person: Address.make("+525512345678") })])
        const [later] = yield* ledger.lastWords(Address.make("whatsapp:+525512345678"))
        assert.strictEqual(later?.action, "start")
        assert.lengthOf(yield* ledger.of(Address.make("+5215512345678"), { limit: 5 }), 3)
      }))

    test("tells the event log of each change once, and of nothing else", (ledger) =>
      Effect.gen(function*() {
        const log = yield* EventLog
        const changes = Effect.map(log.read({ after: 0, limit: 100 }), ({ entries }) =>
          entries.flatMap(({ address, event }) =>
            event._tag === "ConsentChanged" ? [{ ...event, address }] : []
          ))
        yield* TestClock.setTime(10_000)
        const [stop] = yield* ledger.append([word("stop", { words: "Stop", saidAt: at(4000), key: "k" })])
        const expected = {
          person: ann,
          address: ann,
          entryId: stop!.entry.id,
          action: "stop",
          source: "keyword",
          sender: first,
          provider: "mock",
          words: "Stop",
          saidAt: at(4000)
        } as const
        assert.deepInclude((yield* changes)[0]!, expected)
        // Repeated, older, and no words at all.
        yield* ledger.append([
          word("stop", { key: "k" }),
          word("stop"),
          word("start", { saidAt: at(3000) }),
          { person: ann, action: "help", source: "keyword" },
          { person: ann, action: "suggestion", source: "free text" }
        ])
        assert.lengthOf(yield* changes, 1)
        yield* TestClock.setTime(20_000)
        yield* ledger.append([word("start"), word("stop", { sender: second }), word("start", { person: bob })])
        const later = (yield* changes).slice(1).map(({ action, address, sender }) => [action, address, sender])
        assert.deepStrictEqual(later, [["start", ann, first], ["stop", ann, second], ["start", bob, first]])
        yield* TestClock.setTime(30_000)
        yield* Effect.forEach(Array.from({ length: 8 }), () => ledger.append([word("stop")]), {
          concurrency: "unbounded"
        })
        assert.lengthOf(yield* changes, 5)
      }))

    test("limits the words that it keeps, and leaves numbers out", (ledger) =>
      Effect.gen(function*() {
        const entries = yield* ledger.append([
          word("stop", { words: "😀".repeat(200) }),
          word("stop", { words: "stop, call (514) 555-0199 or 12345" })
        ])
        const words = entries.map(({ entry }) => entry.words)
        assert.deepStrictEqual(words, ["😀".repeat(80), "stop, call (… or 12345"])
      }))
  })
}
