/** Conversations as an inbox shows them, uploads, and figures, over HTTP. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as MediaStore from "../../src/media/MediaStore.ts"
import { GuardRefused, OptedOut } from "../../src/SmsError.ts"
import { message } from "../suites/InboxSuite.ts"
import { authorized, layerGateway } from "./gateway.ts"
import { assertProblem, exchange, head, parseAnswer, request } from "./server.ts"
import { call, layerStored, receive } from "./storedGateway.ts"

interface Item {
  readonly unread: number
  readonly provider?: string
  readonly room: { readonly id: string }
  readonly event: { readonly id: string; readonly content: unknown }
  readonly sends: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly last: Item
}

const [ann, bob] = ["+15145550142", "+15145550143"]

const itemsOf = (target: string) =>
  Effect.map(call("GET", target), ({ json, status }) => {
    assert.strictEqual(status, 200, target)
    return json["items"] as ReadonlyArray<Item>
  })

const roomOf = (find: string) => Effect.map(itemsOf(`/conversations?find=${find}`), ([item]) => item!.room.id)

const markRead = (room: string, upTo: string) =>
  Effect.map(
    request({
      method: "POST",
      target: `/conversations/${room}/read`,
      headers: { ...authorized, "content-type": "application/json" },
      body: JSON.stringify({ upTo })
    }),
    ({ status }) => status
  )

const textOf = ({ event: { content } }: Item) => (content as { readonly text?: string }).text

type Services = Effect.Services<ReturnType<typeof call>> | Inbox

const stored = (title: string, body: Effect.Effect<void, unknown, Services>) =>
  it.live(title, () => Effect.scoped(Effect.provide(body, layerStored())))

describe("conversations", () => {
  stored(
    "have their latest message, what is unread, and are found by number and text in pages",
    Effect.gen(function*() {
      yield* receive("Is my order on its way?", ann)
      yield* receive("Hello", bob)
      yield* receive("It is number 4821", ann)
      const all = yield* itemsOf("/conversations")
      assert.deepStrictEqual(all.map(({ last, provider, unread }) => [textOf(last), provider, unread]), [
        ["It is number 4821", "mock", 2],
        ["Hello", "mock", 1]
      ])
      for (const [find, texts] of [["0143", ["Hello"]], ["ORDER", ["It is number 4821"]], ["nothing", []]] as const) {
        const found = yield* itemsOf(`/conversations?find=${find}`)
        assert.deepStrictEqual(found.map(({ last }) => textOf(last)), [...texts])
      }
      const first = yield* call("GET", "/conversations?limit=1")
      const rest = yield* itemsOf(`/conversations?limit=1&cursor=${String(first.json["next"])}`)
      assert.deepStrictEqual(rest.map(({ last }) => textOf(last)), ["Hello"])

      const [room] = all.map(({ room }) => room.id)
      const [latest, earlier] = yield* itemsOf(`/conversations/${room}/messages`)
      const unread = Effect.map(call("GET", `/conversations/${room}`), ({ json }) => json["unread"])
      assert.strictEqual(yield* markRead(room!, earlier!.event.id), 204)
      assert.strictEqual(yield* unread, 1)
      assert.strictEqual(yield* markRead(room!, latest!.event.id), 204)
      assert.strictEqual(yield* unread, 0)
      for (const path of ["/conversations/none", "/conversations/none/messages"]) {
        assert.strictEqual((yield* call("GET", path)).status, 404)
      }
    })
  )

  stored(
    "have what became of each message that was sent, and are read by who answers",
    Effect.gen(function*() {
      yield* receive("Is my order on its way?", ann)
      const room = yield* roomOf("0142")
      assert.strictEqual((yield* call("POST", `/rooms/${room}/messages`, { text: "It is" })).status, 202)
      yield* call("POST", "/webhooks/sms/mock/status", { id: "mock-1", to: ann, status: "delivered" })
      const [sent, received] = yield* itemsOf(`/conversations/${room}/messages`)
      assert.deepStrictEqual(received!.sends, [])
      const [send] = sent!.sends
      assert.deepInclude(send, { to: ann, state: "accepted", provider: "mock", status: "delivered" })
      assert.deepInclude((send!["parts"] as ReadonlyArray<object>)[0], { messageId: "mock-1", status: "delivered" })
      const { json } = yield* call("GET", `/conversations/${room}`)
      assert.strictEqual(json["unread"], 0)
      assert.deepStrictEqual((json["last"] as Item).sends, sent!.sends)
      // The list of messages has the status, too.
      const [listed] = yield* itemsOf("/messages?direction=outbound")
      assert.deepInclude(listed as object, { state: "accepted", status: "delivered" })
      assert.lengthOf(yield* itemsOf("/messages?text=order"), 1)
      assert.deepStrictEqual(yield* itemsOf("/messages?text=roomId"), [])
    })
  )

  it.live("say why a message was not sent", () =>
    Effect.gen(function*() {
      yield* receive("Hello", ann)
      const room = yield* roomOf("0142")
      assert.strictEqual((yield* call("POST", `/rooms/${room}/messages`, { text: "Hi" })).status, 422)
      const [sent] = yield* itemsOf(`/conversations/${room}/messages`)
      assert.deepInclude(sent!.sends[0], { state: "refused", reason: "OptedOut", code: "21610" })
      assert.match(String(sent!.sends[0]!["detail"]), /opted out/)
    }).pipe(
      Effect.scoped,
      Effect.provide(layerStored(() => Effect.fail(new OptedOut({ code: "21610" }))))
    ))
})

describe("figures", () => {
  stored(
    "count what was received and sent, by provider and in time",
    Effect.gen(function*() {
      yield* receive("Hello", ann)
      yield* receive("Hello", bob)
      yield* call("POST", `/rooms/${yield* roomOf("0142")}/messages`, { text: "Hi" })
      yield* call("POST", "/messages", { to: ann, text: "Later", sendAt: "2099-01-01T00:00:00Z", queue: true })
      for (const [span, spans] of [["hour", 60], ["day", 96], ["week", 84]] as const) {
        const { json, status } = yield* call("GET", `/stats?span=${span}`)
        assert.strictEqual(status, 200)
        const parts = json["spans"] as ReadonlyArray<Record<"received" | "sent", number>>
        assert.lengthOf(parts, spans)
        assert.strictEqual(parts.reduce((sum, { received }) => sum + received, 0), 2, span)
        assert.strictEqual(parts.reduce((sum, { sent }) => sum + sent, 0), 2, span)
        const [mock] = json["providers"] as ReadonlyArray<object>
        assert.deepInclude(mock, { name: "mock", receives: true, sends: true, received: 2, accepted: 1, refused: 0 })
        assert.deepInclude(json["backlog"], { queued: 1, sending: 0, unknown: 0 })
      }
      assert.strictEqual((yield* call("GET", "/stats?span=year")).status, 400)
    })
  )

  it.live("tell what the carrier refused from what this server did", () =>
    Effect.gen(function*() {
      for (const to of [ann, ann, bob]) yield* call("POST", "/messages", { to, text: "Hi" })
      const { json } = yield* call("GET", "/stats")
      const [mock] = json["providers"] as ReadonlyArray<object>
      assert.deepInclude(mock, { accepted: 0, refused: 1, refusedByServer: 2 })
    }).pipe(
      Effect.scoped,
      Effect.provide(layerStored(({ to }) =>
        Effect.fail(
          to === ann ? new GuardRefused({ guard: "budget", rule: "reached" }) : new OptedOut({ code: "21610" })
        )
      ))
    ))

  stored(
    "have the entries of the inbox at the moment of the request",
    Effect.gen(function*() {
      const inbox = yield* Inbox
      const backlog = Effect.map(
        call("GET", "/stats"),
        ({ json }) => json["backlog"] as { readonly [name: string]: number }
      )
      assert.deepInclude(yield* backlog, { inbox: 0, inboxWaiting: 0, deadLetters: 0 })
      yield* inbox.accept([message("1"), message("2"), message("3", bob)])
      assert.deepInclude(yield* backlog, { inbox: 3, deadLetters: 0 })
      const [claim] = yield* inbox.claim({ limit: 1 })
      yield* inbox.bury(claim!, (yield* inbox.head(claim!))!, "Poison")
      assert.deepInclude(yield* backlog, { inbox: 2, deadLetters: 1 })
    })
  )
})

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

describe("an upload", () => {
  const upload = (bytes: Uint8Array, headers: Readonly<Record<string, string>> = authorized) =>
    Effect.map(
      exchange(
        head("POST", "/media", {
          host: "sms.example.com",
          connection: "close",
          "content-type": "application/octet-stream",
          "content-length": String(bytes.length),
          ...headers
        }),
        bytes
      ),
      parseAnswer
    )
  const layerMedia = Layer.provide(
    Layer.orDie(MediaStore.layerMemory({ baseUrl: "https://sms.example.com/media" })),
    NodeCrypto.layer
  )

  it.effect("is stored with the type of its bytes, and refused where that is none to send", () =>
    Effect.gen(function*() {
      const stored = yield* upload(png)
      assert.strictEqual(stored.status, 201)
      const { mimeType, url } = JSON.parse(stored.body)
      assert.strictEqual(mimeType, "image/png")
      assert.match(url, /^https:\/\/sms\.example\.com\/media\/[0-9a-f]{64}\.png$/)
      assertProblem(
        yield* upload(new TextEncoder().encode("<script>")),
        415,
        "Expected a picture, audio, video, a PDF or a contact card"
      )
      assert.strictEqual((yield* upload(new Uint8Array())).status, 400)
      assert.strictEqual((yield* upload(new Uint8Array(6 * 1024 * 1024))).status, 413)
      assert.strictEqual((yield* upload(png, {})).status, 401)
    }).pipe(Effect.provide(Layer.provide(layerGateway(), layerMedia))))

  it.effect("is refused where the server stores no files", () =>
    Effect.gen(function*() {
      assertProblem(yield* upload(png), 404, "The server has no media store: set MEDIA_DIR or MEDIA_S3_BUCKET")
    }).pipe(Effect.provide(layerGateway())))
})
