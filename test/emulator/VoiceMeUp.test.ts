import { NodeHttpClient } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { MediaContent } from "../../src/Content.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, message } from "../../src/testing/internal/sendSubject.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { run } from "../main/process.ts"

const person: string = customer
const token = "an-admin-token-of-this-test"

const providerOf = (
  { env }: Emulator.Service,
  more: Partial<Pick<VoiceMeUp.SenderOptions, "username" | "authToken" | "from">> = {}
) =>
  Effect.map(
    Layer.build(
      Layer.provide(
        VoiceMeUp.layerSender({
          username: env["VOICEMEUP_USERNAME"]!,
          authToken: Redacted.make(env["VOICEMEUP_AUTH_TOKEN"]!),
          from: Address.make(env["VOICEMEUP_FROM"]!),
          baseUrl: env["VOICEMEUP_BASE_URL"]!,
          ...more
        }),
        Layer.mergeAll(NodeCrypto.layer, NodeHttpClient.layerUndici)
      )
    ),
    Context.get(SmsProvider)
  )

it.effect("queues a text and a file, and a person receives them", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.make()
    const provider = yield* providerOf(emulator)
    const first = yield* provider.send(message("Hello"))
    assert.strictEqual(first.status, "queued")
    yield* provider.send(message(new MediaContent({ url: "https://example.com/cat.jpg" })))
    assert.deepStrictEqual(yield* emulator.received(person), [])
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(
      (yield* emulator.received(person)).map(({ from, text, urls }) => ({ from, text, urls })),
      [
        { from: emulator.env["VOICEMEUP_FROM"]!, text: "Hello", urls: [] },
        { from: emulator.env["VOICEMEUP_FROM"]!, text: "", urls: ["https://example.com/cat.jpg"] }
      ]
    )
  }))

it.effect("refuses the same text while it is queued, another user, and a number that is not the account's", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.make()
    const provider = yield* providerOf(emulator)
    const send = provider.send(message("Hello"))
    const refusalOf = (sending: typeof send) => Effect.map(Effect.flip(sending), ({ reason }) => reason._tag)
    yield* send
    assert.strictEqual(yield* refusalOf(send), "DuplicateMessage")
    yield* TestClock.adjust("1 second")
    yield* send
    for (
      const more of [
        { username: "somebody-else" },
        { authToken: Redacted.make("a-token-of-a-real-account") },
        { from: Address.make("+15145559999") }
      ]
    ) {
      const other = yield* providerOf(emulator, more)
      const sending = other.send(message("Other"))
      assert.strictEqual(yield* refusalOf(sending), "Authentication")
    }
  }))

it.live("warns of credentials in the URL, and answers what is not emulated with 501", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.make()
    const { VOICEMEUP_AUTH_TOKEN: secret, VOICEMEUP_BASE_URL: base, VOICEMEUP_USERNAME: user } = emulator.env
    const post = (path: string) => HttpClient.post(`${base}${path}`)
    yield* post(`/api/v1.1/json/queue_sms?username=${user}&auth_token=${secret}`)
    const other = yield* post("/api/v1.1/json/get_balance")
    assert.strictEqual(other.status, 501)
    const [exchange] = yield* emulator.exchanges
    assert.match(exchange!.warnings.join(), /username is in the URL/)
  }).pipe(Effect.provide(FetchHttpClient.layer)))

it.live("a server joins the webhooks of a picture with a text, and refuses one with a wrong token", () =>
  Effect.gen(function*() {
    const appUrl = yield* CarrierServer.closedUrl
    const emulator = yield* Emulator.make({ appUrl })
    const server = yield* run(["serve"], { ...emulator.env, ADMIN_TOKEN: token })
    yield* server.until(/Listening/)
    const at = emulator.env["VOICEMEUP_FROM"]
    const bytes = new TextEncoder().encode("a picture")
    yield* emulator.text({ from: person, to: at, text: "Our cat", files: [{ type: "image/jpeg", bytes }] })
    yield* emulator.quiet()
    yield* emulator.addFault({ effect: { type: "wrongSignature" }, times: 1 })
    yield* emulator.text({ from: person, to: at, text: "Let me in" })
    yield* emulator.quiet()
    const posted = (yield* emulator.exchanges).filter(({ direction }) => direction === "webhook")
    assert.deepStrictEqual(posted.map(({ status }) => status), [200, 200, 403])
    const get = Effect.fnUntraced(function*(path: string) {
      const response = yield* HttpClient.get(`${appUrl}${path}`, { headers: { authorization: `Bearer ${token}` } })
      return yield* response.json as Effect.Effect<{ readonly items: ReadonlyArray<Record<string, unknown>> }>
    })
    const events = yield* Effect.repeat(
      Effect.flatMap(
        get("/rooms"),
        ({ items: [room] }) =>
          room === undefined ? Effect.succeed([]) : Effect.map(get(`/rooms/${room["id"]}/events`), ({ items }) => items)
      ),
      { until: (items) => items.length > 0 }
    )
    assert.lengthOf(events, 1)
    const { caption, url } = events[0]!["content"] as { readonly caption: string; readonly url: string }
    assert.strictEqual(caption, "Our cat")
    const file = yield* HttpClient.get(url)
    assert.strictEqual(yield* file.text, "a picture")
  }).pipe(Effect.provide(FetchHttpClient.layer)))
