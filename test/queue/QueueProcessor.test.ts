import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Inbox, layerMemory } from "../../src/inbox/Inbox.ts"
import * as QueueProcessor from "../../src/queue/QueueProcessor.ts"
import { GiveUp, TryAgain } from "../../src/queue/TryAgain.ts"
import { StorageError, UnreadableRow } from "../../src/StorageError.ts"
import { message } from "../suites/InboxSuite.ts"

/** Processes two messages of a lane, the first of which fails with this error, and returns how often each was tried. */
const attempts = Effect.fnUntraced(function*(error: Error) {
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
        return key === "1" ? Effect.fail(error) : Effect.void
      })
  })
  yield* accept([message("1"), message("2")])
  // The first second lets the first attempt run.
  yield* TestClock.adjust("1 second")
  yield* TestClock.adjust("2 seconds")
  const dead = yield* inbox.list({ state: "dead", limit: 10 })
  return { tried, dead: dead.map(({ lastError }) => lastError) }
})

const test = (title: string, error: Error, expected: { readonly tried: Array<string>; readonly dead: Array<string> }) =>
  it.effect(title, () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* attempts(error), expected)
    }).pipe(Effect.scoped, Effect.provide(Layer.provide(layerMemory(), NodeCrypto.layer))))

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
