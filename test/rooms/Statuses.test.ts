import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { DeliveryStore, DeliveryStoreError, makeStoreMemory } from "../../src/delivery/DeliveryStore.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import { customer, fork, makeKit, registerUntil, settle, status, watch } from "./kit.ts"

const trackerOn = (store: DeliveryStore["Service"]) =>
  Effect.provideService(DeliveryTracker.make(), DeliveryStore, store)

/** The store, with something around each of its steps. */
const whose = (
  store: DeliveryStore["Service"],
  around: <A>(modify: Effect.Effect<A, DeliveryStoreError>) => Effect.Effect<A, DeliveryStoreError>
): DeliveryStore["Service"] => ({ ...store, modify: (key, f) => around(store.modify(key, f)) })

/** A handler that keeps what it gets. */
const keeping = () => {
  const seen: Array<string> = []
  const handler = ({ messageId, status }: DeliveryStatus) => Effect.sync(() => void seen.push(`${messageId} ${status}`))
  return { handler, seen }
}

describe("a delivery status", () => {
  it.effect("is recorded and handed to every handler once, however often and at once it is repeated", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const [one, two] = [keeping(), keeping()]
      yield* kit.onDeliveryStatus(one.handler)
      yield* kit.onDeliveryStatus(two.handler)
      const results = yield* Effect.replicateEffect(kit.processDeliveryStatus(status("SM1")), 10, {
        concurrency: "unbounded"
      })
      assert.lengthOf(results.filter(({ repeated }) => !repeated), 1)
      yield* settle
      assert.deepStrictEqual([one.seen, two.seen], [["SM1 delivered"], ["SM1 delivered"]])
      assert.deepStrictEqual(yield* kit.statuses, [status("SM1")])
    }))

  it.effect("is another one for another step, another message and another provider", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { handler, seen } = keeping()
      yield* kit.onDeliveryStatus(handler)
      for (const each of [status("SM1", "sent"), status("SM1", "delivered"), status("SM2", "sent")]) {
        assert.isFalse((yield* kit.processDeliveryStatus(each)).repeated)
      }
      const elsewhere = new DeliveryStatus({ ...status("SM1", "sent"), provider: "telnyx" })
      assert.isFalse((yield* kit.processDeliveryStatus(elsewhere)).repeated)
      yield* settle
      assert.deepStrictEqual(seen, ["SM1 sent", "SM1 delivered", "SM2 sent", "SM1 sent"])
    }))

  it.effect("is taken also when nobody waits for it and no room has its message", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      assert.deepStrictEqual(yield* kit.processDeliveryStatus(status("SM1", "unknown")), { repeated: false })
      assert.deepStrictEqual(yield* kit.statuses, [status("SM1", "unknown")])
      assert.deepStrictEqual(yield* kit.rooms, [])
    }))

  it.effect("is kept with the latest others, in their order", () =>
    Effect.gen(function*() {
      for (const maxStatuses of [0, 1, 2]) {
        const kit = yield* makeKit({ maxStatuses })
        for (const id of ["1", "2", "3", "4"]) yield* kit.processDeliveryStatus(status(id))
        assert.deepStrictEqual(
          (yield* kit.statuses).map(({ messageId }) => messageId),
          ["1", "2", "3", "4"].slice(4 - maxStatuses)
        )
      }
    }))

  it.effect("is new again when the tracker forgot its message, after its time or beyond the number of messages", () =>
    Effect.gen(function*() {
      const tracker = yield* trackerOn(yield* makeStoreMemory({ capacity: 2, timeToLive: "1 hour" }))
      const kit = yield* Effect.provideService(makeKit(), DeliveryTracker.DeliveryTracker, tracker)
      const repeated = (id: string) => Effect.map(kit.processDeliveryStatus(status(id)), ({ repeated }) => repeated)
      assert.deepStrictEqual([yield* repeated("1"), yield* repeated("1")], [false, true])
      yield* TestClock.adjust("1 hour")
      assert.isFalse(yield* repeated("1"))
      yield* repeated("2")
      yield* repeated("3")
      assert.isFalse(yield* repeated("1"))
    }))
})

