/**
 * A file system that becomes read-only under the open database of a server: what is refused did not go out, nothing
 * acknowledged is lost, and the server goes on once it can write again. The server has a mount namespace of its own, with
 * an ext4 file system in a file, so that nothing outlives it.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schedule } from "effect"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Twilio from "../../src/twilio/index.ts"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { launch } from "./process.ts"

const limit = 120_000

const folder = () => {
  const directory = mkdtempSync(`${tmpdir()}/effect-sms-disk-`)
  const [image, mount] = [`${directory}/disk.img`, `${directory}/disk`]
  writeFileSync(image, "")
  truncateSync(image, 32 * 1024 * 1024)
  mkdirSync(mount)
  return { directory, image, mount, remove: () => rmSync(directory, { recursive: true }) }
}

type Disk = Pick<ReturnType<typeof folder>, "image" | "mount">

const script = "mount -t ext4 -o loop,errors=remount-ro \"$0\" \"$1\" && shift && exec \"$@\""

/** Returns what `unshare` is given for a program that sees the disk, and is the only one to. */
const mounted = ({ image, mount }: Disk, program: ReadonlyArray<string>): ReadonlyArray<string> =>
  ["--mount", "sh", "-c", script, image, mount].concat(program)

/** With the tools of an administrator, which a shell may leave out. */
const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`

const execute = (command: string, args: ReadonlyArray<string>) =>
  execFileSync(command, args, { stdio: "pipe", env: { ...process.env, PATH } })

/** Why the test cannot run here. Mounting takes the rights of root. */
const reason = (() => {
  const { remove, ...disk } = folder()
  try {
    execute("mkfs.ext4", ["-q", "-F", disk.image])
    const attribute = "chattr +i \"$0\" && chattr -i \"$0\" && test -w /sys/fs/ext4"
    execute("unshare", mounted(disk, ["sh", "-c", attribute, `${disk.mount}/lost+found`]))
    return undefined
  } catch (error) {
    return String(error).split("\n")[0]
  } finally {
    remove()
  }
})()

if (reason !== undefined) process.stderr.write(`\nThe test with a read-only disk is SKIPPED: ${reason}\n`)

const makeDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const disk = folder()
    execute("mkfs.ext4", ["-q", "-F", disk.image])
    return disk
  }),
  ({ remove }) => Effect.sync(remove)
)

/** A server whose database is on the disk. */
const serve = Effect.fnUntraced(function*(disk: Disk, baseUrl: string) {
  const server = yield* launch("unshare", mounted(disk, [process.execPath, "src/main.ts", "serve"]), {
    PATH,
    PORT: "0",
    ADMIN_TOKEN: "admin",
    CONSOLE: "off",
    TWILIO_AUTH_TOKEN: "token",
    TWILIO_ACCOUNT_SID: `AC${"1".repeat(32)}`,
    TWILIO_FROM: "+15145550100",
    TWILIO_BASE_URL: baseUrl,
    DATABASE_URL: `sqlite:${disk.mount}/sms.db`
  })
  const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
  const base = `http://127.0.0.1:${port}`
  const url = `${base}/webhooks/sms/twilio/inbound`

  const call = (path: string, body?: object) =>
    Effect.promise(async () => {
      const response = await fetch(`${base}${path}`, {
        headers: { authorization: "Bearer admin", "content-type": "application/json" },
        ...(body !== undefined && { method: "POST", body: JSON.stringify(body) })
      })
      const text = await response.text()
      return { status: response.status, items: response.ok && text.startsWith("{") ? JSON.parse(text).items ?? [] : [] }
    })
  const status = (path: string, body?: object) => Effect.map(call(path, body), ({ status }) => status)

  /** Posts the webhook of a message, and returns its status. */
  const post = Effect.fnUntraced(function*(index: number) {
    const { body, headers } = yield* Effect.orDie(Twilio.signWebhook({
      authToken: Redacted.make("token"),
      url,
      form: {
        MessageSid: `SM${String(index).padStart(32, "0")}`,
        From: `+1514555${String(1000 + index)}`,
        To: "+15145550100",
        Body: String(index),
        NumMedia: "0"
      }
    }))
    return yield* Effect.promise(async () =>
      (await fetch(url, { method: "POST", headers, body: Buffer.from(body) })).status
    )
  })

  /** What the rooms have, once all of it is there. */
  const kept = (count: number) =>
    Effect.gen(function*() {
      const rooms: ReadonlyArray<{ readonly id: string }> = (yield* call("/rooms?limit=100")).items
      const events = yield* Effect.forEach(rooms, ({ id }) => call(`/rooms/${id}/events`))
      return events.flatMap(({ items }) => items.map(({ content }: { content: { text: string } }) => content.text))
        .map(Number).sort((one, other) => one - other)
    }).pipe(Effect.repeat({ while: (all) => all.length < count, times: 100, schedule: Schedule.spaced("50 millis") }))

  /** The files of the database, as the server sees them. */
  const files = ["sms.db", "sms.db-wal"].map((name) => `/proc/${server.pid}/root${disk.mount}/${name}`)
  const [, device] = new RegExp(`^/dev/(\\S+) ${disk.mount} `, "m").exec(
    readFileSync(`/proc/${server.pid}/mounts`, "utf8")
  )!
  return { ...server, status, post, kept, files, device: device! }
})

