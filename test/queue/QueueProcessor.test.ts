import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Inbox, layerMemory } from "../../src/inbox/Inbox.ts"
import { CurrentCompletion } from "../../src/queue/internal/completion.ts"
import type { Claim } from "../../src/queue/Queue.ts"
import * as QueueProcessor from "../../src/queue/QueueProcessor.ts"
import { GiveUp, TryAgain } from "../../src/queue/TryAgain.ts"
import { StorageError, UnreadableRow } from "../../src/StorageError.ts"
import { message } from "../suites/InboxSuite.ts"

/** Processes two messages of a lane, the first of which fails with this error, and returns how often each was tried. */
const attempts = Effect.fnUntraced(function*(fail: Effect.Effect<void, Error>) {
  const inbox = yield* Inbox
  const tried: Array<unknown> = []
  const { accept } = yield* QueueProcessor.make({
    name: "inbox",
    queue: inbox,
    kindOf: ({ _tag }) => _tag,
    process: ({ event }) =>
      Effect.suspend(() => {
        const key = event._tag === "InboundMessage" ? event.idempotencyKey : undefined
        tried.push(key)
        return key === "1" ? fail : Effect.void
      })
  })
  yield* accept([message("1"), message("2")])
  // The first second lets the first attempt run.
  yield* TestClock.adjust("1 second")
  yield* TestClock.adjust("2 seconds")
  const dead = yield* inbox.list({ state: "dead", limit: 10 })
  return { tried, dead: dead.map(({ lastError }) => lastError) }
})

const testOf =
  <E extends Error>(failing: (error: E) => Effect.Effect<void, Error>) =>
  (title: string, error: E, expected: { readonly tried: Array<string>; readonly dead: Array<string> }) =>
    it.effect(title, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* attempts(failing(error)), expected)
      }).pipe(Effect.scoped, Effect.provide(Layer.provide(layerMemory(), NodeCrypto.layer))))

const test = testOf((error: Error) => Effect.fail(error))

const unreadable = new StorageError({ store: "rooms", cause: new UnreadableRow({ table: "sms_rooms" }) })

describe("an entry that fails", () => {
  test("holds its lane while it is retried", new Error("broken"), { tried: ["1", "1"], dead: [] })

  test("holds its lane for as long as its error asks for", new TryAgain({ after: Duration.hours(1) }), {
    tried: ["1"],
    dead: []
  })

  test("is a dead letter at once when it gives up, and its lane goes on", new GiveUp({}), {
    tried: ["1", "2"],
    dead: ["GiveUp"]
  })

  test("is a dead letter at once when it needs a row that does not decode", unreadable, {
    tried: ["1", "2"],
    dead: ["StorageError"]
  })
})

describe("an entry whose changes cannot be made when it is completed", () => {
  const test = testOf((error: StorageError) =>
    Effect.map(CurrentCompletion, (completion) => {
      completion!.changes.push(Effect.fail(error))
    })
  )

  test("holds its lane while it is retried", new StorageError({ store: "rooms", cause: new Error("gone") }), {
    tried: ["1", "1"],
    dead: []
  })

  test("is a dead letter when that cannot change, and its lane goes on", unreadable, {
    tried: ["1", "2"],
    dead: ["StorageError"]
  })
})

const outage = new StorageError({ store: "inbox", cause: new Error("gone") })

/** Processes three lanes over a store that fails as told, and returns what was processed and what is left. */
const lanes = Effect.fnUntraced(function*(
  { onRelease, onReleaseOthers }: {
    readonly onRelease: (sender: string, nth: number) => Effect.Effect<void, StorageError>
    readonly onReleaseOthers: (nth: number) => Effect.Effect<void, StorageError>
  },
  during: (processing: (sender: string) => Effect.Effect<void>) => Effect.Effect<void>
) {
  const inbox = yield* Inbox
  const isMine = (sender: string) => ({ lane }: Claim) => lane.includes(sender)
  const released = new Map<string, number>()
  let others = 0
  const gates = new Map<string, Deferred.Deferred<void>>()
  for (const sender of senders) gates.set(sender, yield* Deferred.make<void>())
  const processed: Array<string> = []
  const { accept } = yield* QueueProcessor.make({
    name: "inbox",
    queue: {
      ...inbox,
      // The first outcome of each lane cannot be stored, so that the lane is released without it.
      complete: (claim, entry) =>
        Effect.suspend(() =>
          released.has(senders.find((sender) => isMine(sender)(claim))!)
            ? Effect.tap(inbox.complete(claim, entry), () => Effect.sync(() => processed.push(entry.lane)))
            : Effect.fail(outage)
        ),
      release: (claim, delay) =>
        Effect.suspend(() => {
          const sender = senders.find((sender) => isMine(sender)(claim))!
          const nth = (released.get(sender) ?? 0) + 1
          released.set(sender, nth)
          return Effect.andThen(onRelease(sender, nth), inbox.release(claim, delay))
        }),
      releaseOthers: (claims) =>
        Effect.tap(inbox.releaseOthers(claims), () => Effect.suspend(() => onReleaseOthers(++others)))
    },
    kindOf: ({ _tag }) => _tag,
    process: ({ lane }) => Deferred.await(gates.get(senders.find((sender) => lane.includes(sender))!)!)
  })
  yield* accept(senders.map((sender) => message(sender, sender)))
  yield* during((sender) => Effect.asVoid(Deferred.succeed(gates.get(sender)!, undefined)))
  yield* TestClock.adjust("1 second")
  // What nobody works on could be claimed, so that the next message of each conversation is processed.
  yield* accept(senders.map((sender) => message(`${sender} again`, sender)))
  yield* TestClock.adjust("5 seconds")
  return { processed: processed.length, backlog: (yield* inbox.backlog()).pending }
})
const senders = ["+15145550142", "+15145550143"]

describe("a lane that cannot be released", () => {
  it.effect("is not forgotten when that happens while others are released", () =>
    Effect.gen(function*() {
      const releasing = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const failed = yield* Deferred.make<void>()
      const result = yield* lanes({
        onRelease: (sender, nth) =>
          nth > 1 ? Effect.void : Effect.andThen(
            sender === senders[0] ? Effect.void : Deferred.succeed(failed, undefined),
            Effect.fail(outage)
          ),
        onReleaseOthers: (nth) =>
          nth > 1 ? Effect.void : Effect.andThen(Deferred.succeed(releasing, undefined), Deferred.await(goOn))
      }, (process) =>
        Effect.gen(function*() {
          yield* TestClock.adjust("1 second")
          yield* process(senders[0]!)
          yield* TestClock.adjust("1 second")
          yield* Deferred.await(releasing)
          yield* process(senders[1]!)
          yield* Deferred.await(failed)
          yield* Deferred.succeed(goOn, undefined)
        }))
      assert.deepStrictEqual(result, { processed: 4, backlog: 0 })
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(layerMemory(), NodeCrypto.layer))))

  it.effect("is not forgotten when others cannot be released either", () =>
    Effect.gen(function*() {
      const result = yield* lanes({
        onRelease: (_, nth) => nth > 1 ? Effect.void : Effect.fail(outage),
        onReleaseOthers: (nth) => nth > 2 ? Effect.void : Effect.fail(outage)
      }, (process) => Effect.forEach(senders, process, { discard: true }))
      assert.deepStrictEqual(result, { processed: 4, backlog: 0 })
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(layerMemory(), NodeCrypto.layer))))
})
