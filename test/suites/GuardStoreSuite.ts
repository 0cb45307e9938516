/** What every store of guards does: it changes several counters in one step, for all servers. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Stream } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { AlarmRaised } from "../../src/events/Event.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import * as Counters from "../../src/guards/internal/counters.ts"

const Numbers = Schema.Struct({ count: Schema.Finite })

const key = Schema.Literals(["a", "b", "c"])

const Step = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("Pause"), millis: Schema.Literals([1, 99, 1000, 60_000]) }),
  Schema.Struct({
    _tag: Schema.tag("Modify"),
    keys: Schema.Array(key).check(Schema.isMaxLength(3)),
    changed: Schema.Array(key).check(Schema.isMaxLength(3)),
    add: Schema.Literals([1, 7]),
    lasts: Schema.Literals([1, 500, 100_000])
  })
])

const steps = Arbitrary.schema(Schema.Array(Step).check(Schema.isMaxLength(25)))

/** Sends that take from limits, some of which are refused by the carrier or repeated. */
const sends = Arbitrary.schema(
  Schema.Array(Schema.Union([
    Schema.Struct({ _tag: Schema.tag("Pause"), millis: Schema.Literals([1000, 30_000, 60_000]) }),
    Schema.Struct({
      _tag: Schema.tag("Send"),
      id: Schema.Literals(["1", "2", "3", "4", "5", "6"]),
      amount: Schema.Literals([1, 2]),
      isRefused: Schema.Boolean
    })
  ])).check(Schema.isMaxLength(30))
)

const window = 60_000

const demand = (fields: Pick<Counters.Demand, "key" | "kind" | "limit" | "amount">): Counters.Demand => ({
  guard: "budget",
  rule: "a limit",
  window,
  isHeld: true,
  isForced: false,
  ...fields
})

/** The layer gives an empty store each time, which reads the clock of the test. */
export const suite = (
  name: string,
  layer: Layer.Layer<GuardStore.GuardStore | EventLog.EventLog, unknown>,
  { runs = 50, skip = false }: { readonly runs?: number; readonly skip?: boolean } = {}
) => {
  const fresh = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Layer.fresh(layer), { local: true })

  describe.skipIf(skip)(`counters of guards (${name})`, () => {
    it.effect.prop(
      "change as those in memory do",
      [steps],
      ([all]) =>
        fresh(Effect.gen(function*() {
          const modify = (yield* GuardStore.GuardStore).modify("test", Numbers)
          const expected = (yield* GuardStore.makeMemory()).modify("test", Numbers)
          for (const step of all) {
            if (step._tag === "Pause") {
              yield* TestClock.adjust(step.millis)
              continue
            }
            const change: GuardStore.Change<typeof Numbers.Type, unknown> = (states, now) => ({
              answer: [[...states].toSorted(), now],
              changes: new Map(step.changed.map((key) => [key, {
                state: { count: (states.get(key)?.count ?? 0) + step.add },
                expiresAt: now + step.lasts
              }]))
            })
            assert.deepStrictEqual(yield* modify(step.keys, change), yield* expected(step.keys, change))
          }
        })),
      { arbitrary: { runs } }
    )

    it.effect("give each part of a limit to one of those who ask at once, also where they ask for several", () =>
      fresh(Effect.gen(function*() {
        const modify = (yield* GuardStore.GuardStore).modify("guard", Counters.Counter)
        const demands = [
          demand({ key: "a", kind: "sliding", limit: 5, amount: 1 }),
          demand({ key: "b", kind: "period", limit: 7, amount: 1 })
        ]
        // In both orders, which must not lock each other out.
        const take = (index: number) => {
          const mine = index % 2 === 0 ? demands : demands.toReversed()
          return modify(Counters.keysOf(mine, String(index)), Counters.take(mine, String(index)))
        }
        const verdicts = yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index), take, {
          concurrency: "unbounded"
        })
        assert.lengthOf(verdicts.filter(({ _tag }) => _tag === "Passed"), 5)
        // What was refused has counted nothing.
        const others = [demand({ key: "b", kind: "period", limit: 7, amount: 2 })]
        assert.strictEqual(
          (yield* modify(Counters.keysOf(others, "x"), Counters.take(others, "x")))._tag,
          "Passed"
        )
        assert.strictEqual(
          (yield* modify(Counters.keysOf(others, "y"), Counters.take(others, "y")))._tag,
          "Refused"
        )
      })))

    it.effect.prop(
      "never allow more than a limit in any window, and count each send once",
      [sends],
      ([all]) =>
        fresh(Effect.gen(function*() {
          const modify = (yield* GuardStore.GuardStore).modify("guard", Counters.Counter)
          let now = 0
          /** The sends that went out, by id: when they were counted last, and how much. */
          const passed: Array<{ readonly id: string; readonly at: number; readonly amount: number }> = []
          const used = (since: number) =>
            passed.filter(({ at }) => at >= since).reduce((sum, { amount }) => sum + amount, 0)
          for (const step of all) {
            if (step._tag === "Pause") {
              now += step.millis
              yield* TestClock.adjust(step.millis)
              continue
            }
            const { amount, id, isRefused } = step
            const demands = [
              demand({ key: "sliding", kind: "sliding", limit: 4, amount }),
              demand({ key: "period", kind: "period", limit: 5, amount })
            ]
            const keys = Counters.keysOf(demands, id)
            const { _tag } = yield* modify(keys, Counters.take(demands, id))
            const begin = Math.floor(now / window) * window
            const isIn = (since: number) => passed.some((send) => send.id === id && send.at >= since)
            const fits = (isIn(now - window + 1) || used(now - window + 1) + amount <= 4) &&
              (isIn(begin) || used(begin) + amount <= 5)
            assert.strictEqual(_tag, fits ? "Passed" : "Refused")
            if (_tag === "Refused" || isIn(Math.min(begin, now - window + 1))) continue
            if (isRefused) yield* modify(keys, Counters.giveBack(demands, id))
            else passed.push({ id, at: now, amount })
          }
        })),
      { arbitrary: { runs } }
    )

    it.effect("append the events of a step to the log", () =>
      fresh(Effect.gen(function*() {
        const { modify } = yield* GuardStore.GuardStore
        const log = yield* EventLog.EventLog
        const after = yield* log.head
        const alarm = new AlarmRaised({
          guard: "budget",
          level: "near",
          rule: "10 segments per day to CA",
          country: "CA",
          until: DateTime.makeUnsafe(86_400_000)
        })
        yield* modify("test", Numbers)(["a"], () => ({ answer: undefined, events: [alarm] }))
        const entries = yield* Stream.runCollect(Stream.take(EventLog.follow(log, { after }), 1))
        assert.deepStrictEqual(entries.map(({ event }) => ({ ...event })), [{ ...alarm }])
      })).pipe(Effect.scoped))
  })
}
