/** What the doctor says of a server, its variables, its database and its carriers. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Carriers from "../../src/Carriers.ts"
import * as Doctor from "../../src/cli/Doctor.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { secrets } from "../http/carriers.ts"
import { port } from "../http/server.ts"
import { layerStored } from "../http/storedGateway.ts"
import { runCommand } from "./command.ts"

const command = Doctor.command(Carriers.all)

const secretTexts = ["t0psecret", "5550100", "AC-of-mine", "in-the-query", secrets.admin]

interface Finding {
  readonly check: string
  readonly status: string
  readonly message: string
  readonly advice?: string
}

/** Runs the doctor with these variables. Nothing that it prints is secret. */
const examine = Effect.fnUntraced(function*(env: Record<string, string>, args: ReadonlyArray<string> = []) {
  const { code, errors, output } = yield* runCommand(command, ["--json", ...args], env)
  for (const secret of secretTexts) assert.notInclude(output + errors, secret)
  const { findings, status } = JSON.parse(output) as {
    readonly status: string
    readonly findings: ReadonlyArray<Finding>
  }
  assert.deepStrictEqual([code === 0, errors === ""], [status !== "failure", status !== "failure"])
  return {
    status,
    /** The status of each result of a check, and the words after it. */
    of: (check: string) =>
      findings.filter((finding) => finding.check === check).map(({ advice, message, status }) =>
        `${status}: ${message}${advice === undefined ? "" : `. ${advice}`}`
      )
  }
})

/** A carrier that has this callback URL, and this date, which the emulator never has wrong in a header. */
const makeTwilio = (url: string | null, headers: Readonly<Record<string, string>> = {}, status = 200) =>
  CarrierServer.serve(
    CarrierServer.answer(
      status,
      { incoming_phone_numbers: [{ phone_number: "+15145550100", sms_url: url }] },
      headers
    )
  )

const twilio = { TWILIO_AUTH_TOKEN: "t0psecret-token", TWILIO_ACCOUNT_SID: "AC-of-mine", TWILIO_FROM: "+15145550100" }

const path = "/webhooks/sms/twilio/inbound"

/** The path of a database with the tables of this version. */
const makeDatabase = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const filename = `${yield* fs.makeTempDirectoryScoped()}/sms.db`
  const client = NodeSqliteClient.layer({ filename })
  const use = <A, E>(effect: Effect.Effect<A, E, SqlClient.SqlClient>) =>
    Effect.provide(effect, client, { local: true })
  yield* use(Effect.scoped(Effect.asVoid(Effect.provide(SqlStorage.make(), NodeCrypto.layer))))
  return { filename, use }
})

