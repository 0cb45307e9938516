/** What is sent from the command line is a send like any other where there is a database. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { run } from "./process.ts"
import { start } from "./server.ts"

const limit = 60_000

const database = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `sqlite:${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

const text = "Your parcel is here"

const makeEnv = (databaseUrl: string, baseUrl: string, more: Record<string, string> = {}) => ({
  DATABASE_URL: databaseUrl,
  TWILIO_ACCOUNT_SID: "AC1",
  TWILIO_AUTH_TOKEN: "token",
  TWILIO_FROM: "+15145550100",
  TWILIO_BASE_URL: baseUrl,
  ...more
})

type Env = ReturnType<typeof makeEnv>

const send = Effect.fnUntraced(function*(env: Env, ...args: ReadonlyArray<string>) {
  const child = yield* run(["send", "--provider", "Twilio", "--to", "+15145550142", ...args], env)
  const code = yield* child.ended
  const [output, errors] = [child.output(), child.errors()]
  for (const secret of ["5550142", "parcel"]) assert.notInclude(output + errors, secret)
  return { code, output, errors }
})

const serve = Effect.fnUntraced(function*(env: Env) {
  const server = yield* start({ PORT: "0", ADMIN_TOKEN: "admin", ...env })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  return (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { "content-type": "application/json", authorization: "Bearer admin", ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      return { status: response.status, headers: response.headers, json: await response.json() }
    })
})

/** The number of messages that the carrier was asked to send. */
const sends = ({ asked }: Effect.Success<ReturnType<typeof makeTwilio>>) =>
  asked.filter(({ request }) => request.method === "POST").length