describe("a handler of delivery statuses", () => {
  it.effect("gets what moves a message on, and nothing that repeats, is overtaken or contradicts an end", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { handler, seen } = keeping()
      yield* kit.onDeliveryStatus(handler)
      for (const word of ["unknown", "sent", "queued", "sent", "delivered", "failed", "sent", "read"] as const) {
        yield* kit.processDeliveryStatus(status("SM1", word))
      }
      yield* settle
      assert.deepStrictEqual(seen, ["SM1 sent", "SM1 delivered", "SM1 read"])
      assert.deepStrictEqual((yield* kit.statuses).map(({ status }) => status), [
        "unknown",
        "sent",
        "queued",
        "delivered",
        "failed",
        "read"
      ])
      const delivery = yield* kit.tracker.get({ provider: "twilio", messageId: "SM1", recipient: customer })
      assert.deepStrictEqual([delivery?.status, delivery?.verdict], ["read", "contradicted"])
    }))

  it.effect("gets the end of each recipient of a batch, however the carrier spells the number", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const seen: Array<string | undefined> = []
      yield* kit.onDeliveryStatus(({ recipient }) => Effect.sync(() => seen.push(recipient)))
      const report = (recipient: string) =>
        new DeliveryStatus({
          ...status("batch"),
          provider: "sinch",
          recipient: Address.make(recipient),
          idempotencyKey: recipient
        })
      yield* kit.tracker.sent({ provider: "sinch", messageId: "batch", recipient: "+15145550142" })
      for (const recipient of ["15145550142", "15145550143", "+15145550143"]) {
        yield* kit.processDeliveryStatus(report(recipient))
      }
      yield* settle
      assert.deepStrictEqual(seen, ["15145550142", "15145550143"])
      const key = { provider: "sinch", messageId: "batch", recipient: "+15145550142" }
      assert.strictEqual((yield* kit.tracker.awaitDelivery(key, "1 second")).recipient, "+15145550142")
    }))

  it.effect("gets nothing of a report that counts recipients and names none, and the report is kept", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const { handler, seen } = keeping()
      yield* kit.onDeliveryStatus(handler)
      const { recipient: _, ...fields } = status("batch")
      const summary = new DeliveryStatus({ ...fields, count: 2 })
      assert.deepStrictEqual(yield* kit.processDeliveryStatus(summary), { repeated: false })
      yield* settle
      assert.deepStrictEqual([seen, yield* kit.statuses], [[], [summary]])
    }))

  it.effect(
    "gets each change once under any interleaving of the reports with a slow store",
    () =>
      Effect.gen(function*() {
        const run = Effect.runPromiseWith(yield* Effect.context<never>())
        const words = fc.array(fc.constantFrom<Status>("queued", "sent", "delivered", "failed", "read"), {
          minLength: 1,
          maxLength: 8
        })
        const play = Effect.fnUntraced(function*(words: ReadonlyArray<Status>, scheduler: fc.Scheduler) {
          const later = Effect.promise(() => scheduler.schedule(Promise.resolve()))
          const tracker = yield* trackerOn(
            whose(yield* makeStoreMemory(), (modify) => later.pipe(Effect.andThen(modify), Effect.tap(later)))
          )
          const changes: Array<string> = []
          yield* Effect.forkScoped(
            Stream.runForEach(tracker.changes, ({ delivery }) => Effect.sync(() => void changes.push(delivery.status))),
            { startImmediately: true }
          )
          const kit = yield* Effect.provideService(makeKit(), DeliveryTracker.DeliveryTracker, tracker)
          const { handler, seen } = keeping()
          yield* kit.onDeliveryStatus(handler)
          const results = yield* Effect.forEach(words, (word) => kit.processDeliveryStatus(status("SM1", word)), {
            concurrency: "unbounded"
          })
          yield* settle
          assert.sameMembers(seen, changes.map((word) => `SM1 ${word}`))
          assert.lengthOf(results.filter(({ repeated }) => !repeated), new Set(words).size)
          assert.sameMembers((yield* kit.statuses).map(({ status }) => status), [...new Set(words)])
        })
        const property = fc.asyncProperty(words, fc.scheduler(), (words, scheduler) => {
          const played = run(Effect.scoped(play(words, scheduler)))
          return scheduler.waitFor(played)
        })
        yield* Effect.promise(() => fc.assert(property, { numRuns: 200 }))
      }),
    30_000
  )

  for (
    const [what, handler] of Object.entries(
      {
        "fails": () => Effect.fail("broken"),
        "dies": () => Effect.die(new Error("broken")),
        "throws": () => {
          throw new Error("broken")
        },
        "interrupts itself": () => Effect.interrupt,
        "hangs": () => Effect.never,
        "hangs where it cannot be interrupted": () => Effect.uninterruptible(Effect.never)
      } satisfies Record<string, () => Effect.Effect<void, string>>
    )
  ) {
    it.effect(`that ${what} harms neither the webhook nor the others, and is visible`, () =>
      Effect.gen(function*() {
        const kit = yield* makeKit({ deliveryTimeout: "2 seconds", shutdownTimeout: 0 })
        const changes = yield* watch(kit)
        const [first, last] = [keeping(), keeping()]
        yield* kit.onDeliveryStatus(first.handler)
        yield* kit.onDeliveryStatus(handler)
        yield* kit.onDeliveryStatus(last.handler)
        assert.deepStrictEqual(yield* kit.processDeliveryStatus(status("SM1")), { repeated: false })
        assert.deepStrictEqual(yield* kit.processDeliveryStatus(status("SM1")), { repeated: true })
        yield* settle
        assert.deepStrictEqual([first.seen, last.seen], [["SM1 delivered"], ["SM1 delivered"]])
        yield* TestClock.adjust("2 seconds")
        const [failure, ...more] = yield* changes("HandlerFailed")
        assert.deepStrictEqual(more, [])
        assert(failure?.messageId === "SM1")
        if (what.startsWith("hangs")) assert.isTrue(Cause.isTimeoutError(Cause.squash(failure.cause)))
      }))
  }

  it.effect("does not hold up the one who brings the status", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const { handler, seen } = keeping()
      yield* kit.onDeliveryStatus((status) => Effect.andThen(Deferred.await(gate), handler(status)))
      yield* kit.processDeliveryStatus(status("1"))
      yield* kit.processDeliveryStatus(status("2"))
      assert.deepStrictEqual(seen, [])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(seen, ["1 delivered", "2 delivered"])
    }))

  it.effect("goes on when the one who brought the status is interrupted", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit()
      const gate = yield* Deferred.make<void>()
      const { handler, seen } = keeping()
      yield* kit.onDeliveryStatus((status) => Effect.andThen(Deferred.await(gate), handler(status)))
      const caller = yield* fork(Effect.andThen(kit.processDeliveryStatus(status("1")), Effect.never))
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(seen, ["1 delivered"])
    }))

  it.effect("runs with the services of the one who registers it, until its scope closes", () =>
    Effect.gen(function*() {
      class Name extends Context.Service<Name, string>()("test/Name") {}
      const kit = yield* makeKit()
      const seen: Array<string> = []
      const close = yield* registerUntil(
        Effect.provideService(
          kit.onDeliveryStatus(({ messageId }) => Effect.map(Name, (name) => seen.push(`${name} ${messageId}`))),
          Name,
          "registered"
        )
      )
      yield* kit.processDeliveryStatus(status("1"))
      yield* close
      yield* kit.processDeliveryStatus(status("2"))
      yield* settle
      assert.deepStrictEqual(seen, ["registered 1"])
    }))

  it.effect("is waited for when its scope closes while it runs, and then interrupted", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ shutdownTimeout: "3 seconds" })
      const ended: Array<string> = []
      const close = yield* registerUntil(
        kit.onDeliveryStatus(({ messageId }) =>
          Effect.onExit(
            Effect.sleep(messageId === "short" ? "1 second" : "10 seconds"),
            (exit) => Effect.sync(() => void ended.push(`${messageId} ${exit._tag}`))
          )
        )
      )
      yield* kit.processDeliveryStatus(status("short"))
      yield* kit.processDeliveryStatus(status("long"))
      const closing = yield* fork(close)
      yield* TestClock.adjust("2999 millis")
      assert.deepStrictEqual([ended, closing.pollUnsafe()], [["short Success"], undefined])
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.deepStrictEqual(ended, ["short Success", "long Failure"])
    }))

  it.effect("is waited for at the end of the kit too, when it is registered for longer", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const kit = yield* Scope.provide(makeKit({ shutdownTimeout: "3 seconds" }), scope)
      const ended: Array<string> = []
      yield* kit.onDeliveryStatus(({ messageId }) =>
        Effect.onExit(
          Effect.sleep(messageId === "short" ? "1 second" : "10 seconds"),
          (exit) => Effect.sync(() => void ended.push(`${messageId} ${exit._tag}`))
        )
      )
      yield* kit.processDeliveryStatus(status("short"))
      const quick = yield* fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(quick)
      assert.deepStrictEqual(ended, ["short Success"])
    }))

  it.effect("is interrupted at the end of the kit when it takes too long", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const kit = yield* Scope.provide(makeKit({ shutdownTimeout: "3 seconds" }), scope)
      let interrupted = false
      yield* kit.onDeliveryStatus(() =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true)))
      )
      yield* kit.processDeliveryStatus(status("long"))
      const closing = yield* fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("2999 millis")
      assert.isFalse(interrupted)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.isTrue(interrupted)
    }))
})

