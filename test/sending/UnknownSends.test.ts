import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Deferred, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as DeliveryStore from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { OutboundMessage, SendReceipt } from "../../src/Message.ts"
import type { Lookup, Match } from "../../src/provider/Query.ts"
import type { Service as Provider } from "../../src/provider/SmsProvider.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as IntentStore from "../../src/sending/IntentStore.ts"
import * as IntentStoreMemory from "../../src/sending/IntentStoreMemory.ts"
import * as UnknownSends from "../../src/sending/UnknownSends.ts"
import { OutcomeUnknown, ProviderUnavailable, SmsError } from "../../src/SmsError.ts"
import * as MockSmsProvider from "../../src/testing/MockSmsProvider.ts"
import { observe } from "../observe.ts"
import { textContent } from "../rooms/kit.ts"

const to = Address.make("+15145550142")
const message = (text: string, person = to) => new OutboundMessage({ to: person, content: textContent(text) })
const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })

const match = (messageId: string, by: Match["by"] = "content", part = 1, of = 1): Match => ({ part, of, messageId, by })

type LookUp = NonNullable<Provider["lookUp"]>

/** The stores and the carriers, which outlive every server. */
const makeWorld = Effect.fnUntraced(function*(answers: Record<string, LookUp | undefined>) {
  const asked: Array<readonly [provider: string, lookup: Lookup]> = []
  const layerOf = (name: string, lookUp: LookUp | undefined) =>
    Layer.effect(
      SmsProvider,
      Effect.map(MockSmsProvider.make({ name }), (mock) =>
        SmsProvider.of({
          ...mock,
          ...(lookUp !== undefined && {
            lookUp: (lookup) => {
              asked.push([name, lookup])
              return lookUp(lookup)
            }
          })
        }))
    )
  const store = yield* IntentStoreMemory.make()
  const deliveries = yield* DeliveryStore.makeStoreMemory()
  const context = Context.make(IntentStore.IntentStore, store).pipe(
    Context.add(DeliveryStore.DeliveryStore, deliveries)
  )
  const layer = UnknownSends.layer().pipe(
    Layer.provideMerge(SmsProviders.layer(...Object.entries(answers).map(([name, lookUp]) => layerOf(name, lookUp)))),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provide([Layer.succeedContext(context), NodeCrypto.layer])
  )
  let ids = 0
  return {
    asked,
    store,
    /** Starts a server. Closing its scope ends it. */
    start: Effect.gen(function*() {
      const scope = yield* Scope.fork(yield* Effect.scope)
      const built = yield* Layer.buildWithScope(Layer.fresh(layer), scope)
      return {
        tracker: Context.get(built, DeliveryTracker.DeliveryTracker),
        ask: Context.get(built, UnknownSends.UnknownSends).ask,
        kill: Scope.close(scope, Exit.void)
      }
    }),
    /** A send whose outcome is unknown. */
    unknown: Effect.fnUntraced(function*(text = "hello", told: SmsError = error, person = to) {
      const id = `i${++ids}`
      yield* store.reserve({ id, hash: "h", message: message(text, person) })
      yield* store.settle(id, { state: "unknown", error: told })
      return id
    }),
    stateOf: (id: string) =>
      Effect.map(store.get(id), (intent) => [intent?.state, intent?.resolvedBy, intent?.receipt?.messageIds] as const)
  }
})

const accepted = (first: string, ...rest: ReadonlyArray<string>) => ["accepted", "carrier", [first, ...rest]] as const
const unknown = ["unknown", undefined, undefined] as const
const answer = (...matches: ReadonlyArray<Match>): LookUp => () => Effect.succeed(matches)

const minute = 60_000

