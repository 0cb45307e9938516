/**
 * What was accepted is kept, and nothing goes out twice, wherever the database
 * fails or the process ends: at each single statement, and at several.
 */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, FileSystem, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../src/Content.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { Inbox, InboxProcessor } from "../../src/inbox/Inbox.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"
import { observe } from "../observe.ts"
import { customer, textContent } from "../rooms/kit.ts"
import { message } from "../suites/InboxSuite.ts"
import { type Fault, inject, killed } from "./faults.ts"

/** The carrier's own memory, which outlives every process. */
interface World {
  readonly filename: string
  readonly sent: Array<string>
}

const Bot = Layer.effectDiscard(Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  yield* kit.registerChannel(Channel.make({
    id: "bot",
    type: "ai",
    everyRoom: true,
    deliver: (event) =>
      kit.post(event.roomId, {
        channelId: "bot",
        channelType: "ai",
        content: textContent(`re: ${Content.text(event.content)}`)
      })
  }))
}))

const layerProcess = ({ filename, sent }: World) => {
  const carrier = MockSmsProvider.layer({
    respond: ({ content }) => Effect.sync(() => void sent.push(Content.text(content)))
  })
  const database = NodeSqliteClient.layer({ filename, synchronous: "normal" })
  return RoomInbox.layer({ pollInterval: "10 minutes" }).pipe(
    Layer.provideMerge(Layer.mergeAll(Bot, SmsChannel.layerProviders)),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(Outbox.layer({ wait: "1 second" })),
    Layer.provideMerge(SmsProviders.layer(carrier)),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provideMerge(SqlStorage.layer({ beat: "10 minutes", deadAfter: "20 minutes" })),
    Layer.provide([database, NodeCrypto.layer])
  )
}

const receipt = new DeliveryStatus({
  provider: "mock",
  messageId: "elsewhere",
  status: "delivered",
  carrierStatus: "delivered",
  recipient: customer,
  idempotencyKey: "elsewhere:delivered",
  raw: {}
})

const webhooks = [message("1"), message("2"), message("3", "+15145550143"), receipt]
const replies = webhooks.flatMap((event) =>
  event._tag === "InboundMessage" ? [`re: ${Content.text(event.content)}`] : []
)

const outbound = new OutboundMessage({ to: customer, content: textContent("by key") })

const sendByKey = Effect.gen(function*() {
  const outbox = yield* Outbox.Outbox
  const providers = yield* SmsProviders.SmsProviders
  return yield* outbox.send({
    key: "k",
    what: "by key",
    message: outbound,
    send: () => providers.all[0]!.send(outbound)
  })
})

/** A turn of the event loop, for what is not done in one: the digest of a send. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Lets time pass, in which retries come due and dead processes are found. */
const wait = Effect.repeat(Effect.andThen(turn, TestClock.adjust("10 minutes")), { times: 8 })

/** Runs it while time passes. */
const whileTimePasses = <A, E, R>(effect: Effect.Effect<A, E, R>, rest: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    yield* rest
    yield* wait
    return yield* Fiber.join(fiber)
  })

/** What holds in the end, in a process that works. */
const check = Effect.fnUntraced(function*({ sent }: World) {
  const kit = yield* RoomKit.RoomKit
  const inbox = yield* Inbox
  const tracker = yield* DeliveryTracker.DeliveryTracker
  const intents = yield* IntentStore

  const { dead, pending } = yield* inbox.backlog
  assert.deepStrictEqual({ dead, pending }, { dead: 0, pending: 0 })

  const rooms = yield* kit.rooms
  const texts = (yield* Effect.forEach(rooms, ({ id }) => kit.events(id))).map((events) =>
    // Of what was repeated, the order is that of its acceptance.
    events.map(({ content }) => Content.text(content)).sort()
  )
  const received = texts.map((room) => room.filter((text) => !text.startsWith("re: ")))
  assert.deepStrictEqual(received.sort(), [["hello 1", "hello 2"], ["hello 3"]])
  assert.deepStrictEqual(texts.flat().filter((text) => text.startsWith("re: ")).sort(), replies)

  // What did not go out is known as unknown, or was sent: nothing is lost in between.
  const unknown = (yield* intents.list({ state: "unknown", limit: 100 })).map(({ message }) =>
    Content.text(message.content)
  )
  for (const text of [...replies, "by key"]) {
    const times = sent.filter((one) => one === text).length
    assert.isAtMost(times, 1, text)
    if (times === 0) assert.include(unknown, text)
  }
  assert.strictEqual((yield* tracker.get({ provider: "mock", messageId: "elsewhere" }))?.status, "delivered")
})

type Process = Effect.Success<ReturnType<typeof start>>

const start = Effect.fnUntraced(function*(world: World) {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(layerProcess(world), scope)
  return { context, end: Scope.close(scope, Exit.void) }
})

/** What the carriers and a caller do: they repeat what was not acknowledged, and stop with what was. */
const makeClients = () => {
  const waiting = new Set<WebhookEvent>(webhooks)
  let isSent = false
  return Effect.gen(function*() {
    const { accept } = yield* InboxProcessor
    for (const event of waiting) {
      if (Exit.isSuccess(yield* Effect.exit(accept([event])))) waiting.delete(event)
    }
    if (isSent) return
    const answer = yield* Effect.exit(sendByKey)
    isSent = Exit.isSuccess(answer)
  })
}

/** Waits until nothing is left to do at this time, and gives the number of statements by then. */
const atRest = Effect.fnUntraced(function*(count: () => number) {
  for (let turns = 0, before = count(); turns < 50; turns++) {
    yield* turn
    if (count() !== before) turns = 0
    before = count()
  }
  return count()
})

/** Runs everything with faults, and checks the end. Gives the number of statements that were counted. */
const survive = (faults: ReadonlyArray<Fault>, { isKilled = false } = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const world: World = { filename: `${yield* fs.makeTempDirectoryScoped()}/sms.db`, sent: [] }
    const clients = makeClients()
    const run = ({ context }: Process, rest?: Effect.Effect<unknown>) =>
      whileTimePasses(Effect.provideContext(clients, context), rest)

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
  })).pipe(Effect.provide([NodeServices.layer, observe().layer]))

const every = (statements: number, fault: (at: number) => Fault, isKilled = false) =>
  Effect.forEach(
    Array.from({ length: statements }, (_, index) => index + 1),
    (at) =>
      survive([fault(at)], { isKilled }).pipe(
        Effect.catchDefect((defect) => Effect.die(new Error(`At statement ${at}`, { cause: defect })))
      ),
    { discard: true }
  )

const limit = 120_000

describe("what was accepted is kept and nothing goes out twice", () => {
  it.effect("without a fault", () =>
    Effect.flatMap(survive([]), (count) => Effect.sync(() => assert.isAbove(count, 100))))

  it.effect(
    "whichever statement fails",
    () => Effect.flatMap(survive([]), (count) => every(count, (at) => ({ at, count: 1, executed: false }))),
    limit
  )

  it.effect(
    "whichever statement's answer is lost",
    () => Effect.flatMap(survive([]), (count) => every(count, (at) => ({ at, count: 1, executed: true }))),
    limit
  )

  it.effect(
    "whenever the database is away for a while",
    () => Effect.flatMap(survive([]), (count) => every(count, (at) => ({ at, count: 20, executed: false }))),
    limit
  )

  it.effect(
    "whichever statement is the last one before a kill",
    () => Effect.flatMap(survive([]), (count) => every(count, killed, true)),
    limit
  )
})
