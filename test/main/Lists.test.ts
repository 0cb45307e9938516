/** The commands that list and replay, as processes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { secrets } from "../http/carriers.ts"
import { limit, run } from "./process.ts"
import { serve, wrapper } from "./splitMms.ts"

const { attachment: _, attachment_mime_type: __, ...sms } = wrapper

describe("effect-sms messages, dead-letters and replay", () => {
  it.live("list what a server has, and say what it does not have", () =>
    Effect.gen(function*() {
      const server = yield* serve({})
      yield* server.post(sms)
      yield* server.someMessages(1)
      const command = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
        const child = yield* run([...args, "--url", server.base], { ADMIN_TOKEN: secrets.admin })
        return [yield* child.ended, child.output(), child.errors()] as const
      })
      const [messages, deadLetters, replay] = yield* Effect.all([
        command("messages", "--number", "+15145550142"),
        command("dead-letters"),
        command("replay", "none")
      ], { concurrency: 3 })
      assert.deepStrictEqual([messages[0], messages[2]], [0, ""])
      assert.match(messages[1], /^TIME .* TEXT\n\S+ \S+ {2}\+15145550142 → {2}received {2}voicemeup {2}Look at this\n$/)
      assert.deepStrictEqual(deadLetters, [0, "", ""])
      assert.deepStrictEqual(replay, [1, "", "Unknown event\n"])
    }), limit)
})