describe("a send with an unknown outcome", () => {
  it.effect("is accepted when the carrier has its message, which is tracked from then on", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer(match("7", "reference")) })
      yield* TestClock.setTime(10 * minute)
      const id = yield* world.unknown()
      const { tracker } = yield* world.start
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* world.stateOf(id), accepted("7"))
      assert.strictEqual((yield* tracker.get({ provider: "mock", messageId: "7" }))?.status, "accepted")
      yield* TestClock.adjust("1 day")
      assert.lengthOf(world.asked, 1)
      const [, { intentId, since, until }] = world.asked[0]!
      assert.deepStrictEqual([intentId, DateTime.toEpochMillis(since), DateTime.toEpochMillis(until)], [
        id,
        10 * minute,
        10 * minute
      ])
    }).pipe(Effect.scoped))

  it.effect("is asked for seven times in a day and a half, and is then left to an operator", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer() })
      const id = yield* world.unknown()
      yield* world.start
      const counts: Array<number> = []
      for (const minutes of [0, 1, 5, 30, 120, 480, 1440, 2880]) {
        yield* TestClock.adjust(minutes * minute + 10_000)
        counts.push(world.asked.length)
      }
      assert.deepStrictEqual(counts, [1, 2, 3, 4, 5, 6, 7, 7])
      assert.lengthOf(world.asked, 7)
      assert.deepStrictEqual(yield* world.stateOf(id), unknown)
      const [listed] = yield* world.store.list({ state: "unknown", limit: 9 })
      assert.deepStrictEqual([listed?.id, listed?.asked], [id, 7])
    }).pipe(Effect.scoped))

  it.effect("is asked for at once, however many there are", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer() })
      const ids = yield* Effect.forEach(Array.from({ length: 50 }), (_, index) => world.unknown(`message ${index}`))
      yield* world.start
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(world.asked.map(([, { intentId }]) => intentId).sort(), ids.sort())
    }).pipe(Effect.scoped))

  it.effect("is asked for while a query about a message to somebody else hangs", () =>
    Effect.gen(function*() {
      const other = Address.make("+15145550143")
      const world = yield* makeWorld({
        mock: ({ message }) => message.to === other ? Effect.never : Effect.succeed([match("7")])
      })
      yield* world.unknown("hello", error, other)
      const id = yield* world.unknown()
      yield* world.start
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* world.stateOf(id), accepted("7"))
    }).pipe(Effect.scoped))

  it.effect("is asked for by one of two servers, and by the other once the first was killed", () =>
    Effect.gen(function*() {
      const hang = yield* Deferred.make<void>()
      let isHanging = true
      const world = yield* makeWorld({
        mock: () => isHanging ? Effect.as(Deferred.await(hang), []) : Effect.succeed([match("7", "reference")])
      })
      const id = yield* world.unknown()
      const servers = [yield* world.start, yield* world.start]
      yield* TestClock.adjust("4 minutes")
      assert.lengthOf(world.asked, 1)
      isHanging = false
      for (const { kill } of servers) yield* kill
      yield* world.start
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* world.stateOf(id), unknown)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* world.stateOf(id), accepted("7"))
    }).pipe(Effect.scoped))

  it.effect("is asked for again when the carrier fails, without a number in the log", () =>
    Effect.gen(function*() {
      let isDown = true
      const down = new SmsError({ provider: "mock", reason: new ProviderUnavailable({}) })
      const world = yield* makeWorld({
        mock: () => isDown ? Effect.fail(down) : Effect.succeed([match("7")])
      })
      const id = yield* world.unknown()
      yield* world.start
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* world.stateOf(id), unknown)
      isDown = false
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* world.stateOf(id), accepted("7"))
    }).pipe(Effect.scoped, Effect.provide(observe().layer)))

  it.effect("is asked for every hour when the carrier failed the last time, for as long again", () =>
    Effect.gen(function*() {
      const down = new SmsError({ provider: "mock", reason: new ProviderUnavailable({}) })
      const world = yield* makeWorld({ mock: () => Effect.fail(down) })
      yield* world.unknown()
      yield* world.start
      yield* TestClock.adjust("35 hours")
      assert.lengthOf(world.asked, 7)
      yield* TestClock.adjust("10 hours")
      assert.lengthOf(world.asked, 17)
      yield* TestClock.adjust("7 days")
      // Twice 34 hours and 36 minutes after the send.
      assert.lengthOf(world.asked, 42)
    }).pipe(Effect.scoped))

  it.effect("asks the provider that did not answer, or all when that is not known", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer(), other: answer(), deaf: undefined })
      yield* world.unknown()
      yield* world.unknown("2", new SmsError({ provider: "unknown", reason: error.reason }))
      const deaf = yield* world.unknown("3", new SmsError({ provider: "deaf", reason: error.reason }))
      yield* world.start
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(world.asked.map(([name, { intentId }]) => [name, intentId]), [
        ["mock", "i1"],
        ["mock", "i2"],
        ["other", "i2"]
      ])
      // Nothing can be asked about it, now or later.
      yield* TestClock.adjust("1 day")
      assert.isFalse(world.asked.some(([, { intentId }]) => intentId === deaf))
      assert.isUndefined((yield* world.store.get(deaf))?.asked)
    }).pipe(Effect.scoped))

  it.effect("is asked for when an operator wants to know", () =>
    Effect.gen(function*() {
      let isThere = false
      const world = yield* makeWorld({ mock: () => Effect.succeed(isThere ? [match("7")] : []) })
      const { ask } = yield* world.start
      const id = yield* world.unknown()
      assert.strictEqual((yield* ask(id))?.state, "unknown")
      isThere = true
      assert.strictEqual((yield* ask(id))?.state, "accepted")
      assert.strictEqual((yield* ask(id))?.state, "accepted")
      assert.isUndefined(yield* ask("none"))
      assert.lengthOf(world.asked, 2)
    }).pipe(Effect.scoped))

  it.effect("of several parts is accepted when all of them are found", () =>
    Effect.gen(function*() {
      const parts = [match("1", "reference", 1, 3), match("3", "reference", 3, 3)]
      const world = yield* makeWorld({ mock: () => Effect.succeed(parts) })
      const id = yield* world.unknown()
      yield* world.start
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* world.stateOf(id), unknown)
      assert.lengthOf((yield* world.store.get(id))?.found ?? [], 2)
      parts.push(match("2", "reference", 2, 3))
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* world.stateOf(id), accepted("1", "2", "3"))
    }).pipe(Effect.scoped))
})

