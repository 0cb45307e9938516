/** Webhooks of all carriers, recorded between them and a server, and replayed against another one. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schedule } from "effect"
import { request as httpRequest } from "node:http"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { fromText } from "../../src/recording/Recording.ts"
import { carriers, customer, ours, secrets, text, type Wire } from "../http/carriers.ts"
import * as telnyxKeys from "../telnyx/keys.ts"
import { limit, run } from "./process.ts"

const publicUrl = "https://sms.example.com"

const env = {
  HOST: "127.0.0.1",
  PORT: "0",
  PUBLIC_URL: publicUrl,
  ADMIN_TOKEN: secrets.admin,
  TWILIO_AUTH_TOKEN: secrets.twilio,
  SINCH_WEBHOOK_SECRET: secrets.sinch,
  TELNYX_PUBLIC_KEY: telnyxKeys.publicKey,
  VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup
}

/** Writes a request to the wire as it is, and returns the status and the body of the answer. */
const post = (port: string, { body, headers, method, target }: Wire) =>
  Effect.callback<readonly [status: number | undefined, body: string]>((resume) => {
    const options = { host: "127.0.0.1", port, method, path: target, headers: { host: "sms.example.com", ...headers } }
    httpRequest(options, (response) => {
      let body = ""
      response.on("data", (data) => body += data)
      response.on("end", () => resume(Effect.succeed([response.statusCode, body])))
    }).end(body)
  })

const serve = Effect.fnUntraced(function*(others: Record<string, string> = {}) {
  const server = yield* run(["serve"], { ...env, ...others })
  const [, port = ""] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  return { ...server, port }
})

interface Message {
  readonly provider: string
  readonly from: string
  readonly content: unknown
}

/** The messages of a server, once there are so many. */
const messagesOf = (port: string, count: number) =>
  Effect.gen(function*() {
    const headers = { authorization: `Bearer ${secrets.admin}` }
    const [, body] = yield* post(port, { method: "GET", target: "/messages?limit=200", headers, body: "" })
    const { items } = JSON.parse(body) as { readonly items: ReadonlyArray<Message> }
    assert.lengthOf(items, count)
    return items
  }).pipe(Effect.sandbox, Effect.retry(Schedule.spaced("50 millis")))

const replay = Effect.fnUntraced(function*(args: ReadonlyArray<string>, others: Record<string, string> = {}) {
  const { PORT: _, ...variables } = env
  const child = yield* run(["replay", ...args], {
    ...variables,
    TELNYX_PRIVATE_KEY: secrets.telnyx,
    ...others
  })
  const code = yield* child.ended
  return { code, output: child.output(), errors: child.errors() }
})

const temporaryFile = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  return `${yield* fs.makeTempDirectoryScoped()}/webhooks.jsonl`
})

