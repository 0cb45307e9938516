import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { Address } from "../../src/Address.ts"
import { MessagesClient } from "../../src/http/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { accepted, makeTwilio } from "../http/twilio.ts"
import * as telnyxKeys from "../telnyx/keys.ts"
import { curl } from "./curl.ts"
import { limit, start } from "./server.ts"

/** Occupies a port until the scope closes. */
const occupied = Effect.map(
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer()
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ),
  (server) => String((server.address() as AddressInfo).port)
)

const tables = [
  [
    /^ {2}CARRIER +WEBHOOK +ANSWER +RESULT$/,
    /^ {2}Twilio +SMS +200 +room 1: sms from \+15145550142, "Is my order on its way\?"$/,
    /^ {2}Twilio +MMS +200 +room 1: mms from \+15145550142, "It should look like this" \[image\/jpeg\]$/,
    /^ {2}Twilio +forged +403 +refused: no room received it$/,
    /^ {2}Sinch +SMS +200 +room 2: sms from \+15145550142, "Do you deliver on Saturday\?"$/,
    /^ {2}Sinch +MMS +200 +room 2: mms from \+15145550142, "My front door" \[image\/jpeg\]$/,
    /^ {2}Sinch +forged +403 +refused: no room received it$/,
    /^ {2}Telnyx +SMS +200 +room 3: sms from \+15145550142, "Can I change the address\?"$/,
    /^ {2}Telnyx +MMS +200 +room 3: mms from \+15145550142, "This is the receipt" \[image\/jpeg\]$/,
    /^ {2}Telnyx +forged +403 +refused: no room received it$/,
    /^ {2}VoiceMeUp +SMS +200 +room 4: sms from \+15145550142, "Parlez-vous français \?"$/,
    /^ {2}VoiceMeUp +MMS +200, 200 +room 4: mms from \+15145550142, "Our cat" \[image\/jpeg\]$/,
    /^ {2}VoiceMeUp +forged +403 +refused: no room received it$/,
    /^$/
  ],
  [
    /^ {2}CARRIER +MESSAGE +ANSWER +RESULT$/,
    /^ {2}Twilio +answer in room 1 +message to \+15145550142 is delivered$/,
    /^ {2}Sinch +to \+15005551001 +202 +message to \+15005551001 is undelivered \(153\)$/,
    /^ {2}Telnyx +to \+15005551021 +504 +outcome unknown, then settled: message to \+15005551021 is delivered$/,
    /^ {2}Twilio +from \+15145550142 +200 +room 1: sms from \+15145550142, "STOP"$/,
    /^ {2}Twilio +to \+15145550142 +422 +refused, and not sent: OptedOut$/,
    /^ {2}Twilio +from \+15145550142 +200 +room 1: sms from \+15145550142, "START"$/,
    /^$/,
    /^This was said in room 1:$/,
    /^$/,
    /^ {2}\+15145550142 +"Is my order on its way\?"$/,
    /^ {2}assistant +"Yes\. We are here for you until 6 pm\."$/,
    /^ {2}\+15145550142 +"It should look like this" \[image\/jpeg\]$/,
    /^ {2}\+15145550142 +"STOP"$/,
    /^ {2}\+15145550142 +"START"$/,
    /^$/
  ]
]