describe("a message that matches by its content", () => {
  const ask = Effect.fnUntraced(function*(
    matches: ReadonlyArray<Match>,
    before: (world: Effect.Success<ReturnType<typeof makeWorld>>) => Effect.Effect<unknown, unknown, Scope.Scope> =
      () => Effect.void
  ) {
    const world = yield* makeWorld({ mock: answer(...matches) })
    const id = yield* world.unknown()
    yield* before(world)
    const { ask } = yield* world.start
    yield* ask(id)
    return yield* world.stateOf(id)
  }, Effect.scoped)

  it.effect("is the one if there is no other", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask([match("7")]), accepted("7"))
      assert.deepStrictEqual(yield* ask([match("7", "content", 1, 2), match("8", "content", 2, 2)]), accepted("7", "8"))
    }))

  it.effect("proves nothing beside another one, unless that has our reference", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask([match("7"), match("8")]), unknown)
      assert.deepStrictEqual(yield* ask([match("7", "content", 1, 2), match("7", "content", 2, 2)]), unknown)
      assert.deepStrictEqual(yield* ask([match("7"), match("8", "reference")]), accepted("8"))
    }))

  it.effect("proves nothing when it belongs to another send", () =>
    Effect.gen(function*() {
      const other = (world: Effect.Success<ReturnType<typeof makeWorld>>) =>
        Effect.flatMap(world.start, ({ tracker }) => tracker.sent({ provider: "mock", messageId: "7", recipient: to }))
      assert.deepStrictEqual(yield* ask([match("7")], other), unknown)
      // Of the two that match, the other one is left.
      assert.deepStrictEqual(yield* ask([match("7"), match("8")], other), accepted("8"))
    }))

  it.effect("proves nothing while another send with the same content has an unknown outcome or none yet", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask([match("7")], (world) => world.unknown()), unknown)
      assert.deepStrictEqual(yield* ask([match("7")], (world) => world.unknown("another text")), accepted("7"))
      const sending = (world: Effect.Success<ReturnType<typeof makeWorld>>) =>
        world.store.reserve({ id: "s", hash: "h", message: message("hello") })
      assert.deepStrictEqual(yield* ask([match("7")], sending), unknown)
    }))

  it.effect("proves nothing when the receipt of another send has it, whether or not it is tracked", () =>
    Effect.gen(function*() {
      const other = ({ store }: Effect.Success<ReturnType<typeof makeWorld>>) =>
        Effect.gen(function*() {
          yield* store.reserve({ id: "o", hash: "h", message: message("hello") })
          yield* store.settle("o", {
            state: "accepted",
            receipt: new SendReceipt({
              provider: "mock",
              messageIds: ["7"],
              recipient: to,
              status: "queued",
              carrierStatus: "queued"
            })
          })
        })
      assert.deepStrictEqual(yield* ask([match("7")], other), unknown)
      assert.deepStrictEqual(yield* ask([match("7"), match("8")], other), accepted("8"))
    }))

  it.effect("proves nothing when the carrier got it at another time, and makes the other one doubtful", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* ask([match("7", "similar")]), unknown)
      assert.deepStrictEqual(yield* ask([match("7", "similar"), match("8")]), unknown)
    }))

  it.effect("proves nothing after a resend of a send of the same minutes, but of one that was long before", () =>
    Effect.gen(function*() {
      for (const [wait, outcome] of [["4 minutes", unknown], ["1 hour", accepted("7")]] as const) {
        const world = yield* makeWorld({ mock: answer(match("7")) })
        yield* world.store.decide(yield* world.unknown(), { resolvedBy: "operator: given up" })
        yield* TestClock.adjust(wait)
        const id = yield* world.unknown()
        const { ask } = yield* world.start
        yield* ask(id)
        assert.deepStrictEqual(yield* world.stateOf(id), outcome)
      }
    }).pipe(Effect.scoped))

  it.effect("is listed for the operator while it proves nothing", () =>
    Effect.gen(function*() {
      let matches: ReadonlyArray<Match> | undefined = [match("7"), match("8", "similar")]
      const down = new SmsError({ provider: "mock", reason: new ProviderUnavailable({}) })
      const world = yield* makeWorld({
        mock: () => matches === undefined ? Effect.fail(down) : Effect.succeed(matches)
      })
      const { ask } = yield* world.start
      const id = yield* world.unknown()
      const listed = Effect.map(
        Effect.andThen(ask(id), world.store.get(id)),
        (intent) => intent?.candidates?.map(({ messageId }) => messageId)
      )
      assert.deepStrictEqual(yield* listed, ["7", "8"])
      matches = undefined
      assert.deepStrictEqual(yield* listed, ["7", "8"])
      matches = []
      assert.deepStrictEqual(yield* listed, [])
    }).pipe(Effect.scoped, Effect.provide(observe().layer)))

  it.effect("is asked for in the time of the request", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer() })
      const { ask } = yield* world.start
      const [now, unknownAt] = [5 * minute, 6 * minute]
      yield* world.store.reserve({ id: "live", hash: "h", message: message("hello") })
      yield* world.store.reserve({ id: "killed", hash: "h", message: message("hello") })
      yield* TestClock.setTime(unknownAt)
      const requestedAt = DateTime.makeUnsafe(now)
      yield* world.store.settle("live", { state: "unknown", error, requestedAt })
      yield* world.store.settle("killed", { state: "unknown" })
      for (const id of ["live", "killed"]) yield* ask(id)
      assert.deepStrictEqual(
        world.asked.map(([, { since, until }]) => [DateTime.toEpochMillis(since), DateTime.toEpochMillis(until)]),
        [[now, unknownAt], [0, unknownAt]]
      )
    }).pipe(Effect.scoped))

  it.effect("is given to one send only", () =>
    Effect.gen(function*() {
      const world = yield* makeWorld({ mock: answer(match("7")) })
      const { ask } = yield* world.start
      const first = yield* world.unknown()
      yield* ask(first)
      const second = yield* world.unknown()
      yield* ask(second)
      assert.deepStrictEqual(yield* world.stateOf(first), accepted("7"))
      assert.deepStrictEqual(yield* world.stateOf(second), unknown)
    }).pipe(Effect.scoped))
})
