/**
 * Nothing goes out to a person whose last word was STOP, except one confirmation,
 * whatever comes in whichever order, and wherever the database fails or a process
 * ends.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Exit, Fiber, Layer, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { DatabaseSync } from "node:sqlite"
import * as Consent from "../../src/consent/Consent.ts"
import * as ConsentCsv from "../../src/consent/ConsentCsv.ts"
import * as ConsentIntake from "../../src/consent/ConsentIntake.ts"
import { ConsentLedger } from "../../src/consent/ConsentLedger.ts"
import * as Content from "../../src/Content.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { InboxProcessor } from "../../src/inbox/Inbox.ts"
import { InboundMessage, OutboundMessage } from "../../src/Message.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as RoomOutbox from "../../src/rooms/RoomOutbox.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { OptedOut } from "../../src/SmsError.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"
import { customer, message, ours, textContent } from "../rooms/kit.ts"
import { layerUnmeasured, makeDatabaseFile } from "./databaseFile.ts"
import { type Fault, inject, isLong } from "./faults.ts"

type Step =
  /** A message of the person, said some seconds ago. The carrier repeats it until it is taken, if it is asked to. */
  | { readonly _tag: "Say"; readonly word: string; readonly ago: number }
  | { readonly _tag: "Import"; readonly action: "stop" | "start"; readonly ago: number }
  | { readonly _tag: "Queue"; readonly after: number }
  | { readonly _tag: "Send" }
  /** The carrier blocks the person by itself from now on, or no longer. */
  | { readonly _tag: "Block"; readonly isBlocked: boolean }
  | { readonly _tag: "Wait"; readonly seconds: number }
  | { readonly _tag: "Fail"; readonly fault: Fault }
  | { readonly _tag: "Restart" }

const seconds = fc.integer({ min: 0, max: 20 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constant("Say" as const),
      word: fc.constantFrom("STOP", "START", "YES", "please stop texting me", "hello", "HELP"),
      ago: seconds
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: fc.constant("Import" as const),
      action: fc.constantFrom("stop" as const, "start" as const),
      ago: seconds
    })
  },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Queue" as const), after: seconds }) },
  { weight: 3, arbitrary: fc.constant({ _tag: "Send" as const }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Block" as const), isBlocked: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Wait" as const), seconds }) },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Fail" as const),
      fault: fc.record({
        at: fc.integer({ min: 1, max: 40 }),
        count: fc.constantFrom(1, 1, 3, 12, Infinity),
        executed: fc.boolean()
      })
    })
  },
  { weight: 1, arbitrary: fc.constant({ _tag: "Restart" as const }) }
)

interface Word {
  readonly action: "stop" | "start"
  readonly at: number
  /** Whether it was acknowledged. Another one may be in the ledger, or not. */
  readonly isTaken: boolean
}

/** What the person and the carrier know. */
interface World {
  readonly filename: string
  readonly words: Array<Word>
  readonly sent: Array<string>
  /** What went out although the person had opted out. */
  readonly violations: Array<string>
  isBlocked: boolean
}

/** Whether the last word is a STOP for sure: one that was acknowledged, with no START after it that may be known. */
const isOut = ({ words }: World): boolean =>
  words.some((stop) =>
    stop.action === "stop" && stop.isTaken && !words.some(({ action, at }) => action === "start" && at > stop.at)
  )

const layerProcess = (world: World) => {
  const carrier = MockSmsProvider.layer({
    from: ours,
    respond: ({ content, purpose }) =>
      Effect.suspend(() => {
        if (world.isBlocked) return Effect.fail(new OptedOut({ code: "21610" }))
        const text = purpose === "confirmation" ? "confirmation" : Content.text(content)
        const isAllowed = purpose === "confirmation" || purpose === "help"
        if (!isAllowed && isOut(world)) world.violations.push(text)
        world.sent.push(text)
        return Effect.void
      })
  })
  return Layer.merge(
    RoomInbox.layer({ pollInterval: "1 second" }),
    RoomOutbox.layer({ pollInterval: "1 second" })
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(RoomKit.layer(), SmsRouter.layer())),
    Layer.provideMerge(ConsentIntake.layer({ replies: { texts: { help: "Call us" } } })),
    Layer.provideMerge(Outbox.layer({ wait: "1 second" })),
    Layer.provideMerge(SmsProviders.layer(Consent.enforced(carrier))),
    Layer.provideMerge(Consent.layer()),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provideMerge(SqlStorage.layer({ beat: "2 seconds", deadAfter: "5 seconds" })),
    Layer.provide([
      NodeSqliteClient.layer({ filename: world.filename, synchronous: "normal" }),
      NodeCrypto.layer,
      layerUnmeasured
    ])
  )
}

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

const pass = (count: number) =>
  Effect.repeat(Effect.andThen(turn, Effect.andThen(TestClock.adjust("1 second"), turn)), { times: count })

/** Runs it while some seconds pass. */
const during = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) yield* pass(1)
    return yield* Fiber.join(fiber)
  })