describe("effect-sms doctor", () => {
  it.live("finds nothing wrong with a server that is set up completely", () =>
    Effect.gen(function*() {
      const { filename } = yield* makeDatabase
      const publicUrl = `http://127.0.0.1:${yield* port}`
      const carrier = yield* makeTwilio(`${publicUrl}${path}?secret=in-the-query`)
      const report = yield* examine({
        ...twilio,
        TWILIO_BASE_URL: carrier.url,
        PORT: String(yield* port),
        PUBLIC_URL: publicUrl,
        ADMIN_TOKEN: secrets.admin,
        DATABASE_URL: `sqlite:${filename}`
      })
      // The test is on no public network.
      assert.deepStrictEqual([report.status, report.of("configuration")], [
        "warning",
        ["warning: PUBLIC_URL names a host that carriers cannot reach: it is not on the public internet"]
      ])
      assert.deepStrictEqual(report.of("Twilio"), [
        "ok: It receives and sends",
        "ok: The callback URL of the number of the default sender is that of this server"
      ])
      assert.deepStrictEqual(report.of("PUBLIC_URL"), [`ok: ${publicUrl} leads to this server`])
      assert.deepStrictEqual(report.of("server"), [`ok: It runs at ${publicUrl}`])
      assert.deepStrictEqual(report.of("token"), ["ok: The server takes ADMIN_TOKEN"])
      assert.match(report.of("database")[0]!, /^ok: SQLite file .* has schema version \d+$/)
      assert.deepStrictEqual(report.of("clock"), ["ok: It agrees with the time of the carriers"])
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(layerStored(), NodeServices.layer))))

  it.live("says what is wrong with the callback URL, and of another one only its host", () =>
    Effect.gen(function*() {
      const ofTwilio = Effect.fnUntraced(function*(
        carrier: Effect.Success<ReturnType<typeof makeTwilio>>,
        env: Record<string, string> = { PUBLIC_URL: "https://sms.invalid/sms/" }
      ) {
        const report = yield* examine({ ...twilio, ...env, TWILIO_BASE_URL: carrier.url }, ["--url", closed])
        return report.of("Twilio")[1]
      })
      const closed = yield* CarrierServer.closedUrl
      const [of, advice] = [
        "The callback URL of the number of the default sender",
        `Set it to https://sms.invalid/sms${path}`
      ]
      assert.strictEqual(yield* ofTwilio(yield* makeTwilio(null)), `failure: ${of} is not set. ${advice}`)
      assert.strictEqual(yield* ofTwilio(yield* makeTwilio("t0psecret")), `failure: ${of} is no URL. ${advice}`)
      assert.strictEqual(
        yield* ofTwilio(yield* makeTwilio(`https://user:t0psecret@old.example.com${path}?a=in-the-query`)),
        `failure: ${of} is on https://old.example.com, which PUBLIC_URL does not name. ${advice}`
      )
      assert.strictEqual(
        yield* ofTwilio(yield* makeTwilio("https://sms.invalid/t0psecret")),
        `failure: ${of} has another path than that of this server. ${advice}`
      )
      const right = yield* makeTwilio(`https://sms.invalid/sms${path}`)
      assert.strictEqual(yield* ofTwilio(right), `ok: ${of} is that of this server`)
      assert.strictEqual(
        yield* ofTwilio(right, { PUBLIC_URL: "https://other.invalid,https://sms.invalid/sms" }),
        `ok: ${of} is that of this server`
      )
      assert.strictEqual(yield* ofTwilio(right, {}), `skipped: ${of} cannot be compared. Set PUBLIC_URL`)
      assert.match((yield* ofTwilio(yield* makeTwilio(null, {}, 401)))!, /^failure: .* cannot be asked: /)
    }).pipe(Effect.scoped))

  it.live("says which carriers cannot be asked, and what they have to call", () =>
    Effect.gen(function*() {
      const sinch = { SINCH_SERVICE_PLAN_ID: "plan", SINCH_API_TOKEN: "t0psecret-token", SINCH_REGION: "us" }
      const telnyx = { TELNYX_API_KEY: "KEY-t0psecret", TELNYX_PUBLIC_KEY: Buffer.alloc(32, 9).toString("base64") }
      const report = yield* examine({
        ...sinch,
        ...telnyx,
        SINCH_WEBHOOK_SECRET: "t0psecret-secret",
        VOICEMEUP_WEBHOOK_TOKEN: "t0psecret-of-voicemeup",
        DATABASE_URL: "memory:"
      }, ["--url", yield* CarrierServer.closedUrl])
      assert.deepStrictEqual(report.of("Sinch"), [
        "ok: It receives and sends",
        "skipped: Its callback URL cannot be asked: its API does not tell it. It has to be https://…/webhooks/sms/sinch/inbound"
      ])
      assert.match(report.of("Telnyx")[1]!, /^warning: The callback URL of the messaging profile is not known: none is/)
      assert.deepStrictEqual(report.of("VoiceMeUp"), [
        "warning: It only receives. To send, set VOICEMEUP_USERNAME and VOICEMEUP_AUTH_TOKEN",
        "skipped: Its callback URL cannot be asked without the variables for sending"
      ])
      assert.deepStrictEqual(report.of("database"), [
        "warning: Everything is in memory, and lost at a restart. Set DATABASE_URL"
      ])
    }).pipe(Effect.scoped))

  it.live("names every variable that is wrong, and not those that follow from it", () =>
    Effect.gen(function*() {
      const report = yield* examine({
        PORT: "eighty",
        HOST: "https://sms.example.com",
        LOG_LEVEL: "loud",
        DATABASE_URL: "mysql://t0psecret",
        TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
        TWILIO_FROM: "+15145550100",
        SINCH_WEBHOOK_SECRET: "t0psecret-secret",
        SINCH_SERVICE_PLAN_ID: "a plan",
        SINCH_API_TOKEN: "t0psecret-token",
        SINCH_REGION: "us",
        TELNYX_PUBLIC_KEY: "t0psecret",
        FORWARD_URL: "https://app.example.com",
        TWILLIO_REGION: "ie1"
      }, ["--url", yield* CarrierServer.closedUrl])
      const lines = report.of("configuration")
      assert.sameMembers(lines.map((line) => /^(failure|warning): (\w+)/.exec(line)!.slice(1).join(" ")), [
        "failure LOG_LEVEL",
        "failure TWILIO_AUTH_TOKEN",
        "failure SINCH_SERVICE_PLAN_ID",
        "failure TELNYX_PUBLIC_KEY",
        "failure HOST",
        "failure PORT",
        "failure FORWARD_SECRET",
        "failure DATABASE_URL",
        "warning TWILLIO_REGION"
      ])
      for (const carrier of ["Twilio", "Sinch", "Telnyx"]) {
        assert.deepStrictEqual(report.of(carrier), [
          "failure: It is not configured completely. Correct its variables that are named above"
        ])
      }
      assert.match(report.of("database")[0]!, /^skipped/)
    }).pipe(Effect.scoped))

  it.live("says whether the schema of the database is older, newer or not there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { filename, use } = yield* makeDatabase
      const closed = yield* CarrierServer.closedUrl
      const ofDatabase = Effect.fnUntraced(function*(DATABASE_URL: string) {
        const report = yield* examine({ VOICEMEUP_WEBHOOK_TOKEN: "t0psecret-token", DATABASE_URL }, ["--url", closed])
        return report.of("database")
      })
      const none = filename.replace("sms.db", "none.db")
      assert.match((yield* ofDatabase(`sqlite:${none}`))[0]!, /^warning: .* does not exist yet/)
      assert.isFalse(yield* fs.exists(none))
      yield* fs.writeFile(none, new Uint8Array())
      assert.match((yield* ofDatabase(`sqlite:${none}`))[0]!, /^ok: .* has no tables yet/)
      yield* fs.writeFileString(none, "no database".repeat(1000))
      assert.match((yield* ofDatabase(`sqlite:${none}`))[0]!, /^failure: DATABASE_URL cannot be used: .* is damaged/)
      const rename = (id: number) =>
        use(SqlClient.SqlClient.use((sql) =>
          sql`UPDATE sms_migrations SET migration_id = ${id} WHERE migration_id =
            (SELECT MAX(migration_id) FROM sms_migrations)`
        ))
      yield* rename(99)
      const [newer] = yield* ofDatabase(`sqlite:${filename}`)
      assert.match(newer!, /^failure: .* has schema version 99, but .* at most \d+\. Install the newer version$/)
      yield* use(SqlClient.SqlClient.use((sql) => sql`DELETE FROM sms_migrations WHERE migration_id > 3`))
      const [older] = yield* ofDatabase(`sqlite:${filename}`)
      assert.match(older!, /^ok: .* has schema version 3: the server migrates it to \d+ when it starts$/)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live("says how far the clock is from that of a carrier", () =>
    Effect.gen(function*() {
      const closed = yield* CarrierServer.closedUrl
      const ofClock = Effect.fnUntraced(function*(seconds: number) {
        const date = new Date(Date.now() + seconds * 1000).toUTCString()
        const { url } = yield* makeTwilio(null, { date })
        return (yield* examine({ ...twilio, TWILIO_BASE_URL: url }, ["--url", closed])).of("clock")[0]!
      })
      assert.match(yield* ofClock(60), /^warning: It is (59|60) seconds behind the time of the carriers\. Synchronize/)
      assert.match(yield* ofClock(-600), /^failure: It is (598|599|600) seconds ahead of the time of the carriers, so/)
      const { url } = yield* makeTwilio(null, { date: "tomorrow" })
      const report = yield* examine({ ...twilio, TWILIO_BASE_URL: url }, ["--url", closed])
      assert.deepStrictEqual(report.of("clock"), ["skipped: No server told its time"])
    }).pipe(Effect.scoped))

  it.live("says whether PUBLIC_URL leads to the server, and the server takes the token", () =>
    Effect.gen(function*() {
      const local = `http://127.0.0.1:${yield* port}`
      const closed = yield* CarrierServer.closedUrl
      const page = yield* CarrierServer.serve(CarrierServer.answer(200, "<html>"))
      const proxied = yield* CarrierServer.serve(
        CarrierServer.answer(200, { status: "live" }, { "x-request-id": "of-the-proxy" })
      )
      const examined = (publicUrl: string, url = local, ADMIN_TOKEN = secrets.admin) =>
        examine({ PUBLIC_URL: publicUrl, ADMIN_TOKEN }, ["--url", url])
      const of = Effect.fnUntraced(function*(publicUrl: string, url?: string) {
        return (yield* examined(publicUrl, url)).of("PUBLIC_URL")[0]!
      })
      assert.match(yield* of(closed), /^failure: .* does not answer from this machine \(ECONNREFUSED\)/)
      assert.match(yield* of(page.url), /^failure: .* answers with status 200, and not as this server does/)
      assert.match(yield* of(proxied.url), /^warning: .* leads to a server of effect-sms, but perhaps to another one/)
      assert.match(yield* of(closed, closed), /^warning: .* does not answer .*, and no server runs here/)
      assert.match(yield* of(local, closed), /^ok: .* None runs here to compare it with$/)
      const wrong = yield* examined(local, local, "t0psecret-and-wrong")
      assert.deepStrictEqual(wrong.of("token"), [
        "failure: The server does not know ADMIN_TOKEN. Restart it with this one"
      ])
      const other = yield* examined(local, page.url)
      assert.match(other.of("server")[0]!, /^failure: .* answers with status 200, and is no server of effect-sms/)
      const none = yield* examine({}, ["--url", closed])
      assert.match(none.of("server")[0]!, /^skipped: None answers at .* \(ECONNREFUSED\)\. Start it/)
      assert.match(none.of("carriers")[0]!, /^warning: No carrier is configured/)
    }).pipe(Effect.scoped, Effect.provide(layerStored())))

  it.live("prints a line for each check, and how many failed", () =>
    Effect.gen(function*() {
      const url = yield* CarrierServer.closedUrl
      const printed = yield* runCommand(command, ["--url", url], { PORT: "eighty" })
      assert.deepStrictEqual([printed.code, printed.errors], [1, "1 check failed"])
      const lines = printed.output.split("\n")
      assert.strictEqual(lines[0], "failure  configuration  PORT must be a port number, 0 to 65535")
      for (const line of lines) assert.match(line, /^(ok|warning|failure|skipped) +\S+ +\S/)
      const misused = yield* runCommand(command, ["--url", "nonsense"], {})
      assert.deepStrictEqual([misused.code, misused.output], [2, ""])
    }).pipe(Effect.scoped))
})
