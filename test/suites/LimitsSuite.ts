/** What every store of rate limits and circuits does: what the store of Effect in memory does, for all servers. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Layer, Result, Scope } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { settable } from "../clock.ts"
import { arrivals, assertNeverAbove, limits, timesOf } from "../sending/limited.ts"

type Stores = RateLimiter.RateLimiterStore | CircuitBreaker.CircuitBreakerStore

const memory = Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory())

const key = Schema.Literals(["a", "b"])
const tokens = Schema.Literals([0.5, 1, 2, 7])
const pause = Schema.Struct({ _tag: Schema.tag("Pause"), millis: Schema.Literals([1, 99, 333, 1000, 5000]) })

const Use = Schema.Union([
  pause,
  Schema.Struct({ _tag: Schema.tag("Window"), key, tokens, isLimited: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.tag("Bucket"), key, tokens, overflows: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.tag("Adaptive"), key, tokens }),
  Schema.Struct({
    _tag: Schema.tag("Feedback"),
    key,
    tokens,
    epoch: Schema.Literals([0, 1, 2]),
    status: Schema.Literals([200, 429]),
    retryAfter: Schema.Literals([0, 100, 3000])
  })
])

const uses = Arbitrary.schema(Schema.Array(Use).check(Schema.isMaxLength(40)))

const calls = Arbitrary.schema(
  Schema.Array(Schema.Union([
    pause,
    Schema.Struct({ _tag: Schema.tag("Admit"), key }),
    Schema.Struct({
      _tag: Schema.tag("Record"),
      call: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 })),
      outcome: Schema.Literals(["Success", "Failure", "Failure", "Ignored"]),
      openFor: Schema.Literals([0, 1000, 4000])
    })
  ])).check(Schema.isMaxLength(40))
)

const policies = Arbitrary.schema(Schema.Literals(["consecutive", "rate"]))

const policyOf = (name: "consecutive" | "rate"): CircuitBreaker.TripPolicy =>
  name === "consecutive"
    ? CircuitBreaker.consecutive(2)
    : CircuitBreaker.rate({ threshold: 0.5, size: 4, minimumCalls: 2 })

const use = (store: RateLimiter.RateLimiterStore["Service"], step: typeof Use.Type) => {
  const refillRate = Duration.millis(250)
  switch (step._tag) {
    case "Pause":
      return Effect.void
    case "Window":
      return store.fixedWindow({ ...step, refillRate, limit: step.isLimited ? 4 : undefined })
    case "Bucket":
      return store.tokenBucket({ ...step, refillRate, limit: 4, allowOverflow: step.overflows })
    case "Adaptive":
      return store.adaptiveConsume({ ...step, fallbackLimit: 4, fallbackWindow: Duration.seconds(1) })
    case "Feedback":
      return store.adaptiveFeedback({
        ...step,
        retryAfter: step.retryAfter === 0 ? undefined : Duration.millis(step.retryAfter)
      })
  }
}

/** The layer gives empty stores each time, which read the clock of the test. `runs` is how many examples are tried. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores, unknown>,
  { runs = 50, skip = false }: { readonly runs?: number; readonly skip?: boolean } = {}
) => {
  const fresh = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Layer.fresh(layer), { local: true })
  const model = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, memory, { local: true })

  describe.skipIf(skip)(`limits (${name})`, () => {
    it.effect.prop(
      "take tokens as the store in memory does",
      [uses],
      ([steps]) =>
        fresh(Effect.gen(function*() {
          const store = yield* RateLimiter.RateLimiterStore
          const expected = yield* model(RateLimiter.RateLimiterStore)
          for (const step of steps) {
            if (step._tag === "Pause") yield* TestClock.adjust(step.millis)
            assert.deepStrictEqual(yield* use(store, step), yield* use(expected, step))
          }
        })),
      { arbitrary: { runs } }
    )

    it.effect.prop(
      "open and close circuits as the store in memory does",
      [calls, policies],
      ([steps, policy]) =>
        fresh(Effect.gen(function*() {
          const stores = [
            yield* CircuitBreaker.CircuitBreakerStore,
            yield* model(CircuitBreaker.CircuitBreakerStore)
          ] as const
          /** The calls under way: their key, and what each store admitted them with. */
          const running: Array<readonly [key: string, ...ReadonlyArray<CircuitBreaker.Admission>]> = []
          const both = <A, E>(f: (store: typeof stores[number], index: number) => Effect.Effect<A, E>) =>
            Effect.forEach(stores, (store, index) => Effect.result(f(store, index)))
          const scope = yield* Effect.scope
          for (const step of steps) {
            if (step._tag === "Pause") yield* TestClock.adjust(step.millis)
            else if (step._tag === "Admit") {
              const answers = yield* both(({ admit }) => Scope.provide(admit(step.key), scope))
              const [one, other] = answers.map((answer) =>
                Result.isSuccess(answer) ? { ...answer.success, generation: 0 } : answer.failure.reason
              )
              assert.deepStrictEqual({ ...one }, { ...other })
              running.push([step.key, ...answers.flatMap((answer) => Result.isSuccess(answer) ? [answer.success] : [])])
            } else {
              const [key = "", ...admissions] = running[step.call] ?? []
              if (admissions.length < 2) continue
              const [one, other] = yield* both(({ record }, index) =>
                record({
                  key,
                  generation: admissions[index]!.generation,
                  outcome: step.outcome,
                  tripPolicy: policyOf(policy),
                  openFor: Duration.millis(step.openFor)
                })
              )
              assert.deepStrictEqual(one, other)
            }
            const states = yield* both(({ state }) => state("a"))
            assert.deepStrictEqual(states[0], states[1])
          }
        })).pipe(Effect.scoped),
      { arbitrary: { runs } }
    )

    it.effect("are held up for no longer than before by a clock that is set back", () =>
      fresh(Effect.gen(function*() {
        const breakers = yield* CircuitBreaker.CircuitBreakerStore
        const store = yield* RateLimiter.RateLimiterStore
        const { by, turn } = yield* settable
        const refillRate = Duration.minutes(1)
        const isTaken = Effect.map(
          by(store.tokenBucket({ key: "a", tokens: 1, limit: 1, refillRate, allowOverflow: false })),
          ([remaining]) => remaining >= 0
        )
        const isCounted = Effect.map(
          by(store.fixedWindow({ key: "a", tokens: 1, limit: 1, refillRate })),
          ([count]) => count <= 1
        )
        const options = { key: "a", tokens: 1, fallbackLimit: 1, fallbackWindow: Duration.minutes(1) }
        const isLetThrough = Effect.map(by(store.adaptiveConsume(options)), ({ delay }) => Duration.isZero(delay))
        const isAdmitted = by(Effect.isSuccess(Effect.scoped(breakers.admit("a"))))
        const all = Effect.all([isTaken, isCounted, isLetThrough, isAdmitted])

        const { generation } = yield* by(Effect.scoped(breakers.admit("a")))
        yield* by(breakers.record({
          key: "a",
          generation,
          outcome: "Failure",
          tripPolicy: CircuitBreaker.consecutive(1),
          openFor: Duration.minutes(1)
        }))
        yield* by(store.adaptiveFeedback({ ...options, epoch: 0, status: 429, retryAfter: Duration.minutes(1) }))
        assert.deepStrictEqual(yield* Effect.all([isTaken, isCounted]), [true, true])
        assert.deepStrictEqual(yield* all, [false, false, false, false])
        yield* turn(-3_600_000)
        assert.deepStrictEqual(yield* Effect.all([isTaken, isCounted]), [false, false])
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* all, [true, true, true, true])
      })).pipe(Effect.scoped))

    it.effect("give each token to one of those who ask at once", () =>
      fresh(Effect.gen(function*() {
        const limiter = yield* RateLimiter.make
        const take = limiter.consume({
          key: "a",
          algorithm: "token-bucket",
          limit: 5,
          window: "1 minute",
          onExceeded: "fail"
        })
        const exits = yield* Effect.replicateEffect(Effect.exit(take), 20, { concurrency: "unbounded" })
        assert.lengthOf(exits.filter(Exit.isSuccess), 5)
      })))

    it.effect("let one call probe at a time, and another once the first is lost", () =>
      fresh(Effect.gen(function*() {
        const { admit, record } = yield* CircuitBreaker.CircuitBreakerStore
        const admission = yield* Effect.scoped(admit("a"))
        yield* record({
          key: "a",
          generation: admission.generation,
          outcome: "Failure",
          tripPolicy: CircuitBreaker.consecutive(1),
          openFor: Duration.seconds(1)
        })
        const [open, none] = [yield* Effect.exit(admit("a")), yield* Effect.exit(admit("b"))]
        assert.deepStrictEqual([Exit.isFailure(open), Exit.isSuccess(none)], [true, true])
        yield* TestClock.adjust("1 second")
        const scope = yield* Scope.make()
        const probes = yield* Effect.replicateEffect(Effect.exit(Scope.provide(admit("a"), scope)), 5, {
          concurrency: "unbounded"
        })
        assert.lengthOf(probes.filter(Exit.isSuccess), 1)
        yield* Scope.close(scope, Exit.void)
      })).pipe(Effect.scoped))
  })
}

