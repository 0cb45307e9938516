/**
 * A carrier takes a message and its answer is lost. What it reports later
 * settles the send.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import twilio from "twilio"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { type Asked, makeTwilio } from "../http/twilio.ts"
import { start } from "../main/server.ts"

const limit = 60_000

const filename = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

interface Intent {
  readonly id: string
  readonly state: string
  readonly resolvedBy?: string
  readonly receipt?: { readonly messageIds: ReadonlyArray<string> }
  readonly candidates?: ReadonlyArray<{ readonly messageId: string }>
}

const serve = Effect.fnUntraced(function*(baseUrl: string, file: string) {
  const server = yield* start({
    PORT: "0",
    ADMIN_TOKEN: "admin",
    DATABASE_URL: `sqlite:${file}`,
    PUBLIC_URL: "https://sms.example.com",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_FROM: "+15145550100",
    TWILIO_BASE_URL: baseUrl
  })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  const base = `http://127.0.0.1:${port}`
  const authorization = "Bearer admin"
  return {
    ...server,
    send: (key: string) =>
      Effect.promise(async () => {
        const response = await fetch(`${base}/messages`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization, "idempotency-key": key },
          body: JSON.stringify({ to: "+15145550142", text: "hello" })
        })
        return {
          status: response.status,
          body: await response.json() as { readonly messageIds?: ReadonlyArray<string> }
        }
      }),
    intents: (state?: string) =>
      Effect.promise(async () => {
        const query = state === undefined ? "" : `?state=${state}`
        const response = await fetch(`${base}/intents${query}`, { headers: { authorization } })
        return await response.json() as ReadonlyArray<Intent>
      }),
    /** Waits until the report of a message is processed. */
    tracked: (sid: string) =>
      Effect.promise(() => fetch(`${base}/messages/${sid}`, { headers: { authorization } })).pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: ({ status }) => status === 200 })
      ),
    /** Posts the status callback of a message, as Twilio signs it. */
    report: ({ form }: Asked, sid: string, status: string, sign = (url: string) => url) =>
      Effect.promise(async () => {
        const callback = form["StatusCallback"]!
        const fields = {
          MessageSid: sid,
          MessageStatus: status,
          AccountSid: "AC1",
          To: form["To"]!,
          From: form["From"]!
        }
        const response = await fetch(`${base}${callback.slice("https://sms.example.com".length)}`, {
          method: "POST",
          headers: { "x-twilio-signature": twilio.getExpectedTwilioSignature("token", sign(callback), fields) },
          body: new URLSearchParams(fields)
        })
        return response.status
      })
  }
})

/** Waits until the only intent is in this state. */
const settled = (server: Effect.Success<ReturnType<typeof serve>>, state: string) =>
  Effect.gen(function*() {
    while (true) {
      const [intent] = yield* server.intents()
      if (intent?.state === state) return intent
      yield* Effect.sleep("20 millis")
    }
  }).pipe(Effect.timeout("20 seconds"))

const assertAccepted = Effect.fnUntraced(function*(
  server: Effect.Success<ReturnType<typeof serve>>,
  resolvedBy = "delivery report"
) {
  const intent = yield* settled(server, "accepted")
  assert.strictEqual(intent.resolvedBy, resolvedBy)
  assert.deepStrictEqual(intent.receipt?.messageIds, ["SM7"])
  const { body, status } = yield* server.send("key")
  assert.deepStrictEqual([status, body.messageIds], [202, ["SM7"]])
  assert.deepStrictEqual(yield* server.intents("unknown"), [])
})

