/**
 * What was accepted is kept, and nothing goes out twice, wherever the database
 * fails or the process ends: at each single statement (`npm run test:faults`).
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { observe } from "../observe.ts"
import { makeDatabaseFile } from "./databaseFile.ts"
import { atEach, type Fault, inject, killed } from "./faults.ts"
import { atRest, check, makeClients, type Process, start, whileTimePasses, type World } from "./survival.ts"

/** Runs everything with faults, and checks the end. Gives the number of statements that were counted. */
const survive = (faults: ReadonlyArray<Fault>, { isKilled = false } = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const world: World = { filename: yield* makeDatabaseFile, sent: [] }
    const clients = makeClients()
    const run = (process: Process, rest?: Effect.Effect<unknown>) => whileTimePasses(clients([process]), rest)

    const first = yield* start(world)
    const counted = yield* Effect.scoped(Effect.gen(function*() {
      const database = yield* inject(faults)
      let counted = 0
      yield* run(first, Effect.map(atRest(database.count), (count) => counted = count))
      if (isKilled) yield* whileTimePasses(first.end)
      return counted
    }))
    const last = isKilled ? yield* start(world) : first
    yield* run(last)
    yield* Effect.provideContext(check(world), last.context)
    yield* whileTimePasses(last.end)
    return counted
  })).pipe(Effect.provide(observe().layer))

const every = (fault: (at: number) => Fault, isKilled = false) =>
  Effect.flatMap(survive([]), (count) => atEach(count, (at) => survive([fault(at)], { isKilled })))

const limit = 400_000

describe("what was accepted is kept and nothing goes out twice", () => {
  it.effect("without a fault", () =>
    Effect.flatMap(survive([]), (count) => Effect.sync(() => assert.isAbove(count, 100))))

  it.effect(
    "whichever statement fails",
    () => every((at) => ({ at, count: 1, executed: false })),
    limit
  )

  it.effect(
    "whichever statement's answer is lost",
    () => every((at) => ({ at, count: 1, executed: true })),
    limit
  )

  it.effect(
    "whenever the database is away for a while",
    () => every((at) => ({ at, count: 20, executed: false })),
    limit
  )

  it.effect(
    "whichever statement is the last one before a kill",
    () => every(killed, true),
    limit
  )
})