describe("effect-sms record and replay", () => {
  it.live(
    "records what carriers send without personal data, and replays it with other orders and repeats",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const [file, server] = [yield* temporaryFile, yield* serve()]
        const recorder = yield* run(
          ["record", "--port", "0", "--to", `http://127.0.0.1:${server.port}`, "--out", file],
          env
        )
        const [, port = ""] = /127\.0\.0\.1:(\d+)/.exec(yield* recorder.until(/Recording on .*\n/))!

        let sent = 0
        for (const { acknowledgement, mms, name, sign, sms, status } of carriers) {
          for (const [route, payload] of [["inbound", sms], ["inbound", mms], ["status", status]] as const) {
            if (payload === undefined) continue
            // Clients that take a URL would write the quotation mark as %27.
            const path = `/webhooks/sms/${name}/${route}?note='a~b'`
            const wire = yield* sign({ base: publicUrl, path, body: payload(`${name}-0${++sent}`) })
            assert.deepStrictEqual(yield* post(port, wire), [200, acknowledgement[1]], `${name} ${route}`)
          }
        }
        const [twilio] = carriers
        const forged = yield* twilio!.sign({
          base: "https://elsewhere.example",
          path: "/webhooks/sms/twilio/inbound",
          body: "a=b"
        })
        assert.strictEqual((yield* post(port, forged))[0], 403)
        assert.strictEqual(
          (yield* post(port, { method: "GET", target: "/health/live", headers: {}, body: "" }))[0],
          200
        )

        assert.strictEqual((yield* recorder.end("SIGINT"))[0], 0)
        assert.match(recorder.output(), new RegExp(`\\nRecorded ${sent} webhooks in .*, 1 webhook not authentic\\n$`))
        const recording = yield* fs.readFileString(file)
        for (
          const secret of [...Object.values(secrets), customer.slice(1), ours.slice(1), text]
        ) {
          assert.notInclude(recording, secret)
          assert.notInclude(recorder.output() + recorder.errors(), secret)
        }
        for (const word of ["parcel", "signature", "a~b"]) assert.notInclude(recording, word)
        assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
        const webhooks = yield* fromText(recording)
        assert.strictEqual(webhooks[0]!.offset, 0)
        assert.deepStrictEqual(
          webhooks.map(({ provider }) => provider).filter((name, at, all) => name !== all[at - 1]),
          [
            "twilio",
            "sinch",
            "telnyx",
            "voicemeup"
          ]
        )

        // Another server, which carriers call by another URL.
        const target = yield* serve({ PUBLIC_URL: "https://other.example.com" })
        const to = `http://127.0.0.1:${target.port}`
        const replayed = yield* replay(
          ["--recording", file, "--to", to, "--repeats", "2", "--shuffle", "5", "--seed", "7", "--json"],
          { PUBLIC_URL: "https://other.example.com" }
        )
        assert.deepStrictEqual([replayed.code, replayed.errors], [0, ""])
        const outcome = JSON.parse(replayed.output)
        assert.isAbove(outcome.repeats, 0)
        assert.deepStrictEqual(outcome, {
          sent: sent + outcome.repeats,
          repeats: outcome.repeats,
          refused: 0,
          answers: { 200: sent + outcome.repeats }
        })
        const [before, after] = [yield* messagesOf(server.port, 8), yield* messagesOf(target.port, 8)]
        const kinds = (messages: ReadonlyArray<Message>) => messages.map(({ provider }) => provider).sort()
        assert.deepStrictEqual(kinds(after), kinds(before))
        // One person is one person, whichever carrier the message came by.
        assert.deepStrictEqual([...new Set(before.map(({ from }) => from))], [`+${customer}`])
        assert.lengthOf(new Set(after.map(({ from }) => from)), 1)
        assert.match(after[0]!.from, /^\+1\d{3}55501\d\d$/)
        assert.match(
          JSON.stringify(after[0]!.content),
          /"(?:text|caption)":"[A-Z][a-z]{4} [a-z]{2} [a-z]{2} [a-z]{6}\?"/
        )

        // A server with another secret refuses.
        const other = yield* replay(["--recording", file, "--to", to, "--speed", "1000"], {
          PUBLIC_URL: "https://other.example.com",
          TWILIO_AUTH_TOKEN: "another-token"
        })
        assert.strictEqual(other.code, 1)
        assert.match(other.output, new RegExp(`^Sent ${sent} webhooks; .*403: 3`))
        assert.strictEqual(other.errors, "The server did not take 3 webhooks\n")
      }).pipe(Effect.provide([NodeServices.layer, NodeCrypto.layer])),
    3 * limit
  )

  it.live("does not start where it could not record", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* temporaryFile
      const record = Effect.fnUntraced(function*(args: ReadonlyArray<string>, variables: Record<string, string>) {
        const child = yield* run(["record", "--port", "0", ...args], variables)
        return [yield* child.ended, child.output() + child.errors()] as const
      })
      const [none, [code, missing], [, folder], [, url], [, variable]] = yield* Effect.all([
        record(["--out", file], {}),
        record([], env),
        record(["--out", `${file}/x`], env),
        record(["--out", file, "--to", "localhost:3000"], env),
        record(["--out", file], { ...env, TELNYX_PUBLIC_KEY: "a key" })
      ], { concurrency: 2 })
      assert.deepStrictEqual(none, [
        1,
        "No carrier is configured: set the variables that the server verifies webhooks with\n"
      ])
      assert.strictEqual(code, 2)
      assert.match(missing, /^Missing required flag: --out/)
      assert.match(folder, /cannot be written: --out names a file in a folder that exists\n$/)
      assert.match(url, /^--to must be an http or https URL\n$/)
      assert.match(variable, /^TELNYX_PUBLIC_KEY cannot be used/)
      assert.isFalse(yield* fs.exists(file))
      yield* fs.writeFileString(file, "an earlier recording")
      assert.match((yield* record(["--out", file], env))[1], /already exists: --out names a new file\n$/)
      assert.strictEqual(yield* fs.readFileString(file), "an earlier recording")
    }).pipe(Effect.provide(NodeServices.layer)), 3 * limit)

  it.live("says what is wrong with a replay, and makes keys for one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* temporaryFile
      const webhook = { offset: 0, provider: "telnyx", route: "inbound", method: "POST", format: "json", payload: {} }
      yield* fs.writeFileString(file, `${JSON.stringify(webhook)}\n`)
      yield* fs.writeFileString(`${file}.bad`, `${JSON.stringify(webhook)}\n{"offset":-1}\n`)
      const nowhere = ["--recording", file, "--to", "http://127.0.0.1:1"]
      const usages: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
        [["--recording", file, "an-id"], /^--recording and an id exclude each other\. See effect-sms replay --help\n$/],
        [["--recording", file, "--since", "2026-01-28T13:00:00Z"], /^--recording and --since exclude each other/],
        [["--recording", file, "--url", "http://127.0.0.1:1"], /^--recording and --url exclude each other/],
        [["an-id", "--shuffle", "2"], /^--shuffle needs --recording/],
        [["--keys", "--seed", "2"], /^--keys and --seed exclude each other/],
        [[], /^Name an id, --since or --recording/]
      ]
      const failures: ReadonlyArray<readonly [ReadonlyArray<string>, Record<string, string>, RegExp]> = [
        [nowhere, {}, /^http:\/\/127\.0\.0\.1:1 cannot be reached/],
        [nowhere, { TELNYX_PRIVATE_KEY: "" }, /^TELNYX_PRIVATE_KEY is missing: .* effect-sms replay --keys /],
        [nowhere, { TELNYX_PRIVATE_KEY: "", TELNYX_PUBLIC_KEY: "" }, /"telnyx", which no variable configures/],
        [nowhere, { TELNYX_PRIVATE_KEY: "a-key" }, /^TELNYX_PRIVATE_KEY cannot be used/],
        [["--recording", `${file}.bad`], {}, /webhooks\.jsonl\.bad: Line 2 is not a recorded webhook\n$/],
        [["--recording", `${file}.none`], {}, /webhooks\.jsonl\.none cannot be read\n$/]
      ]
      yield* Effect.forEach(
        [...usages.map(([args, line]) => [args, {}, line, 2] as const), ...failures.map((one) => [...one, 1] as const)],
        Effect.fnUntraced(function*([args, variables, line, code]) {
          const replayed = yield* replay(args, variables)
          assert.strictEqual(replayed.code, code, replayed.errors)
          assert.match(replayed.errors, line)
        }),
        { concurrency: 2 }
      )
      const keys = yield* replay(["--keys", "--json"])
      const { TELNYX_PRIVATE_KEY, TELNYX_PUBLIC_KEY } = JSON.parse(keys.output)
      assert.deepStrictEqual([keys.code, TELNYX_PRIVATE_KEY.length, TELNYX_PUBLIC_KEY.length], [0, 44, 44])
      assert.match(
        (yield* replay(["--keys"])).output,
        /^export TELNYX_PUBLIC_KEY=\S{44}\nexport TELNYX_PRIVATE_KEY=\S{44}\n$/
      )
    }).pipe(Effect.provide(NodeServices.layer)), 3 * limit)
})
