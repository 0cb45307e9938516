/** The commands that list, replay and check, as processes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { secrets } from "../http/carriers.ts"
import { limit, run } from "./process.ts"
import { serve, wrapper } from "./splitMms.ts"

const { attachment: _, attachment_mime_type: __, ...sms } = wrapper

describe("effect-sms messages, dead-letters, replay and doctor", () => {
  it.live("list what a server has, and say what it does not have", () =>
    Effect.gen(function*() {
      const server = yield* serve({})
      yield* server.post(sms)
      yield* server.someMessages(1)
      const command = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
        const child = yield* run([...args, "--url", server.base], {
          ADMIN_TOKEN: secrets.admin,
          VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup,
          PUBLIC_URL: server.base
        })
        return [yield* child.ended, child.output(), child.errors()] as const
      })
      const [messages, deadLetters, replay, doctor] = yield* Effect.all([
        command("messages", "--number", "+15145550142"),
        command("dead-letters"),
        command("replay", "none"),
        command("doctor")
      ], { concurrency: 4 })
      assert.deepStrictEqual([messages[0], messages[2]], [0, ""])
      assert.match(messages[1], /^TIME .* TEXT\n\S+ \S+ {2}\+15145550142 → {2}received {2}voicemeup {2}Look at this\n$/)
      assert.deepStrictEqual(deadLetters, [0, "", ""])
      assert.deepStrictEqual(replay, [1, "", "Unknown entry\n"])
      assert.deepStrictEqual([doctor[0], doctor[2]], [0, ""])
      assert.match(doctor[1], /^ok +PUBLIC_URL +http\S+ leads to this server$/m)
      assert.match(doctor[1], /^ok +token +The server takes ADMIN_TOKEN$/m)
    }), limit)
})
