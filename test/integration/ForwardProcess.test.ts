/** The real server forwards to an application of plain Node that is down, fails, and answers. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { Webhook } from "standardwebhooks"
import * as Twilio from "../../src/twilio/index.ts"
import { accepted, makeTwilio } from "../http/twilio.ts"
import { start } from "../main/server.ts"

const limit = 90_000
const secret = `whsec_${Buffer.alloc(24, 1).toString("base64")}`
const old = `whsec_${Buffer.alloc(24, 2).toString("base64")}`

interface Received {
  readonly id: string
  readonly type: string
  readonly text: string
}

/** An application on this port, 0 for any. It answers the first requests so, and then 200 with a reply. */
const makeApp = (port: number, first: ReadonlyArray<number> = []) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly received: Array<Received>; readonly end: () => void }>(
      (resume) => {
        const received: Array<Received> = []
        const statuses = [...first]
        const server = createServer((request, response) =>
          void text(request).then((body) => {
            const headers = request.headers as Record<string, string>
            const { data, type } = new Webhook(old).verify(body, headers) as {
              readonly type: string
              readonly data: { readonly message?: { readonly content: { readonly text: string } } }
            }
            const said = data.message?.content.text ?? ""
            received.push({ id: headers["webhook-id"]!, type, text: said })
            const status = statuses.shift() ?? 200
            response.writeHead(status, { "content-type": "application/json" })
              .end(type === "message.received" ? JSON.stringify({ reply: { text: `You said ${said}` } }) : "")
          })
        )
        server.listen(port, "127.0.0.1", () => {
          const address = server.address() as { readonly port: number }
          resume(Effect.succeed({
            port: address.port,
            received,
            end: () => {
              server.closeAllConnections()
              server.close()
            }
          }))
        })
      }
    ),
    ({ end }) => Effect.sync(end)
  )

const until = (holds: () => boolean) =>
  Effect.suspend(() => holds() ? Effect.void : Effect.fail("not yet")).pipe(
    Effect.delay("50 millis"),
    Effect.retry({ while: () => true }),
    Effect.timeout("40 seconds")
  )