describe("a send whose answer is lost", () => {
  it.live(
    "is accepted when its delivery report comes",
    () =>
      Effect.gen(function*() {
        const carrier = yield* makeTwilio("cut the connection")
        const server = yield* serve(carrier.baseUrl, yield* filename)
        assert.strictEqual((yield* server.send("key")).status, 504)
        const asked = yield* carrier.next
        assert.lengthOf(yield* server.intents("unknown"), 1)
        // The query is signed: another one is refused.
        assert.strictEqual(yield* server.report(asked, "SM7", "sent", (url) => `${url}x`), 403)
        assert.lengthOf(yield* server.intents("unknown"), 1)
        assert.strictEqual(yield* server.report(asked, "SM7", "sent"), 200)
        yield* assertAccepted(server)
        assert.lengthOf(carrier.asked.filter(({ request }) => request.method === "POST"), 1)
      }),
    limit
  )

  it.live(
    "is accepted when its report came before the connection broke",
    () =>
      Effect.gen(function*() {
        const carrier = yield* makeTwilio()
        const server = yield* serve(carrier.baseUrl, yield* filename)
        const sending = yield* Effect.forkChild(server.send("key"))
        const asked = yield* carrier.next
        assert.strictEqual(yield* server.report(asked, "SM7", "delivered"), 200)
        // It is still with the carrier, whose answer would say more.
        assert.strictEqual((yield* settled(server, "sending")).receipt, undefined)
        yield* server.tracked("SM7")
        yield* Effect.sync(() => asked.response.socket!.destroy())
        assert.strictEqual((yield* Fiber.join(sending)).status, 504)
        yield* assertAccepted(server)
      }),
    limit
  )

  it.live(
    "is accepted after a kill, and not sent again",
    () =>
      Effect.gen(function*() {
        const file = yield* filename
        const carrier = yield* makeTwilio()
        const first = yield* serve(carrier.baseUrl, file)
        yield* Effect.forkChild(Effect.ignoreCause(first.send("key")))
        const asked = yield* carrier.next
        yield* first.end("SIGKILL")
        const second = yield* serve(carrier.baseUrl, file)
        yield* settled(second, "unknown")
        assert.strictEqual(yield* second.report(asked, "SM7", "delivered"), 200)
        yield* assertAccepted(second)
        assert.lengthOf(carrier.asked.filter(({ request }) => request.method === "POST"), 1)
      }),
    limit
  )

  /** A carrier that takes messages, lists them and answers no request to send. Others send through it, too. */
  const makeListing = Effect.fnUntraced(function*() {
    const listed: Array<object> = []
    const take = (sid: string, body: string, at: number) =>
      listed.push({
        sid,
        body,
        direction: "outbound-api",
        num_media: "0",
        date_created: new Date(at).toUTCString().replace("GMT", "+0000")
      })
    let isLosing = false
    const carrier = yield* CarrierServer.serve(({ method }) => {
      if (method !== "POST") return CarrierServer.answer(200, { messages: listed })
      if (!isLosing) take("SM7", "hello", Date.now())
      return CarrierServer.reset
    })
    const sends = () => carrier.requests.filter(({ method }) => method === "POST").length
    return { ...carrier, take, sends, lose: () => void (isLosing = true) }
  })

  it.live(
    "is accepted when the carrier lists its message, without any report",
    () =>
      Effect.gen(function*() {
        const carrier = yield* makeListing()
        carrier.take("SM6", "another", Date.now())
        const server = yield* serve(carrier.url, yield* filename)
        assert.strictEqual((yield* server.send("key")).status, 504)
        yield* assertAccepted(server, "carrier")
        assert.strictEqual(carrier.sends(), 1)
        const list = carrier.requests.find(({ method }) => method === "GET")!
        assert.include(decodeURIComponent(list.path), "To=+15145550142&From=+15145550100&DateSent>=")
      }),
    limit
  )

  it.live(
    "is not taken for the same message that another program sent a minute before or after",
    () =>
      Effect.gen(function*() {
        const carrier = yield* makeListing()
        carrier.lose()
        carrier.take("SM8", "hello", Date.now() - 60_000)
        carrier.take("SM9", "hello", Date.now() + 60_000)
        const server = yield* serve(carrier.url, yield* filename)
        assert.strictEqual((yield* server.send("key")).status, 504)
        const [intent] = yield* Effect.repeat(server.intents(), {
          until: ([intent]) => intent?.candidates !== undefined
        })
        const ids = intent?.candidates?.map(({ messageId }) => messageId)
        assert.deepStrictEqual([intent?.state, ids], ["unknown", ["SM8", "SM9"]])
        assert.strictEqual(carrier.sends(), 1)
      }),
    limit
  )
})
