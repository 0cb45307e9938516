/** What the loop guard does on every store: servers that share one watch a room as one server does. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, type Scope } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as GuardStore from "../../src/guards/GuardStore.ts"
import * as LoopGuard from "../../src/guards/LoopGuard.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import type { Room } from "../../src/rooms/Room.ts"
import { textContent } from "../rooms/kit.ts"
import { room } from "./RoomStoreSuite.ts"

const Step = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("Pause"), seconds: Schema.Literals([1, 30, 70, 700]) }),
  Schema.Struct({
    _tag: Schema.tag("Event"),
    server: Schema.Literals([0, 1]),
    room: Schema.Literals(["a", "a", "a", "b"]),
    of: Schema.Literals(["machine", "machine", "person", "outside", "outside"]),
    text: Schema.Literals(["hello", "Hello!", "bye", "This is an automated message"]),
    /** Whether the message is one that was processed before. */
    isAgain: Schema.Boolean
  })
])

const steps = Arbitrary.schema(Schema.Array(Step).check(Schema.isMaxLength(40)))

const eventOf = ({ of, room, text }: Extract<typeof Step.Type, { readonly _tag: "Event" }>, id: string) =>
  new RoomEvent({
    id,
    roomId: room,
    source: new EventSource({
      channelId: "sms",
      channelType: "sms",
      direction: of === "outside" ? "inbound" : "outbound",
      ...(of !== "outside" && { author: of }),
      metadata: {}
    }),
    content: textContent(text),
    createdAt: DateTime.makeUnsafe(0)
  })

/** The layer gives an empty store each time, which reads the clock of the test. */
export const suite = (
  name: string,
  layer: Layer.Layer<GuardStore.GuardStore, unknown>,
  { runs = 50, skip = false }: { readonly runs?: number; readonly skip?: boolean } = {}
) => {
  const fresh = <A, E>(effect: Effect.Effect<A, E, GuardStore.GuardStore | Scope.Scope>) =>
    Effect.scoped(Effect.provide(effect, Layer.fresh(layer), { local: true }))
  const rooms: Readonly<Record<string, Room>> = { a: room("a"), b: room("b") }

  describe.skipIf(skip)(`the loop guard of servers that share a store (${name})`, () => {
    it.effect.prop(
      "decides as that of one server in memory, and allows no more answers in a window than the limit",
      [steps],
      ([all]) =>
        fresh(Effect.gen(function*() {
          const options: LoopGuard.Options = { maxAnswers: 3, window: "1 minute", maxHold: "4 minutes", maxRepeats: 2 }
          const servers = [yield* LoopGuard.make(options), yield* LoopGuard.make(options)]
          const one = yield* Effect.provide(LoopGuard.make(options), GuardStore.layerMemory())
          const answers: Array<number> = []
          let now = 0
          let id = 0
          for (const step of all) {
            if (step._tag === "Pause") {
              now += step.seconds * 1000
              yield* TestClock.adjust(step.seconds * 1000)
              continue
            }
            if (!step.isAgain) id++
            const event = eventOf(step, String(id))
            const decision = yield* servers[step.server]!.run(event, rooms[step.room]!)
            assert.deepStrictEqual(decision, yield* one.run(event, rooms[step.room]!))
            if (step.room !== "a") continue
            // A person's message lifts a hold and begins to count anew.
            if (step.of !== "machine") answers.length = 0
            else if (decision._tag === "Allow") answers.push(now)
            assert.isAtMost(answers.filter((time) => time > now - 60_000).length, 3)
          }
        })),
      { arbitrary: { runs } }
    )

    it.effect("counts the answers of all servers that come at once", () =>
      fresh(Effect.gen(function*() {
        const servers = yield* Effect.replicateEffect(LoopGuard.make({ maxAnswers: 5 }), 3)
        const decisions = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, index) => index),
          (index) => {
            const event = eventOf(
              { _tag: "Event", server: 0, room: "a", of: "machine", text: "hello", isAgain: false },
              String(index)
            )
            return servers[index % 3]!.run(event, rooms["a"]!)
          },
          { concurrency: "unbounded" }
        )
        assert.lengthOf(decisions.filter(({ _tag }) => _tag === "Allow"), 5)
      })))
  })
}
