/** Two operators decide about one send at the same instant, each on a server of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeTwilio } from "../http/twilio.ts"
import { start } from "../main/server.ts"
import { database, hasPostgres } from "./database.ts"

const limit = 120_000

interface Body {
  readonly id: string
  readonly detail?: string
  readonly state?: string
  readonly resolvedBy?: string
  readonly idempotencyKey?: string
}

const serve = Effect.fnUntraced(function*(baseUrl: string, url: string) {
  const server = yield* start({
    PORT: "0",
    ADMIN_TOKEN: "admin",
    DATABASE_URL: url,
    RATE_LIMITS: "off",
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
        headers: { authorization: "Bearer admin", ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) })
      })
      return { status: response.status, body: await response.json() as Body }
    })
  return {
    ...server,
    call,
    decide: (id: string, how: "resend" | "give-up") => call("POST", `/intents/${id}/${how}`),
    unknown: Effect.map(call("GET", "/intents?state=unknown"), ({ body }) => body as unknown as ReadonlyArray<Body>)
  }
})

/** The requests to send of which the text is this. The carrier is also asked what became of them. */
const sendsOf = ({ asked }: Effect.Success<ReturnType<typeof makeTwilio>>, text: string) =>
  asked.filter(({ form, request }) => request.method === "POST" && form["Body"] === text).length

const taken = (number: number) => ({ status: 201, body: JSON.stringify({ sid: `SM${number}`, status: "queued" }) })
const nothing = { status: 200, body: JSON.stringify({ messages: [] }) }

describe.skipIf(!hasPostgres)("a send of unknown outcome on two servers", () => {
  it.live(
    "is resent or given up, and never both, a hundred times",
    () =>
      Effect.gen(function*() {
        const seen = new Set<string>()
        const twilio: Effect.Success<ReturnType<typeof makeTwilio>> = yield* makeTwilio((number) => {
          const { form, request } = twilio.asked[number - 1]!
          if (request.method !== "POST") return nothing
          const text = form["Body"]!
          if (seen.has(text)) return taken(number)
          seen.add(text)
          return "cut the connection"
        })
        const url = yield* database
        const [one, other] = yield* Effect.all([serve(twilio.baseUrl, url), serve(twilio.baseUrl, url)], {
          concurrency: "unbounded"
        })
        let resent = 0
        for (let round = 0; round < 100; round++) {
          const text = `round ${round}`
          assert.strictEqual((yield* one.call("POST", "/messages", { to: "+15145550142", text })).status, 504)
          const [first] = yield* one.unknown
          const { id } = first!
          // The resend also asks the carrier first.
          const late = Effect.delay(one.decide(id, "give-up"), round % 10 === 9 ? 10 * round : round % 10 * 4)
          const [resend, giveUp] = yield* Effect.all([other.decide(id, "resend"), late], { concurrency: "unbounded" })
          const isResent = resend.status === 200
          assert.deepStrictEqual([resend.status, giveUp.status], isResent ? [200, 409] : [409, 200])
          assert.strictEqual(sendsOf(twilio, text), isResent ? 2 : 1)
          const { body } = yield* one.call("GET", `/intents/${id}`)
          assert.strictEqual(body.resolvedBy, isResent ? "operator: resent" : "operator: given up")
          assert.deepStrictEqual(yield* other.unknown, [])
          if (isResent) resent++
        }
        assert.isAbove(resent, 0)
      }),
    limit
  )

  it.live(
    "can be decided about when the server that resends it is killed, and is not sent a third time",
    () =>
      Effect.gen(function*() {
        const twilio: Effect.Success<ReturnType<typeof makeTwilio>> = yield* makeTwilio((number) => {
          const { request } = twilio.asked[number - 1]!
          if (request.method !== "POST") return nothing
          // The resend is never answered.
          return sendsOf(twilio, "hello") === 1 ? "cut the connection" : undefined
        })
        const url = yield* database
        const [one, other] = yield* Effect.all([serve(twilio.baseUrl, url), serve(twilio.baseUrl, url)], {
          concurrency: "unbounded"
        })
        assert.strictEqual((yield* one.call("POST", "/messages", { to: "+15145550142", text: "hello" })).status, 504)
        const [first] = yield* one.unknown
        const { id } = first!
        yield* Effect.forkChild(Effect.ignoreCause(one.decide(id, "resend")))
        yield* Effect.repeat(Effect.delay(Effect.sync(() => sendsOf(twilio, "hello")), "20 millis"), {
          until: (sends) => sends === 2
        })
        const { body, status } = yield* other.decide(id, "give-up")
        assert.deepStrictEqual([status, body.detail], [409, "The message is being sent again"])
        // Another request waits for the same resend, until its server is found to be dead.
        const waiting = yield* Effect.forkChild(other.decide(id, "resend"))
        yield* one.end("SIGKILL")
        assert.strictEqual((yield* Fiber.join(waiting)).status, 504)
        const listed = yield* other.unknown
        assert.deepStrictEqual(listed.map(({ id, idempotencyKey }) => [id, idempotencyKey]), [
          [listed[0]!.id, `resend of ${id}`],
          [id, undefined]
        ])
        assert.strictEqual((yield* other.decide(id, "resend")).status, 504)
        assert.strictEqual((yield* other.decide(id, "give-up")).status, 200)
        assert.strictEqual((yield* other.decide(listed[0]!.id, "give-up")).status, 200)
        assert.deepStrictEqual(yield* other.unknown, [])
        assert.strictEqual(sendsOf(twilio, "hello"), 2)
      }),
    limit
  )
})
