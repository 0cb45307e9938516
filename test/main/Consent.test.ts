/** What an operator sees and changes of consent, on the command line. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { run } from "./process.ts"
import { start } from "./server.ts"

const number = "+15145550142"

describe("effect-sms consent", () => {
  it.live(
    "shows, sets, imports and exports, and a server with a carrier refuses who has opted out",
    () =>
      Effect.gen(function*() {
        const twilio = yield* makeTwilio({ status: 201, body: accepted })
        const server = yield* start({
          PORT: "0",
          ADMIN_TOKEN: "admin",
          TWILIO_AUTH_TOKEN: "token",
          TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000000",
          TWILIO_FROM: "+15145550100",
          TWILIO_BASE_URL: twilio.baseUrl
        })
        const [, port = ""] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
        const command = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
          const child = yield* run(["consent", ...args, "--url", `http://127.0.0.1:${port}`], { ADMIN_TOKEN: "admin" })
          const code = yield* child.ended
          return { code, output: child.output(), errors: child.errors() }
        })
        const send = Effect.promise(async () => {
          const response = await fetch(`http://127.0.0.1:${port}/messages`, {
            method: "POST",
            headers: { "content-type": "application/json", authorization: "Bearer admin" },
            body: JSON.stringify({ to: number, text: "hello" })
          })
          return response.status
        })

        assert.deepStrictEqual(yield* command("show", number), { code: 0, output: "nothing known\n", errors: "" })
        const stopped = yield* command("set", number, "stop", "--words", "by telephone")
        assert.deepStrictEqual([stopped.code, stopped.errors], [0, ""])
        assert.match(stopped.output, /^opted out\n\S+Z {2}stop {2}api {2}all numbers {2}"by telephone"\n$/)
        assert.deepStrictEqual([yield* send, twilio.asked.length], [422, 0])
        assert.strictEqual(JSON.parse((yield* command("show", number, "--json")).output).state, "optedOut")
        assert.match((yield* command("set", number, "start", "--sender", "+15145550100")).output, /^opted in\n/)
        assert.deepStrictEqual([yield* send, twilio.asked.length], [202, 1])

        const fs = yield* FileSystem.FileSystem
        const file = `${yield* fs.makeTempDirectoryScoped()}/consents.csv`
        const lines = Array.from(
          { length: 2500 },
          (_, index) => `+1514${5_550_200 + index},stop,2026-01-28T13:00:00Z,"a\nb"`
        )
        yield* fs.writeFileString(file, ["person,action,saidAt,words", ...lines].join("\n"))
        assert.deepStrictEqual(yield* command("import", file), {
          code: 0,
          output: "2500 imported, 0 known before\n",
          errors: ""
        })
        assert.strictEqual((yield* command("import", file)).output, "0 imported, 2500 known before\n")
        const exported = yield* command("export")
        assert.deepStrictEqual([exported.code, exported.errors], [0, ""])
        assert.strictEqual(exported.output.split("\r\n").length, 2500 + 2 + 1 + 1)
        assert.isTrue(exported.output.startsWith("person,action,saidAt,"))
        assert.isTrue(exported.output.endsWith("\r\n"))

        yield* fs.writeFileString(file, "person,action\n514-555-0142,stop\n+15145550142,perhaps\n")
        const invalid = yield* command("import", file)
        assert.deepStrictEqual([invalid.code, invalid.output], [1, ""])
        assert.match(invalid.errors, /^line 2: person: .*; line 3: action: expected stop or start\n$/)
        const missing = yield* command("import", `${file}.txt`)
        assert.deepStrictEqual([missing.code, missing.errors], [2, "The file cannot be read (NotFound)\n"])
        assert.strictEqual((yield* command("show", "514-555-0142")).code, 2)
        assert.strictEqual((yield* command("set", number, "stop", "--sender", "5550142 or so")).code, 2)
        assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )

  it.live("is off with CONSENT=off, and the start says so", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const server = yield* start({
        PORT: "0",
        ADMIN_TOKEN: "admin",
        CONSENT: "off",
        TWILIO_AUTH_TOKEN: "token",
        TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000000",
        TWILIO_FROM: "+15145550100",
        TWILIO_BASE_URL: twilio.baseUrl
      })
      const [, port = ""] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      yield* server.until(/CONSENT is off: messages also go to people who have opted out/)
      const url = ["--url", `http://127.0.0.1:${port}`]
      const child = yield* run(["consent", "set", number, "stop", ...url], { ADMIN_TOKEN: "admin" })
      yield* child.ended
      const { status } = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: "Bearer admin" },
          body: JSON.stringify({ to: number, text: "hello" })
        })
      )
      assert.strictEqual(status, 202)
    }).pipe(Effect.scoped), 60_000)
})
