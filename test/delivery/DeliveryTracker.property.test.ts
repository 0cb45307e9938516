import { assert, it } from "@effect/vitest"
import { Effect, Exit, References, Scope, Stream } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { DeliveryStore, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, Status } from "../../src/DeliveryStatus.ts"

const recipient = "+15145550142"
const key = { provider: "telnyx", messageId: "1", recipient }

const report = (status: Status) =>
  new DeliveryStatus({
    provider: "telnyx",
    messageId: "1",
    recipient: Address.make(recipient),
    status,
    carrierStatus: status,
    idempotencyKey: status,
    raw: {}
  })

/** A store whose answers come when the scheduler lets them, as those of a database do. */
const slow = (store: DeliveryStore["Service"], scheduler: fc.Scheduler): DeliveryStore["Service"] => {
  const later = Effect.promise(() => scheduler.schedule(Promise.resolve()))
  const delayed = <A, E>(effect: Effect.Effect<A, E>) => Effect.andThen(later, Effect.tap(effect, () => later))
  return {
    modify: (key, f) => delayed(store.modify(key, f)),
    get: (key) => delayed(store.get(key)),
    ofMessage: (key) => delayed(store.ofMessage(key)),
    claimDue: (options) => delayed(store.claimDue(options)),
    checkLater: (key, delay) => delayed(store.checkLater(key, delay)),
    search: (options) => delayed(store.search(options)),
    tally: (options) => delayed(store.tally(options)),
    remove: (key) => delayed(store.remove(key))
  }
}

const play = Effect.fnUntraced(function*(scheduler: fc.Scheduler, statuses: ReadonlyArray<Status>) {
  const scope = yield* Scope.make()
  const store = yield* makeStoreMemory()
  const tracker = yield* DeliveryTracker.make().pipe(
    Effect.provideService(DeliveryStore, slow(store, scheduler)),
    Scope.provide(scope)
  )
  const changes: Array<DeliveryTracker.Change> = []
  yield* Effect.forkChild(
    Stream.runForEach(tracker.changes, (change) => Effect.sync(() => void changes.push(change))),
    { startImmediately: true }
  )
  const [updates, awaited] = yield* Effect.all([
    Effect.forEach(statuses, (status) => tracker.update(report(status)), { concurrency: "unbounded" }),
    tracker.awaitDelivery(key, "1 minute"),
    tracker.sent(key)
  ], { concurrency: "unbounded" })
  yield* Effect.repeat(Effect.yieldNow, { times: 20 })
  const delivery = yield* store.get(key)
  yield* Scope.close(scope, Exit.void)
  return { updates, awaited, changes, delivery }
})

it("loses no report and no waiter under any interleaving of a slow store", () =>
  fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.constantFrom(...Status.literals), { maxLength: 5 }),
      fc.constantFrom<Status>("delivered", "failed"),
      async (scheduler, statuses, end) => {
        const all = [...statuses, end]
        const playing = Effect.runPromise(
          // Contradictions are logged, and here there are many.
          Effect.provideService(play(scheduler, all), References.MinimumLogLevel, "None")
        )
        const { awaited, changes, delivery, updates } = await scheduler.waitFor(playing)
        assert.isDefined(delivery)
        assert.sameMembers([...delivery.reported], [...new Set<Status>([...all, "accepted"])])
        assert.isTrue(awaited.isTerminal)
        // Each change begins where one other ended, from the first to the last.
        const bySteps = [...changes].sort((one, other) => one.delivery.reported.length - other.delivery.reported.length)
        assert.deepStrictEqual(
          ["unknown", ...bySteps.map(({ delivery }) => delivery.status)],
          [...bySteps.map(({ previous }) => previous), delivery.status]
        )
        const changed = updates.filter(({ changed }) => changed).length
        assert.isAtMost(changes.length - changed, 1)
        assert.isAtLeast(changes.length, changed)
      }
    ),
    { numRuns: 300 }
  ), 30_000)
