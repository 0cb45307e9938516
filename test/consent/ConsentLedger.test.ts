import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { layerMemory, makeMemory } from "../../src/consent/ConsentLedger.ts"
import * as EventLog from "../../src/events/EventLog.ts"
import { suite } from "../suites/ConsentLedgerSuite.ts"

suite("memory", layerMemory().pipe(Layer.provideMerge(EventLog.layerMemory()), Layer.provide(NodeCrypto.layer)))

describe("a full ledger in memory", () => {
  it.effect("removes what decides nothing, and refuses an entry rather than forget an opt-out", () =>
    Effect.gen(function*() {
      const ledger = yield* makeMemory({ maxBytes: 20_000 })
      const say = (action: "stop" | "start", number: number) =>
        Effect.andThen(
          TestClock.adjust("1 second"),
          ledger.append([{ person: Address.make(`+1514555${1000 + number}`), action, source: "keyword" }])
        )
      for (let time = 0; time < 200; time++) yield* say(time % 2 === 0 ? "start" : "stop", 1)
      assert.strictEqual((yield* ledger.lastWords(Address.make("+15145551001")))[0]?.action, "stop")
      assert.isBelow((yield* ledger.list({ after: 0, limit: 1000 })).length, 150)
      let people = 2
      while ((yield* Effect.exit(say("stop", people)))._tag === "Success") people++
      for (let person = 1; person < people; person++) {
        const words = yield* ledger.lastWords(Address.make(`+1514555${1000 + person}`))
        assert.deepStrictEqual(words.map(({ action }) => action), ["stop"])
      }
    }).pipe(Effect.provide(NodeCrypto.layer)))
})
