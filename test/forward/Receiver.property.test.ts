/** Whatever an application does, every event arrives, in the order of its room, and its answer goes out once. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { Webhook } from "standardwebhooks"
import { Forwarder } from "../../src/forward/Forwarder.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { type Answer, layerOf, makeApp, receive, secret } from "./app.ts"

/** What becomes of one request: whether the application has handled it, and how it answers. */
type Behaviour = "takes" | "down" | "fails" | "busy" | "slow" | "answers too late" | "loses its answer"

const handles = (behaviour: Behaviour): boolean =>
  behaviour === "takes" || behaviour === "answers too late" || behaviour === "loses its answer"

interface Scenario {
  /** By request. Every later one is taken. */
  readonly behaviours: ReadonlyArray<Behaviour>
  /** The room of each message, and the milliseconds after the one before. */
  readonly messages: ReadonlyArray<readonly [room: number, after: number]>
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  behaviours: fc.array(
    fc.constantFrom<Behaviour>("takes", "down", "fails", "busy", "slow", "answers too late", "loses its answer"),
    { maxLength: 20 }
  ),
  messages: fc.array(fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(0, 0, 10, 1500)), { minLength: 1, maxLength: 9 })
})

const people = ["+15145550141", "+15145550142", "+15145550143"]

const answerOf = (behaviour: Behaviour, body: string): Answer => {
  switch (behaviour) {
    case "takes":
      return { status: 200, body }
    case "fails":
      return { status: 500 }
    case "busy":
      return { status: 429, retryAfter: "3" }
    case "down":
    case "loses its answer":
      return "down"
    case "slow":
    case "answers too late":
      return "never"
  }
}

const play = ({ behaviours, messages }: Scenario) => {
  /** The texts that the application has handled, with repetitions, by room. */
  const handled = people.map((): Array<string> => [])
  const { layer, posted } = makeApp(({ body, headers, sender, text }, number) => {
    // Throws when it is not signed, or not now.
    new Webhook(secret).verify(body, { ...headers })
    const behaviour = behaviours[number - 1] ?? "takes"
    if (sender === undefined) return answerOf(behaviour, "")
    if (handles(behaviour)) handled[people.indexOf(sender)]!.push(text)
    return answerOf(behaviour, JSON.stringify({ reply: { text: `re ${text}, request ${number}` } }))
  })
  // More attempts than there are failures.
  const options = { timeout: "2 seconds", waits: Array.from({ length: 21 }, () => "1 second" as const) } as const
  return Effect.gen(function*() {
    // The library compares the time of a signature with its own.
    yield* TestClock.setTime(Date.now() - 60_000)
    yield* Effect.gen(function*() {
      const forwarder = yield* Forwarder
      yield* TestClock.adjust("10 millis")
      for (const [index, [room, after]] of messages.entries()) {
        yield* TestClock.adjust(after)
        yield* receive(`${index}`, people[room])
      }
      yield* TestClock.adjust("10 millis")
      const end = (yield* Clock.currentTimeMillis) + 150_000
      const untilDone = Effect.gen(function*() {
        while ((yield* forwarder.list({ state: "pending", limit: 1 })).length > 0) {
          assert.isBelow(yield* Clock.currentTimeMillis, end)
          yield* TestClock.adjust("1 second")
        }
      })
      yield* untilDone
      assert.deepStrictEqual(yield* forwarder.list({ state: "dead", limit: 1 }), [])
      for (const [room, texts] of handled.entries()) {
        const expected = messages.flatMap(([of], index) => of === room ? `${index}` : [])
        // A repetition comes before the next event.
        assert.deepStrictEqual(texts.filter((text, index) => text !== texts[index - 1]), expected)
      }
      // Later it gets some again, and answers something else.
      for (const { id } of yield* forwarder.list({ state: "done", limit: 5 })) yield* forwarder.replay(id)
      yield* untilDone
      const { sent } = yield* MockSmsProvider.MockSmsProvider
      const replies = (yield* sent).map(({ content }) => content._tag === "TextContent" ? content.text : "")
      assert.sameMembers(
        replies.map((text) => /^re (\d+), request \d+$/.exec(text)?.[1]),
        messages.map((_, index) => `${index}`)
      )
      // An event keeps its id.
      const ids = new Map<string, string>()
      for (const { id, sender, text } of posted) {
        if (sender !== undefined) assert.strictEqual(ids.get(text) ?? id, id)
        if (sender !== undefined) ids.set(text, id)
      }
    }).pipe(Effect.provide(layerOf(layer, options)))
  }).pipe(Effect.provide([Layer.fresh(TestClock.layer()), Logger.layer([])]), Effect.scoped)
}

describe("an application that is down, slow, busy, fails or loses its answers", () => {
  it("gets every event in the order of its room, signed, and its answer to each goes out once", () =>
    fc.assert(
      fc.asyncProperty(scenario, (scenario) => Effect.runPromise(play(scenario))),
      { numRuns: 60 }
    ))
})