describe("effect-sms send with a database", () => {
  it.live("sends once for a key, which the API knows, too", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = makeEnv(yield* database, twilio.baseUrl)
      for (let times = 0; times < 2; times++) {
        assert.deepStrictEqual(yield* send(env, "--key", "k", text), {
          code: 0,
          output: "twilio accepted SM1: queued\n",
          errors: ""
        })
      }
      const other = yield* send(env, "--key", "k", "Another text")
      assert.deepStrictEqual([other.code, other.output], [3, ""])
      assert.match(other.errors, /^--key: The idempotency key was already used for another message\n$/)
      assert.strictEqual(sends(twilio), 1)

      const call = yield* serve(env)
      const request = { to: "+15145550142", text, provider: "twilio" }
      const { headers, json, status } = yield* call("POST", "/messages", request, { "idempotency-key": "k" })
      assert.deepStrictEqual([status, headers.get("idempotency-replayed"), json.messageIds], [202, "true", ["SM1"]])
      assert.strictEqual(sends(twilio), 1)
      const { json: intents } = yield* call("GET", "/intents")
      assert.deepInclude(intents[0], { state: "accepted", provider: "twilio", idempotencyKey: "k" })
      assert.strictEqual((yield* call("GET", "/messages/SM1")).status, 200)
    }), limit)

  it.live("queues once for a key", () =>
    Effect.gen(function*() {
      const env = makeEnv(yield* database, "http://127.0.0.1:1")
      const first = yield* send(env, "--queue", "--key", "k", text)
      assert.deepStrictEqual([first.code, first.errors], [0, ""])
      assert.deepStrictEqual(yield* send(env, "--queue", "--key", "k", text), first)
      assert.strictEqual((yield* send(env, "--queue", "--key", "k", "Another text")).code, 3)
      assert.strictEqual((yield* send(env, "--key", "k", text)).code, 3)
    }), limit)

  it.live("keeps the rate limit, together with the server", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = makeEnv(yield* database, twilio.baseUrl, { SEND_RATE_LIMIT: "2/hour" })
      assert.strictEqual((yield* send(env, text)).code, 0)
      const call = yield* serve(env)
      assert.strictEqual((yield* call("POST", "/messages", { to: "+15145550142", text })).status, 202)
      const refused = yield* send(env, text)
      assert.deepStrictEqual([refused.code, refused.output], [3, ""])
      assert.match(refused.errors, /^twilio: .*Try again in \d+ seconds\n$/)
      assert.strictEqual(sends(twilio), 2)
    }), limit)

  it.live("keeps the limits, together with the server, and prints warnings", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = makeEnv(yield* database, twilio.baseUrl, { SEND_FREQUENCY: "2/day", SEND_WARNINGS: "on" })
      const first = yield* send(env, text)
      assert.strictEqual(first.code, 0)
      assert.match(first.errors, /^Warning: The first message to a person .* \(https:.*\)\n$/)
      const call = yield* serve(env)
      assert.strictEqual((yield* call("POST", "/messages", { to: "+15145550142", text })).status, 202)
      const refused = yield* send(env, text)
      assert.deepStrictEqual([refused.code, refused.output], [3, ""])
      assert.match(refused.errors, /Refused by frequency: 2 messages per day to a person/)
      assert.strictEqual(sends(twilio), 2)
    }), limit)

  it.live("sends nothing in quiet hours, as the server does", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const hours = { QUIET_HOURS: "on", QUIET_HOURS_WINDOWS: "CA none" }
      const refused = yield* send(makeEnv(yield* database, twilio.baseUrl, hours), text)
      assert.deepStrictEqual([refused.code, refused.output, sends(twilio)], [3, "", 0])
      assert.match(refused.errors, /Refused by quietHours: the hours of CA/)
      assert.match(refused.errors, /Check the variables of the guard/)
    }), limit)

  it.live("sends nothing to somebody who has opted out", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = makeEnv(yield* database, twilio.baseUrl)
      const call = yield* serve(env)
      const stop = yield* call("POST", `/people/${encodeURIComponent("+15145550142")}/consent`, { action: "stop" })
      assert.strictEqual(stop.status, 200, JSON.stringify(stop.json))
      const refused = yield* send(env, text)
      assert.deepStrictEqual([refused.code, refused.output], [3, ""])
      assert.match(refused.errors, /opted out/)
      assert.strictEqual(sends(twilio), 0)
    }), limit)

  it.live("leaves a send of unknown outcome to the operator, and repeats none", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio("cut the connection")
      const env = makeEnv(yield* database, twilio.baseUrl)
      const unknown = yield* send(env, "--key", "k", text)
      assert.deepStrictEqual([unknown.code, unknown.output], [4, ""])
      const [, id] = /^twilio: .* It is the send (\w{26}) of effect-sms intents\n$/.exec(unknown.errors)!
      const again = yield* send(env, "--key", "k", "--json", text)
      assert.strictEqual(again.code, 4)
      assert.deepInclude(JSON.parse(again.output), { reason: "OutcomeUnknown" })
      assert.strictEqual(sends(twilio), 1)
      const silent = yield* makeTwilio()
      const killed = yield* run(["send", "--provider", "twilio", "--to", "+15145550142", "--key", "killed", text], {
        ...env,
        TWILIO_BASE_URL: silent.baseUrl
      })
      yield* silent.next
      yield* killed.end("SIGKILL")

      const call = yield* serve(env)
      const { json } = yield* Effect.repeat(call("GET", "/intents?state=unknown"), {
        until: ({ json }) => json.length === 2
      })
      assert.deepStrictEqual(
        json.map((intent: { readonly idempotencyKey: string }) => intent.idempotencyKey),
        ["killed", "k"]
      )
      assert.strictEqual(json[1].id, id)
      const repeated = yield* send(env, "--key", "killed", text)
      assert.deepStrictEqual([repeated.code, sends(twilio)], [4, 1])
    }), limit)

  it.live("is sent directly without one, where a key means nothing", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = makeEnv("memory:", twilio.baseUrl, { SEND_RATE_LIMIT: "1/hour" })
      for (let times = 0; times < 2; times++) assert.strictEqual((yield* send(env, text)).code, 0)
      const { code, errors } = yield* send(env, "--key", "k", text)
      assert.strictEqual(code, 2)
      assert.match(errors, /^--key needs DATABASE_URL.*\n$/)
      assert.strictEqual(sends(twilio), 2)
    }), limit)
})
