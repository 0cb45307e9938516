/** A merged message gets into the inbox once, although two servers hand it over. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, type Layer, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Inbox } from "../../src/inbox/Inbox.ts"
import type { InboundMessage } from "../../src/Message.ts"
import { Patience } from "../../src/sql/internal/storage.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import type { Stores } from "../../src/sql/SqlStorage.ts"
import { media, offerAll, wrapper } from "../mms/parts.ts"

/** Waits for the database however long it takes, because time passes faster here than a database works. */
const make = Effect.provideService(MmsAggregatorSql.make({ lease: "3 seconds" }), Patience, "1 day")

/**
 * A server that is paused in the middle of handing a message over: from then on
 * it looks at nothing, and renews no lease. `resume` lets it go on with what it
 * does with the message.
 */
const paused = Effect.fnUntraced(function*<E>(then: (message: InboundMessage) => Effect.Effect<unknown, E>) {
  const scope = yield* Scope.make()
  const aggregator = yield* Effect.provideService(make, Scope.Scope, scope)
  yield* offerAll(aggregator, wrapper("w"))
  const [begun, resumed] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const fiber = yield* Effect.forkChild(
    aggregator.process(media("m"), (message) =>
      Deferred.succeed(begun, undefined).pipe(
        Effect.andThen(Deferred.await(resumed)),
        Effect.andThen(then(message))
      ))
  )
  yield* Deferred.await(begun)
  yield* Scope.close(scope, Exit.void)
  return { resume: Effect.andThen(Deferred.succeed(resumed, undefined), Effect.exit(Fiber.join(fiber))) }
})

/** Lets seconds pass until this is so. */
const until = Effect.fnUntraced(function*<E, R>(fits: Effect.Effect<boolean, E, R>) {
  while (!(yield* fits)) yield* TestClock.adjust("1 second")
})

/** The layer gives empty tables each time, and the client below the stores. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>,
  skip = false
) => {
  const test = (title: string, body: Effect.Effect<void, unknown, Stores | SqlClient.SqlClient | Scope.Scope>) =>
    it.effect(title, () => Effect.scoped(Effect.provide(body, layer, { local: true })))

  const outbox = Effect.flatMap(
    SqlClient.SqlClient,
    (sql) => sql<{ at: unknown }>`SELECT available_at AS at FROM sms_mms_outbox`
  )

  describe.skipIf(skip)(`a server that is paused past its lease (${name})`, () => {
    test(
      "does not get a message into the inbox that another has handed over",
      Effect.gen(function*() {
        const inbox = yield* Inbox
        const accepted: Array<string> = []
        let begun = 0
        const accept = (message: InboundMessage) =>
          Effect.suspend(() => {
            begun++
            return Effect.map(inbox.accept([message]), ([{ _tag } = { _tag: "" }]) => void accepted.push(_tag))
          })
        const { resume } = yield* paused(accept)
        const other = yield* make
        yield* other.onDue(accept)
        // A statement a second, so that the other's statements are executed meanwhile.
        yield* until(Effect.map(outbox, () => begun === 1))
        // Time stands still for the statements, which have a limit.
        while (accepted.length === 0) yield* outbox
        assert.isTrue(Exit.isSuccess(yield* resume))
        assert.deepStrictEqual(accepted, ["Accepted", "Repeated"])
        assert.lengthOf(yield* inbox.list({ state: "pending", limit: 10 }), 1)
        yield* until(Effect.map(outbox, ({ length }) => length === 0))
      })
    )

    test(
      "does not free a message that another is handling",
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const { resume } = yield* paused(() => Effect.fail("broken"))
        const until = 1_000_000
        yield* sql`UPDATE sms_mms_outbox SET owner = ${"another"}, available_at = ${until}`
        assert.isTrue(Exit.isFailure(yield* resume))
        // It backs off, has no handler any more, and leaves the message to others.
        for (let round = 0; round < 20; round++) {
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual((yield* outbox).map(({ at }) => Number(at)), [until])
        }
      })
    )
  })
}
