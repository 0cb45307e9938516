import { assert, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, type Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Outcomes from "./outcomes.ts"

const keys = ["a", "b", "c"]
const timeToLive = 1000

const key = fc.constantFrom(...keys)
const nth = fc.nat({ max: 7 })

/** What can happen next. `of` picks among the runs that are under way, or the callers. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("call"), key, immediately: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("succeed", "fail", "die"), of: nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("interrupt"), of: nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("yield"), times: fc.nat({ max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("pass time"), millis: fc.constantFrom(1, 400, 999, 1000) }) }
)
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never

interface Run {
  readonly id: string
  readonly key: string
  readonly startedAt: number
  readonly gate: Deferred.Deferred<string, string>
  state: "running" | "succeeded" | "failed"
}

const settle = Effect.repeat(Effect.yieldNow, { times: 20 })

const play = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>, capacity: number) {
  const once = yield* Outcomes.make<string>({ capacity, timeToLive })
  const runs: Array<Run> = []
  const callers: Array<
    { readonly key: string; readonly fiber: Fiber.Fiber<Outcomes.Outcome<string, string>, string> }
  > = []
  const running = () => runs.filter(({ state }) => state === "running")

  // The rule: while a key is remembered, nothing runs beside a run of it that
  // goes on, nor after one that succeeded.
  const checkAlone = (key: string, now: number) => {
    for (const earlier of runs) {
      if (earlier.key !== key || earlier.state === "failed" || now >= earlier.startedAt + timeToLive) continue
      assert.fail(`${key} runs again at ${now}, and it ${earlier.state} since ${earlier.startedAt}`)
    }
  }

  const work = (key: string) =>
    Effect.gen(function*() {
      const startedAt = yield* Clock.currentTimeMillis
      // Of fewer, only half is remembered for sure.
      if (capacity >= 2 * keys.length) checkAlone(key, startedAt)
      const gate = Deferred.makeUnsafe<string, string>()
      const run: Run = { id: `${key}${runs.length}`, key, startedAt, gate, state: "running" }
      runs.push(run)
      return yield* Effect.onExit(Deferred.await(gate), (exit) =>
        Effect.sync(() => {
          run.state = Exit.isSuccess(exit) ? "succeeded" : "failed"
        }))
    })

  const end = (how: string, run: Run) =>
    how === "succeed"
      ? Deferred.succeed(run.gate, run.id)
      : how === "fail"
      ? Deferred.fail(run.gate, "broken")
      : Deferred.die(run.gate, "broken")

  const take = (step: Step): Effect.Effect<unknown> => {
    if ("key" in step) {
      return Effect.map(
        Effect.forkDetach(once.run(step.key, work(step.key), (value) => value), { startImmediately: step.immediately }),
        (fiber) => callers.push({ key: step.key, fiber })
      )
    }
    if ("times" in step) return Effect.repeat(Effect.yieldNow, { times: step.times })
    if ("millis" in step) return TestClock.adjust(step.millis)
    if (step.do === "interrupt") {
      const caller = callers[step.of % callers.length]
      return caller === undefined ? Effect.void : Effect.sync(() => caller.fiber.interruptUnsafe())
    }
    const run = running()[step.of % running().length]
    return run === undefined ? Effect.void : end(step.do, run)
  }

  for (const step of steps) yield* take(step)
  yield* settle

  // Whoever waits, waits for a run of its key.
  for (const { fiber, key } of callers) {
    if (fiber.pollUnsafe() === undefined) assert.include(running().map((run) => run.key), key)
  }

  for (let round = 0; round <= callers.length && running().length > 0; round++) {
    for (const run of running()) yield* end("succeed", run)
    yield* settle
  }
  const succeeded = new Map(runs.filter(({ state }) => state === "succeeded").map((run) => [run.id, run]))
  const firsts: Array<string> = []
  for (const { fiber, key } of callers) {
    const exit = fiber.pollUnsafe()
    if (exit === undefined) return assert.fail(`a call of ${key} waits for ever`)
    if (Exit.isFailure(exit)) continue
    const outcome = exit.value
    const id = outcome._tag === "First" ? outcome.value : outcome.summary
    assert.strictEqual(succeeded.get(id)?.key, key)
    if (outcome._tag === "First") firsts.push(id)
  }
  assert.strictEqual(new Set(firsts).size, firsts.length)
})

const holds = (capacity: number) =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        (steps) => Effect.runPromise(Effect.provide(play(steps, capacity), TestClock.layer()))
      ),
      { numRuns: 500 }
    )
  )

it.effect("once runs a key alone and one time, and leaves nobody waiting, in whatever order things happen", () =>
  holds(2 * keys.length))

it.effect("once leaves nobody waiting when there is no room for the keys", () => holds(1))
