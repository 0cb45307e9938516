/** A backup that is made and restored by the commands of the guide. */
import { assert } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { readFileSync } from "node:fs"
import { Inbox } from "../../src/inbox/Inbox.ts"
import type { IntentStore } from "../../src/sending/IntentStore.ts"
import { commandsOf } from "../package/shell.ts"
import { message } from "./InboxSuite.ts"

const guide = readFileSync(`${import.meta.dirname}/../../docs/guides/operating.md`, "utf8")
const [, section = ""] = guide.split("## Backup and restore")

/** The commands of the guide for one database. */
export const commands = (is: (command: string) => boolean): ReadonlyArray<string> => commandsOf(section).filter(is)

/** Every command of the guide. */
export const all = commandsOf(section)

const accept = (id: string) =>
  Inbox.use(({ accept }) => accept([message(id)])).pipe(Effect.map(([result]) => result?._tag))

/**
 * Makes a backup while a server writes, and restores it: what the server had is
 * there, with its idempotency keys, and what came after it is not.
 */
export const backUpAndRestore = Effect.fnUntraced(function*<R>(options: {
  readonly storage: Layer.Layer<Inbox | IntentStore, unknown, R>
  readonly backUp: Effect.Effect<void>
  readonly restore: Effect.Effect<void>
}) {
  yield* Effect.gen(function*() {
    assert.strictEqual(yield* accept("before"), "Accepted")
    yield* options.backUp
    assert.strictEqual(yield* accept("after"), "Accepted")
  }).pipe(Effect.provide(options.storage))
  yield* options.restore
  return yield* Effect.gen(function*() {
    assert.strictEqual(yield* accept("before"), "Repeated")
    assert.strictEqual(yield* accept("after"), "Accepted")
  }).pipe(Effect.provide(options.storage))
})
