/**
 * What carriers know about sends and messages is learned in the end, wherever
 * the database fails or the process is killed meanwhile.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboxProcessor } from "../../src/inbox/Inbox.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as MissingReports from "../../src/rooms/MissingReports.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as UnknownSends from "../../src/sending/UnknownSends.ts"
import { SendReference } from "../../src/SendReference.ts"
import { OutcomeUnknown, SmsError } from "../../src/SmsError.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { observe } from "../observe.ts"
import { customer, textContent } from "../rooms/kit.ts"
import { layerUnmeasured, makeDatabaseFile } from "./databaseFile.ts"
import { atEach, type Fault, inject, killed } from "./faults.ts"

const error = new SmsError({ provider: "mock", reason: new OutcomeUnknown({ because: "Timeout" }) })

const report = (messageId: string, intentId?: string) =>
  new DeliveryStatus({
    provider: "mock",
    messageId,
    recipient: customer,
    status: "delivered",
    carrierStatus: "delivered",
    idempotencyKey: `${messageId}:delivered`,
    ...(intentId !== undefined && { intent: new SendReference({ intentId, part: 1, of: 1 }) }),
    raw: {}
  })

/** The carrier lists the message of the first send, and delivered every message. */
const layerCarrier = Layer.effect(
  SmsProvider,
  Effect.map(MockSmsProvider.make(), (mock) =>
    SmsProvider.of({
      ...mock,
      lookUp: ({ intentId }) =>
        Effect.succeed(intentId === "listed" ? [{ part: 1, of: 1, messageId: "m-listed", by: "reference" }] : []),
      fetchStatus: ({ messageId }) => Effect.succeed([report(messageId)])
    }))
)

const layerStores = (filename: string) =>
  DeliveryTracker.layer().pipe(
    Layer.provideMerge(SqlStorage.layer({ beat: "10 minutes", deadAfter: "20 minutes" })),
    Layer.provide([NodeSqliteClient.layer({ filename, synchronous: "normal" }), NodeCrypto.layer, layerUnmeasured])
  )

const layerProcess = (filename: string) =>
  Layer.mergeAll(
    UnknownSends.layer({ pollInterval: "10 minutes" }),
    MissingReports.layer({ pollInterval: "10 minutes" })
  ).pipe(
    Layer.provideMerge(RoomInbox.layer({ pollInterval: "10 minutes" })),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(SmsProviders.layer(layerCarrier)),
    Layer.provideMerge(layerStores(filename)),
    Layer.provide(NodeCrypto.layer)
  )

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
const wait = (times: number) => Effect.repeat(Effect.andThen(turn, TestClock.adjust("10 minutes")), { times })

const start = Effect.fnUntraced(function*(filename: string) {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(layerProcess(filename), scope)
  return { context, end: Scope.close(scope, Exit.void) }
})

type Process = Effect.Success<ReturnType<typeof start>>

const prepare = Effect.gen(function*() {
  const intents = yield* IntentStore
  const tracker = yield* DeliveryTracker.DeliveryTracker
  for (const id of ["listed", "reported"]) {
    yield* intents.reserve({
      id,
      key: id,
      hash: id,
      message: new OutboundMessage({ to: customer, content: textContent(id) })
    })
    yield* intents.settle(id, { state: "unknown", error })
  }
  yield* tracker.sent({ provider: "mock", messageId: "m-open", recipient: customer, status: "queued" })
})

/** Repeats the delivery report of the second send until it is accepted. */
const makeCarrierReports = () => {
  let isAccepted = false
  return Effect.gen(function*() {
    if (isAccepted) return
    const { accept } = yield* InboxProcessor
    isAccepted = Exit.isSuccess(yield* Effect.exit(accept([report("m-reported", "reported")])))
  })
}

const check = Effect.gen(function*() {
  const intents = yield* IntentStore
  const tracker = yield* DeliveryTracker.DeliveryTracker
  const outcomes = yield* Effect.forEach(
    ["listed", "reported"],
    (id) =>
      Effect.map(intents.get(id), (intent) => [intent?.state, intent?.resolvedBy, intent?.receipt?.messageIds.join()])
  )
  assert.deepStrictEqual(outcomes, [
    ["accepted", "carrier", "m-listed"],
    ["accepted", "delivery report", "m-reported"]
  ])
  for (const messageId of ["m-listed", "m-reported", "m-open"]) {
    const delivery = yield* tracker.get({ provider: "mock", messageId, recipient: customer })
    assert.strictEqual(delivery?.status, "delivered", messageId)
  }
})

const survive = (faults: ReadonlyArray<Fault>, { isKilled = false } = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const filename = yield* makeDatabaseFile
    yield* Effect.provide(prepare, layerStores(filename), { local: true })
    const reports = makeCarrierReports()
    const run = ({ context }: Process, times: number) =>
      Effect.andThen(Effect.provideContext(reports, context), wait(times))

    const first = yield* start(filename)
    const counted = yield* Effect.scoped(Effect.gen(function*() {
      const database = yield* inject(faults)
      // Until all is learned, without a fault.
      yield* run(first, 2)
      const count = database.count()
      if (isKilled) {
        const ending = yield* Effect.forkChild(first.end)
        yield* wait(1)
        yield* Effect.sync(() => ending.interruptUnsafe())
      }
      return count
    }))
    const last = isKilled ? yield* start(filename) : first
    yield* run(last, 8)
    yield* Effect.provideContext(check, last.context)
    yield* Effect.forkChild(last.end)
    yield* wait(1)
    return counted
  })).pipe(Effect.provide(observe().layer))

const every = (fault: (at: number) => Fault, isKilled = false) =>
  Effect.flatMap(survive([]), (count) => atEach(count, (at) => survive([fault(at)], { isKilled })))

const limit = 400_000

describe("what a carrier knows is learned", () => {
  it.effect("without a fault", () =>
    Effect.flatMap(survive([]), (count) => Effect.sync(() => assert.isAbove(count, 50))))

  it.effect("whichever statement fails", () => every((at) => ({ at, count: 1, executed: false })), limit)

  it.effect(
    "whichever statement's answer is lost",
    () => every((at) => ({ at, count: 1, executed: true })),
    limit
  )

  it.effect(
    "whichever statement is the last one before a kill",
    () => every(killed, true),
    limit
  )
})
