/**
 * A process with everything in an SQLite file, what carriers and callers do to
 * it, and what must hold in the end whatever fails meanwhile.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { type Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
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
import * as RoomOutbox from "../../src/rooms/RoomOutbox.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"
import { customer, textContent } from "../rooms/kit.ts"
import { message } from "../suites/InboxSuite.ts"
import { layerUnmeasured } from "./databaseFile.ts"

/** The carrier's own memory, which outlives every process. */
export interface World {
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
  return Layer.merge(
    RoomInbox.layer({ pollInterval: "10 minutes" }),
    RoomOutbox.layer({ pollInterval: "10 minutes" })
  ).pipe(
    Layer.provideMerge(SmsRouter.layer()),
    Layer.provideMerge(Layer.mergeAll(Bot, SmsChannel.layerProviders)),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(Outbox.layer({ wait: "1 second" })),
    Layer.provideMerge(SmsProviders.layer(carrier)),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provideMerge(SqlStorage.layer({ beat: "10 minutes", deadAfter: "20 minutes" })),
    Layer.provide([database, NodeCrypto.layer, layerUnmeasured])
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
  const { result } = yield* outbox.send({
    key: "k",
    what: "by key",
    message: outbound,
    send: () => providers.all[0]!.send(outbound)
  })
  // Who is told of an unknown outcome asks again: it may become known that nothing went out, and the key is free then.
  return yield* Effect.fromResult(result)
})

const queued = new OutboundMessage({ to: customer, content: textContent("from the queue") })

const enqueue = Outbox.Outbox.use((outbox) => outbox.enqueue({ key: "q", what: "from the queue", message: queued }))

/** A turn of the event loop, for what is not done in one: the digest of a send. */
const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Lets time pass, in which retries come due and dead processes are found. */
const wait = Effect.repeat(Effect.andThen(turn, TestClock.adjust("10 minutes")), { times: 8 })

/** Runs it while time passes. */
export const whileTimePasses = <A, E, R>(effect: Effect.Effect<A, E, R>, rest: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    yield* rest
    yield* wait
    return yield* Fiber.join(fiber)
  })

/** What holds in the end, in a process that works. */
export const check = Effect.fnUntraced(function*({ sent }: World) {
  const kit = yield* RoomKit.RoomKit
  const inbox = yield* Inbox
  const tracker = yield* DeliveryTracker.DeliveryTracker
  const intents = yield* IntentStore

  const { dead, pending } = yield* inbox.backlog()
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
  for (const text of [...replies, "by key", "from the queue"]) {
    const times = sent.filter((one) => one === text).length
    assert.isAtMost(times, 1, text)
    if (times === 0) assert.include(unknown, text)
  }
  assert.strictEqual((yield* tracker.get({ provider: "mock", messageId: "elsewhere" }))?.status, "delivered")
})

export type Process = Effect.Success<ReturnType<typeof start>>

export const start = Effect.fnUntraced(function*(world: World) {
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(layerProcess(world), scope)
  return { context, end: Scope.close(scope, Exit.void) }
})

/**
 * What the carriers and a caller do: they repeat what was not acknowledged, and
 * stop with what was. They go to the servers in turn, and begin with those that
 * they are told.
 */
export const makeClients = (first: ReadonlyArray<number> = []) => {
  const waiting = new Map<WebhookEvent, number>(webhooks.map((event, index) => [event, first[index] ?? 0]))
  let isSent = false
  let isQueued = false
  return Effect.fnUntraced(function*(servers: ReadonlyArray<Process>) {
    const on = <A, E, R>(turn: number, effect: Effect.Effect<A, E, R>) =>
      Effect.exit(Effect.provideContext(effect, servers[turn % servers.length]!.context as Context.Context<R>))
    for (const [event, turn] of waiting) {
      const accept = Effect.flatMap(InboxProcessor, ({ accept }) => accept([event]))
      const exits = [yield* on(turn, accept)]
      // Where there are several, carriers also repeat what they have an answer to.
      if (servers.length > 1) exits.push(yield* on(turn + 1, accept))
      if (exits.some(Exit.isSuccess)) waiting.delete(event)
      else waiting.set(event, turn + 1)
    }
    const onAll = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(
        Effect.forEach(servers, (_, turn) => on(turn, effect), { concurrency: "unbounded" }),
        (answers) => answers.some(Exit.isSuccess)
      )
    if (!isQueued) isQueued = yield* onAll(enqueue)
    if (!isSent) isSent = yield* onAll(sendByKey)
  })
}

/** Waits until nothing is left to do at this time, and gives the number of statements by then. */
export const atRest = Effect.fnUntraced(function*(count: () => number) {
  for (let turns = 0, before = count(); turns < 50; turns++) {
    yield* turn
    if (count() !== before) turns = 0
    before = count()
  }
  return count()
})
