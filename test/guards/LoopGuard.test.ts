import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import { isAutomatic } from "../../src/guards/internal/autoResponders.ts"
import * as LoopGuard from "../../src/guards/LoopGuard.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { StorageError } from "../../src/StorageError.ts"
import { observe } from "../observe.ts"
import { makeKit, message, said, textOf, watch } from "../rooms/kit.ts"
import { suite } from "../suites/LoopGuardSuite.ts"

suite("memory", GuardStore.layerMemory())
suite(
  "SQLite",
  Layer.provide(SqlStorage.layer(), [NodeSqliteClient.layer({ filename: ":memory:" }), NodeCrypto.layer])
)

/** A kit with the guard and a bot that answers everything. The number of its answers that reached the room. */
const setUp = Effect.fnUntraced(function*(options?: LoopGuard.Options, answer = (text: string) => `re: ${text}`) {
  const kit = yield* makeKit()
  yield* kit.hook(yield* LoopGuard.make(options))
  const state = { answered: 0 }
  yield* kit.registerChannel(Channel.make({
    id: "bot",
    type: "ai",
    everyRoom: true,
    deliver: (event) => kit.post(event.roomId, said(answer(textOf(event)), "bot"))
  }))
  yield* kit.registerChannel(Channel.make({
    id: "phone",
    type: "web",
    everyRoom: true,
    deliver: ({ source }) => Effect.sync(() => void (source.channelId === "bot" && state.answered++))
  }))
  let number = 0
  /** A message from outside, after some time. Returns whether it was answered. */
  const write = (text: string, after: `${number} ${"seconds" | "minutes" | "hours"}` = "1 seconds") =>
    Effect.gen(function*() {
      yield* TestClock.adjust(after)
      const before = state.answered
      yield* kit.processInbound(message(text, { idempotencyKey: String(++number) }))
      return state.answered > before
    })
  return { kit, write, state }
})

const test = <E>(title: string, body: Effect.Effect<void, E, Scope.Scope>) =>
  it.effect(title, () => Effect.scoped(body))

/** Writes texts until one is not answered, and returns how many were. */
const until = Effect.fnUntraced(function*<E, R>(write: (index: number) => Effect.Effect<boolean, E, R>, max = 200) {
  for (let index = 0; index < max; index++) if (!(yield* write(index))) return index
  return max
})

describe("two machines that answer each other", () => {
  test(
    "stop after 30 answers in 10 minutes, and the kit tells of it",
    Effect.gen(function*() {
      const { kit, write } = yield* setUp()
      const seen = yield* watch(kit)
      assert.strictEqual(yield* until((index) => write(`text ${index}`)), 30)
      assert.isFalse(yield* write("and another"))
      const blocked = yield* seen("EventBlocked")
      assert.lengthOf(blocked, 2)
      assert.deepInclude(blocked[0]!, {
        hook: "loop guard",
        reason: "more than 30 automatic answers in 10m"
      })
    })
  )

  test(
    "are held for twice as long each time, at most a day",
    Effect.gen(function*() {
      const { write } = yield* setUp({ maxAnswers: 2, maxHold: "1 hour", maxRepeats: Infinity })
      yield* write("the same as ever")
      const tick = write("the same as ever", "30 seconds")
      // How often it is answered, and then how often it is not.
      const rounds: Array<readonly [answered: number, held: number]> = []
      let [answered, held] = [1, 0]
      while (rounds.length < 5) {
        if (!(yield* tick)) held++
        else if (held === 0) answered++
        else {
          rounds.push([answered, held])
          answered = 1
          held = 0
        }
      }
      // Of half a minute each, so they are 10, 20 and 40 minutes, and then an hour.
      assert.deepStrictEqual(rounds, [[2, 20], [2, 40], [2, 80], [2, 120], [2, 120]])
    })
  )

  test(
    "may go on when a person writes: other words, and not within seconds of an answer",
    Effect.gen(function*() {
      const { write } = yield* setUp({ maxAnswers: 2 })
      for (const text of ["a", "b"]) assert.isTrue(yield* write(text))
      assert.isFalse(yield* write("c"))
      assert.isFalse(yield* write("a", "30 seconds"))
      assert.isFalse(yield* write("This is an automated message.", "30 seconds"))
      assert.isTrue(yield* write("Hello? It is me", "30 seconds"))
      assert.isTrue(yield* write("I said hello"))
      assert.isFalse(yield* write("and more"))
    })
  )

  test(
    "may go on when a person of ours writes",
    Effect.gen(function*() {
      const { kit, write } = yield* setUp({ maxAnswers: 2 })
      for (const text of ["a", "b"]) yield* write(text)
      assert.isFalse(yield* write("c"))
      const [room] = yield* kit.rooms
      yield* kit.post(room!.id, { ...said("This is Ann", "desk"), author: "person" })
      assert.isTrue(yield* write("d"))
    })
  )

  test(
    "are no reason to hold another room",
    Effect.gen(function*() {
      const { kit, state, write } = yield* setUp({ maxAnswers: 2 })
      yield* until((index) => write(`text ${index}`))
      const before = state.answered
      yield* kit.processInbound(message("hello", { sender: "+15145550143" }))
      assert.strictEqual(state.answered, before + 1)
    })
  )
})

