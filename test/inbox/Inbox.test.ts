import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Address } from "../../src/Address.ts"
import { Inbox, laneOf, layerMemory } from "../../src/inbox/Inbox.ts"
import { InboundMessage } from "../../src/Message.ts"
import { observe } from "../observe.ts"
import { message, suite } from "../suites/InboxSuite.ts"

suite("memory", Layer.provide(layerMemory(), NodeCrypto.layer))

it("has one lane for all messages of a group, and others for its members, other groups and other numbers", () => {
  const lane = (recipient: string, sender: string, ...participants: ReadonlyArray<string>) =>
    laneOf(
      new InboundMessage({
        ...message("1", sender),
        recipient: Address.make(recipient),
        ...(participants.length > 0 && { participants: participants.map((each) => Address.make(each)) })
      })
    )
  const [ours, ann, bob, eve] = ["+15145550100", "+15145550142", "+525512345678", "+15145550144"] as const
  const group = lane(ours, ann, bob, eve)
  for (const other of [lane(ours, bob, eve, ann), lane(ours, eve, ann, "+5215512345678"), lane(ours, ann, eve, bob)]) {
    assert.strictEqual(other, group)
  }
  const others = [group, lane(ours, ann), lane(ours, bob), lane(ours, ann, bob), lane("+15145550101", ann, bob, eve)]
  assert.lengthOf(new Set(others), others.length)
})

const large = (key: string, length = 3000) => new InboundMessage({ ...message(key), raw: { text: "x".repeat(length) } })

describe("the inbox in memory", () => {
  it.effect("accepts no more bytes than its bound, all of a webhook or nothing, and goes on once there is room", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox
      yield* inbox.accept(["1", "2"].map((key) => large(key)))
      const full = yield* Effect.flip(inbox.accept([message("3"), large("4", 20_000)]))
      assert.strictEqual(full._tag, "StorageError")
      assert.strictEqual((yield* inbox.backlog()).pending, 2)
      // A repetition needs no room.
      assert.strictEqual((yield* inbox.accept([large("1"), large("2")]))[0]?._tag, "Repeated")
      const [claim] = yield* inbox.claim({ limit: 1 })
      for (let entry = yield* inbox.head(claim!); entry !== undefined; entry = yield* inbox.head(claim!)) {
        yield* inbox.complete(claim!, entry)
      }
      yield* inbox.release(claim!)
      const accepted = yield* inbox.accept([large("3"), large("4")])
      assert.deepStrictEqual(accepted.map(({ _tag }) => _tag), ["Accepted", "Accepted"])
    }).pipe(Effect.provide(Layer.provide(layerMemory({ maxBytes: 24_000 }), NodeCrypto.layer))))

  it.effect("forgets the oldest processed entries beyond its bytes, and drops the oldest dead letters with an error", () =>
    Effect.gen(function*() {
      const { layer, lines } = observe()
      const inbox = yield* Inbox
      for (const [index, state] of ["done", "dead", "done", "dead", "done", "dead", "done", "dead"].entries()) {
        yield* inbox.accept([large(`${index}`)])
        const [claim] = yield* inbox.claim({ limit: 1 })
        const entry = (yield* inbox.head(claim!))!
        yield* state === "done"
          ? inbox.complete(claim!, entry)
          : Effect.provide(inbox.bury(claim!, entry, "Poison"), layer)
        yield* inbox.release(claim!)
      }
      const keysIn = (state: "done" | "dead") =>
        Effect.map(
          inbox.list({ state, limit: 10 }),
          (all) => all.map(({ event }) => event._tag === "InboundMessage" && event.idempotencyKey)
        )
      assert.deepStrictEqual(yield* keysIn("done"), ["6", "4"])
      assert.deepStrictEqual(yield* keysIn("dead"), ["7", "5"])
      assert.deepStrictEqual(lines.map(({ level, message }) => [level, message]), [
        ["Error", "Dead letters dropped at the limit of the memory: 1"],
        ["Error", "Dead letters dropped at the limit of the memory: 1"]
      ])
      // What was forgotten is accepted again.
      assert.deepStrictEqual(
        (yield* inbox.accept([message("0"), message("4")])).map(({ _tag }) => _tag),
        ["Accepted", "Repeated"]
      )
    }).pipe(Effect.provide(Layer.provide(layerMemory({ maxBytes: 24_000 }), NodeCrypto.layer))))

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
      assert.deepStrictEqual(yield* Effect.map(inbox.backlog(), ({ dead, pending }) => [dead, pending]), [1, 2])
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
    }).pipe(Effect.provide(Layer.provide(layerMemory({ capacity: 2 }), NodeCrypto.layer))))
})