describe("the server without a carrier", () => {
  it.live(
    "shows what becomes of messages in both directions, and stays up for the printed commands",
    () =>
      Effect.gen(function*() {
        const server = yield* start({ PORT: "0" })
        const output = yield* server.until(/Ctrl-C stops the server\.\n/)
        const lines = output.split("\n")
        for (const table of tables) {
          const first = lines.findIndex((line) => table[0]!.test(line))
          assert.isAbove(first, 0, output)
          for (const [index, pattern] of table.entries()) assert.match(lines[first + index]!, pattern)
        }
        const [, excerpt = ""] = /```\n(CARRIER [^]*?)\n…\n```/.exec(readFileSync("README.md", "utf8")) ?? []
        assert.include(output, excerpt.replace(/^/gm, "  "))
        // One warning for each forged one, and no trace.
        assert.lengthOf(output.match(/WARN .*Webhook refused/g) ?? [], 4)
        assert.lengthOf(output.match(/WARN .*Message outcome unknown/g) ?? [], 1)
        assert.notMatch(output, /^ +at /m)
        assert.strictEqual(server.errors(), "")

        const commands = output.match(/^ {2}curl (?:.*\\\n)*.*$/gm) ?? []
        const [text, received, send, messages, delivery, list, said, answer, ...others] = commands
        assert.deepStrictEqual(others, [])
        const inbox = Effect.map(curl(received!), (body): ReadonlyArray<string> =>
          JSON.parse(body).map(({ text }: { readonly text: string }) => text))
        const until = (count: number) =>
          Effect.repeat(inbox, {
            until: (texts) =>
              texts.length >= count,
            schedule: Schedule.spaced("50 millis")
          })
        assert.strictEqual(JSON.parse(yield* curl(text!, 201)).text, "Are you there?")
        assert.deepStrictEqual(yield* until(1), ["Yes. We are here for you until 6 pm."])

        const { messageIds: [id], provider } = JSON.parse(yield* curl(send!, 202))
        assert.strictEqual((yield* until(2))[1], "Hello from curl")
        const sent = JSON.parse(yield* curl(delivery!.replace(/[^/]+$/, id)))
        assert.deepInclude(sent, { provider, messageId: id, recipient: "+15145550199" })
        assert.strictEqual(JSON.parse(yield* curl(delivery!)).status, "delivered")

        assert.lengthOf(JSON.parse(yield* curl(list!)).items, 5)
        assert.include(yield* curl(said!), "Do you deliver on Saturday?")
        const answered = JSON.parse(yield* curl(answer!, 202))
        assert.deepInclude(answered.sends[0], { to: "+15145550142", state: "accepted" })
        const [latest] = JSON.parse(yield* curl(messages!)).items
        assert.deepInclude(latest, { direction: "outbound", roomId: answered.roomId, state: "accepted" })
        assert.include(output, `${new URL(list!.split(" ").at(-1)!).origin}/docs documents the whole API`)
        assert.include(yield* curl(list!.replace(/\/rooms$/, "/docs")), "<!doctype html>")

        const [code, elapsed] = yield* server.end("SIGTERM")
        assert.strictEqual(code, 0)
        assert.isBelow(elapsed, 2000)
        assert.strictEqual(server.errors(), "")
      }),
    limit
  )

  it.live("ends on SIGINT, with no word and code 0", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0" })
      const before = yield* server.until(/Ctrl-C stops the server\.\n/)
      const [code, elapsed] = yield* server.end("SIGINT")
      assert.strictEqual(code, 0)
      assert.isBelow(elapsed, 2000)
      assert.strictEqual(yield* server.until(/$/), before)
      assert.strictEqual(server.errors(), "")
    }), limit)

  it.live("uses the admin token that is set, and listens where it is told", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", HOST: "127.0.0.2", ADMIN_TOKEN: "chosen-by-the-operator" })
      const output = yield* server.until(/Ctrl-C stops the server\.\n/)
      assert.match(output, /listens on http:\/\/127\.0\.0\.2:\d+\n/)
      assert.include(output, "Bearer chosen-by-the-operator'")
    }), limit)
})

