import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { fork, makeKit, registerUntil, settle, status, watch } from "./kit.ts"

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

  it.effect("is new again when it was forgotten, after its time or beyond the number of keys", () =>
    Effect.gen(function*() {
      const kit = yield* makeKit({ maxKeys: 2, keyTimeToLive: "1 hour" })
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
