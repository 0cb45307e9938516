import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { Address } from "effect-sms/Address"
import * as Carriers from "effect-sms/Carriers"
import { MessagesClient, ServerConfig } from "effect-sms/http"
import { Carrier } from "effect-sms/provider"
import * as CarrierServer from "effect-sms/testing/CarrierServer"
import type { WebhookRequest } from "effect-sms/WebhookRequest"
import { limit, run } from "../main/process.ts"
import { carrier, sign } from "./Carrier.ts"
import { accepts } from "./fixtures.ts"

const start = (args: ReadonlyArray<string>, env: Record<string, string>) =>
  run(args, env, ["--conditions=effect-sms/source", "test/fifth-carrier/start.ts"])

const secret = "acme-webhook-secret"
const sending = { ACME_API_KEY: "acme-api-key", ACME_FROM: "+15145550100" }
const to = Address.make("+15145550142")
const text = "Your anvil is here"
const acceptance = CarrierServer.answer(202, accepts("a1").body)

/** Posts a webhook to the server on this machine, which Acme knows by its public URL. */
const post = (port: string, { body, headers, url }: WebhookRequest) =>
  Effect.promise(() =>
    fetch(`http://127.0.0.1:${port}${new URL(url).pathname}`, {
      method: "POST",
      headers,
      body: new TextDecoder().decode(body)
    })
  )

describe("a carrier from outside", () => {
  it.live(
    "is served: its webhooks are taken, forged ones refused, and messages go out through it",
    () =>
      Effect.gen(function*() {
        const acme = yield* CarrierServer.serve(acceptance)
        const server = yield* start(["serve"], {
          ...sending,
          PORT: "0",
          ADMIN_TOKEN: "admin-token",
          PUBLIC_URL: "https://sms.example.com",
          ACME_WEBHOOK_SECRET: secret,
          ACME_BASE_URL: acme.url
        })
        const output = yield* server.until(/^(?=[^]*Listening on .*\n)[^]*Sending: acme\n/)
        assert.match(output, /Providers: acme\n/)
        const [, port = ""] = /Listening on .*:(\d+)/.exec(output)!

        const webhook = (path: string, payload: object) =>
          sign(Redacted.make(secret), `https://sms.example.com/webhooks/sms/acme/${path}`, JSON.stringify(payload))
        const message = { type: "message", id: "m1", from: to, to: "+15145550100", text }
        const signed = yield* webhook("inbound", message)
        const taken = yield* post(port, signed)
        assert.deepStrictEqual([taken.status, yield* Effect.promise(() => taken.text())], [200, "{}"])
        const body = new TextEncoder().encode(JSON.stringify({ ...message, text: "Your anvil is elsewhere" }))
        assert.strictEqual((yield* post(port, { ...signed, body })).status, 403)

        const client = yield* MessagesClient.make({
          baseUrl: `http://127.0.0.1:${port}`,
          token: Redacted.make("admin-token")
        })
        const receipt = yield* client.send({ headers: {}, payload: { to, text, provider: "acme" } })
        assert.deepInclude(receipt, { provider: "acme", messageIds: ["a1"] })
        assert.deepStrictEqual(acme.requests.map(({ body }) => JSON.parse(body)), [{
          from: "+15145550100",
          to,
          text,
          files: [],
          report_to: "https://sms.example.com/webhooks/sms/acme/status"
        }])
        const report = { type: "report", id: "a1", to, state: "delivered" }
        assert.strictEqual((yield* post(port, yield* webhook("status", report))).status, 200)
        assert.strictEqual((yield* client.get({ params: { id: "a1" }, query: {} })).status, "delivered")

        assert.strictEqual((yield* server.end("SIGTERM"))[0], 0)
        for (const value of [secret, "acme-api-key", "5550142", "anvil"]) assert.notInclude(server.output(), value)
        assert.strictEqual(server.errors(), "")
      }).pipe(Effect.provide([NodeHttpClient.layerUndici, NodeCrypto.layer])),
    limit
  )

  it.live("stops the start when it is half configured", () =>
    Effect.gen(function*() {
      const server = yield* start(["serve"], { ...sending, PORT: "0" })
      assert.strictEqual(yield* server.ended, 1)
      assert.match(server.errors(), /^ACME_WEBHOOK_SECRET is missing: ACME_API_KEY is set.*\n$/)
    }), limit)

  it.live("sends from the command line, which lists it", () =>
    Effect.gen(function*() {
      const acme = yield* CarrierServer.serve(acceptance)
      const sent = yield* start(["send", "--provider", "acme", "--to", to, text], {
        ...sending,
        ACME_BASE_URL: acme.url
      })
      assert.strictEqual(yield* sent.ended, 0, sent.errors())
      assert.strictEqual(sent.output(), "acme accepted a1: queued\n")
      assert.lengthOf(acme.requests, 1)
      const help = yield* start(["send", "--help"], {})
      assert.strictEqual(yield* help.ended, 0)
      assert.match(help.output(), /twilio.*voicemeup.*acme/)
      const variables = yield* start(["serve", "--help"], {})
      assert.strictEqual(yield* variables.ended, 0)
      assert.match(variables.output(), /^ {2}ACME_WEBHOOK_SECRET +receiving +Signs webhooks\.$/m)
    }), limit)

  it.live("is left out of the demonstration, as nothing emulates it", () =>
    Effect.gen(function*() {
      const server = yield* start(["serve"], { PORT: "0" })
      const output = yield* server.until(/Ctrl-C stops the server\.\n/)
      assert.match(output, /^ {2}Twilio +SMS +200 /m)
      assert.notMatch(output, /Acme/)
    }), limit)

  it.effect("has its files re-hosted, with its credentials", () =>
    Effect.gen(function*() {
      const load = (env: Record<string, string>) =>
        ServerConfig.load([...Carriers.all, Carrier.loaded(carrier)]).pipe(
          Effect.provideService(
            ConfigProvider.ConfigProvider,
            ConfigProvider.fromEnv({
              env: { MEDIA_DIR: "media", PUBLIC_URL: "https://sms.example.com", ACME_WEBHOOK_SECRET: secret, ...env }
            })
          ),
          Effect.map(({ media }) => media!)
        )
      const { fetcher, hints } = yield* load(sending)
      assert.deepStrictEqual(fetcher.carriers?.flatMap(({ media }) => media.hosts), ["media.acme.example"])
      const { "media.acme.example": credentials } = fetcher.credentials!
      assert.strictEqual(credentials?.scheme === "Bearer" && Redacted.value(credentials.token), "acme-api-key")
      assert.deepStrictEqual(hints, [])
      assert.deepStrictEqual((yield* load({})).hints, ["Acme's files can be fetched with ACME_API_KEY"])
    }))
})
