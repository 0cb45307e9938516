/** A server of several processes on one port. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { mergeMetrics } from "../../src/cli/mergeMetrics.ts"
import { limit, run } from "./process.ts"

const env = {
  PORT: "0",
  ADMIN_TOKEN: "admin",
  WORKERS: "2",
  TWILIO_AUTH_TOKEN: "token",
  TWILIO_ACCOUNT_SID: "AC00000000000000000000000000000001"
}

const database = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.map((directory) => `sqlite:${directory}/sms.db`),
  Effect.provide(NodeServices.layer)
)

const childrenOf = (pid: number) =>
  Effect.sync(() => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((id) => id !== ""))

describe.skipIf(process.platform !== "linux")("a server with WORKERS", () => {
  it.live(
    "answers from all, adds their metrics up, replaces one that was killed, and ends with them",
    () =>
      Effect.gen(function*() {
        const server = yield* run(["serve"], { ...env, DATABASE_URL: yield* database })
        const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
        const get = (path: string) =>
          Effect.promise(async () => {
            const headers = { authorization: "Bearer admin", connection: "close" }
            const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
            return { id: response.headers.get("x-request-id")!, status: response.status, text: await response.text() }
          })
        let asked = 0
        /** Asks until as many processes as this have answered. */
        const processes = Effect.fnUntraced(function*(count: number) {
          const found = new Set<string>()
          while (found.size < count) {
            const { id, status } = yield* get("/health/ready")
            asked++
            assert.strictEqual(status, 200)
            found.add(id.split("-")[0]!)
          }
          return found
        })
        const before = yield* processes(2)
        const { text } = yield* get("/metrics")
        assert.include(
          text,
          `sms_http_request_seconds_count{method="GET",route="/health/ready",status="200"} ${asked}\n`
        )
        assert.strictEqual(text.split("# TYPE sms_http_request_seconds histogram").length, 2)

        const [first] = yield* childrenOf(server.pid)
        process.kill(Number(first), "SIGKILL")
        yield* server.until(/ended with SIGKILL and is replaced/)
        const after = yield* processes(2)
        assert.strictEqual(new Set([...before, ...after]).size, 3)

        const [code] = yield* server.end("SIGTERM")
        assert.strictEqual(code, 0)
        assert.strictEqual(server.output().split("Storage: ").length, 2)
      }),
    limit
  )

  it.live("ends with one line when it cannot listen", () =>
    Effect.gen(function*() {
      const other = createServer()
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => void other.listen(0, () => resume(Effect.void))),
        () => Effect.sync(() => other.close())
      )
      const { port } = other.address() as AddressInfo
      const server = yield* run(["serve"], { ...env, PORT: String(port), DATABASE_URL: yield* database })
      assert.strictEqual(yield* server.ended, 1)
      assert.strictEqual(server.errors(), `Port ${port} is in use: set PORT\n`)
    }), limit)

  const wrong = [
    [{ WORKERS: "two" }, "WORKERS must be auto, or a whole number from 1 to 99\n"],
    [
      { WORKERS: "2", DATABASE_URL: "memory:" },
      "WORKERS needs a carrier and a DATABASE_URL other than memory: that the processes can share\n"
    ]
  ] as const
  for (const [variables, error] of wrong) {
    it.live(`does not start with ${JSON.stringify(variables)}`, () =>
      Effect.gen(function*() {
        const server = yield* run(["serve"], { ...env, ...variables })
        assert.strictEqual(yield* server.ended, 1)
        assert.strictEqual(server.errors(), error)
      }), limit)
  }
})

describe("the metrics of several processes", () => {
  it("are added up, except those that each reads from the database", () => {
    const text = (count: number, depth: number) =>
      `# HELP sent_total Messages that are no gauge
# TYPE sent_total counter
sent_total{provider="twilio"} ${count}
# TYPE depth gauge
depth ${depth}
`
    const other = "# TYPE sent_total counter\nsent_total{provider=\"a b\"} 1\n"
    assert.strictEqual(
      mergeMetrics([text(2, 7), text(3, 5), other]),
      `# HELP sent_total Messages that are no gauge
# TYPE sent_total counter
sent_total{provider="twilio"} 5
sent_total{provider="a b"} 1
# TYPE depth gauge
depth 7
`
    )
  })
})
