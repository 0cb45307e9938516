/** What an operator sees of a configuration that is not as it was meant. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { limit, run } from "./process.ts"
import { start } from "./server.ts"

const mistyped = { TWILLIO_AUTH_TOKEN: "mistyped-secret", TWILIO_AUTH_TOKEN: "" }

const warnings = [
  "TWILIO_AUTH_TOKEN is set, but empty: it counts as not set",
  "TWILLIO_AUTH_TOKEN is not read: did you mean TWILIO_AUTH_TOKEN?"
]

describe("a variable that has no effect", () => {
  it.live("is named before the demonstration begins", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", ...mistyped })
      const output = yield* server.until(/Ctrl-C stops the server\.\n/)
      for (const warning of warnings) assert.include(output.split("CARRIER")[0], `: ${warning}\n`)
      assert.lengthOf(output.match(/WARN .* is (?:set|not read)/g) ?? [], 2)
      assert.notInclude(output, "mistyped-secret")
    }), limit)

  it.live("is named where the start fails for the want of it", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", ...mistyped, TWILIO_ACCOUNT_SID: "AC1" })
      assert.strictEqual(yield* server.ended, 1)
      assert.match(server.errors(), /^TWILIO_AUTH_TOKEN is missing: TWILIO_ACCOUNT_SID is set, .*\n$/)
      for (const warning of warnings) assert.include(server.output(), warning)
    }), limit)

  it.live("is named where a message cannot be sent for the want of it", () =>
    Effect.gen(function*() {
      const child = yield* run(["send", "--provider", "twilio", "--to", "+15145550142", "Hello"], {
        ...mistyped,
        TWILIO_ACCOUNT_SID: "AC1"
      })
      assert.strictEqual(yield* child.ended, 1)
      for (const warning of warnings) assert.include(child.errors(), warning)
      assert.match(child.errors(), /\nTWILIO_AUTH_TOKEN is missing, and so are .*\n$/)
      assert.strictEqual(child.output(), "")
    }), limit)

  it.live("is one that a carrier needs to send, so the server only receives", () =>
    Effect.gen(function*() {
      const server = yield* start({ PORT: "0", TWILIO_AUTH_TOKEN: "token", TWILIO_ACCOUT_SID: "AC1" })
      const output = yield* server.until(/Listening on .*\n/)
      assert.include(output, "TWILIO_ACCOUT_SID is not read: did you mean TWILIO_ACCOUNT_SID?\n")
      assert.notInclude(output, "Sending:")
    }), limit)
})

describe("the start warns", () => {
  const started = Effect.fnUntraced(function*(env: Record<string, string>) {
    const server = yield* start({ PORT: "0", ...env })
    yield* server.until(/Storage: .*\n/)
    yield* server.until(/Listening on .*\n/)
    yield* server.end("SIGTERM")
    return server.output()
  })
  const host = /WARN .*PUBLIC_URL is not set: the caller's Host header decides which URL twilio must have signed/
  const open = /WARN .*Webhooks of sinch are not verified: anyone who knows the URL can forge messages/

  it.live("of a public URL that is left to the caller, where a carrier signs it", () =>
    Effect.gen(function*() {
      const twilio = { TWILIO_AUTH_TOKEN: "token" }
      assert.match(yield* started(twilio), host)
      assert.notMatch(yield* started({ ...twilio, ALLOWED_HOSTS: "sms.example.com" }), host)
      assert.notMatch(yield* started({ ...twilio, PUBLIC_URL: "https://sms.example.com" }), host)
      assert.notMatch(yield* started({ SINCH_WEBHOOK_SECRET: "secret" }), host)
    }), limit)

  it.live("of webhooks that nothing verifies, at every start", () =>
    Effect.gen(function*() {
      assert.match(yield* started({ SINCH_VERIFICATION: "none" }), open)
      assert.notMatch(yield* started({ SINCH_WEBHOOK_TOKEN: "token" }), open)
    }), limit)
})

describe("PUBLIC_URL", () => {
  it.live("that is not set is named where a carrier could report delivery", () =>
    Effect.gen(function*() {
      const account = {
        PORT: "0",
        SINCH_VERIFICATION: "none",
        SINCH_SERVICE_PLAN_ID: "plan",
        SINCH_API_TOKEN: "token",
        SINCH_REGION: "eu"
      }
      const line = /WARN .*PUBLIC_URL is not set: no message asks sinch for delivery reports to this server\n/
      yield* (yield* start(account)).until(line)
      const server = yield* start({ ...account, PUBLIC_URL: "https://sms.example.com" })
      yield* server.until(/Listening on .*\n/)
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
      assert.include(server.output(), "Sending: sinch\n")
      assert.notMatch(server.output(), line)
    }), limit)
})

/** A media directory in which a read never returns: the pipe has no writer. */
const hangingDirectory = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(join(tmpdir(), "effect-sms-"))
    execFileSync("mkfifo", [join(directory, ".secret")])
    return directory
  }),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

describe("MEDIA_DIR on a file system that never answers", () => {
  it.live("does not keep the process from ending", () =>
    Effect.gen(function*() {
      const server = yield* start({
        PORT: "0",
        TWILIO_AUTH_TOKEN: "token",
        MEDIA_DIR: yield* hangingDirectory,
        PUBLIC_URL: "https://sms.example.com"
      })
      yield* server.until(/Storage: .*\n/)
      const [, elapsed] = yield* server.end("SIGTERM")
      assert.isBelow(elapsed, 10_000)
    }), limit)
})
