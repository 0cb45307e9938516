import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Schema from "effect/Schema"
import * as EventLog from "../../src/events/EventLog.ts"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { suite } from "../suites/GuardStoreSuite.ts"

suite(
  "memory",
  GuardStore.layerMemory().pipe(Layer.provideMerge(EventLog.layerMemory()), Layer.provide(NodeCrypto.layer))
)
suite(
  "SQLite",
  Layer.provide(SqlStorage.layer(), [NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])
)

it.effect("counters in memory are so many, and the one without news the longest is dropped", () =>
  Effect.gen(function*() {
    const modify = (yield* GuardStore.makeMemory({ capacity: 2 })).modify("test", Schema.Finite)
    const add = (key: string) =>
      modify([key], (states, now) => ({
        answer: states.get(key),
        changes: new Map([[key, { state: (states.get(key) ?? 0) + 1, expiresAt: now + 1 }]])
      }))
    yield* Effect.forEach(["a", "b", "a", "c"], add)
    assert.deepStrictEqual(yield* Effect.forEach(["a", "c", "b"], add), [2, 1, undefined])
  }))