describe("the same text again and again", () => {
  test(
    "is answered three times",
    Effect.gen(function*() {
      const { kit, write } = yield* setUp({}, () => "Sorry, I did not understand")
      const seen = yield* watch(kit)
      const texts = ["Thanks, bye", "thanks,  BYE", "Thanks, bye"]
      assert.strictEqual(yield* until((index) => write(texts[index % 3]!)), 3)
      assert.strictEqual((yield* seen("EventBlocked"))[0]?.reason, "the same text came and was answered 3 times")
    })
  )

  test(
    "is also found when it alternates with another one",
    Effect.gen(function*() {
      const { write } = yield* setUp()
      assert.isAtMost(yield* until((index) => write(index % 2 === 0 ? "ping" : "pong")), 5)
    })
  )

  test(
    "is answered when it comes now and then",
    Effect.gen(function*() {
      const { write } = yield* setUp()
      assert.strictEqual(yield* until(() => write("ok", "11 minutes"), 20), 20)
    })
  )

  test(
    "is one message when it is processed again",
    Effect.gen(function*() {
      const hook = yield* LoopGuard.make()
      const kit = yield* makeKit()
      const { event, room } = yield* Effect.gen(function*() {
        yield* kit.processInbound(message("hello"))
        const [room] = yield* kit.rooms
        return { room: room!, event: (yield* kit.events(room!.id))[0]! }
      })
      for (let time = 0; time < 9; time++) yield* hook.run(event, room)
      const answer = { ...event, id: "answer", source: { ...event.source, direction: "outbound", author: "machine" } }
      assert.deepStrictEqual(yield* hook.run(answer as never, room), { _tag: "Allow" })
    })
  )
})

describe("an automatic responder", () => {
  test(
    "gets no answer, and a person after it does",
    Effect.gen(function*() {
      const { kit, write } = yield* setUp()
      assert.isFalse(yield* write("Auto-reply: I am out of the office until Monday"))
      assert.isTrue(yield* write("Now I am back", "1 minutes"))
      const [room] = yield* kit.rooms
      const blocked = (yield* kit.events(room!.id)).filter(({ blocked }) => blocked !== undefined)
      assert.lengthOf(blocked, 1)
    })
  )

  it.each([
    "This is an automated message, please do not reply to this message.",
    "Auto-reply: out of office",
    "I'm driving with Driving Focus turned on. I'll see your message when I get where I'm going.",
    "ACME alerts: Msg&data rates may apply. Reply STOP to cancel",
    "We have received your message and will get back to you.",
    "Ceci est un message automatique",
    "Réponse automatique : je suis absent du bureau",
    "Merci de ne pas répondre à ce message",
    "Nous avons bien reçu votre message",
    "Mensaje automático: no responda a este mensaje",
    "Hemos recibido su mensaje. Responda STOP para cancelar."
  ])("is recognized by %j", (text) => assert.isTrue(isAutomatic(text)))

  it.each([
    "Is this an automated message?",
    "hello",
    "I was out today",
    "Please do not reply by phone",
    "stop",
    "C'est automatique comme boîte de vitesses",
    "I got your message, thanks"
  ])("is not recognized by %j", (text) => assert.isFalse(isAutomatic(text)))
})