type Server = Effect.Success<ReturnType<typeof serve>>

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Posts webhooks at once, and returns which of them were acknowledged. The others were answered with 503. */
const postAll = Effect.fnUntraced(function*({ post }: Server, indices: ReadonlyArray<number>) {
  const statuses = yield* Effect.forEach(indices, post, { concurrency: 8 })
  for (const status of statuses) assert.include([200, 503], status)
  return indices.filter((_, position) => statuses[position] === 200)
})

/** Waits until the check of the readiness, whose result is kept for a second, gives this status. */
const becomes = Effect.fnUntraced(function*({ status }: Server, expected: number) {
  const ready = status("/health/ready")
  const last = yield* Effect.repeat(ready, {
    until: (status) => status === expected,
    times: 100,
    schedule: Schedule.spaced("50 millis")
  })
  assert.strictEqual(last, expected)
})

/** Everything that the server must not take while it cannot write. */
const refuses = Effect.fnUntraced(function*(server: Server, indices: ReadonlyArray<number>) {
  assert.deepStrictEqual(yield* postAll(server, indices), [])
  for (const fields of [{}, { queue: true }]) {
    assert.strictEqual(yield* server.status("/messages", { to: "+15145550142", text: "hello", ...fields }), 503)
  }
  yield* becomes(server, 503)
  assert.strictEqual(yield* server.status("/health/live"), 200)
})

describe.skipIf(reason !== undefined)("a server whose disk becomes read-only", () => {
  it.live("refuses what it cannot keep, sends nothing, and keeps what it acknowledged", () =>
    Effect.gen(function*() {
      const disk = yield* makeDisk
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const server = yield* serve(disk, twilio.baseUrl)
      assert.deepStrictEqual(yield* postAll(server, range(0, 20)), range(0, 20))

      // The files under the open database, while webhooks come in.
      const [acknowledged] = yield* Effect.all([
        postAll(server, range(20, 60)),
        Effect.delay(Effect.sync(() => execute("chattr", ["+i", ...server.files])), "20 millis")
      ], { concurrency: "unbounded" })
      yield* refuses(server, range(60, 70))
      assert.lengthOf(twilio.asked, 0)

      execute("chattr", ["-i", ...server.files])
      const missing = range(20, 70).filter((index) => !acknowledged.includes(index))
      // It goes on by itself.
      assert.deepStrictEqual(yield* postAll(server, missing), missing)
      yield* becomes(server, 200)
      assert.strictEqual(yield* server.status("/messages", { to: "+15145550142", text: "hello" }), 202)
      assert.lengthOf(twilio.asked, 1)
      assert.deepStrictEqual(yield* server.kept(70), range(0, 70))

      // The whole file system, as Linux does with one that has an error. It stays so until it is mounted again.
      writeFileSync(`/sys/fs/ext4/${server.device}/trigger_fs_error`, "a test")
      yield* refuses(server, range(70, 80))
      assert.lengthOf(twilio.asked, 1)
      assert.strictEqual((yield* server.end("SIGTERM"))[0], 0, server.output())

      const next = yield* serve(disk, twilio.baseUrl)
      assert.deepStrictEqual(yield* next.kept(70), range(0, 70))
      assert.deepStrictEqual(yield* postAll(next, range(60, 80)), range(60, 80))
      assert.deepStrictEqual(yield* next.kept(80), range(0, 80))
      assert.strictEqual((yield* next.end("SIGTERM"))[0], 0)
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)), limit)
})
