/** What the server promised a caller holds when it ends, however it ends. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { start } from "../main/server.ts"

const limit = 60_000

const filename = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

const serve = Effect.fnUntraced(function*(baseUrl: string, env: Record<string, string> = {}) {
  const server = yield* start({
    PORT: "0",
    ADMIN_TOKEN: "admin",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_FROM: "+15145550100",
    TWILIO_BASE_URL: baseUrl,
    ...env
  })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  const send = (key: string) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/messages`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer admin", "idempotency-key": key },
        body: JSON.stringify({ to: "+15145550142", text: "hello" })
      })
      return { status: response.status, body: await response.json() as { readonly reason?: string } }
    })
  return { ...server, send }
})

/** The requests to send. The server also asks what became of the send that was killed. */
const sends = ({ asked }: Effect.Success<ReturnType<typeof makeTwilio>>) =>
  asked.filter(({ request }) => request.method === "POST")

describe("a send that is with the carrier", () => {
  it.live(
    "is answered 504 when the server ends before the carrier answers, and never 503",
    () =>
      Effect.gen(function*() {
        const twilio = yield* makeTwilio()
        const server = yield* serve(twilio.baseUrl)
        const fiber = yield* Effect.forkChild(server.send("key"))
        yield* twilio.next
        const [code] = yield* server.end("SIGTERM")
        assert.strictEqual(code, 0)
        const { body, status } = yield* Fiber.join(fiber)
        assert.deepStrictEqual([status, body.reason], [504, "OutcomeUnknown"])
      }),
    limit
  )

  it.live(
    "is never sent again after a kill: the same key tells that the outcome is unknown",
    () =>
      Effect.gen(function*() {
        const file = yield* filename
        const silent = yield* makeTwilio()
        const first = yield* serve(silent.baseUrl, { DATABASE_URL: `sqlite:${file}` })
        yield* Effect.forkChild(Effect.ignoreCause(first.send("key")))
        yield* silent.next
        yield* first.end("SIGKILL")

        const twilio = yield* makeTwilio({ status: 201, body: accepted })
        const second = yield* serve(twilio.baseUrl, { DATABASE_URL: `sqlite:${file}` })
        for (let times = 0; times < 2; times++) {
          const { body, status } = yield* second.send("key")
          assert.deepStrictEqual([status, body.reason], [504, "OutcomeUnknown"])
        }
        assert.lengthOf(sends(twilio), 0)
        assert.strictEqual((yield* second.send("another")).status, 202)
        assert.lengthOf(sends(twilio), 1)
        yield* second.end("SIGKILL")
        // And what was accepted is answered with its receipt, from then on.
        const third = yield* serve(twilio.baseUrl, { DATABASE_URL: `sqlite:${file}` })
        assert.strictEqual((yield* third.send("another")).status, 202)
        assert.lengthOf(sends(twilio), 1)
      }),
    limit
  )
})