describe("a store of deliveries that fails", () => {
  const down = Effect.fail(new DeliveryStoreError({ cause: "down" }))

  /** A kit on a store that does as it is told, one word for each time that it is asked. */
  const kitOn = Effect.fnUntraced(function*(script: ReadonlyArray<"works" | "fails" | "keeps it and fails">) {
    let asked = 0
    const store = whose(yield* makeStoreMemory(), (modify) =>
      Effect.suspend(() => {
        const word = script[asked++] ?? "works"
        return word === "works" ? modify : word === "fails" ? down : Effect.andThen(modify, down)
      }))
    const kit = yield* Effect.provideService(makeKit(), DeliveryTracker.DeliveryTracker, yield* trackerOn(store))
    const { handler, seen } = keeping()
    yield* kit.onDeliveryStatus(handler)
    return { kit, seen, asked: () => asked }
  })

  it.effect("is asked again, so that a short failure is no failure", () =>
    Effect.gen(function*() {
      const { kit, seen } = yield* kitOn(["fails", "fails", "fails"])
      const processing = yield* fork(kit.processDeliveryStatus(status("SM1")))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(processing), { repeated: false })
      yield* settle
      assert.deepStrictEqual(seen, ["SM1 delivered"])
    }))

  it.effect("for longer is a failure within a second, and the repetition of the carrier succeeds", () =>
    Effect.gen(function*() {
      const { asked, kit, seen } = yield* kitOn(["fails", "fails", "fails", "fails"])
      const changes = yield* watch(kit)
      const events = [status("SM1"), status("SM2")]
      const processing = yield* fork(Effect.flip(kit.processEvents(events)))
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(processing), DeliveryStoreError)
      assert.deepStrictEqual((yield* changes("TrackingFailed")).map(({ messageId }) => messageId), ["SM1"])
      // The other event of the webhook is processed all the same.
      assert.deepStrictEqual([asked(), seen, yield* kit.statuses], [5, ["SM2 delivered"], [status("SM2")]])
      assert.deepStrictEqual(yield* kit.processEvents(events), [
        { _tag: "StatusRecorded", repeated: false },
        { _tag: "StatusRecorded", repeated: true }
      ])
      yield* settle
      assert.deepStrictEqual(seen, ["SM2 delivered", "SM1 delivered"])
    }))

  const lost = "keeps it and fails"

  for (
    const [what, script] of Object.entries(
      {
        "at first": [lost],
        "in between": ["fails", lost, "fails"],
        "until the carrier repeats it": [lost, "fails", "fails", "fails", "fails"]
      } as const
    )
  ) {
    it.effect(`although it kept the report, ${what}, tells the handlers once`, () =>
      Effect.gen(function*() {
        const { kit, seen } = yield* kitOn(script)
        const attempt = Effect.gen(function*() {
          const processing = yield* fork(Effect.exit(kit.processDeliveryStatus(status("SM1"))))
          yield* TestClock.adjust("1 second")
          return yield* Fiber.join(processing)
        })
        yield* Effect.replicateEffect(attempt, 4)
        yield* settle
        assert.deepStrictEqual([seen, yield* kit.statuses], [["SM1 delivered"], [status("SM1")]])
      }))
  }
})
