/** Which messages of a carrier match a send whose response was lost. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect } from "effect"
import { Address } from "../../../src/Address.ts"
import { OutboundMessage } from "../../../src/Message.ts"
import * as Queries from "../../../src/provider/internal/queries.ts"
import type { Candidate } from "../../../src/provider/Query.ts"
import { SendReference } from "../../../src/SendReference.ts"
import { textContent } from "../../rooms/kit.ts"

const since = DateTime.makeUnsafe("2026-01-01T12:00:00.400Z")
const after = (seconds: number) => DateTime.addDuration(since, Duration.seconds(seconds))

/** Looks a message of some parts up, of which the carrier has one at this time, and others with a reference. */
const matchesOf = Effect.fnUntraced(function*(
  { createdAt, text = "hello", ...candidate }: Partial<Candidate>,
  { message = "hello", until = 600 } = {}
) {
  const provider = Queries.make("mock", {
    capabilities: {
      maxMedia: 0,
      maxLength: 5,
      senders: ["PhoneNumber"],
      choosesSender: true,
      recipients: ["PhoneNumber"],
      options: []
    },
    policy: { longText: "split" },
    secrets: [],
    deliver: () => Effect.die("not sent"),
    queries: {
      lookUp: () =>
        Effect.succeed([{
          messageId: "7",
          text,
          files: 0,
          ...candidate,
          ...(createdAt !== undefined && { createdAt })
        }])
    }
  })
  return (yield* provider.lookUp!({
    intentId: "i",
    message: new OutboundMessage({ to: Address.make("+15145550142"), content: textContent(message) }),
    since,
    until: after(until)
  })).map(({ by, part }) => `${part} ${by}`)
})

describe("a message of a carrier", () => {
  it.effect("matches by its content from the request to its timeout, in whole seconds", () =>
    Effect.gen(function*() {
      const at = (seconds: number, until?: number) =>
        Effect.map(matchesOf({ createdAt: after(seconds) }, { until }), ([first]) => first)
      assert.deepStrictEqual(yield* Effect.forEach([-301, -2, -1, 0, 30, 31, 900, 901], (seconds) => at(seconds)), [
        undefined,
        "1 similar",
        "1 content",
        "1 content",
        "1 content",
        "1 similar",
        "1 similar",
        undefined
      ])
      // The connection broke after a second.
      assert.deepStrictEqual(yield* Effect.forEach([1, 2], (seconds) => at(seconds, 1)), ["1 content", "1 similar"])
    }))

  it.effect("matches a later part in the time of the parts before it, too", () =>
    Effect.gen(function*() {
      const later = { createdAt: after(60), text: "bbbbb" }
      assert.deepStrictEqual(yield* matchesOf(later, { message: "aaaaabbbbb" }), ["2 content"])
      assert.deepStrictEqual(yield* matchesOf({ ...later, text: "aaaaa" }, { message: "aaaaabbbbb" }), ["1 similar"])
    }))

  it.effect("matches by its reference alone where it has one", () =>
    Effect.gen(function*() {
      const reference = new SendReference({ intentId: "i", part: 1, of: 1 })
      assert.deepStrictEqual(yield* matchesOf({ reference, text: "another" }), ["1 reference"])
      const others = new SendReference({ intentId: "other", part: 1, of: 1 })
      assert.deepStrictEqual(yield* matchesOf({ reference: others, createdAt: since }), [])
    }))

  it.effect("matches nothing with another text, another number of files, or no time", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* matchesOf({ createdAt: since, text: "other" }), [])
      assert.deepStrictEqual(yield* matchesOf({ createdAt: since, files: 1 }), [])
      assert.deepStrictEqual(yield* matchesOf({}), [])
    }))
})