describe("the server with carriers", () => {
  it.live(
    "takes webhooks signed with the configured secret, says what it serves, and plays nothing",
    () =>
      Effect.gen(function*() {
        const server = yield* start({
          PORT: "0",
          TWILIO_AUTH_TOKEN: "configured",
          TELNYX_PUBLIC_KEY: telnyxKeys.publicKey,
          SINCH_VERIFICATION: "none",
          PUBLIC_URL: "https://sms.example.com"
        })
        const output = yield* server.until(/^(?=[^]*Listening on .*\n)[^]*not verified/)
        assert.match(output, /Providers: twilio, sinch, telnyx/)
        assert.match(output, /WARN .*Webhooks of sinch are not verified/)
        assert.notInclude(output, "CARRIER")
        const [, address] = /Listening on http:\/\/0\.0\.0\.0(:\d+)/.exec(output)!
        const path = "/webhooks/sms/twilio/inbound"
        const form = {
          MessageSid: "SM1",
          SmsStatus: "received",
          From: "+15145550142",
          To: "+15145550100",
          Body: "Hello"
        }
        const signature = yield* Twilio.sign({
          authToken: Redacted.make("configured"),
          url: `https://sms.example.com${path}`,
          form
        })
        const post = (signature: string) =>
          Effect.promise(() =>
            fetch(`http://127.0.0.1${address}${path}`, {
              method: "POST",
              headers: { "x-twilio-signature": signature },
              body: new URLSearchParams(form)
            })
          )
        const taken = yield* post(signature)
        assert.deepStrictEqual([taken.status, yield* Effect.promise(() => taken.text())], [200, "<Response/>"])
        const refused = yield* post(`${signature}x`)
        assert.deepStrictEqual([refused.status, refused.headers.get("content-type")], [403, "application/problem+json"])
        assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
        const log = yield* server.until(/$/)
        for (const value of ["configured", "5550142", "Hello"]) assert.notInclude(log, value)
        assert.strictEqual(server.errors(), "")
      }).pipe(Effect.provide(NodeCrypto.layer)),
    limit
  )

  it.live("sends messages, and returns what their delivery reports said", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const server = yield* start({
        PORT: "0",
        ADMIN_TOKEN: "admin-token",
        TWILIO_AUTH_TOKEN: "configured",
        TWILIO_ACCOUNT_SID: "AC1",
        TWILIO_FROM: "+15145550100",
        TWILIO_BASE_URL: twilio.baseUrl,
        PUBLIC_URL: "https://sms.example.com"
      })
      const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      yield* server.until(/Sending: twilio\n/)
      const client = yield* MessagesClient.make({
        baseUrl: `http://127.0.0.1:${port}`,
        token: Redacted.make("admin-token")
      })
      const payload = { to: Address.make("+15145550142"), text: "Your parcel is here" }
      const headers = { "idempotency-key": "order-17" }
      const receipts = yield* Effect.replicateEffect(client.send({ headers, payload }), 2)
      for (const receipt of receipts) assert.deepInclude(receipt, { messageIds: ["SM1"] })
      assert.deepStrictEqual(twilio.asked.map(({ form }) => form["Body"]), ["Your parcel is here"])
      const { history, status } = yield* client.get({ params: { id: "SM1" }, query: {} })
      assert.deepStrictEqual([status, history.length], ["queued", 1])

      const callback = twilio.asked[0]!.form["StatusCallback"]!
      assert.match(callback, /^https:\/\/sms\.example\.com\/webhooks\/sms\/twilio\/status\?intent=\w{26}$/)
      const path = callback.slice("https://sms.example.com".length)
      const form = { MessageSid: "SM1", MessageStatus: "delivered", To: "+15145550142", From: "+15145550100" }
      const signature = yield* Twilio.sign({
        authToken: Redacted.make("configured"),
        url: `https://sms.example.com${path}`,
        form
      })
      const report = yield* Effect.promise(() =>
        fetch(`http://127.0.0.1:${port}${path}`, {
          method: "POST",
          headers: { "x-twilio-signature": signature },
          body: new URLSearchParams(form)
        })
      )
      assert.strictEqual(report.status, 200)
      assert.strictEqual((yield* client.get({ params: { id: "SM1" }, query: {} })).status, "delivered")
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
      const log = yield* server.until(/$/)
      for (const value of ["configured", "admin-token", "5550142", "Your parcel"]) assert.notInclude(log, value)
      assert.strictEqual(server.errors(), "")
    }).pipe(Effect.provide([NodeHttpClient.layerUndici, NodeCrypto.layer])), limit)

  /** A connection that says this and nothing more, once the server has received it or answered. */
  const hold = (port: string, text: string) =>
    Effect.acquireRelease(
      Effect.callback<ReturnType<typeof connect>>((resume) => {
        const socket = connect(Number(port), "127.0.0.1", () => socket.write(text))
        socket.on("error", () => undefined)
        socket.once("data", () => resume(Effect.succeed(socket)))
        if (!text.startsWith("GET /health/live ")) {
          socket.once("ready", () => setTimeout(() => resume(Effect.succeed(socket)), 100))
        }
      }),
      (socket) => Effect.sync(() => socket.destroy())
    )

  /** A webhook that could be genuine, without its body. */
  const unfinished = [
    "POST /webhooks/sms/sinch/inbound HTTP/1.1",
    "host: x",
    "content-type: application/json",
    "content-length: 9",
    "x-sinch-webhook-signature: AAAA",
    "x-sinch-webhook-signature-nonce: 1",
    "x-sinch-webhook-signature-timestamp: 1",
    "",
    ""
  ].join("\r\n")

  it.live("closes a connection above MAX_CONNECTIONS, and none of those before", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", SINCH_WEBHOOK_SECRET: "configured", MAX_CONNECTIONS: "2" })
      const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      const first = yield* hold(port!, unfinished)
      yield* hold(port!, unfinished)
      const third = yield* hold(port!, unfinished)
      // A reset is an end too.
      if (!third.closed) yield* Effect.callback<void>((resume) => void third.once("close", () => resume(Effect.void)))
      const answered = once(first, "data")
      first.write("{}       ")
      assert.match(String(yield* Effect.promise(() => answered)), /^HTTP\/1.1 403 /)
    }), limit)

  it.live("ends at once although callers keep their connections for another request", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", SINCH_WEBHOOK_SECRET: "configured" })
      const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      yield* hold(port!, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
      const [code, elapsed] = yield* server.end("SIGTERM")
      assert.strictEqual(code, 0)
      assert.isBelow(elapsed, 2000)
    }), limit)

  it.live("ends although callers never finish their requests", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", SINCH_WEBHOOK_SECRET: "configured" })
      const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
      yield* hold(port!, `${unfinished}{`)
      yield* hold(port!, "GET /hea")
      yield* hold(port!, "")
      const [code, elapsed] = yield* server.end("SIGTERM")
      assert.strictEqual(code, 0)
      // The time that open requests are given, and no more.
      assert.isBelow(elapsed, 7000)
      assert.strictEqual(server.errors(), "")
    }), limit)
})