/** Whether a message waits to be processed or sent, or is being sent. Without one, nothing goes out any more. */
const isWaiting = ({ filename }: World): boolean => {
  const database = new DatabaseSync(filename, { readOnly: true })
  try {
    return database.prepare(`SELECT 1 FROM sms_inbox WHERE state = 'pending'
      UNION ALL SELECT 1 FROM sms_intents WHERE state IN ('queued', 'sending')`).get() !== undefined
  } finally {
    database.close()
  }
}

/** Lets everything that waits go out, for a minute at most, and some seconds more. Idle seconds were half of the test. */
const settle = (world: World) =>
  Effect.gen(function*() {
    for (let second = 0; second < 60 && isWaiting(world); second++) yield* pass(1)
    yield* pass(5)
  })

const start = (world: World) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layerProcess(world), scope)
    return { context, end: Scope.close(scope, Exit.void) }
  })

type Process = Effect.Success<ReturnType<typeof start>>

const outbound = (text: string) => new OutboundMessage({ to: customer, content: textContent(text) })

const actionOf = (word: string, world: World): Word["action"] | undefined => {
  if (word === "STOP" || word.startsWith("please")) return "stop"
  // YES counts only after an opt-out, which may be one that is not known for sure.
  return word === "START" || (word === "YES" && world.words.some(({ action }) => action === "stop"))
    ? "start"
    : undefined
}

const survive = (steps: ReadonlyArray<Step>) =>
  Effect.scoped(Effect.gen(function*() {
    const world: World = {
      filename: yield* makeDatabaseFile,
      words: [],
      sent: [],
      violations: [],
      isBlocked: false
    }
    yield* TestClock.setTime(100_000)
    let process: Process = yield* start(world)
    let faults: Scope.Closeable | undefined
    const on = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      during(Effect.provideContext(effect, process.context as never) as Effect.Effect<A, E>)
    const heal = Effect.suspend(() => faults === undefined ? Effect.void : Scope.close(faults, Exit.void))
    let number = 0

    const say = Effect.fnUntraced(
      function*(action: Word["action"] | undefined, at: number, saying: Effect.Effect<Exit.Exit<unknown, unknown>>) {
        // From its beginning on it may be known.
        if (action === "start") world.words.push({ action, at, isTaken: false })
        const exit = yield* saying
        if (action === "stop" && Exit.isSuccess(exit)) world.words.push({ action, at, isTaken: true })
      }
    )

    for (const step of steps) {
      const now = DateTime.toEpochMillis(yield* DateTime.now)
      number++
      switch (step._tag) {
        case "Say": {
          const at = now - step.ago * 1000
          const event = new InboundMessage({
            ...message(step.word, { idempotencyKey: String(number) }),
            provider: "mock",
            channelId: "sms-mock",
            receivedAt: DateTime.makeUnsafe(at)
          })
          yield* say(actionOf(step.word, world), at, on(InboxProcessor.use(({ accept }) => accept([event]))))
          break
        }
        case "Import": {
          const at = now - step.ago * 1000
          const csv = `person,action,saidAt\n${customer},${step.action},${new Date(at).toISOString()}\n`
          const entries = Result.getOrThrow(ConsentCsv.parse(csv))
          yield* say(step.action, at, on(ConsentLedger.use((ledger) => ledger.append(entries))))
          break
        }
        case "Queue": {
          const sendAt = DateTime.makeUnsafe(now + step.after * 1000)
          const text = `queued ${number}`
          yield* on(Outbox.Outbox.use((outbox) => outbox.enqueue({ message: outbound(text), what: text, sendAt })))
          break
        }
        case "Send":
          yield* on(SmsRouter.SmsRouter.use((router) => router.send(outbound(`sent ${number}`))))
          break
        case "Block":
          world.isBlocked = step.isBlocked
          break
        case "Wait":
          yield* pass(step.seconds)
          break
        case "Fail": {
          yield* heal
          faults = yield* Scope.make()
          yield* Effect.provideService(inject([step.fault]), Scope.Scope, faults)
          break
        }
        case "Restart": {
          yield* during(process.end)
          yield* heal
          process = yield* start(world)
          break
        }
      }
      yield* pass(1)
    }
    yield* heal
    yield* settle(world)
    yield* during(process.end)
    assert.deepStrictEqual(world.violations, [], JSON.stringify(world.words))
    const starts = world.words.filter(({ action }) => action === "start").length
    assert.isAtMost(world.sent.filter((text) => text === "confirmation").length, 1 + starts)
  })).pipe(Effect.provide(observe().layer))

describe("a person whose last word was STOP", () => {
  it.effect(
    "gets nothing but one confirmation, whatever comes in whichever order and fails",
    () =>
      Effect.gen(function*() {
        const run = Effect.runPromiseWith(yield* Effect.context<never>())
        yield* Effect.promise(() =>
          fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 24 }), (steps) => run(survive(steps))),
            isLong ? { numRuns: 400 } : { numRuns: 15, seed: 20_261_128 }
          )
        )
      }),
    400_000
  )
})
