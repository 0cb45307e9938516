/**
 * A carrier takes a message and its answer is lost. What it reports later
 * settles the send.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import twilio from "twilio"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "../emulator/twilio.ts"
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

const serve = Effect.fnUntraced(function*(
  carrier: Readonly<Record<string, string>>,
  file: string,
  to = "+15145550142"
) {
  const server = yield* start({
    PORT: "0",
    ADMIN_TOKEN: "admin",
    DATABASE_URL: `sqlite:${file}`,
    PUBLIC_URL: "https://sms.example.com",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: "AC1",
    TWILIO_FROM: "+15145550100",
    ...carrier
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
          body: JSON.stringify({ to, text: "hello" })
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
  resolvedBy = "delivery report",
  id = "SM7"
) {
  const intent = yield* settled(server, "accepted")
  assert.strictEqual(intent.resolvedBy, resolvedBy)
  assert.deepStrictEqual(intent.receipt?.messageIds, [id])
  const { body, status } = yield* server.send("key")
  assert.deepStrictEqual([status, body.messageIds], [202, [id]])
  assert.deepStrictEqual(yield* server.intents("unknown"), [])
})

describe("a send whose answer is lost", () => {
  it.live(
    "is accepted when its delivery report comes",
    () =>
      Effect.gen(function*() {
        const carrier = yield* makeTwilio("cut the connection")
        const server = yield* serve({ TWILIO_BASE_URL: carrier.baseUrl }, yield* filename)
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
        const server = yield* serve({ TWILIO_BASE_URL: carrier.baseUrl }, yield* filename)
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
        const first = yield* serve({ TWILIO_BASE_URL: carrier.baseUrl }, file)
        yield* Effect.forkChild(Effect.ignoreCause(first.send("key")))
        const asked = yield* carrier.next
        yield* first.end("SIGKILL")
        const second = yield* serve({ TWILIO_BASE_URL: carrier.baseUrl }, file)
        yield* settled(second, "unknown")
        assert.strictEqual(yield* second.report(asked, "SM7", "delivered"), 200)
        yield* assertAccepted(second)
        assert.lengthOf(carrier.asked.filter(({ request }) => request.method === "POST"), 1)
      }),
    limit
  )

  it.live(
    "is accepted when the carrier lists its message, without any report",
    () =>
      Effect.gen(function*() {
        const carrier = yield* Emulator.make({ pace: 0 })
        yield* carrier.addFault({ kind: "status", effect: { type: "lose" } })
        // The emulator takes messages to this number, and does not answer.
        const to = "+15005551021"
        const from = carrier.env["TWILIO_FROM"]!
        const server = yield* serve(
          { ...carrier.env, PUBLIC_URL: "https://sms.example.com", PORT: "0" },
          yield* filename,
          to
        )
        yield* Effect.ignore(Effect.tryPromise(() => sdk(carrier).messages.create({ to, from, body: "another" })))
        assert.strictEqual((yield* server.send("key")).status, 504)
        const [sent, ...others] = yield* carrier.messages("twilio")
        assert.deepStrictEqual([sent!.text, others.map(({ text }) => text)], ["hello", ["another"]])
        yield* assertAccepted(server, "carrier", sent!.id)
        const list = (yield* carrier.exchanges).find(({ method }) => method === "GET")!
        assert.include(decodeURIComponent(list.url), `To=${to}&From=${from}&DateSent>=`)
      }),
    limit
  )

  /** A carrier that got messages at other times, which the emulator cannot have, and answers no request to send. */
  const makeListing = Effect.fnUntraced(function*(times: Readonly<Record<string, number>>) {
    const messages = Object.entries(times).map(([sid, at]) => ({
      sid,
      body: "hello",
      direction: "outbound-api",
      num_media: "0",
      date_created: new Date(at).toUTCString().replace("GMT", "+0000")
    }))
    const carrier = yield* CarrierServer.serve(({ method }) =>
      method === "POST" ? CarrierServer.reset : CarrierServer.answer(200, { messages })
    )
    return { ...carrier, sends: () => carrier.requests.filter(({ method }) => method === "POST").length }
  })

  it.live(
    "is not taken for the same message that another program sent a minute before or after",
    () =>
      Effect.gen(function*() {
        const now = Date.now()
        const carrier = yield* makeListing({ SM8: now - 60_000, SM9: now + 60_000 })
        const server = yield* serve({ TWILIO_BASE_URL: carrier.url }, yield* filename)
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
