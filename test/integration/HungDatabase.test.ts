/** A database that stops answering, without closing its connections. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { start } from "../main/server.ts"
import { database, hasPostgres } from "./database.ts"

/** A way to the database that can be closed to bytes, in both directions. */
const makeProxy = (target: URL) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Server; readonly freeze: (frozen: boolean) => void; readonly port: number }>(
      (resume) => {
        let isFrozen = false
        const sockets = new Set<Socket>()
        const server = createServer((client) => {
          const upstream = connect(Number(target.port), target.hostname)
          for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
            sockets.add(from)
            from.on("data", (data) => to.write(data))
            from.on("error", () => to.destroy())
            from.on("close", () => {
              sockets.delete(from)
              to.destroy()
            })
            if (isFrozen) from.pause()
          }
        })
        const freeze = (frozen: boolean) => {
          isFrozen = frozen
          for (const socket of sockets) socket[frozen ? "pause" : "resume"]()
        }
        server.listen(0, "127.0.0.1", () =>
          resume(Effect.succeed({ server, freeze, port: (server.address() as AddressInfo).port })))
      }
    ),
    ({ freeze, server }) =>
      Effect.sync(() => {
        freeze(false)
        server.close()
      })
  )

describe.skipIf(!hasPostgres)("a database that hangs", () => {
  it.live(
    "makes webhooks answer 503, comes back by itself, and does not keep the server from ending",
    () =>
      Effect.gen(function*() {
        const target = new URL(yield* database)
        const proxy = yield* makeProxy(target)
        const through = new URL(target)
        through.host = `127.0.0.1:${proxy.port}`
        const server = yield* start({
          PORT: "0",
          ADMIN_TOKEN: "admin",
          TWILIO_AUTH_TOKEN: "token",
          TWILIO_ACCOUNT_SID: `AC${"1".repeat(32)}`,
          TWILIO_FROM: "+15145550100",
          // Nobody listens there: nothing is sent.
          TWILIO_BASE_URL: "http://127.0.0.1:9",
          DATABASE_URL: through.href
        })
        const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
        const base = `http://127.0.0.1:${port}`
        const url = `${base}/webhooks/sms/twilio/inbound`
        /** Asks for a send, and returns the status and the seconds that it took. */
        const send = (headers: Record<string, string>, fields: object = {}) =>
          Effect.promise(async () => {
            const begun = performance.now()
            const response = await fetch(`${base}/messages`, {
              method: "POST",
              headers: { authorization: "Bearer admin", "content-type": "application/json", ...headers },
              body: JSON.stringify({ to: "+15145550142", text: "hello", ...fields })
            })
            await response.text()
            return [response.status, (performance.now() - begun) / 1000] as const
          })
        const post = Effect.fnUntraced(function*(id: string) {
          const { body, headers } = yield* Effect.orDie(Twilio.signWebhook({
            authToken: Redacted.make("token"),
            url,
            form: { MessageSid: id, From: "+15145550142", To: "+15145550100", Body: "hello", NumMedia: "0" }
          }))
          return yield* Effect.promise(async () =>
            (await fetch(url, { method: "POST", headers, body: Buffer.from(body) })).status
          )
        })
        const [one, two, three] = ["1", "2", "3"].map((digit) => `SM${digit.repeat(32)}`) as [string, string, string]
        assert.strictEqual(yield* post(one), 200)
        proxy.freeze(true)
        const begun = performance.now()
        assert.strictEqual(yield* post(two), 503)
        assert.isBelow(performance.now() - begun, 5000)
        const answers = [
          yield* send({}),
          yield* send({ "idempotency-key": "k" }),
          yield* send({}, { queue: true })
        ]
        for (const [status, seconds] of answers) {
          assert.strictEqual(status, 503)
          assert.isBelow(seconds, 5)
        }
        proxy.freeze(false)
        let status = 503
        for (let tries = 0; status !== 200 && tries < 30; tries++) status = yield* post(two)
        assert.strictEqual(status, 200)
        proxy.freeze(true)
        assert.strictEqual(yield* post(three), 503)
        const [code, elapsed] = yield* server.end("SIGTERM")
        assert.strictEqual(code, 0, server.output())
        assert.isBelow(elapsed, 30_000)
      }).pipe(Effect.provide(NodeCrypto.layer)),
    180_000
  )
})
