/**
 * What was accepted is kept, and nothing goes out twice, whatever happens to two
 * servers on one file: several faults and ends, and webhooks, receipts and keys
 * that come to both.
 */
import { describe, it } from "@effect/vitest"
import { Context, Effect, Exit } from "effect"
import * as fc from "fast-check"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { observe } from "../observe.ts"
import { makeDatabaseFile } from "./databaseFile.ts"
import { type Fault, inject, isLong, track } from "./faults.ts"
import { check, makeClients, type Process, start, whileTimePasses, type World } from "./survival.ts"

const servers = 2

const at = fc.integer({ min: 1, max: 150 })
const database = fc.integer({ min: 1, max: servers })

/** A failure of one or several statements, or the end of the process, whose database executes nothing from then on. */
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ at, database, count: fc.integer({ min: 1, max: 12 }), executed: fc.boolean() }),
  fc.record({
    at,
    database,
    count: fc.constant(Infinity),
    executed: fc.boolean(),
    closes: fc.constant(true)
  })
)

interface Scenario {
  readonly faults: ReadonlyArray<Fault>
  /** Which server each webhook comes to first. */
  readonly first: ReadonlyArray<number>
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  faults: fc.array(fault, { minLength: 1, maxLength: 5 }),
  first: fc.array(fc.nat({ max: servers - 1 }), { minLength: 4, maxLength: 4 })
})

const survive = ({ faults, first }: Scenario) =>
  Effect.scoped(Effect.gen(function*() {
    const world: World = { filename: yield* makeDatabaseFile, sent: [] }
    yield* track
    const clients = makeClients(first)
    const processes: Array<Process> = []
    while (processes.length < servers) processes.push(yield* start(world))
    yield* Effect.scoped(Effect.gen(function*() {
      yield* inject(faults)
      yield* whileTimePasses(clients(processes))
      for (const { closes, database } of faults) {
        if (closes === true) yield* whileTimePasses(processes[database! - 1]!.end)
      }
    }))
    for (const number of new Set(faults.flatMap(({ closes, database }) => closes === true ? database! : []))) {
      processes[number - 1] = yield* start(world)
    }
    yield* whileTimePasses(clients(processes))
    // What failed several times waits for hours.
    const { backlog } = Context.get(processes[0]!.context, Inbox)
    yield* Effect.repeat(whileTimePasses(backlog()), {
      until: (exit) => Exit.isSuccess(exit) && exit.value.pending === 0,
      times: 20
    })
    for (const { context } of processes) yield* Effect.provideContext(check(world), context)
    for (const { end } of processes) yield* whileTimePasses(end)
  })).pipe(Effect.provide(observe().layer))

describe("what two servers on one file accepted", () => {
  it.effect("is kept and goes out once, whatever fails and whoever ends", () =>
    Effect.gen(function*() {
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(scenario, (scenario) => run(survive(scenario))),
          isLong ? { numRuns: 100 } : { numRuns: 8, seed: 20_261_128 }
        )
      )
    }), 400_000)
})
