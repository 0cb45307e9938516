import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as InboxMemory from "../../src/inbox/InboxMemory.ts"
import { message, suite } from "../suites/InboxSuite.ts"

suite("memory", Layer.provide(InboxMemory.layer(), NodeCrypto.layer))

describe("the inbox in memory", () => {
  it.effect("forgets the oldest processed entries, and no others", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox
      const process = Effect.gen(function*() {
        for (const claim of yield* inbox.claim({ limit: 10 })) {
          for (let entry = yield* inbox.head(claim); entry !== undefined; entry = yield* inbox.head(claim)) {
            const { idempotencyKey } = entry.event as { readonly idempotencyKey?: string }
            yield* idempotencyKey === "dead" ? inbox.bury(claim, entry, "Poison") : inbox.complete(claim, entry)
          }
          yield* inbox.release(claim)
        }
      })
      yield* inbox.accept(["dead", "1", "2", "3"].map((key) => message(key)))
      yield* process
      yield* inbox.accept([message("pending")])
      const ids = (yield* inbox.accept(["dead", "1", "2", "3", "pending"].map((key) => message(key))))
        .map(({ _tag }) => _tag)
      assert.deepStrictEqual(ids, ["Repeated", "Accepted", "Repeated", "Repeated", "Repeated"])
      assert.deepStrictEqual(yield* Effect.map(inbox.backlog, ({ dead, pending }) => [dead, pending]), [1, 2])
      // What is replayed is not forgotten before it is processed again.
      const [known] = yield* inbox.accept([message("2")])
      assert.isTrue(yield* inbox.replay(known!.id))
      yield* inbox.accept(["4", "5", "6"].map((key) => message(key, "+15145550143")))
      for (const claim of (yield* inbox.claim({ limit: 10 })).filter(({ lane }) => lane.includes("0143"))) {
        for (let entry = yield* inbox.head(claim); entry !== undefined; entry = yield* inbox.head(claim)) {
          yield* inbox.complete(claim, entry)
        }
      }
      assert.deepStrictEqual(yield* inbox.accept([message("2")]), [{ _tag: "Repeated", id: known!.id }])
    }).pipe(Effect.provide(Layer.provide(InboxMemory.layer({ capacity: 2 }), NodeCrypto.layer))))
})
