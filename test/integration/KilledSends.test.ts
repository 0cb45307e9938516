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

interface Body {
  readonly id: string
  readonly reason?: string
  readonly messageIds?: ReadonlyArray<string>
  readonly found?: ReadonlyArray<{ readonly part: number; readonly messageId: string }>
}

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
  const call = (method: string, path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        ...init,
        headers: { authorization: "Bearer admin", ...init.headers }
      })
      return { status: response.status, body: await response.json() as Body }
    })
  const send = (key: string, text = "hello") =>
    call("POST", "/messages", {
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ to: "+15145550142", text })
    })
  return { ...server, call, send }
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

  it.live(
    "is continued after the parts that the carrier accepted before a kill, when an operator asks for it",
    () =>
      Effect.gen(function*() {
        const env = { DATABASE_URL: `sqlite:${yield* filename}`, SEND_LONG_TEXT: "split" }
        const taken = (number: number) => ({
          status: 201,
          body: JSON.stringify({ sid: `SM${number}`, status: "queued" })
        })
        const silent = yield* makeTwilio((number) => number === 1 ? taken(1) : undefined)
        const first = yield* serve(silent.baseUrl, env)
        const text = ["1", "2", "3"].map((digit) => digit.repeat(1600)).join("")
        yield* Effect.forkChild(Effect.ignoreCause(first.send("key", text)))
        yield* Effect.repeat(silent.next, { until: () => silent.asked.length === 2 })
        yield* first.end("SIGKILL")

        const twilio = yield* makeTwilio((number) => taken(number + 10))
        const second = yield* serve(twilio.baseUrl, env)
        assert.strictEqual((yield* second.send("key", text)).status, 504)
        const { body: unknown } = yield* second.call("GET", "/intents?state=unknown")
        const [{ found, id }] = unknown as unknown as readonly [Body]
        assert.deepStrictEqual(found?.map(({ messageId, part }) => [part, messageId]), [[1, "SM1"]])
        const resent = yield* second.call("POST", `/intents/${id}/resend`)
        const parts = sends(twilio)
        assert.deepStrictEqual(parts.map(({ form }) => form["Body"]?.[0]), ["2", "3"])
        const ids = parts.map((part) => taken(twilio.asked.indexOf(part) + 11)).map(({ body }) => JSON.parse(body).sid)
        assert.deepStrictEqual([resent.status, resent.body.messageIds], [200, ["SM1", ...ids]])
        assert.strictEqual((yield* second.send("key", text)).status, 202)
      }),
    limit
  )
})