describe("channels of a room that answer each other", () => {
  test(
    "stop after as many answers",
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.hook(yield* LoopGuard.make({ maxAnswers: 12 }))
      for (const id of ["a", "b"]) {
        yield* kit.registerChannel(Channel.make({
          id,
          type: "ai",
          everyRoom: true,
          deliver: (event) => kit.post(event.roomId, said(`${id} answers`, id))
        }))
      }
      yield* kit.processInbound(message("hello"))
      const [room] = yield* kit.rooms
      const events = yield* kit.events(room!.id)
      assert.lengthOf(events.filter(({ blocked }) => blocked === undefined), 1 + 12)
      for (const { source } of events.slice(1)) assert.strictEqual(source.author, "machine")
    })
  )
})

describe("a message of a person of ours", () => {
  test(
    "is never counted, and one that does not say whose it is always is",
    Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.hook(yield* LoopGuard.make({ maxAnswers: 3 }))
      const { id } = yield* kit.createRoom()
      for (let time = 0; time < 9; time++) {
        assert.strictEqual((yield* kit.post(id, { ...said("hello"), author: "person" }))._tag, "Broadcast")
      }
      for (let time = 0; time < 3; time++) assert.strictEqual((yield* kit.post(id, said("hello")))._tag, "Broadcast")
      assert.strictEqual((yield* kit.post(id, said("hello")))._tag, "Blocked")
    })
  )
})

describe("the layer", () => {
  it.effect("registers the guard", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      const { id } = yield* kit.createRoom()
      assert.strictEqual((yield* kit.post(id, said("a")))._tag, "Broadcast")
      assert.strictEqual((yield* kit.post(id, said("b")))._tag, "Blocked")
    }).pipe(
      Effect.provide(
        LoopGuard.layer({ maxAnswers: 1 }).pipe(Layer.provideMerge(RoomKit.layer()), Layer.provide(NodeCrypto.layer))
      )
    ))

  it.effect("counts in the store of its context, without the texts, and by itself while that fails", () =>
    Effect.gen(function*() {
      const { layer: observed, lines } = observe()
      const kept: Array<unknown> = []
      const state = { isDown: false }
      const spied = Layer.effect(
        GuardStore.GuardStore,
        Effect.map(GuardStore.makeMemory(), ({ modify }) =>
          GuardStore.GuardStore.of({
            modify: (prefix, schema) => (keys, change) =>
              state.isDown
                ? Effect.fail(new StorageError({ store: "guards", cause: new Error("down") }))
                : modify(prefix, schema)(keys, (states, now) => {
                  const step = change(states, now)
                  kept.push([...step.changes ?? []])
                  return step
                })
          }))
      )
      yield* Effect.gen(function*() {
        const kit = yield* RoomKit.RoomKit
        yield* kit.processInbound(message("secret words"))
        const [room] = yield* kit.rooms
        assert.strictEqual((yield* kit.post(room!.id, said("a")))._tag, "Broadcast")
        assert.lengthOf(kept, 2)
        assert.notInclude(JSON.stringify(kept), "secret")
        state.isDown = true
        assert.strictEqual((yield* kit.post(room!.id, said("b")))._tag, "Broadcast")
        assert.strictEqual((yield* kit.post(room!.id, said("c")))._tag, "Blocked")
      }).pipe(Effect.provide(
        LoopGuard.layer({ maxAnswers: 1 }).pipe(
          Layer.provideMerge(RoomKit.layer()),
          Layer.provide([spied, NodeCrypto.layer]),
          Layer.provideMerge(observed)
        )
      ))
      assert.include(
        lines.map(({ message }) => message),
        "The store of the loop guard failed; this process counts for itself"
      )
    }))
})