/** Makes Node find no package of Postgres. */
const withoutPostgres = `
  import { registerHooks } from "node:module"
  registerHooks({
    resolve: (specifier, context, next) => next(specifier.replace(/^@effect.sql-pg/, "no-such-package"), context)
  })
`

describe("a start that is not possible", () => {
  const cases: ReadonlyArray<readonly [name: string, env: Record<string, string>, line: RegExp]> = [
    [
      "a half-set carrier",
      { SINCH_SERVICE_PLAN_ID: "plan-of-mine" },
      /^SINCH_WEBHOOK_SECRET is missing: SINCH_SERVICE_PLAN_ID is set/
    ],
    ["a key that is none", { TELNYX_PUBLIC_KEY: "bm90LWEta2V5" }, /^TELNYX_PUBLIC_KEY cannot be used\. Expected/],
    [
      "a time zone that is none",
      { VOICEMEUP_WEBHOOK_TOKEN: "x", VOICEMEUP_TIME_ZONE: "Narnia" },
      /^VOICEMEUP_TIME_ZONE must be/
    ],
    ["a port that is none", { PORT: "many" }, /^PORT must be a port number, 0 to 65535$/],
    [
      "a host that is not of this machine",
      { HOST: "192.0.2.1" },
      /^HOST must be an address of this machine, but 192\.0\.2\.1 is not$/
    ],
    [
      "a database that is none",
      { TWILIO_AUTH_TOKEN: "x", DATABASE_URL: "mysql://user:db-password@db/sms" },
      /^DATABASE_URL must begin with postgres:\/\/, name an SQLite file, as in sqlite:\/var\/lib\/sms\.db, or be memory:$/
    ],
    [
      "an SQLite file that cannot be made",
      { TWILIO_AUTH_TOKEN: "x", DATABASE_URL: "sqlite:no/such/directory/sms.db" },
      /^DATABASE_URL cannot be used: the SQLite file no\/such\/directory\/sms\.db is in a directory that does not exist/
    ],
    [
      "a database whose package is not installed",
      {
        TWILIO_AUTH_TOKEN: "x",
        DATABASE_URL: "postgres://user:db-password@127.0.0.1/sms",
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(withoutPostgres)}`
      },
      /^DATABASE_URL needs the package @effect\/sql-pg: npm install @effect\/sql-pg$/
    ],
    [
      "a database that does not answer",
      { TWILIO_AUTH_TOKEN: "x", DATABASE_URL: "postgres://user:db-password@127.0.0.1:1/sms" },
      /^DATABASE_URL cannot be used: the Postgres server does not answer \(ConnectionError, ECONNREFUSED\)$/
    ],
    ["a host that has no address", { HOST: "no.such.host.invalid" }, /^HOST must be an address of this machine/]
  ]
  for (const [name, env, line] of cases) {
    it.live(`is told in one line: ${name}`, () =>
      Effect.gen(function*() {
        const server = yield* start({ PORT: "0", ...env })
        assert.strictEqual(yield* server.ended, 1)
        assert.match(server.errors(), /^.+\n$/)
        assert.match(server.errors().trim(), line)
        for (const value of ["plan-of-mine", "bm90LWEta2V5", "Narnia", "db-password"]) {
          assert.notInclude(server.errors(), value)
        }
        assert.strictEqual(yield* server.until(/^/), "")
      }), limit)
  }

  it.live("is told in one line: a port in use", () =>
    Effect.gen(function*() {
      const port = yield* occupied
      for (const env of [{ HOST: "127.0.0.1" }, { HOST: "127.0.0.1", TWILIO_AUTH_TOKEN: "x" }]) {
        const server = yield* start({ PORT: port, ...env })
        assert.strictEqual(yield* server.ended, 1)
        assert.strictEqual(server.errors(), `Port ${port} is in use: set PORT\n`)
      }
    }), limit)
})