/** The layer gives empty stores that answer in no time of the test's clock. */
export const windowSuite = (name: string, layer: Layer.Layer<RateLimiter.RateLimiterStore, unknown>, runs = 50) => {
  const Limiter = Layer.provide(RateLimiter.layer, layer)
  describe(`a rate limit that servers share (${name}), for any arrivals`, () => {
    it.effect.prop(
      "is never exceeded in any window, and every message is sent",
      [arrivals, limits],
      ([all, limit]) =>
        Effect.gen(function*() {
          const alone = all.map((arrival) => ({ ...arrival, segments: 1 }))
          const log = yield* timesOf(alone, { limit })
          assertNeverAbove(limit, log)
          assert.lengthOf(log, alone.length)
        }).pipe(Effect.provide(Layer.fresh(Limiter), { local: true })),
      { arbitrary: { runs } }
    )

    it.effect.prop(
      "is never exceeded by messages that do not wait",
      [arrivals, limits],
      ([all, limit]) =>
        Effect.gen(function*() {
          const log = yield* timesOf(all.map((arrival) => ({ ...arrival, segments: 1 })), { limit, maxWait: 0 })
          assertNeverAbove(limit, log)
          if (all.length > 0) assert.isAbove(log.length, 0)
        }).pipe(Effect.provide(Layer.fresh(Limiter), { local: true })),
      { arbitrary: { runs } }
    )
  })
}
