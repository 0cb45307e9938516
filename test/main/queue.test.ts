/** Queued messages outlive the processes that queued them. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { accepted, type Asked, makeTwilio } from "../http/twilio.ts"
import { run } from "./process.ts"
import { start } from "./server.ts"

const limit = 60_000

const database = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `sqlite:${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

interface Intent {
  readonly id: string
  readonly state: string
  readonly reason?: string
}

const serve = Effect.fnUntraced(function*(databaseUrl: string, baseUrl: string) {
  const server = yield* start({
    DATABASE_URL: databaseUrl,
    PORT: "0",
    ADMIN_TOKEN: "admin",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_FROM: "+15145550100",
    TWILIO_BASE_URL: baseUrl
  })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  const call = (method: string, path: string, body?: object) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { "content-type": "application/json", authorization: "Bearer admin" },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      return { status: response.status, body: await response.json() as Intent }
    })
  return {
    ...server,
    isReady: Effect.promise(() =>
      fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(1000) }).then(
        ({ ok }) => ok,
        () => false
      )
    ),
    queue: (text: string, rest: object = {}) =>
      Effect.map(call("POST", "/messages", { to: "+15145550142", text, queue: true, ...rest }), (answer) => {
        assert.strictEqual(answer.status, 202)
        return answer.body.id
      }),
    until: (id: string, ...states: ReadonlyArray<string>) =>
      Effect.repeat(Effect.map(call("GET", `/intents/${id}`), ({ body }) => body), {
        until: ({ state }) => states.includes(state)
      })
  }
})

/** The texts that were sent. The carrier is also asked about sends of unknown outcome. */
const textsOf = ({ asked }: { readonly asked: ReadonlyArray<Asked> }) =>
  asked.flatMap(({ form, request }) => request.method === "POST" ? [form["Body"]] : [])

describe("a queued message", () => {
  it.live(
    "outlives a kill before it is ready, and is unknown after a kill while the carrier has it",
    () =>
      Effect.gen(function*() {
        const databaseUrl = yield* database
        const silent = yield* makeTwilio()
        const first = yield* serve(databaseUrl, silent.baseUrl)
        const sendAt = new Date(Date.now() + 3000).toISOString()
        const later = yield* first.queue("later", { sendAt })
        const asked = yield* first.queue("asked")
        yield* silent.next
        yield* first.end("SIGKILL")

        const twilio = yield* makeTwilio({ status: 201, body: accepted })
        const second = yield* serve(databaseUrl, twilio.baseUrl)
        assert.strictEqual((yield* second.until(asked, "accepted", "unknown")).state, "unknown")
        yield* second.until(later, "accepted")
        assert.deepStrictEqual([textsOf(silent), textsOf(twilio)], [["asked"], ["later"]])
      }),
    limit
  )

  it.live("is sent by the server when the command line queues it", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      const env = { DATABASE_URL: databaseUrl }
      const args = ["--to", "+15145550142"]
      const bulk = yield* run(["send", "--queue", "--priority", "bulk", ...args, "bulk"], env)
      assert.strictEqual(yield* bulk.ended, 0, bulk.errors())
      const json = yield* run(["send", "--queue", "--json", "--provider", "twilio", ...args, "now"], env)
      assert.strictEqual(yield* json.ended, 0, json.errors())
      assert.match(bulk.output(), /^Queued \w{26}\n$/)
      assert.deepInclude(JSON.parse(json.output()), { state: "queued", provider: "twilio" })
      assert.notInclude(bulk.output() + bulk.errors() + json.errors(), "5550142")

      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const server = yield* serve(databaseUrl, twilio.baseUrl)
      const at = new Date(Date.now() + 1000).toISOString()
      const timed = yield* run(["send", "--queue", "--at", at, ...args, "timed"], env)
      assert.strictEqual(yield* timed.ended, 0, timed.errors())
      for (const { output } of [bulk, timed]) {
        yield* server.until(/Queued (\w+)/.exec(output())![1]!, "accepted")
      }
      assert.deepStrictEqual(textsOf(twilio).sort(), ["bulk", "now", "timed"])
    }), limit)

  it.live("stays queued at SIGTERM, and one that the carrier has is finished", () =>
    Effect.gen(function*() {
      const databaseUrl = yield* database
      const twilio = yield* makeTwilio()
      const first = yield* serve(databaseUrl, twilio.baseUrl)
      const asked = yield* first.queue("asked")
      const { response } = yield* twilio.next
      const later = yield* first.queue("later", { sendAt: new Date(Date.now() + 3_600_000).toISOString() })
      const end = yield* Effect.forkChild(first.end("SIGTERM"), { startImmediately: true })
      // It is ending by then.
      yield* Effect.repeat(first.isReady, { until: (isReady) => !isReady })
      yield* twilio.answer(response, 201, accepted)
      assert.strictEqual((yield* Fiber.join(end))[0], 0)

      const second = yield* serve(databaseUrl, twilio.baseUrl)
      assert.strictEqual((yield* second.until(asked, "accepted", "unknown")).state, "accepted")
      assert.strictEqual((yield* second.until(later, "queued", "unknown")).state, "queued")
      assert.deepStrictEqual(textsOf(twilio), ["asked"])
    }), limit)

  const wrong: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp, Record<string, string>?]> = [
    [["--queue"], 2, /^A message needs a text/],
    [["--at", "2026-01-28T13:00:00Z", "--provider", "twilio", "x"], 2, /^--at and --priority need --queue/],
    [["--queue", "--at", "tomorrow", "x"], 2, /^Invalid value for flag --at/],
    [["x"], 2, /^Missing required flag: --provider\. See effect-sms send --help\n$/],
    [["--queue", "x"], 1, /^DATABASE_URL must name the database of the server/],
    [["--queue", "x"], 1, /^DATABASE_URL cannot be used: the SQLite file/, { DATABASE_URL: "sqlite:/none/x" }]
  ]
  for (const [args, code, error, env = {}] of wrong) {
    it.live(
      `is not queued by: send ${args.join(" ")}${code === 1 ? ` (${Object.keys(env).length})` : ""}`,
      () =>
        Effect.gen(function*() {
          const child = yield* run(["send", "--to", "+15145550142", ...args], env)
          assert.strictEqual(yield* child.ended, code)
          assert.match(child.errors(), error)
        }),
      limit
    )
  }
})
