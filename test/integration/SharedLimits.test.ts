/** Servers with one database share the limits of their carriers. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { start } from "../main/server.ts"

const limit = 60_000

const database = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `sqlite:${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

interface Body {
  readonly id: string
  readonly state: string
  readonly reason?: string
  readonly retryAfter?: number
}

const serve = Effect.fnUntraced(function*(env: Record<string, string>) {
  const server = yield* start({
    PORT: "0",
    ADMIN_TOKEN: "admin",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_FROM: "+15145550100",
    ...env
  })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  return (method: string, path: string, body?: object) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { "content-type": "application/json", authorization: "Bearer admin" },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      return { status: response.status, body: await response.json() as Body }
    })
})

const message = { to: "+15145550142", text: "hello" }

describe("servers with one database", () => {
  it.live("send no more than the rate limit together, and queue the rest", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = { DATABASE_URL: yield* database, TWILIO_BASE_URL: twilio.baseUrl, SEND_RATE_LIMIT: "3/hour" }
      const servers = [yield* serve(env), yield* serve(env)]
      const answers = yield* Effect.forEach(
        Array.from({ length: 8 }, (_, index) => servers[index % 2]!),
        (call) => call("POST", "/messages", message),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(answers.map(({ status }) => status).sort(), [202, 202, 202, 429, 429, 429, 429, 429])
      const { body: { id } } = yield* servers[0]!("POST", "/messages", { ...message, queue: true })
      const held = yield* Effect.repeat(servers[1]!("GET", `/intents/${id}`), {
        until: ({ body }) => body.reason === "RateLimited"
      })
      assert.strictEqual(held.body.state, "queued")
      assert.lengthOf(twilio.asked, 3)
    }), limit)

  it.live("leave a carrier alone that one of them could not reach", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio("cut the connection")
      const env = { DATABASE_URL: yield* database, TWILIO_BASE_URL: twilio.baseUrl, SEND_CIRCUIT_FAILURES: "1" }
      const [one, other] = [yield* serve(env), yield* serve(env)]
      assert.strictEqual((yield* one("POST", "/messages", message)).status, 504)
      const asked = twilio.asked.length
      const { body, status } = yield* other("POST", "/messages", message)
      assert.deepStrictEqual([status, body.reason], [503, "ProviderUnavailable"])
      assert.isAtMost(body.retryAfter ?? Infinity, 30)
      assert.lengthOf(twilio.asked, asked)
    }), limit)
})