describe("forwarding", () => {
  it.live(
    "reaches an application that was down, across a kill of the server, and its reply goes out once",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const twilio = yield* makeTwilio({ status: 201, body: accepted })
        // A port that nothing listens on.
        const port = yield* Effect.scoped(Effect.map(makeApp(0), ({ port }) => port))
        const env = {
          PORT: "0",
          ADMIN_TOKEN: "admin",
          PUBLIC_URL: "https://sms.example.com",
          TWILIO_AUTH_TOKEN: "token",
          TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
          TWILIO_FROM: "+15145550100",
          TWILIO_BASE_URL: twilio.baseUrl,
          DATABASE_URL: `sqlite:${directory}/sms.db`,
          FORWARD_URL: `http://127.0.0.1:${port}/sms`,
          FORWARD_SECRET: `${secret},${old}`,
          FORWARD_ALLOW_PRIVATE: "true"
        }
        const serve = Effect.gen(function*() {
          const server = yield* start(env)
          const [, port] = /Listening on .*:(\d+)/.exec(yield* server.until(/Listening on .*\n/))!
          return { ...server, base: `http://127.0.0.1:${port}` }
        })
        const path = "/webhooks/sms/twilio/inbound"
        const receive = Effect.fnUntraced(function*(base: string, sid: string, said: string) {
          const form = { MessageSid: sid, From: "+15145550142", To: "+15145550100", Body: said }
          const url = `https://sms.example.com${path}`
          const signature = yield* Twilio.sign({ authToken: Redacted.make("token"), url, form })
          const { status } = yield* Effect.promise(() =>
            fetch(`${base}${path}`, {
              method: "POST",
              headers: { "x-twilio-signature": signature },
              body: new URLSearchParams(form)
            })
          )
          assert.strictEqual(status, 200)
        })

        const first = yield* serve
        // A webhook before the endpoint is known is none of its events.
        yield* until(() => /Forwarding to/.test(first.output()))
        yield* receive(first.base, "SM1", "one")
        yield* first.until(/failed and will be retried/)
        yield* first.end("SIGKILL")

        const app = yield* makeApp(port, [500])
        const second = yield* serve
        yield* receive(second.base, "SM2", "two")
        yield* until(() => app.received.filter(({ text }) => text === "two").length > 0)
        const sent = () =>
          twilio.asked.filter(({ request }) => request.method === "POST").map(({ form }) => form["Body"])
        yield* until(() => sent().length === 2)
        const messages = app.received.filter(({ type }) => type === "message.received")
        // The order of the room holds, and an event keeps its id.
        assert.deepStrictEqual(messages.map(({ text }) => text), ["one", "one", "two"])
        assert.strictEqual(new Set(messages.map(({ id }) => id)).size, 2)
        assert.deepStrictEqual(sent(), ["You said one", "You said two"])

        const ask = (target: string, body?: unknown) =>
          Effect.promise(() =>
            fetch(`${second.base}${target}`, {
              ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
              headers: { authorization: "Bearer admin", "content-type": "application/json" }
            }).then(async (response) => [response.status, await response.json()] as const)
          )
        const endpoint = `http://127.0.0.1:${port}/sms`
        assert.deepStrictEqual(yield* ask("/forwarding/endpoints"), [200, [{ endpoint }]])
        const [, done] = yield* ask("/forwarding/events?state=done&event=MessageReceived")
        const { id } = (done as { readonly items: ReadonlyArray<{ readonly id: string }> }).items.at(-1)!
        assert.deepStrictEqual(yield* ask(`/dead-letters/${id}/replay`, {}), [200, { id }])
        yield* until(() => app.received.filter(({ text }) => text === "one").length === 3)
        const since = new Date(Date.now() - 600_000).toISOString()
        const span = { since, until: new Date(Date.now() + 1000).toISOString() }
        const [status, { replayed }] = yield* ask("/forwarding/replay", span)
        assert.strictEqual(status, 200)
        assert.isAtLeast(replayed, 2)
        yield* until(() => app.received.filter(({ text }) => text === "two").length === 2)
        assert.deepStrictEqual(sent(), ["You said one", "You said two"])
        assert.strictEqual((yield* ask("/forwarding/resume", { endpoint: "https://other.example" }))[0], 404)
        const log = first.output() + second.output()
        for (const hidden of ["5550142", secret, old]) assert.notInclude(log, hidden)
        assert.strictEqual((yield* second.end("SIGTERM"))[0], 0)
      }).pipe(Effect.provide([NodeServices.layer, NodeCrypto.layer])),
    limit
  )

  it.live("refuses an address or a secret that can never work", () =>
    Effect.gen(function*() {
      const cases = [
        [{ FORWARD_URL: "https://app.example.com" }, /FORWARD_SECRET is missing/],
        [{ FORWARD_SECRET: secret }, /FORWARD_URL is missing/],
        [{ FORWARD_URL: "http://app.example.com", FORWARD_SECRET: secret }, /must begin with https/],
        [{ FORWARD_URL: "app.example.com", FORWARD_SECRET: secret }, /must be a URL/],
        [{ FORWARD_URL: "https://a.example.com,https://a.example.com", FORWARD_SECRET: secret }, /twice/],
        [{ FORWARD_URL: "https://10.0.0.1/sms", FORWARD_SECRET: secret }, /needs FORWARD_ALLOW_PRIVATE=true/],
        [{ FORWARD_URL: "https://localhost:3001", FORWARD_SECRET: secret }, /needs FORWARD_ALLOW_PRIVATE=true/],
        [{ FORWARD_URL: "https://a.example.com", FORWARD_SECRET: "hunter2hunter2" }, /must begin with whsec_/]
      ] as const
      for (const [env, problem] of cases) {
        const server = yield* start({ PORT: "0", VOICEMEUP_WEBHOOK_TOKEN: "t".repeat(20), ...env })
        assert.strictEqual(yield* server.ended, 1)
        assert.match(server.errors(), problem)
        assert.notInclude(server.errors(), "hunter2")
      }
    }), limit)
})
