/** The command `effect-sms tail`, and the server that it follows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { secrets } from "../http/carriers.ts"
import { launch, limit, run } from "./process.ts"
import { serve, wrapper } from "./splitMms.ts"

const { attachment: _, attachment_mime_type: __, ...common } = wrapper
const sms = (message: string) => ({ ...common, sms_hash: message, message })

describe("effect-sms tail", () => {
  it.live(
    "prints what is kept and what comes, for people and for programs, and ends with its reader",
    () =>
      Effect.gen(function*() {
        const server = yield* serve({})
        yield* server.post(sms("first"))
        const env = { EFFECT_SMS_TOKEN: secrets.admin }
        const args = ["tail", "--url", server.base, "--after", "0", "--number", "+1 (514) 555-0142"]
        const [people, programs] = yield* Effect.all([run(args, env), run([...args, "--json"], env)])
        yield* people.until(/first/)
        yield* server.post(sms("second"))
        yield* people.until(/second/)
        const output = yield* programs.until(/second[^]*\n$/)
        const lines = people.output().trimEnd().split("\n")
        assert.lengthOf(lines, 2)
        assert.match(lines[0]!, /^\d\d:\d\d:\d\d \+15145550142 → first \(voicemeup\)$/)
        const entries = output.trimEnd().split("\n").map((line) => JSON.parse(line))
        assert.deepStrictEqual(entries.map(({ event }) => event.message.content.text), ["first", "second"])
        const command = [process.execPath, "src/main.ts", ...args.map((arg) => `'${arg}'`), "--json"].join(" ")
        const piped = yield* launch("sh", ["-c", `PATH=${process.env["PATH"]}; ${command} | head -n 1`], env)
        yield* piped.until(/first/)
        // What it writes next has no reader.
        yield* server.post(sms("third"))
        assert.deepStrictEqual([yield* piped.ended, piped.errors()], [0, ""])
        for (const child of [people, programs]) {
          const [code] = yield* child.end("SIGINT")
          assert.strictEqual(code, 0)
          assert.strictEqual(child.errors(), "")
        }
      }),
    limit
  )

  it.live("says what is wrong with the token or the address", () =>
    Effect.gen(function*() {
      const server = yield* serve({})
      const fails = Effect.fnUntraced(function*(args: ReadonlyArray<string>, env: Record<string, string>) {
        const child = yield* run(["tail", ...args], env)
        return [yield* child.ended, child.errors()] as const
      })
      const url = ["--url", server.base]
      assert.deepStrictEqual(yield* fails(url, {}), [
        1,
        "EFFECT_SMS_TOKEN or ADMIN_TOKEN must have a token of the server with the scope read\n"
      ])
      assert.deepStrictEqual(yield* fails(url, { ADMIN_TOKEN: "wrong" }), [1, "The server does not know the token\n"])
      const [code, error] = yield* fails(["--url", "sms.example.com"], { ADMIN_TOKEN: "x" })
      assert.deepStrictEqual([code, error], [2, "--url must be an http or https URL\n"])
      const nowhere = "http://127.0.0.1:1"
      assert.deepStrictEqual(yield* fails(["--url", nowhere], { ADMIN_TOKEN: "x" }), [
        1,
        `${nowhere} cannot be reached: is the server running, and is this its address?\n`
      ])
      const other = `${server.base}/docs`
      assert.deepStrictEqual(yield* fails(["--url", other], { ADMIN_TOKEN: "x" }), [
        1,
        `${other} does not answer as a server of effect-sms does\n`
      ])
    }), limit)
})
