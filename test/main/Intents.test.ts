/** What an operator decides about sends with an unknown outcome, on the command line. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Emulator from "../../src/emulator/Emulator.ts"
import { run } from "./process.ts"
import { start } from "./server.ts"

/** The emulator closes the connection before it takes a message to this number. */
const unreachable = "+15005551022"

describe("effect-sms intents, resend and give-up", () => {
  it.live("list a send with an unknown outcome, send it again, and give it up", () =>
    Effect.gen(function*() {
      const carrier = yield* Emulator.make()
      const server = yield* start({ ...carrier.env, PORT: "0", ADMIN_TOKEN: "admin" })
      const [, port = ""] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      const command = Effect.fnUntraced(
        function*(args: ReadonlyArray<string>, env: Record<string, string> = {}, url = `http://127.0.0.1:${port}`) {
          const child = yield* run([...args, "--url", url], { ADMIN_TOKEN: "admin", ...env })
          const code = yield* child.ended
          return { code, output: child.output(), errors: child.errors() }
        }
      )
      const send = (provider: string) =>
        Effect.promise(() =>
          fetch(`http://127.0.0.1:${port}/messages`, {
            method: "POST",
            headers: { "content-type": "application/json", authorization: "Bearer admin" },
            body: JSON.stringify({ to: unreachable, text: "hello", provider })
          })
        )
      yield* send("twilio")

      const listed = yield* command(["intents", "--state", "unknown"])
      assert.deepStrictEqual([listed.code, listed.errors], [0, ""])
      const [id = ""] = listed.output.split(" ")
      assert.match(listed.output, /^\S{26} {2}unknown {2}\S+Z {2}.*OutcomeUnknown.*\n$/)
      assert.notInclude(listed.output, unreachable.slice(2))
      const json = yield* command(["intents", "--json", "--limit", "1"])
      assert.deepInclude(JSON.parse(json.output)[0], { id, state: "unknown", to: unreachable })

      // The carrier cannot be reached this time either.
      const resent = yield* command(["resend", id])
      assert.deepStrictEqual([resent.code, resent.output], [4, ""])
      const sends = (yield* carrier.exchanges).filter(({ operation }) => operation === "messages.create")
      assert.lengthOf(sends, 2)

      const givenUp = yield* command(["give-up", id])
      assert.deepStrictEqual([givenUp.code, givenUp.errors], [0, ""])
      assert.include(givenUp.output, "operator: given up")
      const late = yield* command(["resend", id])
      assert.deepStrictEqual([late.code, late.output], [1, ""])
      assert.include(late.errors, "decided already")

      yield* send("voicemeup")
      const mute = yield* command(["intents", "--limit", "1"])
      assert.match(mute.output, /^\S{26} {2}unknown {2}\S+Z {2}voicemeup {2}OutcomeUnknown {2}cannot be asked\n$/)
      const missing = yield* command(["resend", "none"])
      assert.deepStrictEqual([missing.code, missing.output], [1, ""])
      assert.include(missing.errors, "Unknown send")

      for (
        const [url, env, code, words] of [
          ["", { ADMIN_TOKEN: "wrong" }, 1, "token"],
          ["", { ADMIN_TOKEN: "" }, 1, "ADMIN_TOKEN"],
          ["nonsense", {}, 2, "--url"],
          ["http://127.0.0.1:1", {}, 1, "cannot be reached"]
        ] as const
      ) {
        const refused = yield* command(["intents"], env, url === "" ? undefined : url)
        assert.deepStrictEqual([refused.code, refused.output], [code, ""])
        assert.include(refused.errors, words)
        assert.lengthOf(refused.errors.trim().split("\n"), 1)
      }
    }), 120_000)
})
