import { assert, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as Content from "../../src/Content.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as EmulatorClient from "../../src/emulator/EmulatorClient.ts"
import * as MessagesClient from "../../src/http/MessagesClient.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { run } from "../main/process.ts"
import { sdk } from "./twilio.ts"

it.live("a server gets the reports of what was sent through the emulator, with its variables alone", () =>
  Effect.gen(function*() {
    const appUrl = yield* CarrierServer.closedUrl
    const emulator = yield* Emulator.make({ appUrl })
    const server = yield* run(["serve"], { ...emulator.env, ADMIN_TOKEN: "an-admin-token-of-this-test" })
    yield* server.until(/Listening/)
    const { sid } = yield* Effect.promise(() =>
      sdk(emulator).messages.create({
        to: "+15145550142",
        from: emulator.env["TWILIO_FROM"]!,
        body: "Hello",
        statusCallback: `${appUrl}/webhooks/sms/twilio/status`
      })
    )
    yield* emulator.quiet()
    const posted = (yield* emulator.exchanges).filter(({ direction }) => direction === "webhook")
    assert.deepStrictEqual(posted.map(({ status }) => status), [200, 200])
    const response = yield* HttpClient.get(`${appUrl}/messages/${sid}`, {
      headers: { authorization: "Bearer an-admin-token-of-this-test" }
    })
    assert.strictEqual((yield* response.json as Effect.Effect<{ status: string }>).status, "delivered")
  }).pipe(Effect.provide(FetchHttpClient.layer)))

it.live("a server in another process converses through effect-sms emulate, with pictures", () =>
  Effect.gen(function*() {
    const appUrl = yield* CarrierServer.closedUrl
    const directory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(`${tmpdir()}/effect-sms-emulated-`)),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
    )
    const emulate = yield* run(["emulate", "--json", "--port", "0", "--app", appUrl, "--seed", "process"], {})
    const { env, url }: Pick<Emulator.Service, "env" | "url"> = JSON.parse(yield* emulate.until(/\n/))
    const token = "an-admin-token-of-this-test"
    const server = yield* run(["serve"], { ...env, ADMIN_TOKEN: token, MEDIA_DIR: directory })
    yield* server.until(/Listening/)
    const emulator = yield* EmulatorClient.make({ baseUrl: url })
    const client = yield* MessagesClient.make({ baseUrl: appUrl, token: Redacted.make(token) })
    const person = "+15145550142"

    yield* emulator.text({ params: { number: person }, payload: { text: "Look", media: [{}] } })
    const [entry] = yield* Stream.runCollect(
      Stream.take(client.follow({ after: 0, kinds: ["MessageReceived"] }), 1)
    )
    const { event } = entry!
    assert.strictEqual(event._tag, "MessageReceived")
    if (event._tag !== "MessageReceived") return
    const [file] = Content.media(event.message.content)
    assert.isTrue(file!.url.startsWith(`${appUrl}/media/`), file!.url)
    const response = yield* HttpClient.get(file!.url)
    assert.strictEqual(response.headers["content-type"], "image/png")

    yield* client.answer({ params: { id: event.roomId }, headers: {}, payload: { text: "Thank you" } })
    assert.deepStrictEqual(yield* emulator.quiet({ payload: {} }), { quiet: true })
    const received = yield* emulator.received({ params: { number: person } })
    assert.deepStrictEqual(received.map(({ text }) => text), ["Thank you"])
    const { status } = yield* client.get({ params: { id: received[0]!.id! }, query: {} })
    assert.strictEqual(status, "delivered")
  }).pipe(Effect.provide(FetchHttpClient.layer)))

it.live("effect-sms emulate prints what to export, and names a port that is in use", () =>
  Effect.gen(function*() {
    const emulate = yield* run(["emulate", "--port", "0"], {})
    const output = yield* emulate.until(/Ctrl-C/)
    const [, port] = /^export TWILIO_BASE_URL=http:\/\/127\.0\.0\.1:(\d+)\/twilio$/m.exec(output)!
    assert.include(output, "export PUBLIC_URL=http://127.0.0.1:3000\nexport PORT=3000\n")
    const second = yield* run(["emulate", "--port", port!], {})
    assert.strictEqual(yield* second.ended, 1)
    assert.strictEqual(second.errors(), `Port ${port} is in use: choose another with --port\n`)
    const wrong = yield* run(["emulate", "--fault", "{}"], {})
    assert.strictEqual(yield* wrong.ended, 2)
    assert.match(wrong.errors(), /^Invalid value for flag --fault/)
    assert.strictEqual((yield* emulate.end("SIGINT"))[0], 0)
  }))

/** What takes longer to load than the rest of the emulator: an HTTP client, and what serves the API that controls it. */
const heavy =
  /undici|platform-node\/dist\/NodeHttp|effect\/dist\/(?:http-api|sql|cluster|rpc|ai|index\.)|libphonenumber|tweetnacl/

it.live("effect-sms emulate prints its line before it loads what nothing has asked for yet", () =>
  Effect.gen(function*() {
    const preload = `--import=${new URL("loaded.ts", import.meta.url).href}`
    const emulate = yield* run(["emulate", "--json", "--port", "0"], {}, [preload, "src/main.ts"])
    const output = yield* emulate.until(/\n.*\n/)
    const loaded: ReadonlyArray<string> = JSON.parse(output.split("\n", 1)[0]!)
    assert.deepStrictEqual(loaded.filter((module) => heavy.test(module)), [])
    const ours = loaded.flatMap((module) => /^file:.*\/src\/(.+)$/.exec(module)?.[1] ?? [])
    assert.include(ours, "emulator/Emulator.ts")
    assert.include(ours, "twilio/emulation/Emulation.ts")
    const parts = ["rooms", "mms", "media", "http", "sql", "sending", "delivery", "console", "demo"]
    assert.deepStrictEqual(ours.filter((file) => parts.includes(file.split("/")[0]!)), [])
    assert.isAtMost(ours.length, 90, ours.join("\n"))
  }))
